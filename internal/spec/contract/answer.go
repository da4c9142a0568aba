package contract

import (
	"net/http"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"
)

// Answered is the result of comparing one answer with the description.
type Answered struct {
	Response *openapi3.Response // the operation's response for the status, nil if there is none
	Schema   *openapi3.Schema   // the schema of the body, with the overlay if possible; nil if there is none
	Err      error              // why the answer is not valid; wraps the errors of openapi3 and openapi3filter
}

// Find returns the operation of a request. The path is relative to the server's URL
// and may have a query.
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

// Answer compares one answer with the description. The method and the path are those
// of the request, as for Find. The request itself is not validated.
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
		if a.Schema == nil { // the overlay removes the content of errors
			a.Schema = schemaOf(operation, resp)
		}
	}
	return a, nil
}

// described returns a request in the form that the routers expect.
func described(method, path string) (*http.Request, error) {
	target, err := url.Parse("/v1" + path)
	if err != nil {
		return nil, err
	}
	return &http.Request{Method: method, URL: target, Header: http.Header{}}, nil
}

// responseOf returns the operation's response for a status, for its range or by
// default, or nil if there is none.
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

// schemaOf returns the schema of the body of an answer, or nil if there is none.
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
