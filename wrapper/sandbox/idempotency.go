package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// maxKeyLength is the largest length of an Idempotency-Key that the API accepts, in
// characters.
const maxKeyLength = 512

// checkKey refuses a key that is empty or too long.
func checkKey(key string) *answer {
	switch {
	case key == "":
		return invalidParameters(map[string][]string{"Idempotency-Key": {"must not be empty"}})
	case utf8.RuneCountInString(key) > maxKeyLength:
		return problemAnswer(http.StatusBadRequest, problem{Type: errorType("idempotency-key-too-long"), Title: "Idempotency key is too long"})
	}
	return nil
}

// reservations holds the idempotency keys of the requests that are being answered.
type reservations struct {
	mu       sync.Mutex
	inFlight map[books.KeyID]bool
}

// reserve reserves a key for a request, until release is called. If it returns an
// answer, the key is not reserved and the request must not act: the answer is the
// stored one, or refuses the request.
func (s *Server) reserve(id books.KeyID, digest string) *answer {
	s.reservations.mu.Lock()
	defer s.reservations.mu.Unlock()
	if s.reservations.inFlight[id] {
		return problemAnswer(http.StatusConflict, problem{
			Type:  errorType("idempotency-concurrent-requests"),
			Title: "Request with same idempotency key is in progress",
		})
	}
	var first *books.KeyRecord
	s.books.Look(func(tx *books.Tx) { first = tx.Key(id) })
	switch {
	case first == nil:
		s.reservations.inFlight[id] = true
		return nil
	case first.Digest != digest:
		return problemAnswer(http.StatusUnprocessableEntity, problem{
			Type:  errorType("idempotency-changed-payload"),
			Title: "Previous request submitted with same idempotency key had different payload",
		})
	}
	a := &answer{status: first.Status, contentType: typeJSON, body: first.Body}
	a.set("X-Idempotent-Replay", "true")
	return a
}

func (s *Server) release(id books.KeyID) {
	s.reservations.mu.Lock()
	defer s.reservations.mu.Unlock()
	delete(s.reservations.inFlight, id)
}

// payloadDigest returns a digest by which payloads are compared. The spacing of JSON
// and the order of its members make no difference to it. The subaccount does, because
// the same body for another subaccount is a different request.
func payloadDigest(subaccount *string, body []byte) string {
	h := sha256.New()
	if subaccount != nil {
		_, _ = io.WriteString(h, *subaccount) // Writing to a hash never fails.
	}
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(canonical(body))
	return hex.EncodeToString(h.Sum(nil))
}

// canonical returns JSON with sorted members and without spacing. It returns a body
// that is not a single JSON value unchanged.
func canonical(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return body
	}
	if _, err := d.Token(); err != io.EOF {
		return body
	}
	sorted, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return sorted
}
