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

// publishedFile is where a whole description is stored as it was published, if
// ours differs from it.
const publishedFile = publishedFolder + "/openapi.yaml"

// keepPublished stores what was published beside our description: pages in the
// place of older pages of the same operations, and a whole file if something
// has to be remembered of it. It drops what was stored and the new description
// contradicts.
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
	for _, name := range r.storedPages() {
		stored, err := source.ReadPublished(name, r.work.before[name])
		if err != nil || kept[name] {
			continue
		}
		for _, document := range stored {
			if differences := merge.Differences(r.next.Root, document, r.remembered); len(differences) > 0 {
				r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s was removed: the new description differs from it at `%s`.", name, differences[0]))
				if err := os.Remove(r.work.path(name)); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// keepRemembered writes what is remembered, if it is not what it was.
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

// pageName is where a page is stored: in the place of the page that has one of
// its operations, or under its own name; never where another page of this run is
// kept.
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

// freeName is a name that no stored page has: two pages of a vendor's site may
// be called the same, and the older one is not to be lost.
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
