// Package apichange compares two descriptions. It uses oasdiff to find what was added,
// changed and removed, whether that breaks callers of the API, and where it is in the
// description.
package apichange

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Change is one change, which may affect several operations.
type Change struct {
	// ID is oasdiff's name for the kind of change, such as
	// response-property-became-nullable. It is "added", "removed" or "changed" if
	// oasdiff does not report the difference.
	ID       string
	Text     string
	Breaking bool
	// Operations are the operations that the change affects, such as
	// "GET /orders" or "webhook orderUpdated", sorted.
	Operations []string
	// Old and New are the places in the two descriptions of the changed member,
	// parameter, response, operation or component. They are nil if there is none.
	Old, New tree.Path
}

// Place returns the place in the new description or, if there is none, in the old one.
func (c Change) Place() tree.Path {
	if c.New != nil {
		return c.New
	}
	return c.Old
}

// Description is a description to compare.
type Description struct {
	Root *yaml.Node
	data []byte // the text of Root, so that its line numbers apply
}

// Read parses a description.
func Read(name string, data []byte) (*Description, error) {
	root, err := tree.Parse(name, data)
	if err != nil {
		return nil, err
	}
	return &Description{Root: root, data: data}, nil
}

// Validate returns an error if a description is not valid OpenAPI. It does not validate
// examples and defaults against their schemas, because some examples of the vendor
// are not valid and this package does not depend on them.
func Validate(name string, data []byte) error {
	info, err := loadInfo(name, data)
	if err == nil {
		err = info.Spec.Validate(context.Background(),
			openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation())
	}
	if err != nil {
		return fmt.Errorf("%s is not valid OpenAPI: %w", name, err)
	}
	return nil
}

// Validate is like the function Validate, but for a description that was read.
func (d *Description) Validate(name string) error { return Validate(name, d.data) }

func loadInfo(name string, data []byte, options ...load.Option) (*load.SpecInfo, error) {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true
	return load.NewSpecInfoFromData(loader, data, name, options...)
}

// severities are the checks of oasdiff with a lower level for this client. It decodes
// unknown values of enums, so a new value does not break callers.
var severities = map[string]checker.Level{
	"response-property-enum-value-added":  checker.INFO,
	"response-mediatype-enum-value-added": checker.INFO,
}

// Compare returns the changes from current to next, with the breaking changes first,
// and the number of places where only wording or examples changed.
func Compare(current, next *Description) (changes []Change, wording int, err error) {
	before, err := loadInfo("current", current.data, load.WithFlattenParams())
	if err != nil {
		return nil, 0, fmt.Errorf("read the current description: %w", err)
	}
	after, err := loadInfo("next", next.data, load.WithFlattenParams())
	if err != nil {
		return nil, 0, fmt.Errorf("read the new description: %w", err)
	}
	webhooksAsAnswers(before.Spec)
	webhooksAsAnswers(after.Spec)
	delta, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), before, after)
	if err != nil {
		return nil, 0, fmt.Errorf("compare the descriptions: %w", err)
	}
	config := checker.NewConfig(checker.GetAllChecks(), checker.WithSeverityLevels(severities))
	for _, found := range checker.CheckBackwardCompatibilityUntilLevel(config, delta, sources, checker.INFO) {
		changes = add(changes, describe(found, current.Root, next.Root))
	}
	changes, wording = addUncovered(changes, current.Root, next.Root)
	slices.SortStableFunc(changes, func(a, b Change) int {
		if a.Breaking != b.Breaking {
			if a.Breaking {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Place().String(), b.Place().String()), cmp.Compare(a.Text, b.Text))
	})
	return changes, wording, nil
}

// add appends a change. If it is in a component that several operations use, it is
// merged with the same change in the other operations.
func add(changes []Change, c Change) []Change {
	for i := range changes {
		old := &changes[i]
		if c.Place() != nil && old.ID == c.ID && slices.Equal(old.Old, c.Old) && slices.Equal(old.New, c.New) && old.Text == c.Text {
			old.Operations = append(old.Operations, c.Operations...)
			slices.Sort(old.Operations)
			old.Operations = slices.Compact(old.Operations)
			old.Breaking = old.Breaking || c.Breaking
			return changes
		}
	}
	return append(changes, c)
}
