package api

import "net/http"

// undecodable is the body of an answer whose transport has an error of its own
// for an answer that does not fit the description.
type undecodable interface {
	Undecodable(err error) error
}

// parse is how the generated Parse functions decode an answer, so that the error
// for one that can't be decoded is the transport's, too.
func parse[T any](answer *http.Response, decode func(*http.Response) (*T, error)) (*T, error) {
	decoded, err := decode(answer)
	if err == nil {
		return decoded, nil
	}
	if body, ok := answer.Body.(undecodable); ok {
		err = body.Undecodable(err)
	}
	return nil, err
}
