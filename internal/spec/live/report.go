package live

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The exit codes of a run.
const (
	ExitAsDescribed = 0
	ExitDifferent   = 1
	ExitUnchecked   = 2
)

// Report is the result of a run. It contains no data of the account.
type Report struct {
	Differences []Finding
	Facts       []Fact
	Headers     []Header
	Asked       []Asked
	Stopped     string // why the run ended early, empty if it did not
}

// Asked is one request with its result.
type Asked struct {
	Operation, What string
	Status          int
	Failure         string // why there is no answer, empty if there is one
}

// Header is a header that the description does not name.
type Header struct {
	Name, Value string // the value only if the header is about rate limits
	Answers     int    // the number of answers with the header
}

func newReport(l log, stopped error, secrets ...string) *Report {
	m := newMasker(l, secrets...)
	r := &Report{Headers: headers(l, m)}
	if stopped != nil {
		r.Stopped = m.mask(stopped.Error())
	}
	for _, x := range l {
		if x.status >= http.StatusBadRequest {
			x.said = m.problem(x.value)
		}
		asked := Asked{Operation: x.title(), What: x.what, Status: x.status}
		if x.err != nil {
			asked.Failure = m.mask(x.err.Error())
		}
		r.Asked = append(r.Asked, asked)
		if x.answered == nil {
			continue
		}
		for _, f := range l.check(x) {
			f.Member = m.member(f.Member)
			r.add(f)
		}
	}
	for _, q := range questions {
		r.Facts = append(r.Facts, Fact{q.about, q.text, q.answer(l)})
	}
	return r
}

// add records a difference, or counts it if it was seen before.
func (r *Report) add(f Finding) {
	for i := range r.Differences {
		known := r.Differences[i]
		known.What, known.Answers = f.What, f.Answers
		if known == f {
			r.Differences[i].Answers++
			return
		}
	}
	r.Differences = append(r.Differences, f)
}

// ordinary are headers of HTTP itself, which the report leaves out.
var ordinary = strings.Fields(`Accept-Ranges Age Alt-Svc Cache-Control Connection Content-Encoding Content-Length
	Content-Security-Policy Content-Type Cross-Origin-Opener-Policy Cross-Origin-Resource-Policy Date Expires Keep-Alive
	Nel Permissions-Policy Pragma Referrer-Policy Report-To Reporting-Endpoints Server Set-Cookie Strict-Transport-Security
	Transfer-Encoding Vary Via X-Content-Type-Options X-Frame-Options X-Powered-By X-Xss-Protection`)

func headers(l log, m *masker) (all []Header) {
	for _, x := range l {
		for name, values := range x.header {
			if slices.Contains(ordinary, name) || x.declares(name) {
				continue
			}
			i := slices.IndexFunc(all, func(h Header) bool { return h.Name == name })
			if i < 0 {
				i = len(all)
				all = append(all, Header{Name: name})
			}
			all[i].Answers++
			limits := name == "Retry-After" || strings.Contains(strings.ToLower(name), "ratelimit")
			if all[i].Value == "" && limits && limitText.MatchString(values[0]) {
				all[i].Value = m.mask(values[0])
			}
		}
	}
	for i := range all {
		all[i].Name = m.member(all[i].Name)
	}
	slices.SortFunc(all, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// declares reports whether the description names this header of the answer.
func (x *exchange) declares(name string) bool {
	if x.answered == nil || x.answered.Response == nil {
		return false
	}
	for declared := range x.answered.Response.Headers {
		if http.CanonicalHeaderKey(declared) == name {
			return true
		}
	}
	return false
}

// Unanswered returns the number of requests without an answer from the API.
func (r *Report) Unanswered() (n int) {
	for _, a := range r.Asked {
		if a.Failure != "" {
			n++
		}
	}
	return n
}

// ExitCode returns ExitDifferent if an answer differs from the description,
// otherwise ExitUnchecked if something could not be checked, and otherwise
// ExitAsDescribed.
func (r *Report) ExitCode() int {
	switch {
	case len(r.Differences) > 0:
		return ExitDifferent
	case r.Stopped != "" || r.Unanswered() > 0:
		return ExitUnchecked
	}
	return ExitAsDescribed
}

func (r *Report) settled() (n int) {
	for _, f := range r.Facts {
		if f.Seen != "" {
			n++
		}
	}
	return n
}

// Summary returns the result in one line.
func (r *Report) Summary() string {
	answers := len(r.Asked) - r.Unanswered()
	tail := fmt.Sprintf("in %s; %d of %d open facts are settled.", plural(answers, "answer"), r.settled(), len(r.Facts))
	switch r.ExitCode() {
	case ExitDifferent:
		s := fmt.Sprintf("**Different from the description**: %s %s", plural(len(r.Differences), "difference"), tail)
		if r.Stopped != "" || r.Unanswered() > 0 {
			s += fmt.Sprintf(" %s got no answer.", plural(r.Unanswered(), "request"))
		}
		return s
	case ExitUnchecked:
		return fmt.Sprintf("**Could not be checked**: %s got no answer; no difference %s", plural(r.Unanswered(), "request"), tail)
	}
	return "**As described**: no difference " + tail
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
