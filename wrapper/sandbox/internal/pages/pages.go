// Package pages is the sandbox as people see it in a browser: the overview at /,
// with a button for each command, and the pages that CNaught hosts: the checkout at
// /pay/{id}, certificates and the impact page. All of it works without JavaScript.
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

// templates are parsed once and only read afterwards.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"kg": certificate.Kg, "number": certificate.Number, "usd": api.USDCents.String, "count": showCount, "breakable": breakable, "words": words,
}).ParseFS(templateFiles, "templates/*.html"))

// Site is what the pages need of the sandbox.
type Site struct {
	BaseURL       string // without the API's path
	APIPath       string // such as /v1
	Books         *books.Books
	PortfolioName func(id string) string
	Certificate   func(orderID string) *certificate.Certificate // nil if there is none
	Impact        func(subaccount *string) *Impact              // nil if there is no such subaccount
	Faults        func() []Fault
	Requests      func(limit int) (newest []Request, total int)
	NotFound      http.Handler // answers programs that ask for a page that does not exist
	Logger        *slog.Logger
}

// Request is an API request that the sandbox received.
type Request struct {
	Time                           time.Time
	Method, Path, Operation, Fault string
	Status                         int // 0 means that there was no answer
	Replayed                       bool
	Reason                         string // why it was refused
}

// Fault is a fault in force.
type Fault struct {
	Operation         string // empty means any
	What              string // what it does
	Skip, Left, Fired int    // Left is negative if it strikes all requests
}

// Handler serves the pages.
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
	all.HandleFunc("GET /style.css", showStyle) // The page that refuses a host needs it too.
	// Programs fetch certificates, under whatever name they know this machine by.
	all.HandleFunc("GET /certificates/{id}/pdf", s.serveCertificatePDF)
	all.Handle("/", guard.OwnHost(s.BaseURL, guard.SameOrigin(mux, s.showMessage), s.showMessage))
	return s.logPages(all)
}

// logPages logs one line for each page, as the sandbox does for each API
// request.
func (s *Site) logPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		s.Logger.LogAttrs(r.Context(), slog.LevelInfo, "page", slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", recorder.status), slog.Duration("took", time.Since(started)))
	})
}

// statusRecorder remembers the status for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noPage tells people and programs that were given the wrong path where the API
// is.
func (s *Site) noPage(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.NotFound.ServeHTTP(w, r)
		return
	}
	s.showMessage(w, http.StatusNotFound, "This page does not exist", "The API is under "+s.APIPath+".")
}

func showStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	http.ServeFileFS(w, r, templateFiles, "templates/style.css")
}

// frame is what all pages have.
type frame struct{ Title, Root string }

func (s *Site) frame(title string) frame { return frame{title, s.root()} }

// root is what the paths of all pages begin with. It is empty unless the sandbox
// is mounted below a path of its base URL.
func (s *Site) root() string {
	u, err := url.Parse(s.BaseURL)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// messagePage says why there is nothing else to show.
type messagePage struct {
	frame
	Text string
}

func (s *Site) showMessage(w http.ResponseWriter, status int, title, text string) {
	show(w, status, "message.html", messagePage{s.frame(title), text})
}

// show renders a page whose forms lead to this site or to an https one.
func show(w http.ResponseWriter, status int, name string, data any) {
	showForm(w, status, name, data, "'self' https:")
}

// showForm renders a page into memory first, so that it is sent whole or not at
// all. Its forms, and the redirects that answer them, lead only to formAction.
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
	// With no-referrer, a form's Origin would be null, and guard.SameOrigin needs
	// it where a browser sends no Sec-Fetch-Site.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+formAction)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // There is no way to tell a browser that has gone away.
}
