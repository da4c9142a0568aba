package sandbox

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// logoTypes are the media types that a logo may have.
var logoTypes = []string{"image/png", "image/jpeg", "image/webp", "image/svg+xml"}

// logoURL returns the URL at which the sandbox serves the logo, or nil if there is no
// logo. As in the vendor's signed URLs, the query is different in each answer.
func (s *Server) logoURL(a *books.Subaccount) *string {
	if a.LogoID == "" {
		return nil
	}
	u := fmt.Sprintf("%s/logos/%s/%s/logo?signature=%s", s.baseURL, a.ID, a.LogoID, books.NewID(16))
	return &u
}

// UpdateSubaccountLogoFromURL answers POST /subaccounts/{id}/logo.
func (op operations) UpdateSubaccountLogoFromURL(w http.ResponseWriter, r *http.Request, id string) {
	var image *books.Logo
	before := func() *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		known := false
		if err := op.s.books.Update(func(tx *books.Tx) { known = tx.Subaccounts().Get(id) != nil }); err != nil {
			return internalError(err)
		}
		if source := f.requiredText("logo_url"); source != "" && len(f.errors) == 0 && known {
			image = op.s.fetchLogo(r.Context(), f, source)
		}
		return f.refusal()
	}
	op.changeSubaccount(w, r, id, before, func(tx *books.Tx, a *books.Subaccount) *answer {
		tx.PutLogo(a, image)
		return nil
	})
}

// UpdateSubaccountLogoFromUpload answers PUT /subaccounts/{id}/logo.
func (op operations) UpdateSubaccountLogoFromUpload(w http.ResponseWriter, r *http.Request, id string) {
	op.changeSubaccount(w, r, id, nil, func(tx *books.Tx, a *books.Subaccount) *answer {
		mediaType, ok := logoType(r.Header.Get("Content-Type"))
		if !ok {
			return problemAnswer(http.StatusUnsupportedMediaType, problem{
				Title: "Image type is not supported", Details: "Content-Type must be one of " + strings.Join(logoTypes, ", "),
			})
		}
		data := exchangeOf(r).body
		if len(data) == 0 {
			return invalidParameters(map[string][]string{"body": {"must not be empty"}})
		}
		tx.PutLogo(a, &books.Logo{ID: books.NewID(16), ContentType: mediaType, Data: data})
		return nil
	})
}

// RemoveSubaccountLogo answers DELETE /subaccounts/{id}/logo.
func (op operations) RemoveSubaccountLogo(w http.ResponseWriter, r *http.Request, id string) {
	op.changeSubaccount(w, r, id, nil, func(tx *books.Tx, a *books.Subaccount) *answer {
		tx.PutLogo(a, nil)
		return nil
	})
}

// logoType returns the media type of a logo and whether it is one of logoTypes.
func logoType(contentType string) (string, bool) {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return mediaType, err == nil && slices.Contains(logoTypes, mediaType)
}

// fetchLogo downloads a logo, and refuses logo_url if that fails. If the host is not
// this machine, it returns a placeholder unless WithForeignLogoHosts is set.
func (s *Server) fetchLogo(ctx context.Context, f *fields, source string) *books.Logo {
	const name = "logo_url"
	if !absoluteURL(source, "https", "http") {
		f.refuse(name, "must be an absolute http or https URL")
		return nil
	}
	u, err := url.Parse(source)
	if err != nil {
		f.refuse(name, "must be an absolute http or https URL")
		return nil
	}
	if !s.foreignLogos && !loopbackHost(u.Hostname()) {
		return &books.Logo{ID: books.NewID(16), ContentType: "image/svg+xml", Data: []byte(placeholderLogo)}
	}
	image, complaint := s.downloadLogo(ctx, source)
	if complaint != "" {
		f.refuse(name, complaint)
	}
	return image
}

// downloadLogo returns the image, or the complaint with which logo_url is refused.
func (s *Server) downloadLogo(ctx context.Context, source string) (image *books.Logo, complaint string) {
	ctx, cancel := context.WithTimeout(ctx, outgoingTimeout)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, "can't be downloaded: " + err.Error()
	}
	resp, err := s.logoClient.Do(req)
	if err != nil {
		return nil, "can't be downloaded: " + err.Error()
	}
	defer resp.Body.Close()
	mediaType, ok := logoType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode != http.StatusOK:
		return nil, "can't be downloaded: status " + strconv.Itoa(resp.StatusCode)
	case !ok:
		return nil, "must be served with one of the content types " + strings.Join(logoTypes, ", ")
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxLogoBytes+1))
	switch {
	case err != nil:
		return nil, "can't be downloaded: " + err.Error()
	case len(data) > maxLogoBytes:
		return nil, fmt.Sprintf("has more than %d bytes", maxLogoBytes)
	case len(data) == 0:
		return nil, "is empty"
	}
	return &books.Logo{ID: books.NewID(16), ContentType: mediaType, Data: data}, ""
}

const placeholderLogo = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#cfe8d5"/></svg>`

// serveLogo answers GET /logos/{subaccount}/{logo}/logo. The image was supplied by a
// client and is served from the sandbox's own origin, so no script in it may run.
func (s *Server) serveLogo(w http.ResponseWriter, r *http.Request) {
	var image *books.Logo
	s.books.Look(func(tx *books.Tx) {
		if a := tx.Subaccounts().Get(r.PathValue("subaccount")); a != nil && a.LogoID == r.PathValue("logo") {
			image = tx.Logos()[a.LogoID]
		}
	})
	if image == nil {
		notFound("logo").writeTo(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", image.ContentType)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(image.Data) // If this fails, the client has disconnected.
}
