package tree

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func format(t *testing.T, next, current string) string {
	t.Helper()
	var old *yaml.Node
	if current != "" {
		old = parse(t, current)
	}
	out, err := Format(parse(t, next), old)
	require.NoError(t, err)
	return string(out)
}

const current = `# about the file
openapi: 3.1.0
paths:
  # about orders
  /orders:
    get:
      operationId: List # plural
      tags:
        - b
        - a
      parameters:
        - $ref: '#/components/parameters/A'
        - $ref: '#/components/parameters/B'
components:
  schemas:
    Order:
      type: object
      required:
        - id
        - state
      properties:
        id:
          type: string
          examples:
            - '1'
            - '2'
        state:
          type: string
`

func TestFixedPoint(t *testing.T) {
	assert.Equal(t, current, format(t, current, current))
	assert.Equal(t, current, format(t, format(t, current, current), current))
}

func TestKeepsOrderAndComments(t *testing.T) {
	reordered := `{"components": {"schemas": {"Order": {"properties": {
  "state": {"type": "string"},
  "id": {"examples": ["1", "2"], "type": "string"}},
  "required": ["state", "id"], "type": "object"}}},
  "paths": {"/orders": {"get": {"tags": ["a", "b"], "operationId": "List",
  "parameters": [{"$ref": "#/components/parameters/B"}, {"$ref": "#/components/parameters/A"}]}}},
  "openapi": "3.1.0"}`
	assert.Equal(t, current, format(t, reordered, current))
}

func TestNewMembersFollowTheirPredecessor(t *testing.T) {
	next := strings.Replace(current, "        state:\n", "        number:\n          type: string\n        state:\n", 1)
	assert.Equal(t, next, format(t, next, current))
	moved := strings.Replace(next, "openapi: 3.1.0\n", "", 1) + "openapi: 3.1.0\n"
	assert.Equal(t, next, format(t, moved, current), "the others keep their order")
	first := format(t, "z: 1\nopenapi: 3.1.0\n", "openapi: 3.1.0\n")
	assert.Equal(t, "z: 1\nopenapi: 3.1.0\n", first)
}

func TestOrderOfExamplesIsData(t *testing.T) {
	next := strings.Replace(current, "            - '1'\n            - '2'\n", "            - '2'\n            - '1'\n", 1)
	assert.Equal(t, next, format(t, next, current))
	value := "x:\n  example:\n    required:\n      - b\n      - a\n"
	assert.Equal(t, value, format(t, value, "x: {example: {required: [a, b]}}\n"), "here required is a member of an example")
}

func TestChangedSetHasTheNewOrder(t *testing.T) {
	got := format(t, "required: [c, b, a]\n", "required: [a, b]\n")
	assert.Equal(t, "required:\n  - c\n  - b\n  - a\n", got)
}

func TestStyles(t *testing.T) {
	long := strings.Repeat("word ", 30) + "end"
	tests := map[string]struct{ next, want string }{
		"strings that look like something else": {
			`{a: "200", b: "null", c: "true", d: "", e: "1.5", f: "2022-08-01", g: "no", h: "~", i: "0x1f"}`,
			"a: '200'\nb: 'null'\nc: 'true'\nd: ''\ne: '1.5'\nf: '2022-08-01'\ng: 'no'\nh: '~'\ni: '0x1f'\n",
		},
		"values":          {`{a: 200, b: null, c: true, d: 1.50}`, "a: 200\nb: null\nc: true\nd: 1.50\n"},
		"plain":           {`{a: "plain text, with a comma"}`, "a: plain text, with a comma\n"},
		"several lines":   {`{a: "one\ntwo\n"}`, "a: |\n  one\n  two\n"},
		"no last newline": {`{a: "one\ntwo"}`, "a: |-\n  one\n  two\n"},
		"empty":           {`{a: {}, b: []}`, "a: {}\nb: []\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, format(t, test.next, ""))
		})
	}
	t.Run("long", func(t *testing.T) {
		got := format(t, "a: "+long+"\n", "")
		assert.True(t, strings.HasPrefix(got, "a: >-\n  word"), got)
		for line := range strings.Lines(got) {
			assert.Less(t, len(line), 90)
		}
	})
}

// The form may change how a value is written, but not the value.
func TestNothingIsLost(t *testing.T) {
	for _, value := range []string{
		strings.Repeat("word ", 30) + "\n\n* `a` - " + strings.Repeat("more ", 30) + "\n",
		"  leading and " + strings.Repeat("long ", 30), "trailing \nspaces " + strings.Repeat("x ", 50),
		strings.Repeat("two  spaces ", 20), "tab\t" + strings.Repeat("x ", 50), strings.Repeat("x", 200),
		"# not a comment", "- not a list", "key: not a map", "'quoted' \"twice\"", "ünïcödé ✓ 🌳", "\n\nleading newlines",
		"ends with newlines\n\n\n", "{brace}", "@at", "%percent", "a\\b", "colon:", "null", "\u00a0", "line\u2028separator",
		strings.Repeat("word ", 30) + "\n", strings.Repeat("word ", 30) + "\n  indented\n",
	} {
		root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		Set(root, "a", String(value))
		inner := Ensure(root, "deep")
		Set(inner, "b", String(value))
		out, err := Format(root, nil)
		require.NoError(t, err)
		back := parse(t, string(out))
		assert.Equal(t, value, Text(back, "a"), "%q", out)
		assert.Equal(t, value, Text(back, "deep", "b"), "%q", out)
		again, err := Format(back, back)
		require.NoError(t, err)
		assert.Equal(t, string(out), string(again))
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("a: 1\nb: [x, {c: d}]\n")
	f.Add("a: |\n  text\n\n  more\n")
	f.Fuzz(func(t *testing.T, text string) {
		root, err := Parse("fuzz", []byte(text))
		if err != nil {
			return
		}
		out, err := Format(root, root)
		if err != nil {
			return
		}
		back, err := Parse("formatted", out)
		require.NoError(t, err, "%q", out)
		assert.True(t, Equal(root, back), "%q became %q", text, out)
	})
}
