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
		if !strings.Contains(block.text, "openapi") {
			continue
		}
		if block.open { // whatever its language: the fence of a description may be in it
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
// as long, or by the end of the page. A block may stand in a quotation, and as
// far to the right as an item of a list or a component of MDX puts it.
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

// fenceOf splits a line into its fence and what stands around it; there are no
// marks in any other line.
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

// closes reports whether a fence is the end of a block. One that stands further
// to the right by four columns is part of the block.
func (f fence) closes(open fence) bool {
	return strings.HasPrefix(f.marks, open.marks) && strings.TrimSpace(f.info) == "" && len(f.indent) < len(open.indent)+4
}

// unindent joins the lines of a block, without the indentation of its fence if
// all of them have it: what an author moved to the right alone, the fence, says
// nothing of the lines in it.
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
