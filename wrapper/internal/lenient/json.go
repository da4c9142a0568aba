// Package lenient decodes JSON in the forms that servers, gateways and proxies send.
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
	// ErrNull is the error for the body null, which encoding/json decodes to a zero
	// value without an error.
	ErrNull = errors.New("the body is null")
	// ErrNotJSON is the error for another body, such as a page of HTML.
	ErrNotJSON = errors.New("the body is not JSON")
	// ErrCutOff is the error for JSON that ends too early. The transport may not have
	// noticed this, because an answer over HTTP/1.0 or HTTP/2 can end early without
	// an error.
	ErrCutOff = fmt.Errorf("the body ends too early: %w", io.ErrUnexpectedEOF)
)

// TrimBOM removes the byte order mark at the beginning of a body, which some servers
// send.
func TrimBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

// Unmarshal decodes a body. It returns the body that was decoded, which has no byte
// order mark and only timestamps that time.Time can decode. If it returns an error,
// into is set to the zero value.
func Unmarshal(body []byte, into any) ([]byte, error) {
	body = TrimBOM(body)
	if string(bytes.TrimSpace(body)) == "null" {
		return body, ErrNull
	}
	err := json.Unmarshal(body, into)
	if err == nil {
		return body, nil
	}
	reflect.ValueOf(into).Elem().SetZero() // a part may have been decoded before the error
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

// CheckNoValue checks the body of an answer without a value. It returns an error if the
// body is neither empty nor JSON, such as a page of HTML.
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
