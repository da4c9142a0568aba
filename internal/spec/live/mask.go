package live

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const masked = "[masked]"

// masker masks what may belong to the account in texts of the server: the key, each
// text in an answer and each of its words, and everything that looks like an id or
// an address. Words that the description uses for errors are not masked.
type masker struct {
	texts []string        // longest first
	words map[string]bool // lower case
}

// minText is the length of the shortest text that is masked. If a name of one letter
// were masked, no text could be read.
const minText = 3

// newMasker returns a masker for the texts in all successful answers, and for those
// in more.
func newMasker(l log, more ...string) *masker {
	m := &masker{words: make(map[string]bool)}
	learn := func(s string) {
		if len(s) < minText {
			return
		}
		m.texts = append(m.texts, s)
		for _, w := range letters.FindAllString(strings.ToLower(s), -1) {
			m.words[w] = true
		}
	}
	for _, s := range more {
		learn(s)
	}
	for _, x := range l {
		if x.status < http.StatusBadRequest {
			texts(x.value, learn)
		}
	}
	slices.SortFunc(m.texts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	m.texts = slices.Compact(m.texts)
	for _, x := range l {
		known := x.errorWords()
		maps.DeleteFunc(m.words, func(w string, _ bool) bool { return known[w] })
	}
	return m
}

// texts calls visit for each string in a JSON value.
func texts(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, item := range v {
			texts(item, visit)
		}
	case map[string]any:
		for _, member := range v {
			texts(member, visit)
		}
	}
}

// errorWords returns the words that the description uses for the errors of the
// operation.
func (x *exchange) errorWords() map[string]bool {
	words := make(map[string]bool)
	for status, response := range x.operation.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			continue
		}
		text, err := json.Marshal(response.Value.Content)
		if err != nil {
			continue // so more words are masked
		}
		for _, w := range letters.FindAllString(strings.ToLower(string(text)), -1) {
			words[w] = true
		}
	}
	return words
}

var (
	email   = regexp.MustCompile(`[^\s"'<>]+@[^\s"'<>]+`)
	address = regexp.MustCompile(`[a-z]+://[^\s"'<>)]+`)
	quoted  = regexp.MustCompile(`"[^"]*"|\B'[^']*'\B|“[^”]*”|` + "`[^`]*`")
	host    = regexp.MustCompile(`[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+(:[0-9]+)?`)
	letters = regexp.MustCompile(`\pL{3,}`)
	token   = regexp.MustCompile(`[A-Za-z0-9_-]{6,}`)
	idLike  = regexp.MustCompile(`[a-z][A-Z]|[0-9]`)
)

// mask masks a text of the server.
func (m *masker) mask(s string) string {
	for _, text := range m.texts {
		s = strings.ReplaceAll(s, text, masked)
	}
	s = address.ReplaceAllString(s, masked)
	s = email.ReplaceAllString(s, masked)
	s = host.ReplaceAllString(s, masked)
	s = quoted.ReplaceAllString(s, masked)
	s = letters.ReplaceAllStringFunc(s, func(w string) string {
		if m.words[strings.ToLower(w)] {
			return masked
		}
		return w
	})
	return token.ReplaceAllStringFunc(s, func(t string) string {
		if idLike.MatchString(t) {
			return masked
		}
		return t
	})
}

// member masks the path of a member. In an object that is a map, the names may
// belong to the account.
func (m *masker) member(path string) string {
	names := strings.Split(path, ".")
	for i, name := range names {
		bare := strings.TrimRight(name, "[]")
		if slices.ContainsFunc(m.texts, func(text string) bool { return strings.EqualFold(text, bare) }) {
			names[i] = masked
		}
	}
	return strings.Join(names, ".")
}

// problemType matches the error types of the API, which contain no data of an
// account.
var problemType = regexp.MustCompile(`^https://api\.cnaught\.com/v1/errors/([a-z-]+)$`)

// problem returns the type and the title of a problem document, masked.
func (m *masker) problem(v any) string {
	var said []string
	document, _ := v.(map[string]any)
	if found := problemType.FindStringSubmatch(text(document, "type")); found != nil {
		said = append(said, found[1])
	} else if other := text(document, "type"); other != "" {
		said = append(said, "another type")
	}
	if title := text(document, "title"); title != "" {
		said = append(said, m.mask(title))
	}
	return strings.Join(said, ", ")
}
