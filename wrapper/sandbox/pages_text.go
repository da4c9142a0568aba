package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// showCount writes a whole number with separators: 12,345.
func showCount(n int) string { return groupDigits(strconv.Itoa(n)) }

// showKg writes a mass as exactly as the API holds it: 1,595 kg, 10.5 kg.
func showKg(kg float64) string {
	return groupDigits(strconv.FormatFloat(kg, 'f', -1, 64)) + " kg"
}

// showStatus writes an HTTP status with its words: 404 Not Found.
func showStatus(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// groupDigits separates the thousands of a decimal number.
func groupDigits(s string) string {
	whole, fraction, hasFraction := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasFraction {
		whole += "." + fraction
	}
	return sign + whole
}

// moment is a time for people and, as an attribute, for programs. All are UTC,
// which the page says once.
type moment struct{ Machine, Human string }

func newMoment(t time.Time) moment {
	t = t.UTC()
	return moment{t.Format(time.RFC3339Nano), t.Format("2006-01-02 15:04:05")}
}

// showDuration writes how far the clock is ahead: 1 day 2 hours 5 minutes.
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
