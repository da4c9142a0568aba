package spec

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/internal/spec/merge"
	"github.com/cnaught-go/cnaught/internal/spec/source"
)

// publishedFile is the path at which a whole published description is stored if it
// differs from ours.
const publishedFile = publishedFolder + "/openapi.yaml"

// keepPublished stores the published files. A page replaces the older page of the
// same operation. A whole file is stored only if its names or facts differ from
// ours. Stored files that contradict the new description are removed.
func (r *run) keepPublished() error {
	kept := map[string]bool{}
	if err := r.keepRemembered(); err != nil {
		return err
	}
	for _, document := range r.source.Documents {
		if r.source.Whole && !r.source.Ours && !r.remembered.Empty() {
			kept[publishedFile] = true
			if err := r.work.write(publishedFile, document.Text); err != nil {
				return err
			}
		}
		if document.Markdown == nil {
			continue
		}
		name := r.pageName(document, kept)
		kept[name] = true
		if err := r.work.write(name, document.Markdown); err != nil {
			return err
		}
	}
	var removed []string // with the place of the first difference
	for _, name := range r.storedPages() {
		stored, err := source.ReadPublished(name, r.work.before[name])
		if err != nil || kept[name] {
			continue
		}
		for _, document := range stored {
			if differences := merge.Differences(r.next.Root, document, r.remembered); len(differences) > 0 {
				removed = append(removed, fmt.Sprintf("%s at `%s`", name, differences[0]))
				if err := os.Remove(r.work.path(name)); err != nil {
					return err
				}
				break
			}
		}
	}
	if n := len(removed); n > 0 {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s removed, because the new description differs from %s.", files(n), strings.Join(removed[:min(n, 2)], " and from ")))
	}
	return nil
}

// files names the number of stored files as the subject of a sentence.
func files(n int) string {
	if n == 1 {
		return "A stored file was"
	}
	return fmt.Sprintf("%d stored files were", n)
}

// keepRemembered writes remembered.yaml, unless it does not exist and would be empty.
func (r *run) keepRemembered() error {
	text, err := r.remembered.Format()
	if err != nil {
		return err
	}
	if _, there := r.work.before[merge.RememberedFile]; !there && r.remembered.Empty() {
		return nil
	}
	return r.work.write(merge.RememberedFile, text)
}

func (r *run) storedPages() []string {
	var out []string
	for name := range r.work.before {
		if path.Dir(name) == publishedFolder && (strings.HasSuffix(name, ".md") || name == publishedFile) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// pageName returns the path at which a page is stored: that of an older page with
// one of its operations, or one with the name of the page. It never returns the path
// of another page of this run.
func (r *run) pageName(document source.Document, kept map[string]bool) string {
	wanted := merge.Operations(document.Root)
	for _, name := range r.storedPages() {
		if kept[name] || name == publishedFile {
			continue
		}
		stored, err := source.ReadPage(name, r.work.before[name])
		if err != nil {
			continue
		}
		for _, other := range stored {
			if slices.ContainsFunc(merge.Operations(other.Root), func(operation string) bool { return slices.Contains(wanted, operation) }) {
				return name
			}
		}
	}
	return r.freeName(strings.TrimSuffix(strings.ReplaceAll(document.Name, "/", "-"), path.Ext(document.Name)), kept)
}

// freeName returns a path that no stored page has. Two pages of the vendor may have
// the same name, and neither must be lost.
func (r *run) freeName(name string, kept map[string]bool) string {
	for i := 1; ; i++ {
		candidate := path.Join(publishedFolder, name+".md")
		if i > 1 {
			candidate = path.Join(publishedFolder, fmt.Sprintf("%s-%d.md", name, i))
		}
		if _, taken := r.work.before[candidate]; !taken && !kept[candidate] {
			return candidate
		}
	}
}
