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

// extract returns the OpenAPI descriptions in a page, usually one. It accepts all
// kinds of line endings, backtick and tilde fences, YAML and JSON. It skips blocks
// with other contents, such as an example request.
func extract(name string, markdown []byte) ([]*yaml.Node, error) {
	var found []*yaml.Node
	for _, block := range blocks(unix(string(markdown))) {
		if !strings.Contains(block.text, "openapi") {
			continue
		}
		if block.open { // in any language, because it may contain the fence of a description
			return nil, fmt.Errorf("%s is cut off: the fence above line %d is not closed", name, block.line)
		}
		if !block.isData() {
			continue
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

// unix replaces Windows and old Mac line endings by newlines and removes a byte
// order mark.
func unix(text string) string {
	text = strings.TrimPrefix(text, "\ufeff")
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// block is a fenced block, with the text after the opening fence (info), its contents
// and the line of the page on which the contents begin.
type block struct {
	info string
	text string
	line int
	open bool // the closing fence is missing
}

// isData reports whether the language of the block allows a description, that is,
// whether it is YAML, JSON or missing.
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

// blocks returns the fenced blocks as CommonMark defines them. A block begins with a
// fence of at least three backticks or tildes. It ends with a fence of the same kind
// that is at least as long, or at the end of the page. It may be in a block quote,
// and it may be indented, as in an item of a list or in a component of MDX.
func blocks(text string) []block {
	var (
		out    []block
		open   fence
		quoted bool
		lines  []string
		now    block
	)
	for i, line := range strings.Split(text, "\n") {
		if unquoted, isQuoted := strings.CutPrefix(strings.TrimLeft(line, " "), ">"); isQuoted && (open.marks == "" || quoted) {
			line, quoted = strings.TrimPrefix(unquoted, " "), true
		} else if open.marks == "" {
			quoted = false
		}
		here := fenceOf(line)
		switch {
		case open.marks == "" && here.marks != "":
			open, now, lines = here, block{info: here.info, line: i + 2}, nil
		case open.marks != "" && here.closes(open):
			now.text = open.unindent(lines)
			out, open = append(out, now), fence{}
		case open.marks != "":
			lines = append(lines, line)
		}
	}
	if open.marks != "" {
		now.text, now.open = open.unindent(lines), true
		out = append(out, now)
	}
	return out
}

// fence is a line that begins or ends a block.
type fence struct{ indent, marks, info string }

// fenceOf returns the fence in a line. If the line is not a fence, its marks are
// empty.
func fenceOf(line string) fence {
	trimmed := strings.TrimLeft(line, " \t")
	for _, mark := range []string{"`", "~"} {
		rest := strings.TrimLeft(trimmed, mark)
		if length := len(trimmed) - len(rest); length >= 3 && !strings.Contains(rest, mark) {
			return fence{indent: line[:len(line)-len(trimmed)], marks: trimmed[:length], info: rest}
		}
	}
	return fence{}
}

// closes reports whether a fence ends the block that open begins. A fence that is
// indented by four more columns is part of the block.
func (f fence) closes(open fence) bool {
	return strings.HasPrefix(f.marks, open.marks) && strings.TrimSpace(f.info) == "" && len(f.indent) < len(open.indent)+4
}

// unindent joins the lines of a block. It removes the indentation of the fence if all
// lines have it. Otherwise, only the fence is indented, and the lines are kept.
func (f fence) unindent(lines []string) string {
	without := make([]string, len(lines))
	for i, line := range lines {
		rest, is := strings.CutPrefix(line, f.indent)
		if !is && strings.TrimSpace(line) != "" {
			without = lines
			break
		}
		without[i] = rest
	}
	return strings.Join(without, "\n") + "\n"
}
