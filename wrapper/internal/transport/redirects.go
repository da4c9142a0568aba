package transport

import (
	"errors"
	"net/http"
	"net/url"
)

// MaxRedirects is how many redirects are followed, as net/http does.
const MaxRedirects = 10

// FollowRedirects returns a transport that follows redirects to where they are
// allowed to lead. It is for requests without credentials alone.
func FollowRedirects(next http.RoundTripper, allowed func(*url.URL) bool) http.RoundTripper {
	return &redirects{http.Client{Transport: next, CheckRedirect: func(to *http.Request, via []*http.Request) error {
		if !allowed(to.URL) || len(via) >= MaxRedirects {
			return http.ErrUseLastResponse // whose status becomes the error
		}
		return nil
	}}}
}

type redirects struct{ http.Client }

func (t *redirects) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.Do(req)
	var failed *url.Error
	if errors.As(err, &failed) { // would repeat the URL
		err = failed.Err
	}
	return resp, err
}
