package cnaught

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cnaught-go/cnaught/api"
)

// logoTypes are the media types that the API takes for logos.
var logoTypes = []string{"image/png", "image/jpeg", "image/webp", "image/svg+xml"}

// SetSubaccountLogoFromURL lets the API fetch the logo from a public URL, which
// must answer with an image's Content-Type: PNG, JPEG, WebP or SVG. An unknown
// subaccount gives ErrNotFound, a URL that the API can't use
// ErrInvalidParameters.
//
// Operation UpdateSubaccountLogoFromURL: https://docs.cnaught.com/api-reference/subaccounts/update-subaccount-logo-from-url
func (c *Client) SetSubaccountLogoFromURL(ctx context.Context, id, url string, opts ...CallOption) (*api.Subaccount, error) {
	in := input{op: "UpdateSubaccountLogoFromURL"}
	in.id("id", id)
	in.absoluteURL("logo_url", url)
	if in.err != nil {
		return nil, in.err
	}
	return do[api.Subaccount](ctx, c, in.op, opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.UpdateSubaccountLogoFromURL(ctx, id, api.SubaccountLogoURL{LogoURL: url})
	})
}

// UploadSubaccountLogo streams an image: image/png, image/jpeg, image/webp or
// image/svg+xml. A body that can seek, such as a file, is sent from where it
// stands, and again from there if the upload is retried; any other body is
// sent once. The body is not closed, and not read any more when the call is
// over; only a read of a body that can't seek, such as a pipe, may still have to
// come to its end. Another media type gives ErrInvalidRequest, an unknown
// subaccount ErrNotFound.
//
// Operation UpdateSubaccountLogoFromUpload: https://docs.cnaught.com/api-reference/subaccounts/update-subaccount-logo-by-uploading-image-content
func (c *Client) UploadSubaccountLogo(ctx context.Context, id, contentType string, body io.Reader, opts ...CallOption) (*api.Subaccount, error) {
	in := input{op: "UpdateSubaccountLogoFromUpload"}
	in.id("id", id)
	if !slices.Contains(logoTypes, contentType) {
		in.refuse("Content-Type", "is %q, not one of %q", quote(contentType), logoTypes)
	}
	if body == nil {
		in.refuse("body", "is nil")
	}
	if in.err != nil {
		return nil, in.err
	}
	rewind, err := newRewinder(body)
	if err != nil {
		return nil, &InvalidRequestError{in.op, "body", "can't be sent: " + err.Error()}
	}
	// net/http may still be reading when an early answer ends the call.
	once := &closable{Reader: body}
	defer once.Close()
	defer rewind.release()
	return do[api.Subaccount](ctx, c, in.op, opts, func(ctx context.Context) (*http.Response, error) {
		return c.ops.UpdateSubaccountLogoFromUploadWithBody(ctx, id, contentType, once, rewind.install)
	})
}

// RemoveSubaccountLogo removes the logo; the subaccount's LogoURL is null then. An
// unknown subaccount gives ErrNotFound.
//
// Operation RemoveSubaccountLogo: https://docs.cnaught.com/api-reference/subaccounts/remove-logo-from-subaccount
func (c *Client) RemoveSubaccountLogo(ctx context.Context, id string, opts ...CallOption) (*api.Subaccount, error) {
	return byID[api.Subaccount](ctx, c, opRemoveSubaccountLogo, id, opts)
}

// closable is the body of a call that can be sent once.
type closable struct {
	io.Reader
	closed atomic.Bool
}

func (b *closable) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, errTakenAway
	}
	n, err := b.Reader.Read(p)
	return n, asBodyError(err)
}

// Close does not wait for a read that blocks: no caller's context could end it.
func (b *closable) Close() error {
	b.closed.Store(true)
	return nil
}

// rewinder gives each attempt the same bytes of one seekable body.
type rewinder struct {
	body        io.ReadSeeker // nil: the body can't be sent again
	start, size int64

	mu      sync.Mutex
	current *rewound
}

func newRewinder(body io.Reader) (*rewinder, error) {
	seeker, ok := body.(io.ReadSeeker)
	if !ok {
		return &rewinder{}, nil
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return &rewinder{}, nil // a pipe is an *os.File too, but can't seek
	}
	end, err := seeker.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = seeker.Seek(start, io.SeekStart)
	}
	if err == nil && end < start {
		err = errors.New("it stands past its end")
	}
	return &rewinder{body: seeker, start: start, size: end - start}, err
}

// install is a request editor of the generated client.
func (w *rewinder) install(_ context.Context, req *http.Request) (err error) {
	if w.body == nil {
		return nil
	}
	req.ContentLength = w.size
	if w.size == 0 {
		req.Body = http.NoBody
		req.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
		return nil
	}
	req.GetBody = w.again
	req.Body, err = w.again()
	return err
}

// again takes the body away from the attempt before. Its transport may still
// be reading when the next attempt begins; left alone, the two would share one
// position and send each other's bytes.
func (w *rewinder) again() (io.ReadCloser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.body.Seek(w.start, io.SeekStart); err != nil {
		return nil, err
	}
	w.current = &rewound{rewinder: w, left: w.size}
	return w.current, nil
}

// release takes the body away for good: it is the caller's again.
func (w *rewinder) release() {
	w.mu.Lock()
	w.current = nil
	w.mu.Unlock()
}

// rewound is the body of one attempt.
type rewound struct {
	*rewinder
	left int64
}

var errTakenAway = errors.New("cnaught: the attempt that the body belongs to is over")

func (b *rewound) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current != b {
		return 0, errTakenAway
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, asBodyError(err)
}

// asBodyError marks what the caller's own reader says: no retry will help.
func asBodyError(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &bodyError{err}
}

// Close ends the reading: after it the caller's body is not touched.
func (b *rewound) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current == b {
		b.current = nil
	}
	return nil
}
