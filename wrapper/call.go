package cnaught

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/cnaught-go/cnaught/api"
)

// send is how a resource method calls a generated one.
type send func(ctx context.Context) (*http.Response, error)

// exec runs a call and returns its 2xx answer as it came.
func (c *Client) exec(ctx context.Context, op string, opts []CallOption, send send) (*result, error) {
	if ctx == nil { // the generated methods would panic
		return nil, &InvalidRequestError{op, "context", "is nil"}
	}
	resp, err := send(withCall(ctx, opts))
	if err != nil {
		return nil, asTyped(op, err)
	}
	return resp.Body.(*result), nil
}

// do runs a call and decodes its answer: any 2xx that fits its type, since an
// order that was placed with an undeclared 2xx is placed all the same.
func do[T any](ctx context.Context, c *Client, op string, opts []CallOption, send send) (*T, error) {
	r, err := c.exec(ctx, op, opts, send)
	if err != nil {
		return nil, err
	}
	value := new(T)
	if err := decode(r.body, value); err != nil {
		return nil, c.unreadable(r.x, r, err)
	}
	return value, nil
}

// byID is do for an operation that needs nothing but an id.
func byID[T any](ctx context.Context, c *Client, operation operationID, id string, opts []CallOption) (*T, error) {
	op := &operations[operation]
	if err := checkID(op.ID, "id", id); err != nil {
		return nil, err
	}
	return do[T](ctx, c, op.ID, opts, func(ctx context.Context) (*http.Response, error) {
		return doer{c}.do(ctx, op, op.requestByID(id))
	})
}

var errNull = errors.New("the body is null")

// isNull tells JSON's null, which would leave a zero value and no error.
func isNull(data []byte) bool { return string(bytes.TrimSpace(data)) == "null" }

func decode(data []byte, into any) error {
	if isNull(data) {
		return errNull
	}
	if err := json.Unmarshal(data, into); err != nil {
		return err
	}
	if !hasID(into) {
		return errors.New("the body has no id")
	}
	return nil
}

// hasID: what was bought or created can't be found again without its id.
func hasID(v any) bool {
	switch v := v.(type) {
	case *api.Order:
		return v.ID != ""
	case *api.CheckoutSession:
		return v.ID != ""
	case *api.Subaccount:
		return v.ID != ""
	}
	return true
}

// asTyped wraps what a generated request builder refused; the Doer's errors
// are typed already.
func asTyped(op string, err error) error {
	var (
		answer    *Error
		transport *TransportError
		decode    *DecodeError
		invalid   *InvalidRequestError
	)
	if errors.As(err, &answer) || errors.As(err, &transport) || errors.As(err, &decode) || errors.As(err, &invalid) {
		return err
	}
	return &InvalidRequestError{op, "request", "can't be built: " + err.Error()}
}
