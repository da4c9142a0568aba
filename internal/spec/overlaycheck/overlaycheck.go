// Package overlaycheck finds the actions of an overlay that no longer match anything
// in the description, or that only set what the description already contains.
package overlaycheck

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// Verdict is what is wrong with an action.
type Verdict string

const (
	// NoTarget means that the action matches nothing, so that generation fails.
	NoTarget Verdict = "matches nothing"
	// PartNoTarget means that an alternative of the target matches nothing.
	PartNoTarget Verdict = "matches only in part"
	// Invalid means that the target is not a valid JSONPath, or that the update
	// cannot be applied to it.
	Invalid Verdict = "cannot be applied"
	// Superfluous means that the description already contains the update.
	Superfluous Verdict = "not needed"
	// PartSuperfluous means that the description already contains a part of it.
	PartSuperfluous Verdict = "needed only in part"
)

// Finding is the verdict on one action.
type Finding struct {
	Line        int // the line of the action in the overlay
	Target      string
	Description string
	Verdict     Verdict
	// Detail are the alternatives or members to which the verdict applies. It is
	// empty if the verdict applies to the whole action.
	Detail []string
	// Before reports whether the same was true for the current description, so
	// that the new one is not the reason.
	Before bool
}

// Blocks reports whether a person has to change the overlay before code can be
// generated.
func (f Finding) Blocks() bool { return f.Verdict == NoTarget || f.Verdict == Invalid }

// Check applies the actions of the overlay to current and to next, and returns the
// findings for next. The argument current may be nil. It returns an error if one of
// the files cannot be read.
func Check(current, next, overlayFile []byte) ([]Finding, error) {
	o, lines, err := parse(overlayFile)
	if err != nil {
		return nil, err
	}
	findings, err := check(o, lines, next)
	if err != nil || current == nil {
		return findings, err
	}
	before, err := check(o, lines, current)
	if err != nil {
		return nil, err
	}
	for i := range findings {
		findings[i].Before = slices.ContainsFunc(before, func(old Finding) bool {
			return old.Line == findings[i].Line && old.Verdict == findings[i].Verdict && slices.Equal(old.Detail, findings[i].Detail)
		})
	}
	return findings, nil
}

// Apply returns the description with the overlay applied, as the generator reads it.
// Actions that match nothing are skipped.
func Apply(description, overlayFile []byte) ([]byte, error) {
	o, _, err := parse(overlayFile)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(description, &root); err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	if err := o.ApplyTo(&root); err != nil {
		return nil, fmt.Errorf("apply the overlay: %w", err)
	}
	return yaml.Marshal(&root)
}

// Without returns the overlay without the actions on the given lines, so that the
// other actions can be applied.
func Without(overlayFile []byte, lines []int) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(overlayFile, &document); err != nil {
		return nil, fmt.Errorf("the overlay is not valid: %w", err)
	}
	actions := lookup(document.Content[0], "actions")
	if actions == nil {
		return nil, errors.New("the overlay has no actions")
	}
	actions.Content = slices.DeleteFunc(actions.Content, func(action *yaml.Node) bool { return slices.Contains(lines, action.Line) })
	return yaml.Marshal(&document)
}

// parse returns the overlay and the line of each action.
func parse(file []byte) (*overlay.Overlay, []int, error) {
	var o overlay.Overlay
	if err := yaml.Unmarshal(file, &o); err != nil {
		return nil, nil, fmt.Errorf("the overlay is not valid: %w", err)
	}
	if err := o.Validate(); err != nil {
		return nil, nil, fmt.Errorf("the overlay is not valid: %w", err)
	}
	var positions struct {
		Actions []yaml.Node `yaml:"actions"`
	}
	if err := yaml.Unmarshal(file, &positions); err != nil {
		return nil, nil, fmt.Errorf("the overlay is not valid: %w", err)
	}
	lines := make([]int, len(positions.Actions))
	for i, action := range positions.Actions {
		lines[i] = action.Line
		for member := range o.Actions[i].Extensions {
			if !strings.HasPrefix(member, "x-") {
				return nil, nil, fmt.Errorf("the overlay is not valid: the action on line %d has the unknown member %q", action.Line, member)
			}
		}
	}
	return &o, lines, nil
}

func check(o *overlay.Overlay, lines []int, description []byte) ([]Finding, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(description, &root); err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	var findings []Finding
	for i, action := range o.Actions {
		found := checkAction(o, action, &root)
		if err := single(o, action).ApplyTo(&root); err != nil {
			found = []Finding{{Verdict: Invalid, Detail: []string{err.Error()}}}
		}
		for _, f := range found {
			f.Line, f.Target, f.Description = lines[i], action.Target, action.Description
			findings = append(findings, f)
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return findings, nil
}

// single returns the overlay with only one action.
func single(o *overlay.Overlay, action overlay.Action) *overlay.Overlay {
	one := *o
	one.Actions = []overlay.Action{action}
	return &one
}

// checkAction returns the findings for an action that is not yet applied to root.
func checkAction(o *overlay.Overlay, action overlay.Action, root *yaml.Node) []Finding {
	targets, err := query(o, action.Target, root)
	if err != nil {
		return nil // applying it fails too and returns the error
	}
	if len(targets) == 0 {
		return []Finding{{Verdict: NoTarget}}
	}
	var findings []Finding
	dead := append(deadAlternatives(o, action.Target, root), absentMembers(targets, &action.Update)...)
	if len(dead) > 0 {
		findings = append(findings, Finding{Verdict: PartNoTarget, Detail: dead})
	}
	if action.Remove || action.Update.IsZero() {
		return findings
	}
	said, unsaid := alreadySaid(targets, &action.Update)
	switch {
	case len(unsaid) == 0:
		findings = append(findings, Finding{Verdict: Superfluous})
	case len(said) > 0 && len(alternatives(action.Target)) == 0 && len(targets) == 1:
		findings = append(findings, Finding{Verdict: PartSuperfluous, Detail: said})
	default:
		if done := doneAlternatives(o, action, root); len(done) > 0 {
			findings = append(findings, Finding{Verdict: PartSuperfluous, Detail: done})
		}
	}
	return findings
}

func query(o *overlay.Overlay, target string, root *yaml.Node) ([]*yaml.Node, error) {
	path, err := o.NewPath(target, nil)
	if err != nil {
		return nil, err
	}
	return path.Query(root), nil
}
