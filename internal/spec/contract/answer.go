package contract

import (
	"net/http"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"
)

// Answered is what the description says of one answer.
type Answered struct {
	Response *openapi3.Response // what the operation declares of the status, nil if nothing
	Schema   *openapi3.Schema   // of the body, with the overlay where it has one; nil if there is none
	Err      error              // how the answer does not fit; wraps the errors of openapi3 and openapi3filter
}

// Find returns the operation to which a request goes. The path is that below the
// server's and may have a query.
func (v *Validator) Find(method, path string) (Operation, error) {
	r, err := described(method, path)
	if err != nil {
		return Operation{}, err
	}
	in, err := v.plain.input(r, nil)
	if err != nil {
		return Operation{}, err
	}
	return Operation{in.Route.Operation, method, in.Route.Path, in.Route.PathItem.Parameters}, nil
}

// Answer holds one answer against the description. Method and path are as in
// Find; the request itself is not validated.
func (v *Validator) Answer(method, path string, resp *http.Response, body []byte) (*Answered, error) {
	r, err := described(method, path)
	if err != nil {
		return nil, err
	}
	r = r.WithContext(WrongOnPurpose(r.Context()))
	var operations []*openapi3.Operation
	for _, d := range []*routed{v.overlaid, v.plain} {
		in, err := d.input(r, nil)
		if err != nil {
			return nil, err
		}
		operations = append(operations, in.Route.Operation)
	}
	a := &Answered{Response: responseOf(operations[1], resp.StatusCode), Err: v.check(r, nil, resp, body)}
	for _, operation := range operations {
		if a.Schema == nil { // the overlay takes problem documents out
			a.Schema = schemaOf(operation, resp)
		}
	}
	return a, nil
}

// described is a request as the routers know it.
func described(method, path string) (*http.Request, error) {
	target, err := url.Parse("/v1" + path)
	if err != nil {
		return nil, err
	}
	return &http.Request{Method: method, URL: target, Header: http.Header{}}, nil
}

// responseOf is what an operation declares of a status, by itself, by its range or
// by default.
func responseOf(operation *openapi3.Operation, status int) *openapi3.Response {
	ref := operation.Responses.Status(status)
	if ref == nil {
		ref = operation.Responses.Default()
	}
	if ref == nil {
		return nil
	}
	return ref.Value
}

// schemaOf is what an operation says of the body of an answer, nil if nothing.
func schemaOf(operation *openapi3.Operation, resp *http.Response) *openapi3.Schema {
	response := responseOf(operation, resp.StatusCode)
	if response == nil {
		return nil
	}
	media := response.Content.Get(resp.Header.Get("Content-Type"))
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}
