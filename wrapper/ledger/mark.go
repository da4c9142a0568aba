package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// A mark identifies one record of one purchase in the metadata of its order. It
// has the form [cnl:NAMESPACE:ID]. The first half of the 26 characters of ID is a
// hash of the ref, and the second half is random. If a ref is recorded twice, for
// example because the database was restored from a backup, the two marks differ
// but have the same [refPart].
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

// splitMark splits the metadata of an order into the mark, with which it must
// begin, and the user's own text. Without a valid mark, it returns an empty mark
// and the metadata unchanged.
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

// refPart returns the part of a mark that all marks of the same ref and namespace
// have in common.
func refPart(mark string) string { return mark[:len(mark)-markHalf-1] }

func namespaceOf(mark string) string {
	namespace, _, _ := strings.Cut(mark[len(markPrefix):], ":")
	return namespace
}

func checkNamespace(s string) error {
	if s == "" || len(s) > 32 || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}) {
		return invalid("New", "Namespace", "is %q: it must have 1 to 32 of the characters a-z A-Z 0-9 . _ -", s)
	}
	return nil
}
