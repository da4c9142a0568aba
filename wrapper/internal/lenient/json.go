// Package lenient decodes JSON as servers, gateways and proxies really write it.
package lenient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

var (
	// ErrNull is a body that would leave a zero value and no error.
	ErrNull = errors.New("the body is null")
	// ErrNotJSON is a body that is something else, such as a page of HTML.
	ErrNotJSON = errors.New("the body is not JSON")
	// ErrCutOff is JSON that ends too early, whatever the framing said about the
	// length of the body: HTTP/1.0 and HTTP/2 can both end an answer early
	// without a sign.
	ErrCutOff = fmt.Errorf("the body ends too early: %w", io.ErrUnexpectedEOF)
)

// TrimBOM returns a body without the byte order mark that some servers begin
// with.
func TrimBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

// Unmarshal decodes a body into a value, and returns the body in the form that was
// decoded: without a byte order mark, and with timestamps that time.Time reads. With
// an error it leaves a zero value.
func Unmarshal(body []byte, into any) ([]byte, error) {
	body = TrimBOM(body)
	if string(bytes.TrimSpace(body)) == "null" {
		return body, ErrNull
	}
	err := json.Unmarshal(body, into)
	if err == nil {
		return body, nil
	}
	reflect.ValueOf(into).Elem().SetZero() // of what was decoded before the error
	switch {
	case isCutOff(body):
		return body, ErrCutOff
	case !json.Valid(body):
		return body, fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	repaired := repairTimestamps(body, into)
	if json.Unmarshal(repaired, into) != nil {
		reflect.ValueOf(into).Elem().SetZero()
		return body, err
	}
	return repaired, nil
}

// CheckNoValue refuses a body that is neither empty nor JSON, such as a page of
// HTML, where no value is expected.
func CheckNoValue(body []byte) error {
	if body = bytes.TrimSpace(TrimBOM(body)); len(body) > 0 && !json.Valid(body) {
		return ErrNotJSON
	}
	return nil
}

// isCutOff reports whether a body ends before its JSON value does.
func isCutOff(body []byte) bool {
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&value)
	return err == io.EOF || err == io.ErrUnexpectedEOF
}
