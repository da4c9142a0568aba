package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"unicode/utf8"
)

// maxKeyLength is the API's bound for an Idempotency-Key, in characters.
const maxKeyLength = 512

// keyID is the scope of an Idempotency-Key: the account (there is one) and the
// path of the operation.
type keyID struct{ path, key string }

// checkKey refuses what can't be a key.
func checkKey(key string) *answer {
	switch {
	case key == "":
		return invalidParameters(map[string][]string{"Idempotency-Key": {"must not be empty"}})
	case utf8.RuneCountInString(key) > maxKeyLength:
		return problemAnswer(400, problem{Type: errorType("idempotency-key-too-long"), Title: "Idempotency key is too long"})
	}
	return nil
}

// reserve begins a request with a key. An answer means that it must not act:
// the first answer again, or why not. Otherwise the key is in flight until
// release.
func (b *books) reserve(id keyID, digest string) *answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch done := b.keys[id]; {
	case b.inFlight[id]:
		return problemAnswer(409, problem{
			Type:  errorType("idempotency-concurrent-requests"),
			Title: "Request with same idempotency key is in progress",
		})
	case done == nil:
		b.inFlight[id] = true
		return nil
	case done.Digest != digest:
		return problemAnswer(422, problem{
			Type:  errorType("idempotency-changed-payload"),
			Title: "Previous request submitted with same idempotency key had different payload",
		})
	default:
		a := &answer{status: done.Status, contentType: typeJSON, body: done.Body}
		a.set("X-Idempotent-Replay", "true")
		return a
	}
}

func (b *books) release(id keyID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.inFlight, id)
}

// remember stores a success in the very change that the request made. Nothing
// else is stored: a request that was refused did nothing, so the caller may mend
// it and send it again under its key.
func (tx *tx) remember(id keyID, digest string, a *answer) {
	tx.change.Keys = append(tx.change.Keys, &keyRecord{
		Path: id.path, Key: id.key, Digest: digest, Status: a.status, Body: a.body,
	})
}

// payloadDigest compares requests by meaning: JSON of other spacing or order
// of members is the same payload. The subaccount belongs to it, since the same
// body for another subaccount is another request.
func payloadDigest(subaccount *string, body []byte) string {
	h := sha256.New()
	if subaccount != nil {
		_, _ = io.WriteString(h, *subaccount) // a hash never fails
	}
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(canonical(body))
	return hex.EncodeToString(h.Sum(nil))
}

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
