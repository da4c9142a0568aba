package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// A mark names one record of one purchase, in ASCII: [cnl:NAMESPACE:ID]. The
// first half of its ID of 26 characters is a hash of the ref, the second is
// random. So a ref that was recorded twice, as with a database that was
// restored, has two marks of one [refPart].
const (
	markPrefix = "[cnl:"
	markID     = 26
	markHalf   = 13
)

func newMark(namespace, ref string) string {
	sum := sha256.Sum256([]byte(namespace + "\x00" + ref))
	hash := base32.StdEncoding.EncodeToString(sum[:])
	return markPrefix + namespace + ":" + hash[:markHalf] + rand.Text()[:markHalf] + "]"
}

// splitMark takes the mark and the user's own text from an order's metadata.
// There is no mark unless the text begins with a whole one.
func splitMark(metadata string) (mark, own string) {
	text := strings.TrimSpace(metadata)
	end := strings.IndexByte(text, ']') + 1
	if !strings.HasPrefix(text, markPrefix) || end == 0 {
		return "", metadata
	}
	namespace, id, ok := strings.Cut(text[len(markPrefix):end-1], ":")
	if !ok || checkNamespace(namespace) != nil || len(id) != markID {
		return "", metadata
	}
	return text[:end], strings.TrimPrefix(text[end:], " ")
}

// refPart is what all marks of one ref and namespace have in common.
func refPart(mark string) string { return mark[:len(mark)-markHalf-1] }

func namespaceOf(mark string) string {
	namespace, _, _ := strings.Cut(mark[len(markPrefix):], ":")
	return namespace
}

func checkNamespace(s string) error {
	if s == "" || len(s) > 32 || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}) {
		return invalid("New", "Namespace", "is %q, not 1 to 32 of the characters a-z A-Z 0-9 . _ -", s)
	}
	return nil
}
