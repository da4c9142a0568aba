package cnaught

import (
	"fmt"
	"io"

	"github.com/cnaught-go/cnaught/wrapper/internal/content"
	"github.com/cnaught-go/cnaught/wrapper/internal/lenient"
)

// fit decodes a body into a value, and returns the body in the form that was
// decoded. An answer that is of no use to the caller does not fit.
func fit(body []byte, into any) ([]byte, error) {
	switch into.(type) {
	case *opaque:
		return body, nil
	case *none:
		return lenient.TrimBOM(body), lenient.CheckNoValue(body)
	}
	body, err := lenient.Unmarshal(body, into)
	if err != nil {
		return body, err
	}
	if missing := content.Missing(body, into); missing != "" {
		return body, fmt.Errorf("the body has no %s", missing)
	}
	return body, nil
}

// checkSubject compares the answer to a call that may act twice with its request. A
// cache that keeps the answer to a POST, or a proxy that mixes up connections,
// returns somebody else's order, which must not pass for the one that was paid for.
func (call *call) checkSubject(body []byte) error {
	if !call.op.canActTwice() || call.op.Undescribed {
		return nil
	}
	var sent []byte
	if call.request.GetBody != nil {
		reader, _ := call.request.GetBody()
		sent, _ = io.ReadAll(reader) // from memory
	}
	return content.CheckSubject(sent, body, call.op.pathID(call.request.URL.EscapedPath()))
}
