package cnaught

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/internal/quote"
)

// checkSubject compares the answer to a call that may act twice with what was
// asked for. A cache that keeps the answer to a POST, or a proxy that mixes up
// connections, returns somebody else's order, which must not pass for the one that
// was paid for. A fraction of a kilogram may be rounded, so only whole
// amounts are compared.
func (call *call) checkSubject(answer []byte) error {
	if !call.op.canActTwice() || call.op.newAnswer == nil { // nobody knows what an undescribed answer says
		return nil
	}
	var asked, told struct {
		ID       string   `json:"id"`
		Metadata *string  `json:"metadata"`
		Name     *string  `json:"name"`
		AmountKg *float64 `json:"amount_kg"`
	}
	if call.request.GetBody != nil {
		body, _ := call.request.GetBody()
		json.NewDecoder(body).Decode(&asked) // what has another type is not compared
	}
	json.Unmarshal(answer, &told)
	differ := func(a, b *string) bool {
		return strings.TrimSpace(Value(a)) != strings.TrimSpace(Value(b)) && Value(a) != "" && Value(b) != ""
	}
	switch {
	case differ(asked.Metadata, told.Metadata):
		return errors.New("the answer is about another request: its metadata differs")
	case differ(asked.Name, told.Name):
		return errors.New("the answer is about another request: its name differs")
	case asked.AmountKg != nil && told.AmountKg != nil && *asked.AmountKg == math.Trunc(*asked.AmountKg) && *asked.AmountKg != *told.AmountKg:
		return fmt.Errorf("the answer is about another request: its amount_kg is %v, not %v", *told.AmountKg, *asked.AmountKg)
	}
	if id := call.op.pathID(call.request.URL.EscapedPath()); id != "" && told.ID != "" && id != told.ID {
		return fmt.Errorf("the answer is about another request: its id is %q, not %q", quote.Text(told.ID), quote.Text(id))
	}
	return nil
}
