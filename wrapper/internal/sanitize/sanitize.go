// Package sanitize prepares texts from other programs for messages.
package sanitize

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuoted is the maximum length of a quoted text in bytes.
const maxQuoted = 500

// Text returns a text on one line, shortened to maxQuoted bytes, and without control
// characters, which could affect a terminal.
func Text[T string | []byte](s T) string {
	n := min(len(s), maxQuoted)
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	short := strings.ToValidUTF8(string(s[:n]), "\ufffd") // removing bytes could join the halves of a key that was not masked
	short = strings.Join(strings.FieldsFunc(short, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(s) > maxQuoted {
		return fmt.Sprintf("%s... (%d bytes)", short, len(s))
	}
	return short
}
