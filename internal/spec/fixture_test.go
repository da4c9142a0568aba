package spec

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/merge"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// fixture is a copy of the repository that tests may change.
type fixture struct {
	name  string // of the folder
	dir   string
	files map[string][]byte
}

// options returns the options of an update from a source, which only type-checks the
// copy.
func (f *fixture) options(t *testing.T, from string) Options {
	t.Helper()
	return Options{Root: f.dir, From: from, before: packages(t), untested: true, unbuilt: true, folder: folderFor(t, f.name+"-update"), generator: generate}
}

// packages loads the packages of the repository once, because all copies start with
// the same ones.
func packages(t *testing.T) *goapi.Snapshot {
	t.Helper()
	s, err := loadPackages()
	require.NoError(t, err)
	require.Empty(t, s.Problems)
	return s
}

var loadPackages = sync.OnceValues(func() (*goapi.Snapshot, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	return load(context.Background(), root)
})

// copies are the copies of the repository that tests share, so that most packages are
// compiled only once for each. A test uses one alone and restores it afterwards.
var copies struct {
	sync.Mutex
	count int
	idle  []*fixture
}

func TestMain(m *testing.M) {
	// Collecting garbage less often saves a quarter of the time, in this process and in
	// the compiler and the generator that the tests start.
	debug.SetGCPercent(400)
	if err := os.Setenv("GOGC", "400"); err != nil {
		panic(err)
	}
	code := m.Run()
	folders.Range(func(_, dir any) bool { return os.RemoveAll(dir.(string)) == nil })
	os.Exit(code)
}

// repository returns a copy of the repository for one test.
func repository(t *testing.T) *fixture {
	t.Helper()
	copies.Lock()
	defer copies.Unlock()
	if len(copies.idle) == 0 {
		f := wholeRepository(t, fmt.Sprint("copy", copies.count))
		copies.count++
		require.NoError(t, f.leaveOutModules())
		copies.idle = append(copies.idle, f)
	}
	last := len(copies.idle) - 1
	f := copies.idle[last]
	copies.idle = copies.idle[:last]
	t.Cleanup(func() {
		f.restore(t)
		copies.Lock()
		defer copies.Unlock()
		copies.idle = append(copies.idle, f)
	})
	return f
}

// wholeRepository returns a new copy of the repository with all its modules, in the
// folder with a name.
func wholeRepository(t *testing.T, name string) *fixture {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	work, err := newWorkspace(context.Background(), root, folderFor(t, name))
	require.NoError(t, err)
	return &fixture{name: name, dir: work.dir, files: work.before}
}

// folders are the folders of this run by name.
var folders sync.Map

// folderFor returns the folder with a name for copies. It has the same path in each run,
// so that the go command finds the packages that it compiled there before. If another run
// uses that folder, it is a new one.
func folderFor(t *testing.T, name string) string {
	t.Helper()
	if dir, known := folders.Load(name); known {
		return dir.(string)
	}
	dir := filepath.Join(os.TempDir(), "cnaught-spec-test-"+name)
	if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
		_ = os.RemoveAll(dir) // A killed run left it; if that was another user's, it stays.
	}
	if os.Mkdir(dir, 0o755) != nil {
		var err error
		dir, err = os.MkdirTemp("", "cnaught-spec-test-")
		require.NoError(t, err)
	}
	folders.Store(name, dir)
	return dir
}

// leaveOutModules removes the modules that depend on ours, to save time. Files that
// are not part of their code are kept. TestNestedModule adds its own module.
func (f *fixture) leaveOutModules() error {
	for name := range f.files {
		if path.Base(name) != "go.mod" || name == "go.mod" {
			continue
		}
		if !strings.Contains(string(f.files[name]), goapi.Module+" v") {
			continue // tools
		}
		for other := range f.files {
			inModule := strings.HasPrefix(other, path.Dir(name)+"/")
			kept := other == goapi.RawOnlyFile || other == merge.RememberedFile || strings.HasPrefix(other, publishedFolder+"/")
			if inModule && !kept {
				delete(f.files, other)
				if err := os.Remove(filepath.Join(f.dir, other)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// restore restores the files that a test changed.
func (f *fixture) restore(t *testing.T) {
	for _, name := range f.changed(t) {
		path := filepath.Join(f.dir, name)
		if data, known := f.files[name]; known {
			require.NoError(t, writeFile(path, data, 0o644))
		} else {
			require.NoError(t, os.Remove(path))
			_ = os.Remove(filepath.Dir(path)) // if nothing else is in it
		}
	}
}

// changed returns the files that a test changed, added or removed.
func (f *fixture) changed(t *testing.T) []string {
	t.Helper()
	var out []string
	now, err := walkFiles(f.dir)
	require.NoError(t, err)
	for _, name := range now {
		data, err := os.ReadFile(filepath.Join(f.dir, name))
		require.NoError(t, err)
		if before, known := f.files[name]; !known || !bytes.Equal(before, data) {
			out = append(out, name)
		}
	}
	for name := range f.files {
		if !slices.Contains(now, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// description returns a copy of the current description that may be changed.
func (f *fixture) description(t *testing.T) *yaml.Node {
	t.Helper()
	root, err := tree.Parse(descriptionFile, f.files[descriptionFile])
	require.NoError(t, err)
	return root
}

// write writes a file to a new folder and returns its path.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// add writes a file into the copy.
func (f *fixture) add(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, writeFile(filepath.Join(f.dir, filepath.FromSlash(name)), []byte(text), 0o644))
}

// read returns a file of the copy.
func (f *fixture) read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(name)))
	require.NoError(t, err)
	return data
}

// goCommand runs the go command in the copy.
func (f *fixture) goCommand(t *testing.T, dir string, arguments ...string) {
	t.Helper()
	command := exec.Command("go", arguments...)
	command.Dir = filepath.Join(f.dir, dir)
	command.Env = environment()
	output, err := command.CombinedOutput()
	require.NoError(t, err, "go %s\n%s", strings.Join(arguments, " "), output)
}

// text returns a description as YAML.
func text(t *testing.T, root *yaml.Node) []byte {
	t.Helper()
	data, err := tree.Format(root, nil)
	require.NoError(t, err)
	return data
}

// at returns a place of the description. It fails if the place is missing, so that
// an edit that no longer fits the description is noticed.
func at(t *testing.T, root *yaml.Node, keys ...string) *yaml.Node {
	t.Helper()
	node := tree.Get(root, keys...)
	require.NotNil(t, node, "the description has no %s", tree.Path(keys))
	return node
}

// parse reads a piece of YAML.
func parse(t *testing.T, text string) *yaml.Node {
	t.Helper()
	root, err := tree.Parse("test", []byte(strings.ReplaceAll(text, "\t", "  ")))
	require.NoError(t, err)
	return root
}

// set sets the value of a place of the description, given as YAML.
func set(t *testing.T, root *yaml.Node, value string, keys ...string) {
	t.Helper()
	last := len(keys) - 1
	tree.Set(at(t, root, keys[:last]...), keys[last], at(t, parse(t, "v: "+value), "v"))
}

// drop removes a place of the description.
func drop(t *testing.T, root *yaml.Node, keys ...string) {
	t.Helper()
	last := len(keys) - 1
	assert.True(t, tree.Delete(at(t, root, keys[:last]...), keys[last]), "the description has no %s", tree.Path(keys))
}

// appendTo appends a value, given as YAML, to a list.
func appendTo(t *testing.T, root *yaml.Node, value string, keys ...string) {
	t.Helper()
	list := at(t, root, keys...)
	list.Content = append(list.Content, at(t, parse(t, "v: "+value), "v"))
}

// sessions is the path that the tests of pages use.
const sessions = "/checkout/sessions/{id}"

// published returns the part of the description that a page of a path contains: the
// operations and the components that they refer to.
func published(t *testing.T, root *yaml.Node, path string) *yaml.Node {
	t.Helper()
	page := tree.Clone(root)
	item := at(t, root, "paths", path)
	tree.Delete(page, "webhooks")
	drop(t, page, "paths")
	set(t, page, "{}", "paths")
	tree.Set(at(t, page, "paths"), path, tree.Clone(item))
	drop(t, page, "components")
	set(t, page, "{}", "components")
	tree.Set(at(t, page, "components"), "securitySchemes", tree.Clone(at(t, root, "components", "securitySchemes")))
	var refer func(n *yaml.Node)
	refer = func(n *yaml.Node) {
		if target := tree.Target(n); target != nil && tree.Get(page, target...) == nil {
			component := at(t, root, target...)
			tree.Set(tree.Ensure(at(t, page, "components"), target[1]), target[2], tree.Clone(component))
			refer(component)
		}
		for _, child := range n.Content {
			refer(child)
		}
	}
	refer(item)
	return page
}

// markdown returns a page in the form that the vendor uses.
func markdown(t *testing.T, part *yaml.Node) string {
	t.Helper()
	return "# A page\n\n## OpenAPI\n\n````yaml api-reference/openapi.yaml\n" + string(text(t, part)) + "````\n"
}

// skipAfterArrival skips a test that is about the state before the vendor published
// more than one page. What the vendor drops afterwards is a real change.
func (f *fixture) skipAfterArrival(t *testing.T) {
	t.Helper()
	if f.arrived() {
		t.Skip("The vendor's description has arrived.")
	}
}

// arrived reports whether the vendor published more than one page.
func (f *fixture) arrived() bool {
	for name := range f.files {
		if strings.HasPrefix(name, publishedFolder+"/") && name != publishedFolder+"/get-checkout-session.md" {
			return true
		}
	}
	return false
}
