// Package source reads what an update starts from: an OpenAPI file, a
// published page (Markdown with the part of the description that belongs to one
// operation in a fenced block), or a folder of pages. OpenAPI 3.0 is translated
// to 3.1.
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

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Source is what was read.
type Source struct {
	// Name is the file or folder, as the caller wrote it.
	Name string
	// Whole says that the source is a complete description, which replaces
	// ours, rather than pages, which are merged into ours.
	Whole bool
	// Ours says that the source is the description of the repository itself,
	// edited by hand: it is put into the stable form and nothing in it becomes
	// published.
	Ours bool
	// Documents are the descriptions in it: one for a file, one or more for
	// pages, in the order of their file names.
	Documents []Document
	// Skipped names the Markdown files of a folder that hold no description.
	Skipped []string
	// Unread names whole descriptions in a folder whose pages were taken.
	Unread []string
}

// Document is one description and where it stands.
type Document struct {
	Name string
	Root *yaml.Node // OpenAPI 3.1
	// Older is the version of OpenAPI that it was in, if that was 3.0.
	Older string
	// Markdown is the page that the description was in, with unix line ends;
	// nil for a file.
	Markdown []byte
	// Text is a whole file as it was published, with Unix line ends.
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

// addUnnamed reads a file without an ending as what it looks like.
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

// ReadFile returns the description that a whole file holds.
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

// ReadPublished returns the descriptions in what was stored: a page, or a whole
// file.
func ReadPublished(name string, data []byte) ([]Document, error) {
	if isMarkdown(name) {
		return ReadPage(name, data)
	}
	document, err := ReadFile(filepath.Base(name), data)
	return []Document{document}, err
}

func newDocument(name string, root *yaml.Node) (Document, error) {
	root, older, err := to31(name, root)
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
		err = fmt.Errorf("%s has no page (*.md) with an OpenAPI description; name a file to take that", folder)
	}
	return err
}
