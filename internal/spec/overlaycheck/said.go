package overlaycheck

import (
	"regexp"
	"slices"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// alreadySaid divides the members of an update into those that every target already
// contains (said) and the others (unsaid).
func alreadySaid(targets []*yaml.Node, update *yaml.Node) (said, unsaid []string) {
	for _, member := range membersOf(update, "") {
		everywhere := !slices.ContainsFunc(targets, func(target *yaml.Node) bool {
			return !says(target, member.keys, member.value)
		})
		if everywhere {
			said = append(said, member.name)
		} else {
			unsaid = append(unsaid, member.name)
		}
	}
	return said, unsaid
}

// member is one value that an update sets.
type member struct {
	name  string
	keys  []string
	value *yaml.Node
}

// membersOf returns the members of an update, down to single values and items of
// lists. It ignores a text next to other members, because an action is also not
// needed if it only changes the wording of what the description now contains.
func membersOf(update *yaml.Node, prefix string, keys ...string) []member {
	var out []member
	switch update.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(update.Content); i += 2 {
			key := update.Content[i].Value
			if key == "description" && len(update.Content) > 2 {
				continue
			}
			out = append(out, membersOf(update.Content[i+1], join(prefix, key), append(keys[:len(keys):len(keys)], key)...)...)
		}
	case yaml.SequenceNode:
		for _, item := range update.Content {
			name := prefix
			if item.Kind == yaml.ScalarNode {
				name = join(prefix, item.Value)
			}
			out = append(out, member{name: name, keys: keys, value: item})
		}
	default:
		out = append(out, member{name: prefix, keys: keys, value: update})
	}
	return out
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// says reports whether the target has the value at keys or, if there is a list at
// keys, whether the value is one of its items.
func says(target *yaml.Node, keys []string, value *yaml.Node) bool {
	for _, key := range keys {
		if target = lookup(target, key); target == nil {
			return false
		}
	}
	if target.Kind == yaml.SequenceNode && value.Kind != yaml.SequenceNode {
		return slices.ContainsFunc(target.Content, func(item *yaml.Node) bool { return equal(item, value) })
	}
	return equal(target, value)
}

func lookup(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func equal(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || len(a.Content) != len(b.Content) {
		return false
	}
	switch a.Kind {
	case yaml.ScalarNode:
		return a.Value == b.Value
	case yaml.MappingNode:
		for i := 0; i+1 < len(a.Content); i += 2 {
			other := lookup(b, a.Content[i].Value)
			if other == nil || !equal(a.Content[i+1], other) {
				return false
			}
		}
		return true
	default:
		return slices.EqualFunc(a.Content, b.Content, equal)
	}
}

var (
	unionPattern  = regexp.MustCompile(`\[\s*'[^']*'(?:\s*,\s*'[^']*')+\s*\]`)
	quotedPattern = regexp.MustCompile(`'[^']*'`)
	filterPattern = regexp.MustCompile(`\[\?\(([^()]*\|\|[^()]*)\)\]`)
)

// alternative is a target with only one of its alternatives.
type alternative struct{ name, target string }

// alternatives returns the alternatives of a JSONPath, which are the names in a list
// (['a', 'b']) and the conditions in a filter with "or" (@.x == 'a' || @.x == 'b').
func alternatives(target string) []alternative {
	var out []alternative
	for _, at := range unionPattern.FindAllStringIndex(target, -1) {
		for _, name := range quotedPattern.FindAllString(target[at[0]:at[1]], -1) {
			out = append(out, alternative{strings.Trim(name, "'"), target[:at[0]] + "[" + name + "]" + target[at[1]:]})
		}
	}
	for _, at := range filterPattern.FindAllStringSubmatchIndex(target, -1) {
		for condition := range strings.SplitSeq(target[at[2]:at[3]], "||") {
			condition = strings.TrimSpace(condition)
			out = append(out, alternative{condition, target[:at[2]] + condition + target[at[3]:]})
		}
	}
	return out
}

// deadAlternatives returns the names of the alternatives that match nothing. The
// strict mode of the overlay does not notice them if another one matches.
func deadAlternatives(o *overlay.Overlay, target string, root *yaml.Node) []string {
	var dead []string
	for _, alternative := range alternatives(target) {
		if found, err := query(o, alternative.target, root); err == nil && len(found) == 0 {
			dead = append(dead, alternative.name)
		}
	}
	return dead
}

// doneAlternatives returns the names of the alternatives for which the description
// already contains the whole update.
func doneAlternatives(o *overlay.Overlay, action overlay.Action, root *yaml.Node) []string {
	var done []string
	for _, alternative := range alternatives(action.Target) {
		found, err := query(o, alternative.target, root)
		if err != nil || len(found) == 0 {
			continue
		}
		if _, unsaid := alreadySaid(found, &action.Update); len(unsaid) == 0 {
			done = append(done, alternative.name)
		}
	}
	return done
}

// absentMembers returns the names of the members that an update makes required but
// that its targets do not have. It ignores schemas that are composed of others,
// because their members may be in a part.
func absentMembers(targets []*yaml.Node, update *yaml.Node) []string {
	required := lookup(update, "required")
	if required == nil {
		return nil
	}
	var absent []string
	for _, target := range targets {
		members := lookup(target, "properties")
		if members == nil || lookup(target, "allOf") != nil {
			continue
		}
		for _, name := range required.Content {
			if lookup(members, name.Value) == nil {
				absent = append(absent, name.Value)
			}
		}
	}
	return absent
}
