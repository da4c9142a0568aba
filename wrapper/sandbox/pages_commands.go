package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// pressed runs the command of a button on the overview, then shows the
// overview again, at what was changed.
func (s *Server) pressed(what string, command func(id string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if err := command(id); err != nil {
			s.showError(w, err)
			return
		}
		http.Redirect(w, r, s.root()+"/#"+what+"-"+url.PathEscape(id), http.StatusSeeOther)
	}
}

// clockSteps are what the clock's buttons move it by. There are no others, so
// that a mistyped form can't move it to the end of time.
var clockSteps = []clockStep{
	{"1h", "Forward 1 hour", time.Hour},
	{"24h", "Forward 1 day", 24 * time.Hour},
}

type clockStep struct {
	Value, Label string
	by           time.Duration
}

func (s *Server) pressedClock(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	by := r.PostFormValue("by")
	for _, step := range clockSteps {
		if step.Value == by {
			s.Advance(step.by)
			http.Redirect(w, r, s.root()+"/#clock", http.StatusSeeOther)
			return
		}
	}
	s.showTrouble(w, http.StatusBadRequest, "The clock did not move", "The form must say by how much: 1h or 24h.")
}

// maxFormBytes bounds the body of a form: they are all tiny.
const maxFormBytes = 4 << 10

// cancelOrder is what POST /orders/{id}/cancel does, as a command.
func (s *Server) cancelOrder(id string) error {
	return s.command("CancelOrder", func(tx *tx) error {
		o := tx.orders.get(id)
		switch {
		case o == nil:
			return fmt.Errorf("order %q: %w", id, ErrNotFound)
		case o.State == orderCancelled:
			return fmt.Errorf("order %q is %s: %w", id, o.State, ErrState)
		}
		tx.setState(o, orderCancelled)
		return nil
	})
}

func (s *Server) completeCheckout(id string) error {
	_, err := s.CompleteCheckout(id)
	return err
}
