// Package rawonly keeps the list of the operations that have no method of
// their own in package wrapper, each with the reason. An update adds the
// operations that the new description brings, so that the check for missing
// methods names only what was forgotten.
package rawonly

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v4"
)

// File is the list's place in the repository.
const File = "internal/spec/raw-only.yaml"

// NewReason is the reason that an update gives.
const NewReason = "New in the description. It works through Client.Raw until it has a method."

// Entry is one operation and why it has no method.
type Entry struct {
	Operation string `yaml:"operation"`
	Reason    string `yaml:"reason"`
}

const header = `# The operations that have no method of their own in package wrapper, and why.
# They work through Client.Raw. "make update-spec" adds new operations and
# drops those that the description no longer has.
`

// Read reads the list; a missing file is an empty one.
func Read(path string) ([]Entry, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries []Entry
	if err := yaml.Load(data, &entries, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return entries, nil
}

// Update returns the list for a description of which the operations in missing
// have no method. Reasons that were given stay.
func Update(entries []Entry, missing []string) []Entry {
	out := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return !slices.Contains(missing, e.Operation) })
	for _, id := range missing {
		if !slices.ContainsFunc(out, func(e Entry) bool { return e.Operation == id }) {
			out = append(out, Entry{Operation: id, Reason: NewReason})
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Operation, b.Operation) })
	return out
}

// Format writes the list as the file has it.
func Format(entries []Entry) ([]byte, error) {
	text := bytes.NewBufferString(header)
	if len(entries) == 0 {
		text.WriteString("[]\n")
		return text.Bytes(), nil
	}
	body, err := yaml.Dump(entries, yaml.WithIndent(2))
	if err != nil {
		return nil, fmt.Errorf("write the list of operations without a method: %w", err)
	}
	text.Write(body)
	return text.Bytes(), nil
}
