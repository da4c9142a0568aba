// Package overlaycheck says of every action of an overlay whether the
// description still needs it: an action that matches nothing any more, and an
// action that says what the description says by itself, are named with the
// line that they stand on.
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
	// NoTarget: the action matches nothing, and generation fails.
	NoTarget Verdict = "matches nothing"
	// PartNoTarget: one of the alternatives of the target matches nothing.
	PartNoTarget Verdict = "matches nothing in part"
	// Invalid: the target is not a JSONPath, or the update does not fit it.
	Invalid Verdict = "cannot be applied"
	// Superfluous: the description says it by itself.
	Superfluous Verdict = "superfluous"
	// PartSuperfluous: the description says a part of it by itself.
	PartSuperfluous Verdict = "superfluous in part"
)

// Finding is one verdict on one action.
type Finding struct {
	Line        int // of the action in the overlay
	Target      string
	Description string
	Verdict     Verdict
	// Detail names the alternatives or members that the verdict is about;
	// empty where it is about the whole action.
	Detail []string
	// Before says that the same was true of the description that is replaced,
	// so that the new one is not the reason.
	Before bool
}

// Blocks reports whether a person has to change the overlay before code can be
// generated.
func (f Finding) Blocks() bool { return f.Verdict == NoTarget || f.Verdict == Invalid }

// Check applies the overlay to current and to next, action by action, and
// returns what it finds in next. current may be nil. The error is about the
// overlay as a file.
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

// Apply returns the description with the overlay in it, as the generator sees
// it; actions that match nothing are skipped.
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

// Without returns the overlay without the actions on the given lines, so that
// the rest can be applied.
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

// parse reads the overlay and the line of each of its actions.
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
				return nil, nil, fmt.Errorf("the overlay is not valid: the action on line %d has %q, which is no member of an action", action.Line, member)
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

// single is the overlay with one action only.
func single(o *overlay.Overlay, action overlay.Action) *overlay.Overlay {
	one := *o
	one.Actions = []overlay.Action{action}
	return &one
}

// checkAction looks at one action before it is applied to root.
func checkAction(o *overlay.Overlay, action overlay.Action, root *yaml.Node) []Finding {
	targets, err := query(o, action.Target, root)
	if err != nil {
		return nil // applying it fails too, and says why
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
