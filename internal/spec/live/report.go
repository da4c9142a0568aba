package live

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Exit codes of a run.
const (
	ExitAsDescribed = 0
	ExitDifferent   = 1
	ExitUnchecked   = 2
)

// Report is what a run found. It holds nothing of the account.
type Report struct {
	Differences []Finding
	Facts       []Fact
	Headers     []Header
	Asked       []Asked
	Stopped     string // why the rest was not asked, empty if all was
}

// Asked is one request and what came of it.
type Asked struct {
	Operation, What string
	Status          int
	Failure         string // why there is no answer, empty if there is
}

// Header is a header of answers that the description does not name.
type Header struct {
	Name, Value string // the value only of what tells about limits
	Answers     int
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

// add takes a difference down, or counts it if it was seen before.
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

// ordinary are headers that say nothing about the API.
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

// declares says whether the description names a header of this answer.
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

// Unanswered counts the requests that got no answer of the API.
func (r *Report) Unanswered() (n int) {
	for _, a := range r.Asked {
		if a.Failure != "" {
			n++
		}
	}
	return n
}

// ExitCode is 0 if all is as described, 1 if something differs, and 2 if
// something could not be checked.
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

// Summary is the report in one line.
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
