package cnaught

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	if name := lacks(data, into); name != "" {
		return fmt.Errorf("the body has no %s", name)
	}
	return nil
}

// lacks names the member without which an answer is of no use: what was bought
// or created can't be found again without its id, a quote of nothing is none,
// and a list that does not say what is on it is not an empty one.
func lacks(data []byte, v any) string {
	member, there := "", true
	switch v := v.(type) {
	case *api.Order:
		member, there = "id", v.ID != ""
	case *api.CheckoutSession:
		member, there = "id", v.ID != ""
	case *api.Subaccount:
		member, there = "id", v.ID != ""
	case *api.Quote:
		member, there = "amount_kg", v.AmountKg != 0
	case *api.OrderList:
		member, there = "data", v.Data != nil || hasData(data)
	case *api.SubaccountList:
		member, there = "data", v.Data != nil || hasData(data)
	case *api.PortfolioList:
		member, there = "data", v.Data != nil || hasData(data)
	}
	if there {
		return ""
	}
	return member
}

// hasData tells a list that is null, which some servers write for an empty one,
// from an answer without any.
func hasData(data []byte) bool {
	var list struct {
		Data json.RawMessage `json:"data"`
	}
	return json.Unmarshal(data, &list) == nil && list.Data != nil
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
