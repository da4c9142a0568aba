package goapi

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v4"
)

// RawOnlyFile is the path of the list of operations without a method.
const RawOnlyFile = "internal/spec/raw-only.yaml"

// NewReason is the reason that an update adds for a new operation.
const NewReason = "New in the description. It works through Client.Raw until it has a method."

// RawOnly is an operation without a method, with the reason.
type RawOnly struct {
	Operation string `yaml:"operation"`
	Reason    string `yaml:"reason"`
}

const header = `# The operations without a method in package wrapper, with the reasons. They are
# available through Client.Raw. "make update-spec" adds new operations and removes
# those that the description no longer has.
`

// ReadRawOnly reads the list. If the file does not exist, the list is empty.
func ReadRawOnly(path string) ([]RawOnly, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries []RawOnly
	if err := yaml.Load(data, &entries, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return entries, nil
}

// UpdateRawOnly returns the list with exactly the operations in missing. It keeps the
// reasons of existing entries.
func UpdateRawOnly(entries []RawOnly, missing []string) []RawOnly {
	out := slices.DeleteFunc(slices.Clone(entries), func(e RawOnly) bool { return !slices.Contains(missing, e.Operation) })
	for _, id := range missing {
		if !slices.ContainsFunc(out, func(e RawOnly) bool { return e.Operation == id }) {
			out = append(out, RawOnly{Operation: id, Reason: NewReason})
		}
	}
	slices.SortFunc(out, func(a, b RawOnly) int { return cmp.Compare(a.Operation, b.Operation) })
	return out
}

// FormatRawOnly returns the contents of the file with this list.
func FormatRawOnly(entries []RawOnly) ([]byte, error) {
	text := bytes.NewBufferString(header)
	if len(entries) == 0 {
		text.WriteString("[]\n")
		return text.Bytes(), nil
	}
	body, err := yaml.Dump(entries, yaml.WithIndent(2))
	if err != nil {
		return nil, fmt.Errorf("format the list of operations without a method: %w", err)
	}
	text.Write(body)
	return text.Bytes(), nil
}
