package goapi

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// module writes a module to a folder and loads it.
func module(t *testing.T, tests bool, files map[string]string) *Snapshot {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example.com/m\n\ngo 1.25\n"
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	s, err := Load(t.Context(), dir, append(os.Environ(), "GOWORK=off"), tests, "./...")
	require.NoError(t, err)
	return s
}

func TestCompare(t *testing.T) {
	tests := map[string]struct {
		before, after string
		want          []Change
	}{
		"pointer": {
			"type Order struct{ URL *string }", "type Order struct{ URL string }",
			[]Change{{"api.Order.URL", Changed, "`*string` becomes `string`", true}},
		},
		"member added": {
			"type Order struct{ A int }", "type Order struct{ A int; B string }",
			[]Change{{"api.Order.B", Added, "added", false}},
		},
		"member removed": {
			"type Order struct{ A, B int }", "type Order struct{ A int }",
			[]Change{{"api.Order.B", Removed, "removed", true}},
		},
		"type removed": {
			"type Order struct{}\ntype Quote struct{}", "type Order struct{}",
			[]Change{{"api.Quote", Removed, "removed", true}},
		},
		"constant": {
			"type S string\nconst A S = \"a\"", "type S string\nconst A S = \"b\"\nconst B S = \"a\"",
			[]Change{{"api.A", Changed, "`\"a\"` becomes `\"b\"`", true}, {"api.B", Added, "added", false}},
		},
		"method": {
			"type Client struct{}\nfunc (c *Client) Get(id string) {}", "type Client struct{}\nfunc (c *Client) Get(id int) {}",
			[]Change{{"api.Client.Get", Changed, "`func(string)` becomes `func(int)`", true}},
		},
		"method of the client's interface": {
			"type ClientInterface interface{ A() }", "type ClientInterface interface{ A(); B() }",
			[]Change{{"api.ClientInterface.B", Added, "added", false}},
		},
		"method of another interface": {
			"type I interface{ A() }", "type I interface{ A(); B() }",
			[]Change{{"api.I.B", Added, "added", true}},
		},
		"types of other packages": {
			"import \"time\"\nvar _ time.Time\ntype Order struct{ A string }", "import \"time\"\ntype Order struct{ A time.Time }",
			[]Change{{"api.Order.A", Changed, "`string` becomes `time.Time`", true}},
		},
		"name in JSON": {
			"type Order struct{ A string `json:\"a,omitempty\"` }", "type Order struct{ A string `json:\"b\"` }",
			[]Change{{"api.Order.A", Changed, "`a` in JSON becomes `b`", false}},
		},
		"unexported": {
			"type order struct{ a int }\nvar _ order", "type order struct{ a string }\nvar _ order",
			nil,
		},
		"nothing": {"type Order struct{}", "type Order struct{}", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := module(t, false, map[string]string{"api/a.go": "package api\n" + test.before})
			after := module(t, false, map[string]string{"api/a.go": "package api\n" + test.after})
			require.Empty(t, before.Problems)
			require.Empty(t, after.Problems)
			assert.Equal(t, test.want, Compare(before, after))
		})
	}
}

func TestComparePackages(t *testing.T) {
	before := module(t, false, map[string]string{
		"a/a.go": "package a", "internal/x/x.go": "package x\ntype T int", "cmd/main.go": "package main\nfunc main() {}",
	})
	after := module(t, false, map[string]string{"b/b.go": "package b"})
	assert.Equal(t, []Change{{"a", Removed, "package removed", true}, {"b", Added, "package added", false}}, Compare(before, after),
		"nobody imports internal packages and commands")
}

func TestLoadNamesProblems(t *testing.T) {
	files := func() map[string]string {
		return map[string]string{
			"a/a.go":      "package a\n\nvar A int = \"x\"\n",
			"b/b.go":      "package b\n\nimport \"example.com/m/a\"\n\nvar B string = a.Gone\n",
			"b/b_test.go": "package b\n\nvar C = undefined\n",
			"c/c_test.go": "package c_test\n\nimport \"example.com/m/b\"\n\nvar C = b.Gone\n",
			"c/c.go":      "package c\n",
		}
	}
	got := module(t, true, files()).Problems
	var places []string
	for _, p := range got {
		assert.NotEmpty(t, p.Message)
		places = append(places, p.File)
	}
	assert.Equal(t, []string{"a/a.go", "b/b.go", "b/b_test.go", "c/c_test.go"}, places, "each problem once, also in packages that import one that does not compile: %v", got)
	assert.Equal(t, 3, got[0].Line)
	assert.Contains(t, got[1].String(), "b/b.go:5: ")

	assert.Len(t, module(t, false, files()).Problems, 2, "without tests")
}

func TestUses(t *testing.T) {
	before := module(t, false, map[string]string{"api/a.go": "package api\n\nimport \"time\"\n\ntype Order struct{ Kg float64; At time.Time }\n"})
	after := module(t, false, map[string]string{"api/a.go": "package api\n\ntype Order struct{ Kg string }\n"})
	dir := t.TempDir()
	files := map[string]string{
		"a/a.go":      "package a\n\nimport \"example.com/m/api\"\n\nvar Kg float64 = api.Order{}.Kg\n\nvar At = api.Order{}.At.Unix()\n",
		"a/a_test.go": "package a\n\nimport \"testing\"\n\nfunc TestKg(t *testing.T) { t.Log(Kg * 2) }\n",
		"a/x_test.go": "package a_test\n\nimport (\n\t\"example.com/m/api\"\n\t\"example.com/other\"\n)\n\nvar _ = other.Use(api.Order{}.Kg).Anything[3]\n\nvar Min = other.Min(1, api.Order{}.Kg) + 1\n\ntype T struct{ other.Base }\n\nvar _ = T{}.Method()\n",
		"b/b.go":      "package b\n\nvar broken int = \"\"\n",
	}
	var names []string
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		names = append(names, name)
	}
	got, err := Uses(dir, names, before, after)
	require.NoError(t, err)
	var places []string
	for _, p := range got {
		places = append(places, p.String())
	}
	require.Len(t, places, 2, "only new problems that our packages cause: %v", places)
	assert.Contains(t, places[0], "a/a.go:5: cannot use")
	assert.Contains(t, places[1], "a/a.go:7: ")

	got, err = Uses(dir, names, before, before)
	require.NoError(t, err)
	assert.Empty(t, got)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "b/b.go"), []byte("package"), 0o644))
	_, err = Uses(dir, names, before, after)
	assert.ErrorContains(t, err, "b/b.go")
}
