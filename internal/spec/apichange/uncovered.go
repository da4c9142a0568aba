package apichange

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// addUncovered adds the differences that oasdiff does not report, so that no change
// remains unnoticed. It returns the number of those that affect only wording or
// examples. Our own extensions are ignored.
func addUncovered(changes []Change, current, next *yaml.Node) ([]Change, int) {
	wording := 0
	known := slices.Clone(changes)
	for _, place := range tree.Diff(current, next) {
		if isExtension(place) {
			continue
		}
		if isWording(place) {
			wording++
			continue
		}
		target := referenced(current, next, place)
		if slices.ContainsFunc(known, func(c Change) bool { return covers(c, place) || target != nil && covers(c, target) }) {
			continue
		}
		changes = add(changes, difference(current, next, place))
	}
	return changes, wording
}

func covers(c Change, place tree.Path) bool {
	if len(place) > 0 && place[len(place)-1] == "required" {
		place = append(place[:len(place)-1:len(place)-1], "properties")
	}
	for _, at := range []tree.Path{c.Old, c.New} {
		if at != nil && (place.HasPrefix(at) || at.HasPrefix(place)) {
			return true
		}
	}
	return false
}

// referenced returns the component that a place refers to, or nil. A change of an
// operation may be reported at the component that it now refers to.
func referenced(current, next *yaml.Node, place tree.Path) tree.Path {
	for _, root := range []*yaml.Node{next, current} {
		if node := tree.Get(root, place...); node != nil && tree.Ref(node) != "" {
			_, path := tree.Resolve(root, node, place)
			return path
		}
	}
	return nil
}

func difference(current, next *yaml.Node, place tree.Path) Change {
	old, new := tree.Get(current, place...), tree.Get(next, place...)
	isSchema := len(place) == 3 && place[0] == "components" && place[1] == "schemas"
	switch {
	case old == nil && isSchema:
		return Change{ID: "added", Text: "schema added", New: place}
	case new == nil && isSchema:
		return Change{ID: "removed", Text: "schema removed", Old: place}
	case old == nil:
		return Change{ID: "added", Text: fmt.Sprintf("added `%s`", place), New: place}
	case new == nil:
		return Change{ID: "removed", Text: fmt.Sprintf("removed `%s`", place), Old: place}
	case old.Kind == yaml.ScalarNode && new.Kind == yaml.ScalarNode:
		return Change{ID: "changed", Text: fmt.Sprintf("`%s` changed from `%s` to `%s`", place, old.Value, new.Value), Old: place, New: place}
	default:
		return Change{ID: "changed", Text: fmt.Sprintf("`%s` changed", place), Old: place, New: place}
	}
}

// names are the members whose keys are chosen by the vendor and are not keywords of
// OpenAPI. A property, for instance, may have the name "description".
var names = []string{"properties", "schemas", "responses", "paths", "parameters", "headers"}

// isWording reports whether a place contains text or examples for people.
func isWording(place tree.Path) bool {
	return anyKey(place, func(key string) bool {
		return slices.Contains([]string{"description", "summary", "example", "examples", "externalDocs", "title"}, key)
	})
}

// isExtension reports whether a place belongs to an extension (x-), which is not part
// of the API.
func isExtension(place tree.Path) bool {
	return anyKey(place, func(key string) bool { return strings.HasPrefix(key, "x-") })
}

func anyKey(place tree.Path, is func(string) bool) bool {
	for i, key := range place {
		if (i == 0 || !slices.Contains(names, place[i-1])) && is(key) {
			return true
		}
	}
	return false
}
