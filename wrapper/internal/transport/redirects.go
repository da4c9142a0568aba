package transport

import (
	"errors"
	"net/http"
	"net/url"
)

// MaxRedirects is the maximum number of redirects, which is that of net/http.
const MaxRedirects = 10

// FollowRedirects returns a transport that follows redirects to URLs for which allowed
// returns true. It must be used only for requests without credentials.
func FollowRedirects(next http.RoundTripper, allowed func(*url.URL) bool) http.RoundTripper {
	return &redirects{http.Client{Transport: next, CheckRedirect: func(to *http.Request, via []*http.Request) error {
		if !allowed(to.URL) || len(via) >= MaxRedirects {
			return http.ErrUseLastResponse // the status of the redirect becomes the error
		}
		return nil
	}}}
}

type redirects struct{ http.Client }

func (t *redirects) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.Do(req)
	var failed *url.Error
	if errors.As(err, &failed) { // the caller adds the URL
		err = failed.Err
	}
	return resp, err
}
