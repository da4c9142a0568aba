// Package source reads what an update starts from: an OpenAPI file, a
// published page, or a folder of pages.
package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/page"
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
}

// Document is one description and where it stands.
type Document struct {
	Name string
	Root *yaml.Node
	// Markdown is the page that the description was in, with Unix line ends;
	// nil for a file.
	Markdown []byte
}

// Load reads the file or folder at path.
func Load(path string) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	s := &Source{Name: path}
	switch extension := strings.ToLower(filepath.Ext(path)); {
	case info.IsDir():
		err = s.addFolder(path)
	case extension == ".md" || extension == ".mdx" || extension == ".markdown":
		err = s.addPage(path, filepath.Base(path))
	case extension == ".yaml" || extension == ".yml" || extension == ".json":
		s.Whole = true
		err = s.addFile(path)
	default:
		err = fmt.Errorf("%s is neither an OpenAPI file (.yaml, .yml, .json), a page (.md) nor a folder of pages", path)
	}
	if err != nil {
		return nil, err
	}
	return s, s.checkVersions()
}

func (s *Source) addFile(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	root, err := tree.Parse(filepath.Base(path), []byte(page.Unix(string(data))))
	if err != nil {
		return err
	}
	s.Documents = append(s.Documents, Document{Name: filepath.Base(path), Root: root})
	return nil
}

func (s *Source) addPage(path, name string) error {
	markdown, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	roots, err := page.Extract(name, markdown)
	if err != nil {
		return err
	}
	for _, root := range roots {
		s.Documents = append(s.Documents, Document{Name: name, Root: root, Markdown: []byte(page.Unix(string(markdown)))})
	}
	return nil
}

func (s *Source) addFolder(folder string) error {
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.ToLower(filepath.Ext(path)) != ".md" {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		err = s.addPage(path, filepath.ToSlash(name))
		if errors.Is(err, page.ErrNoDescription) {
			s.Skipped = append(s.Skipped, filepath.ToSlash(name))
			return nil
		}
		return err
	})
	if err == nil && len(s.Documents) == 0 {
		err = fmt.Errorf("%s has no page (*.md) with an OpenAPI description", folder)
	}
	return err
}

var supported = regexp.MustCompile(`^3\.1(\.\d+)?$`)

// checkVersions refuses other versions of OpenAPI. 3.0 in particular reads
// almost the same and means something else: it says "nullable: true" where 3.1
// says "type: [string, 'null']", and a 3.1 reader ignores the former.
func (s *Source) checkVersions() error {
	for _, document := range s.Documents {
		if got := tree.Text(document.Root, "openapi"); got == "" {
			return fmt.Errorf("%s is not an OpenAPI description: it has no openapi member", document.Name)
		} else if !supported.MatchString(got) {
			return fmt.Errorf("%s is OpenAPI %s; this project reads 3.1: convert it first (in 3.0, \"nullable: true\" stands for what 3.1 writes as a list of types)", document.Name, got)
		}
	}
	return nil
}
