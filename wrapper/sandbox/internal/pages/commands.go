package pages

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// maxFormBytes is the largest size of a form's body.
const maxFormBytes = 4 << 10

// command returns the handler for a button on the overview. It runs the command and
// then redirects to the changed row of the overview, whose id begins with kind.
func (s *Site) command(kind string, run func(id string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if err := run(id); err != nil {
			s.showError(w, err)
			return
		}
		http.Redirect(w, r, s.root()+"/#"+kind+"-"+url.PathEscape(id), http.StatusSeeOther)
	}
}

func (s *Site) completeSession(id string) error {
	_, err := s.Books.CompleteSession(id)
	return err
}

// showError shows a page with the error of a command.
func (s *Site) showError(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, books.ErrNotFound):
		s.showMessage(w, http.StatusNotFound, "This id does not exist", err.Error())
	case errors.Is(err, books.ErrState):
		s.showMessage(w, http.StatusConflict, "This is no longer possible", err.Error())
	default:
		s.showMessage(w, http.StatusInternalServerError, "The sandbox failed", err.Error())
	}
}

// clockSteps are the buttons of the clock. The form accepts no other values, so that a
// typing mistake can't move the clock far into the future.
var clockSteps = []clockStep{
	{"1h", "Forward 1 hour", time.Hour},
	{"24h", "Forward 1 day", 24 * time.Hour},
}

type clockStep struct {
	Value, Label string
	by           time.Duration
}

func (s *Site) moveClock(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	by := r.PostFormValue("by")
	for _, step := range clockSteps {
		if step.Value != by {
			continue
		}
		if err := s.Books.Advance(step.by); err != nil {
			s.showError(w, err)
			return
		}
		http.Redirect(w, r, s.root()+"/#clock", http.StatusSeeOther)
		return
	}
	s.showMessage(w, http.StatusBadRequest, "The clock did not move", "The value of the form must be 1h or 24h.")
}
