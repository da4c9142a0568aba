// Package source reads the source of an update: an OpenAPI file, a published page
// (Markdown that contains the part of the description for one operation in a fenced
// block) or a folder of pages. OpenAPI 3.0 is converted to 3.1.
package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/source/upgrade"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Source is a source that was read.
type Source struct {
	// Name is the path of the file or folder, as the caller passed it.
	Name string
	// Whole reports whether the source is a complete description, which replaces
	// ours. Otherwise, it consists of pages, which are merged into ours.
	Whole bool
	// Ours says that the source is the description of the repository, edited by
	// hand. It is only formatted, and its operations are not marked as published.
	Ours bool
	// Documents are the descriptions in the source, in the order of their file
	// names. A file contains one description, and a page usually does.
	Documents []Document
	// Skipped are the names of the Markdown files in a folder without a description.
	Skipped []string
	// Unread are the names of the whole descriptions in a folder that were not read
	// because the folder has pages.
	Unread []string
}

// Document is one description with its origin.
type Document struct {
	Name string
	Root *yaml.Node // OpenAPI 3.1
	// Older is the original version of OpenAPI if it was 3.0, or "".
	Older string
	// Markdown is the page that contained the description, with Unix line endings,
	// or nil for a file.
	Markdown []byte
	// Text is the text of a whole file with Unix line endings, or nil for a page.
	Text []byte
}

// Load reads the file or folder at path.
func Load(path string) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	s := &Source{Name: path}
	switch {
	case info.IsDir():
		err = s.addFolder(path)
	case isMarkdown(path):
		err = s.addPage(path, filepath.Base(path))
	case isDescription(path):
		s.Whole = true
		err = s.addFile(path)
	case filepath.Ext(path) == "":
		err = s.addUnnamed(path)
	default:
		err = fmt.Errorf("%s is neither an OpenAPI file (.yaml, .yml, .json), a page (.md) nor a folder of pages", path)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// addUnnamed reads a file without an extension. Its contents decide whether it is a
// page.
func (s *Source) addUnnamed(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if ending(data) == ".md" {
		return s.addPage(path, filepath.Base(path))
	}
	s.Whole = true
	return s.addFile(path)
}

func isDescription(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path)))
}

func isMarkdown(path string) bool {
	return slices.Contains([]string{".md", ".mdx", ".markdown"}, strings.ToLower(filepath.Ext(path)))
}

func (s *Source) addFile(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	document, err := ReadFile(filepath.Base(path), data)
	if err != nil {
		return err
	}
	s.Documents = append(s.Documents, document)
	return nil
}

// ReadFile returns the description in a whole file.
func ReadFile(name string, data []byte) (Document, error) {
	text := []byte(unix(string(data)))
	root, err := tree.Parse(name, text)
	if err != nil {
		return Document{}, err
	}
	document, err := newDocument(name, root)
	document.Text = text
	return document, err
}

func (s *Source) addPage(path, name string) error {
	markdown, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	documents, err := ReadPage(name, markdown)
	s.Documents = append(s.Documents, documents...)
	return err
}

// ReadPage returns the descriptions inside a page, usually one.
func ReadPage(name string, markdown []byte) ([]Document, error) {
	roots, err := extract(name, markdown)
	if err != nil {
		return nil, err
	}
	var out []Document
	for _, root := range roots {
		document, err := newDocument(name, root)
		if err != nil {
			return nil, err
		}
		document.Markdown = []byte(unix(string(markdown)))
		out = append(out, document)
	}
	return out, nil
}

// ReadPublished returns the descriptions in a stored file, which is a page or a whole
// description.
func ReadPublished(name string, data []byte) ([]Document, error) {
	if isMarkdown(name) {
		return ReadPage(name, data)
	}
	document, err := ReadFile(filepath.Base(name), data)
	return []Document{document}, err
}

func newDocument(name string, root *yaml.Node) (Document, error) {
	root, older, err := upgrade.To31(name, root)
	if err == nil {
		plain(root)
	}
	return Document{Name: name, Root: root, Older: older}, err
}

func (s *Source) addFolder(folder string) error {
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isMarkdown(path) {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		err = s.addPage(path, filepath.ToSlash(name))
		if errors.Is(err, errNoDescription) {
			s.Skipped = append(s.Skipped, filepath.ToSlash(name))
			return nil
		}
		return err
	})
	for _, name := range []string{"openapi.yaml", "openapi.yml", "openapi.json"} {
		if _, statErr := os.Stat(filepath.Join(folder, name)); err == nil && statErr == nil && len(s.Documents) > 0 {
			s.Unread = append(s.Unread, name)
		}
	}
	if err == nil && len(s.Documents) == 0 {
		err = fmt.Errorf("%s has no page (*.md) with an OpenAPI description: to use a single file, name it as the source", folder)
	}
	return err
}
