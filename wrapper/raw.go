package cnaught

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/limit"
	"github.com/cnaught-go/cnaught/wrapper/internal/route"
)

// Raw returns the generated client, for operations and details that this
// package has no method for, with the same authentication, retries, idempotency
// keys and errors. Every answer outside 2xx is an error, except the 404 of a
// repeated deletion, which counts as success; so is a 2xx that does not fit the
// type of the operation's answer. The member for an undeclared 2xx is nil.
//
// The two deprecated operations are reachable here alone. SubmitRideOrder is
// replaced by [Client.QuoteGroundTransport] with the vehicle type
// passenger_car_van_or_suv and then [Client.PlaceOrder]; RequestRideQuote by
// QuoteGroundTransport with that vehicle type.
func (c *Client) Raw() *api.ClientWithResponses {
	// It is made here and not in New, so that it adds nothing to a program without it.
	return &api.ClientWithResponses{ClientInterface: &api.Client{Server: c.base.String() + "/", Client: rawDoer{c}}}
}

type callOptionsKey struct{}

// WithCallOptions returns a context with which the methods of [Client.Raw]
// take call options too. They add to those that ctx carries already, as the
// options of a method do to those of its context; of two that say the same, the
// later one counts.
func WithCallOptions(ctx context.Context, opts ...CallOption) context.Context {
	return context.WithValue(ctx, callOptionsKey{}, slices.Concat(callOptions(ctx), opts))
}

func callOptions(ctx context.Context) []CallOption {
	opts, _ := ctx.Value(callOptionsKey{}).([]CallOption)
	return opts
}

// rawDoer stands behind the methods of the generated client.
type rawDoer struct{ c *Client }

// Do implements api.HttpRequestDoer. It answers with a whole 2xx that fits, or
// with one of this package's errors.
func (d rawDoer) Do(req *http.Request) (*http.Response, error) {
	name := "Raw" // until the operation is known
	op, reason := d.c.operationOf(req)
	if op != nil {
		name = op.describe().ID
	}
	call := d.c.newCall(req.Context(), name, nil)
	if reason != "" {
		call.refuse("URL", "%s", reason)
		return nil, call.err
	}
	call.request = canonical(req)
	if err := holdBody(req); err != nil {
		call.refuse("body", "cannot be sent: %v", err)
	}
	answer := op.newAnswer()
	r, err := call.run(op.describe(), answer)
	if err != nil {
		return nil, err
	}
	switch answer.(type) {
	case *none, *opaque:
	default:
		r.resp.Header.Set("Content-Type", "application/json") // it is, whatever the server says
	}
	r.resp.Body = rawBody{bytes.NewReader(r.readable)}
	r.resp.ContentLength = int64(len(r.readable))
	r.resp.Request = withoutKey(req)
	return r.resp, nil
}

// rawBody is a body that reflect.DeepEqual finds equal to another one of the same
// content.
type rawBody struct{ *bytes.Reader }

func (rawBody) Close() error { return nil }

// operationOf finds the operation that a request belongs to. It refuses any other
// origin, since the credentials are for the base URL's alone, and paths that no
// operation has.
func (c *Client) operationOf(req *http.Request) (described, string) {
	u, base := req.URL, c.base
	if u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil || u.Opaque != "" || req.Host != "" && req.Host != base.Host {
		return nil, "is not on the base URL's origin"
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), base.EscapedPath())
	if !ok {
		return nil, "is not below the base URL"
	}
	op := findOperation(req.Method, path)
	if op == nil || mayBeCollapsed(op.describe(), path) {
		return nil, "has a path that belongs to no operation of the description"
	}
	return op, ""
}

// findOperation returns the operation that an escaped path, relative to the
// base URL, belongs to; nil if the description has none. Literal segments win
// over parameters.
func findOperation(method, escapedPath string) (found described) {
	for _, op := range operations() {
		e := op.describe()
		if e.Method == method && route.Match(e.Path, escapedPath) && (found == nil || !strings.Contains(e.Path, "{")) {
			found = op
		}
	}
	return found
}

// mayBeCollapsed reports whether the path may be what is left of another
// operation's. The generated builders resolve dot segments: with the id ".",
// DELETE /subaccounts/{id}/logo arrives as DELETE /subaccounts/logo.
func mayBeCollapsed(e *endpoint, escapedPath string) bool {
	other := e.Path + escapedPath[strings.LastIndexByte(escapedPath, '/'):]
	return slices.ContainsFunc(operations(), func(op described) bool {
		return op.describe().Method == e.Method && op.describe().Path == other
	})
}

// canonical brings header names that an editor wrote in another case into the
// form that ours have; both would be sent otherwise.
func canonical(req *http.Request) *http.Request {
	for name, values := range req.Header {
		if canonical := http.CanonicalHeaderKey(name); canonical != name {
			delete(req.Header, name)
			req.Header[canonical] = append(req.Header[canonical], values...)
		}
	}
	return req
}

// holdBody reads the body into memory, since an editor may have replaced it without
// setting GetBody.
func holdBody(req *http.Request) error {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	defer req.Body.Close()
	body, err := limit.Read(req.Body, req.ContentLength, maxBody)
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return nil
}

// withoutKey returns a copy of a request without its credentials. Answers of Raw
// carry it, and callers print them.
func withoutKey(req *http.Request) *http.Request {
	shown := *req
	shown.Header = maps.Clone(req.Header) // which a transport may still be reading
	delete(shown.Header, "Authorization") // an editor's
	return &shown
}
