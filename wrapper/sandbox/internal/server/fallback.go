// Package server routes the requests of the API. It is generated from the API's
// description. ServerInterface has a method for each operation, and Fallback implements
// all of them with the examples in the description.
package server

import (
	"encoding/json"
	"net/http"
)

// writeExample answers with an example from the description. The document is the JSON
// form of an Example Object, which has the example in "value", or of a Media Type
// Object, which has it in "example".
func writeExample(w http.ResponseWriter, status int, document string) {
	var object struct {
		Value   json.RawMessage `json:"value"`
		Example json.RawMessage `json:"example"`
	}
	if err := json.Unmarshal([]byte(document), &object); err != nil {
		writeProblem(w, http.StatusInternalServerError, "The example in the description is not JSON")
		return
	}
	example := object.Value
	if example == nil {
		example = object.Example
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(example) // If this fails, the client has disconnected.
}

// writeNotImplemented answers a request for an operation if the description has no
// example of a successful answer.
func writeNotImplemented(w http.ResponseWriter, operation string) {
	writeProblem(w, http.StatusNotImplemented, operation+" has no example in the API description")
}

// writeProblem answers with a problem details object (RFC 9457).
func writeProblem(w http.ResponseWriter, status int, title string) {
	problem, err := json.Marshal(map[string]any{"title": title, "status": status})
	if err != nil {
		problem = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(problem)
}
