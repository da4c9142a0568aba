package books

import "crypto/rand"

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID returns a random string of letters and digits, the form of the API's
// ids.
func NewID(length int) string {
	id := make([]byte, 0, length)
	var random [32]byte
	for len(id) < length {
		_, _ = rand.Read(random[:]) // It never fails; see its documentation.
		for _, b := range random {
			// 248 is the largest multiple of 62 in a byte, so each letter is as likely
			// as the others.
			if b < 248 && len(id) < length {
				id = append(id, alphabet[b%62])
			}
		}
	}
	return string(id)
}
