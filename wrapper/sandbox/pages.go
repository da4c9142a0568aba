package sandbox

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

//go:embed templates
var templateFiles embed.FS

// pageTemplates are parsed once and only read afterwards.
var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"kg": showKg, "usd": api.USDCents.String, "count": showCount,
}).ParseFS(templateFiles, "templates/*.html"))

// pages is what people see in a browser: the overview at /, with a button for
// each command, and the hosted checkout page at /pay/{id}. All works without
// JavaScript.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showHome)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /pay/{id}", s.showCheckout)
	mux.HandleFunc("POST /pay/{id}", s.payCheckout)
	mux.HandleFunc("POST /orders/{id}/fulfill", s.pressed("order", s.FulfillOrder))
	mux.HandleFunc("POST /orders/{id}/cancel", s.pressed("order", s.cancelOrder))
	mux.HandleFunc("POST /sessions/{id}/complete", s.pressed("session", s.completeCheckout))
	mux.HandleFunc("POST /sessions/{id}/expire", s.pressed("session", s.ExpireCheckout))
	mux.HandleFunc("POST /clock", s.pressedClock)
	mux.HandleFunc("/", s.noPage)

	all := http.NewServeMux()
	all.HandleFunc("GET /style.css", showStyle) // the same for all hosts, and part of what they are told
	all.Handle("/", s.ownHost(s.sameOrigin(mux)))
	return s.logPages(all)
}

// logPages logs one line for each page, as there is one for each API request.
func (s *Server) logPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		s.logger.LogAttrs(r.Context(), slog.LevelInfo, "page", slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", seen.status), slog.Duration("took", time.Since(started)))
	})
}

// statusWriter remembers the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// noPage helps a client that was pointed at the wrong path.
func (s *Server) noPage(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.showTrouble(w, http.StatusNotFound, "There is no such page", "The API is under "+basePath+".")
		return
	}
	problemAnswer(http.StatusNotFound, problem{
		Type: errorType("not-found"), Title: "Could not find resource", Details: "The API is under " + basePath,
	}).writeTo(w)
}

func showStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	http.ServeFileFS(w, r, templateFiles, "templates/style.css")
}

// frame is what all pages have.
type frame struct{ Title, Root string }

func (s *Server) frame(title string) frame { return frame{title, s.root()} }

// root is what all paths of the pages begin with: empty, unless the sandbox is
// mounted below a path of its base URL.
func (s *Server) root() string {
	u, err := url.Parse(s.baseURL)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// troublePage says why there is nothing else to show.
type troublePage struct {
	frame
	Text string
}

func (s *Server) showTrouble(w http.ResponseWriter, status int, title, text string) {
	showPage(w, status, "trouble.html", troublePage{s.frame(title), text})
}

// showPage renders into memory first, so that a page comes whole or not at all.
func showPage(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: with it a form's Origin is null, and the check of the
	// origin needs it where browsers send no Sec-Fetch-Site.
	h.Set("Referrer-Policy", "same-origin")
	// form-action also bounds where an answer to a form redirects to: Pay goes
	// on to the shop's success URL, which is always https.
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https:")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that has gone can't be told
}

// showError is for a command that did not work.
func (s *Server) showError(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrNotFound):
		s.showTrouble(w, http.StatusNotFound, "There is nothing with this id", err.Error())
	case errors.Is(err, ErrState):
		s.showTrouble(w, http.StatusConflict, "This is no longer possible", err.Error())
	default:
		s.showTrouble(w, http.StatusInternalServerError, "The sandbox failed", err.Error())
	}
}
