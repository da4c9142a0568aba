package source

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// errNoDescription is returned for Markdown without an OpenAPI block.
var errNoDescription = errors.New("no fenced block with an OpenAPI description")

// extract returns the OpenAPI descriptions inside a page, usually one. Windows
// and unix line ends, backtick and tilde fences, YAML and JSON are read.
// Blocks that hold something else, such as an example request, are skipped.
func extract(name string, markdown []byte) ([]*yaml.Node, error) {
	var found []*yaml.Node
	for _, block := range blocks(unix(string(markdown))) {
		if !strings.Contains(block.text, "openapi") || !block.isData() {
			continue
		}
		if block.open {
			return nil, fmt.Errorf("%s is cut off: the fence above line %d is not closed", name, block.line)
		}
		root, err := tree.Parse(fmt.Sprintf("%s, block on line %d", name, block.line), []byte(block.text))
		if err != nil {
			return nil, err
		}
		if tree.Text(root, "openapi") != "" {
			found = append(found, root)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: %w", name, errNoDescription)
	}
	return found, nil
}

// unix turns Windows and old Mac line ends into newlines and drops a byte
// order mark.
func unix(text string) string {
	text = strings.TrimPrefix(text, "\ufeff")
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// block is one fenced block: what stands after the opening fence, the text,
// and the line of the page on which the text begins.
type block struct {
	info string
	text string
	line int
	open bool // the page ends before the block does
}

// isData reports whether the block can hold a description by its own word:
// no language, YAML or JSON.
func (b block) isData() bool {
	language := strings.TrimSpace(b.info)
	if end := strings.IndexAny(language, " \t{,:"); end >= 0 {
		language = language[:end]
	}
	switch strings.ToLower(language) {
	case "", "yaml", "yml", "json", "openapi":
		return true
	}
	return false
}

// blocks finds the fenced blocks as CommonMark defines them: a fence of three
// or more backticks or tildes, closed by one of the same kind that is at least
// as long, or by the end of the page. A block may stand in a quotation.
func blocks(text string) []block {
	var (
		out    []block
		open   string
		quoted bool
		lines  []string
		now    block
	)
	for i, line := range strings.Split(text, "\n") {
		if unquoted, isQuoted := strings.CutPrefix(strings.TrimLeft(line, " "), ">"); isQuoted && (open == "" || quoted) {
			line, quoted = strings.TrimPrefix(unquoted, " "), true
		} else if open == "" {
			quoted = false
		}
		fence, info := fenceOf(line)
		switch {
		case open == "" && fence != "":
			open, now, lines = fence, block{info: info, line: i + 2}, nil
		case open != "" && strings.HasPrefix(fence, open) && strings.TrimSpace(info) == "":
			now.text = strings.Join(lines, "\n") + "\n"
			out, open = append(out, now), ""
		case open != "":
			lines = append(lines, line)
		}
	}
	if open != "" {
		now.text, now.open = strings.Join(lines, "\n")+"\n", true
		out = append(out, now)
	}
	return out
}

// fenceOf splits a line into its fence and what follows; the fence is empty
// for any other line.
func fenceOf(line string) (fence, info string) {
	trimmed := strings.TrimLeft(line, " ")
	if len(line)-len(trimmed) > 3 {
		return "", ""
	}
	for _, mark := range []string{"`", "~"} {
		rest := strings.TrimLeft(trimmed, mark)
		if length := len(trimmed) - len(rest); length >= 3 {
			return trimmed[:length], rest
		}
	}
	return "", ""
}
