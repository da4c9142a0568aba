package tree

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func parse(t *testing.T, text string) *yaml.Node {
	t.Helper()
	root, err := Parse("test.yaml", []byte(text))
	require.NoError(t, err)
	return root
}

func TestTimestampsAreStrings(t *testing.T) {
	plain, err := Parse("a", []byte("at: 2022-08-01T18:00:00.000000Z\n"))
	require.NoError(t, err)
	quoted, err := Parse("b", []byte("at: '2022-08-01T18:00:00.000000Z'\n"))
	require.NoError(t, err)
	assert.Empty(t, Diff(plain, quoted))
}

func TestParseRefuses(t *testing.T) {
	var deep strings.Builder
	deep.WriteString("a: ")
	deep.WriteString(strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1))
	tests := map[string]struct{ text, want string }{
		"invalid":      {"a: [1", "is not valid YAML"},
		"empty":        {"", "no documents in stream"},
		"a list":       {"- 1", "its root is not an object"},
		"repeated key": {"a: 1\nb:\n  c: 1\n  c: 2\n", `line 4: key "c" is repeated (first on line 3)`},
		"merge key":    {"a: &x {b: 1}\nc:\n  <<: *x\n", "line 3: merge keys (<<) are not part of OpenAPI"},
		"complex key":  {"{[1]: 2}", "a key is not a scalar"},
		"too deep":     {deep.String(), "too large or too deep"},
		"alias bomb":   {"a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n", "too large or too deep"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("test.yaml", []byte(test.text))
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, "test.yaml")
		})
	}
}

func TestParseExpandsAliases(t *testing.T) {
	root := parse(t, "a: &x {b: 1}\nc: *x\n")
	Set(Get(root, "c"), "b", String("changed"))
	assert.Equal(t, "1", Text(root, "a", "b"), "the two places are independent")
	assert.Equal(t, "changed", Text(root, "c", "b"))
}

func TestGet(t *testing.T) {
	root := parse(t, "a:\n  - x: 1\n  - x: 2\n")
	assert.Equal(t, "2", Text(root, "a", "1", "x"))
	for _, missing := range [][]string{{"b"}, {"a", "2"}, {"a", "-1"}, {"a", "x"}, {"a", "0", "x", "y"}} {
		assert.Nil(t, Get(root, missing...), missing)
		assert.Empty(t, Text(root, missing...), missing)
	}
}

func TestSetDeleteEnsure(t *testing.T) {
	root := parse(t, "a: 1\nb: 2\n")
	Set(root, "a", String("3"))
	Set(Ensure(root, "c"), "d", String("4"))
	assert.True(t, Delete(root, "b"))
	assert.False(t, Delete(root, "b"))
	assert.True(t, Equal(root, parse(t, "a: '3'\nc: {d: '4'}\n")))
}

func TestEqual(t *testing.T) {
	base := "a: 1\nb: [x, 'y']\n"
	for other, want := range map[string]bool{
		"b: [\"x\", y] # comment\na: 1\n": true,
		"a: '1'\nb: [x, y]\n":             false,
		"a: 1\nb: [y, x]\n":               false,
		"a: 1\n":                          false,
		"a: 1\nb: [x, y]\nc: 1\n":         false,
		"a: 1\nc: [x, y]\n":               false,
	} {
		assert.Equal(t, want, Equal(parse(t, base), parse(t, other)), other)
	}
	assert.True(t, Equal(nil, nil))
	assert.False(t, Equal(parse(t, base), nil))
}

func TestResolve(t *testing.T) {
	root := parse(t, `
a: {$ref: '#/b/~1c~0d'}
b: {/c~d: {$ref: '#/e'}}
e: {type: string}
loop: {$ref: '#/loop'}
far: {$ref: 'other.yaml#/x'}
gone: {$ref: '#/nowhere'}
`)
	found, path := Resolve(root, Get(root, "a"), Path{"a"})
	require.NotNil(t, found)
	assert.Equal(t, Path{"e"}, path)
	for _, key := range []string{"loop", "far", "gone"} {
		found, _ := Resolve(root, Get(root, key), Path{key})
		assert.Nil(t, found, key)
	}
	found, path = Resolve(root, nil, Path{"x"})
	assert.Nil(t, found)
	assert.Equal(t, Path{"x"}, path)
}

func TestPathString(t *testing.T) {
	assert.Equal(t, `paths["/orders/{id}"].get`, Path{"paths", "/orders/{id}", "get"}.String())
	assert.Equal(t, "components.schemas.Order", Path{"components", "schemas", "Order"}.String())
	assert.Equal(t, `[""].a`, Path{"", "a"}.String())
}

func TestAt(t *testing.T) {
	root := parse(t, "a:\n  b:\n    - x: 1\n      y: 2\n    - z\n")
	for position, want := range map[[2]int]Path{
		{1, 1}:  {"a"},
		{2, 3}:  {"a", "b"},
		{3, 7}:  {"a", "b", "0", "x"},
		{4, 7}:  {"a", "b", "0", "y"},
		{5, 7}:  {"a", "b", "1"},
		{9, 1}:  nil,
		{3, 99}: nil,
	} {
		assert.Equal(t, want, At(root, position[0], position[1]), position)
	}
}

func TestDiff(t *testing.T) {
	a := parse(t, "same: 1\nonly_a: {x: 1}\nvalue: 1\nlist: [1, 2]\nlong: [1]\nkind: [1]\n")
	b := parse(t, "same: 1\nonly_b: 2\nvalue: 2\nlist: [1, 3]\nlong: [1, 2]\nkind: {a: 1}\n")
	var got []string
	for _, path := range Diff(a, b) {
		got = append(got, path.String())
	}
	assert.ElementsMatch(t, []string{"only_a", "only_b", "value", "list.1", "long", "kind"}, got)
	assert.Empty(t, Diff(a, Clone(a)))
}
