package pages

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/certificate"
)

// showCount formats a whole number with its thousands separated, for example as 12,345.
func showCount(n int) string { return certificate.Number(float64(n)) }

// showStatus formats an HTTP status with its text, for example as 404 Not Found.
func showStatus(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// breakable returns a text in which a browser may break lines within URLs, after the
// characters that separate their parts.
func breakable(s string) template.HTML {
	var b strings.Builder
	for i, r := range s {
		b.WriteString(template.HTMLEscapeString(string(r)))
		if next := i + utf8.RuneLen(r); strings.ContainsRune("/?&=:@", r) && next < len(s) && s[next] != '/' {
			b.WriteString("<wbr>")
		}
	}
	return template.HTML(b.String())
}

// words returns the name of an operation, within which a browser may break lines
// between words.
func words(name string) template.HTML {
	var b strings.Builder
	lower := false
	for _, r := range name {
		if lower && unicode.IsUpper(r) {
			b.WriteString("<wbr>")
		}
		lower = unicode.IsLower(r)
		b.WriteString(template.HTMLEscapeString(string(r)))
	}
	return template.HTML(b.String())
}

// moment is a time in UTC, in a form for people and in one for programs.
type moment struct{ Machine, Human string }

func newMoment(t time.Time) moment {
	t = t.UTC()
	return moment{t.Format(time.RFC3339Nano), t.Format("2006-01-02 15:04:05")}
}

func momentPtr(t *time.Time) *moment {
	if t == nil {
		return nil
	}
	m := newMoment(*t)
	return &m
}

// showDuration formats a duration, for example as 1 day 2 hours 5 minutes.
func showDuration(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		n := int(d / unit.size)
		d %= unit.size
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit.name)
		case n > 1:
			parts = append(parts, showCount(n)+" "+unit.name+"s")
		}
	}
	return strings.Join(parts, " ")
}
