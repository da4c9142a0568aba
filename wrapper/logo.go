package cnaught

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

// logoTypes are the media types that the API takes for logos.
var logoTypes = []string{"image/png", "image/jpeg", "image/webp", "image/svg+xml"}

// SetSubaccountLogoFromURL lets the API fetch the logo from a public URL, which
// must answer with an image's Content-Type: PNG, JPEG, WebP or SVG. An unknown
// subaccount gives ErrNotFound, a URL that the API cannot use
// ErrInvalidParameters.
//
// Operation UpdateSubaccountLogoFromURL: https://docs.cnaught.com/api-reference/subaccounts/update-subaccount-logo-from-url
func (c *Client) SetSubaccountLogoFromURL(ctx context.Context, id, url string, opts ...CallOption) (*api.Subaccount, error) {
	call := c.newCall(ctx, "SetSubaccountLogoFromURL", opts)
	call.id(idOfUpdateSubaccountLogoFromURL, id)
	call.absoluteURL("logo_url", url)
	call.build(api.NewUpdateSubaccountLogoFromURLRequest(c.server, id, api.SubaccountLogoURL{LogoURL: url}))
	return do(call, opUpdateSubaccountLogoFromURL)
}

// UploadSubaccountLogo uploads an image: image/png, image/jpeg, image/webp or
// image/svg+xml. It reads the image into memory first, so that a failed upload
// can be repeated. One of more than 32 MiB, one that cannot be read and another
// media type give ErrInvalidRequest; an unknown subaccount gives ErrNotFound.
//
// Operation UpdateSubaccountLogoFromUpload: https://docs.cnaught.com/api-reference/subaccounts/update-subaccount-logo-by-uploading-image-content
func (c *Client) UploadSubaccountLogo(ctx context.Context, id, contentType string, image io.Reader, opts ...CallOption) (*api.Subaccount, error) {
	call := c.newCall(ctx, "UploadSubaccountLogo", opts)
	call.id(idOfUpdateSubaccountLogoFromUpload, id)
	if !slices.Contains(logoTypes, contentType) {
		call.refuse("Content-Type", "is %q, not one of %q", sanitize.Text(contentType), logoTypes)
	}
	if call.err != nil { // leave the reader alone
		return nil, call.err
	}
	content, err := limit.Read(image, 0, maxBody)
	if err != nil {
		return nil, &InvalidRequestError{call.name, "image", "cannot be sent: " + call.client.secret.Mask(err.Error())}
	}
	call.build(api.NewUpdateSubaccountLogoFromUploadRequestWithBody(c.server, id, contentType, bytes.NewReader(content)))
	return do(call, opUpdateSubaccountLogoFromUpload)
}

// RemoveSubaccountLogo removes the logo; the subaccount's LogoURL is null then. An
// unknown subaccount gives ErrNotFound.
//
// Operation RemoveSubaccountLogo: https://docs.cnaught.com/api-reference/subaccounts/remove-logo-from-subaccount
func (c *Client) RemoveSubaccountLogo(ctx context.Context, id string, opts ...CallOption) (*api.Subaccount, error) {
	call := c.newCall(ctx, "RemoveSubaccountLogo", opts)
	call.id(idOfRemoveSubaccountLogo, id)
	call.build(api.NewRemoveSubaccountLogoRequest(c.server, id))
	return do(call, opRemoveSubaccountLogo)
}
