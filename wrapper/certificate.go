package cnaught

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

const pdfHeader = "%PDF-"

var errNotPDF = errors.New("the body is not a PDF")

// certificate stands for an operation that the description does not have.
var certificate = endpoint{ID: "DownloadCertificate", Method: http.MethodGet, Retry: retrySafe}

// DownloadCertificate writes the certificate of an order, a PDF, to w as it
// arrives, up to the bound of [WithMaxResponseBytes]. Take the order from
// [Client.GetOrder] or [Client.OrderOfCheckoutSession], not from a webhook. One
// without a certificate, such as a cancelled one, gives ErrInvalidRequest, and an
// answer that is no PDF a [*DecodeError]. The sandbox has it from the start; when
// the real one is ready is not documented, so ErrNotFound may mean "later".
//
// Certificates are public and lie on another host, which does not get the API
// key; redirects are followed. A failure is tried again until the first byte is
// written to w. After an error w may hold a part of the certificate.
func (c *Client) DownloadCertificate(ctx context.Context, order *api.Order, w io.Writer, opts ...CallOption) error {
	call := c.newCall(ctx, "DownloadCertificate", opts)
	var raw string
	if order != nil {
		raw = Value(order.CertificateDownloadPublicURL)
	}
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		call.refuse("certificate_download_public_url", "is null: the order has no certificate")
	case err != nil || !c.mayLeadTo(u):
		call.refuse("certificate_download_public_url", "is %q, not an absolute https URL", sanitize.Text(raw))
	default:
		call.request = &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{"Accept": {"application/pdf"}}}
	}
	call.download = &download{call, w}
	_, err = call.run(&certificate, nil)
	return err
}

// download is a call whose answer goes to a writer.
type download struct {
	call *call
	w    io.Writer
}

// save writes an answer to w if it is a PDF.
func (d *download) save(resp *http.Response, r *result) error {
	call := d.call
	body := bufio.NewReader(resp.Body)
	head, err := body.Peek(len(pdfHeader))
	switch {
	case err != nil && err != io.EOF:
		return err
	case string(head) != pdfHeader:
		r.body, _ = body.Peek(body.Buffered())
		r.unfit = errNotPDF
		return nil
	case resp.ContentLength > call.client.maxResponseBytes:
		return limit.ErrTooLarge
	}
	r.final = true
	_, err = io.Copy(d.w, io.LimitReader(body, call.client.maxResponseBytes))
	if _, ended := body.ReadByte(); err == nil && ended == nil {
		return limit.ErrTooLarge
	}
	return err
}
