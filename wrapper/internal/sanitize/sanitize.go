// Package sanitize makes texts of others fit for a message.
package sanitize

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuoted bounds what a message quotes of a server's answer, in bytes.
const maxQuoted = 500

// Text bounds a text of somebody else, puts it on one line, and leaves out what would
// control the terminal that shows it.
func Text[T string | []byte](s T) string {
	n := min(len(s), maxQuoted)
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	short := strings.ToValidUTF8(string(s[:n]), "\ufffd") // not "": that could join the halves of a masked key
	short = strings.Join(strings.FieldsFunc(short, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(s) > maxQuoted {
		return fmt.Sprintf("%s... (%d bytes)", short, len(s))
	}
	return short
}
