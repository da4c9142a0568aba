package books

import "crypto/rand"

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID returns a random string of letters and digits, like the ids of the API.
func NewID(length int) string {
	id := make([]byte, 0, length)
	var random [32]byte
	for len(id) < length {
		_, _ = rand.Read(random[:]) // It never fails; see its documentation.
		for _, b := range random {
			// 248 is the largest multiple of 62 that fits in a byte. Larger bytes are
			// skipped so that all characters are equally likely.
			if b < 248 && len(id) < length {
				id = append(id, alphabet[b%62])
			}
		}
	}
	return string(id)
}
