package content

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

// subject are the members that identify what a request or an answer is about.
type subject struct {
	ID       string   `json:"id"`
	Metadata string   `json:"metadata"`
	Name     string   `json:"name"`
	AmountKg *float64 `json:"amount_kg"`
}

// CheckSubject returns an error if an answer is about something else than its request.
// It compares their members, and the answer's id with that in the path of the request,
// if there is one. It ignores a member that is missing in one of them or has another
// type. Fractions of kilograms may be rounded, so it compares only whole amounts.
func CheckSubject(request, answer []byte, id string) error {
	var asked, told subject
	json.Unmarshal(request, &asked)
	json.Unmarshal(answer, &told)
	switch {
	case differ(asked.Metadata, told.Metadata):
		return errors.New("the answer is about another request: its metadata differs")
	case differ(asked.Name, told.Name):
		return errors.New("the answer is about another request: its name differs")
	case asked.AmountKg != nil && told.AmountKg != nil && *asked.AmountKg == math.Trunc(*asked.AmountKg) && *asked.AmountKg != *told.AmountKg:
		return fmt.Errorf("the answer is about another request: its amount_kg is %v, not %v", *told.AmountKg, *asked.AmountKg)
	case id != "" && told.ID != "" && id != told.ID:
		return fmt.Errorf("the answer is about another request: its id is %q, not %q", sanitize.Text(told.ID), sanitize.Text(id))
	}
	return nil
}

func differ(asked, told string) bool {
	return asked != "" && told != "" && strings.TrimSpace(asked) != strings.TrimSpace(told)
}
