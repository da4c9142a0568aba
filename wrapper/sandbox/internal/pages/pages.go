// Package pages serves the web pages of the sandbox: the overview at /, which has a
// button for each command, and stand-ins for the pages that CNaught hosts, which are the
// checkout at /pay/{id}, certificates and the impact page. All pages work without
// JavaScript.
package pages

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/certificate"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/guard"
)

//go:embed templates
var templateFiles embed.FS

// templates holds the parsed HTML templates.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"kg": certificate.Kg, "number": certificate.Number, "usd": api.USDCents.String, "count": showCount, "breakable": breakable, "words": words,
}).ParseFS(templateFiles, "templates/*.html"))

// Site serves the pages. Its fields give access to the rest of the sandbox.
type Site struct {
	BaseURL       string // without the API's path
	APIPath       string // the path of the API, such as /v1
	Books         *books.Books
	PortfolioName func(id string) string
	Certificate   func(orderID string) *certificate.Certificate // returns nil if there is none
	Impact        func(subaccount *string) *Impact              // returns nil if there is no such subaccount
	Faults        func() []Fault
	Requests      func(limit int) (newest []Request, total int)
	NotFound      http.Handler // answers programs that request a page that does not exist
	Logger        *slog.Logger
}

// Request is an API request that the sandbox received.
type Request struct {
	Time                           time.Time
	Method, Path, Operation, Fault string
	Status                         int // 0 if there was no answer
	Replayed                       bool
	Reason                         string // why the request was refused, or empty
}

// Fault is an active fault. It strikes the next Left requests to the operation after
// the next Skip ones, or all of them if Left is negative. Fired is the number of
// requests that it has struck so far.
type Fault struct {
	Operation         string // empty for any operation
	Effect            string // a description of what the fault does
	Skip, Left, Fired int
}

// Handler returns the handler for the pages.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showHome)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /certificates/{id}", s.showCertificate)
	mux.HandleFunc("GET /impact", s.showImpact)
	mux.HandleFunc("GET /impact/{subaccount}", s.showImpact)
	mux.HandleFunc("GET /pay/{id}", s.showCheckout)
	mux.HandleFunc("POST /pay/{id}", s.payCheckout)
	mux.HandleFunc("POST /orders/{id}/fulfill", s.command("order", s.Books.FulfillOrder))
	mux.HandleFunc("POST /orders/{id}/cancel", s.command("order", s.Books.CancelOrder))
	mux.HandleFunc("POST /sessions/{id}/complete", s.command("session", s.completeSession))
	mux.HandleFunc("POST /sessions/{id}/expire", s.command("session", s.Books.ExpireSession))
	mux.HandleFunc("POST /clock", s.moveClock)
	mux.HandleFunc("/", s.noPage)

	all := http.NewServeMux()
	all.HandleFunc("GET /style.css", showStyle) // The page with which OwnHost refuses a request needs it, too.
	// Programs may fetch certificates with any host name for this machine.
	all.HandleFunc("GET /certificates/{id}/pdf", s.serveCertificatePDF)
	all.Handle("/", guard.OwnHost(s.BaseURL, guard.SameOrigin(mux, s.showMessage), s.showMessage))
	return s.logPages(all)
}

// logPages logs one line for each request for a page, and why it was refused.
func (s *Site) logPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		attrs := []slog.Attr{
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", recorder.status),
			slog.Duration("took", time.Since(started)),
		}
		if recorder.reason != "" {
			attrs = append(attrs, slog.String("reason", recorder.reason))
		}
		level := slog.LevelInfo
		if recorder.status == http.StatusInternalServerError {
			level = slog.LevelError
		}
		s.Logger.LogAttrs(r.Context(), level, "page", attrs...)
	})
}

// statusRecorder keeps the status of an answer for the log, and why a request was
// refused.
type statusRecorder struct {
	http.ResponseWriter
	status int
	reason string
}

// giveReason passes the reason of a refusal to the log.
func giveReason(w http.ResponseWriter, reason string) {
	if recorder, ok := w.(*statusRecorder); ok {
		recorder.reason = reason
	}
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the original ResponseWriter, as http.ResponseController requires.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noPage answers a request for an unknown path and says where the API is. It answers
// browsers with a page and other programs with a problem document.
func (s *Site) noPage(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.notFound(w, r)
		return
	}
	s.showMessage(w, http.StatusNotFound, "This page does not exist", "The API is under "+s.APIPath+".")
}

// notFound answers a program that requests something that does not exist.
func (s *Site) notFound(w http.ResponseWriter, r *http.Request) {
	giveReason(w, "Could not find resource")
	s.NotFound.ServeHTTP(w, r)
}

func showStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	http.ServeFileFS(w, r, templateFiles, "templates/style.css")
}

// frame holds the values that all pages need.
type frame struct{ Title, Root string }

func (s *Site) frame(title string) frame { return frame{title, s.root()} }

// root returns the path with which the paths of all pages begin. It is empty unless the
// base URL has a path.
func (s *Site) root() string {
	u, err := url.Parse(s.BaseURL)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// messagePage is a page that shows only a message.
type messagePage struct {
	frame
	Text string
}

func (s *Site) showMessage(w http.ResponseWriter, status int, title, text string) {
	giveReason(w, title+": "+text)
	show(w, status, "message.html", messagePage{s.frame(title), text})
}

// show renders a page whose forms may lead to this site or to any https site.
func show(w http.ResponseWriter, status int, name string, data any) {
	showForm(w, status, name, data, "'self' https:")
}

// showForm renders a page whose forms, and the redirects that follow them, may lead
// only to formAction. It renders the page into memory first, so that the page is sent
// completely or not at all.
func showForm(w http.ResponseWriter, status int, name string, data any, formAction string) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	// With no-referrer, browsers would send a form with the Origin null. However,
	// guard.SameOrigin needs the real one from browsers without Sec-Fetch-Site.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+formAction)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // If this fails, the browser has disconnected.
}
