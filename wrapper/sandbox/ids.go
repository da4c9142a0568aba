package sandbox

import "crypto/rand"

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID is a random text of letters and digits, as the API's ids are.
func newID(length int) string {
	id := make([]byte, 0, length)
	var random [32]byte
	for len(id) < length {
		_, _ = rand.Read(random[:]) // it never fails: see its documentation
		for _, b := range random {
			// 248 is the largest multiple of 62 in a byte: each letter is as likely.
			if b < 248 && len(id) < length {
				id = append(id, alphabet[b%62])
			}
		}
	}
	return string(id)
}
