package cnaught

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/internal/check"
	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

// Do calls an endpoint that this package has no method for, such as one that the
// description does not know yet, with the same authentication, retries and
// errors. The path is relative to the base URL and escaped, with a query if
// needed, such as /orders/Gre28Fc35bt3/receipt?format=short. A body is sent as JSON; a
// json.RawMessage or []byte goes out byte for byte, and nil sends none. The
// answer is decoded into the pointer into, unless that is nil.
//
// An operation of the description keeps its own rules: Do with POST and /orders
// is a purchase, and carries an Idempotency-Key. Of any other, POST and PATCH
// are repeated only if the server certainly did not act, unless the call has a
// key of the caller's ([WithIdempotencyKey]). Such a key protects only where the
// API honors it.
func (c *Client) Do(ctx context.Context, method, path string, body, into any, opts ...CallOption) error {
	call := c.newCall(ctx, "Do", opts)
	method = strings.ToUpper(method)
	u, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/") || u.Host != "" || u.Fragment != "" || !check.Path(u.EscapedPath()) {
		call.refuse("path", "is %q, not an escaped path below the base URL such as /orders", sanitize.Text(path))
		u = new(url.URL)
	}
	switch value := reflect.ValueOf(into); {
	case into == nil:
		into = new(none)
	case value.Kind() != reflect.Pointer || value.IsNil():
		call.refuse("into", "is a %T, not a pointer to a value", into)
	}
	call.build(newRequest(method, strings.TrimSuffix(c.server, "/")+path, body))
	op := &endpoint{
		ID: sanitize.Text(c.secret.Mask(method + " " + u.EscapedPath())), Method: method, Path: u.EscapedPath(),
		IdempotencyKey: call.idempotencyKey != nil, Subaccount: true, Undescribed: true,
	}
	if known := findOperation(method, u.EscapedPath()); known != nil {
		op = known.describe()
	}
	_, err = call.run(op, into)
	return err
}

func newRequest(method, path string, body any) (*http.Request, error) {
	var data []byte
	switch body := body.(type) {
	case nil:
		return http.NewRequest(method, path, nil)
	case []byte:
		data = body
	case json.RawMessage:
		data = body
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequest(method, path, bytes.NewReader(data))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}
