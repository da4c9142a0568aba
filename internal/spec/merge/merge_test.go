package merge

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/source"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

const head = `openapi: 3.1.0
info: {title: Orders API}
servers: [{url: 'https://api.example.com/v1'}]
`

const ours = head + `paths:
  /orders/{id}:
    parameters:
      - $ref: '#/components/parameters/Subaccount'
      - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: GetOrder
      x-source: transcribed
      x-confidence: low
      x-note: The errors are guesses.
      x-kept: 1
      responses: {'200': {$ref: '#/components/responses/Order'}}
    delete:
      operationId: DeleteOrder
      x-source: transcribed
      parameters:
        - {name: force, in: query, schema: {type: boolean}}
      responses: {'204': {description: gone}}
  /other:
    get: {operationId: Other, responses: {'200': {description: ok}}}
components:
  parameters:
    Subaccount: {name: X-Subaccount-Id, in: header, schema: {type: string}}
  schemas:
    Order: {type: object, properties: {id: {type: string}}, x-note: A guess., x-kept: 2}
    Mine: {type: string}
x-ours: true
`

const page = head + `paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, description: The id, schema: {type: string}}
    get:
      operationId: GetOrder
      parameters: [{$ref: '#/components/parameters/Subaccount'}]
      responses: {'200': {description: ok}}
components:
  schemas:
    Order: {type: object, properties: {id: {type: integer}}}
`

func document(t *testing.T, name, text string) source.Document {
	t.Helper()
	root, err := tree.Parse(name, []byte(text))
	require.NoError(t, err)
	return source.Document{Name: name, Root: root, Markdown: []byte("page")}
}

func root(t *testing.T, text string) *yaml.Node { return document(t, "ours", text).Root }

func pages(t *testing.T, texts ...string) *source.Source {
	t.Helper()
	from := &source.Source{Name: "pages"}
	for i, text := range texts {
		from.Documents = append(from.Documents, document(t, string(rune('a'+i))+".md", text))
	}
	return from
}

func whole(t *testing.T, text string) *source.Source {
	t.Helper()
	return &source.Source{Name: "file", Whole: true, Documents: []source.Document{document(t, "file.yaml", text)}}
}

func merged(t *testing.T, from *source.Source) *Result {
	t.Helper()
	before := root(t, ours)
	result, err := Merge(before, from, &Remembered{})
	require.NoError(t, err)
	assert.True(t, tree.Equal(before, root(t, ours)), "ours is not changed")
	return result
}

func TestPageReplacesItsOperation(t *testing.T) {
	result := merged(t, pages(t, page))
	require.Empty(t, result.Conflicts)
	item := tree.Get(result.Root, "paths", "/orders/{id}")

	assert.Equal(t, "published", tree.Text(item, "get", "x-source"))
	assert.Nil(t, tree.Get(item, "get", "x-confidence"), "the vendor's text is not a guess")
	assert.Nil(t, tree.Get(item, "get", "x-note"))
	assert.Equal(t, "1", tree.Text(item, "get", "x-kept"), "our other extensions are kept")
	assert.Equal(t, "ok", tree.Text(item, "get", "responses", "200", "description"))
	assert.Equal(t, "The id", tree.Text(item, "parameters", "0", "description"))
	assert.Len(t, tree.Get(item, "parameters").Content, 1)

	assert.Equal(t, "integer", tree.Text(result.Root, "components", "schemas", "Order", "properties", "id", "type"))
	assert.Equal(t, "2", tree.Text(result.Root, "components", "schemas", "Order", "x-kept"))
	assert.Equal(t, []string{
		"Published now, so our notes (x-note) were removed: 2, the first at `paths[\"/orders/{id}\"].get` (see the diff of openapi.yaml for all).",
	}, result.Notes)
}

func TestPageKeepsOtherOperations(t *testing.T) {
	result := merged(t, pages(t, page))
	assert.Equal(t, "Other", tree.Text(result.Root, "paths", "/other", "get", "operationId"))
	assert.Equal(t, "string", tree.Text(result.Root, "components", "schemas", "Mine", "type"))
	assert.Equal(t, "true", tree.Text(result.Root, "x-ours"))

	// The header was at the path, and the page does not have it. So it is moved to
	// the other operation of the path, once.
	removed := tree.Get(result.Root, "paths", "/orders/{id}", "delete")
	assert.Equal(t, "transcribed", tree.Text(removed, "x-source"))
	parameters := tree.Get(removed, "parameters")
	require.Len(t, parameters.Content, 2)
	assert.Equal(t, "force", tree.Text(parameters, "0", "name"))
	assert.Equal(t, "#/components/parameters/Subaccount", tree.Ref(parameters.Content[1]))
}

func TestPageWithoutPathParameters(t *testing.T) {
	own := head + `paths:
  /orders/{id}:
    get:
      operationId: GetOrder
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
`
	item := tree.Get(merged(t, pages(t, own)).Root, "paths", "/orders/{id}")
	assert.Nil(t, tree.Get(item, "parameters"))
	assert.Len(t, tree.Get(item, "get", "parameters").Content, 1)
	assert.Len(t, tree.Get(item, "delete", "parameters").Content, 3, "force, the header, and the id")
}

func TestPageWithNewOperation(t *testing.T) {
	added := head + "paths: {/new: {post: {operationId: New, responses: {'200': {description: ok}}}}}\nwebhooks: {paid: {post: {operationId: Paid}}}\n"
	result := merged(t, pages(t, added))
	assert.Equal(t, "published", tree.Text(result.Root, "paths", "/new", "post", "x-source"))
	assert.Equal(t, "published", tree.Text(result.Root, "webhooks", "paid", "post", "x-source"))
	assert.NotNil(t, tree.Get(result.Root, "paths", "/orders/{id}", "get"))
}

func TestPagesThatAgree(t *testing.T) {
	reordered := head + "components:\n  schemas:\n    Order: {properties: {id: {type: integer}}, type: object}\npaths: {'/orders/{id}': {}}\n"
	assert.Empty(t, merged(t, pages(t, page, reordered, page)).Conflicts)
}

func TestPagesThatContradict(t *testing.T) {
	other := head + "components: {schemas: {Order: {type: object, properties: {id: {type: string}}}}}\npaths: {'/orders/{id}': {get: {operationId: Fetch}}}\n"
	result := merged(t, pages(t, page, other))
	assert.Nil(t, result.Root, "there is no description")
	require.Len(t, result.Conflicts, 2)
	assert.Equal(t, "`components.schemas.Order` is defined differently by a.md and b.md: they differ at `components.schemas.Order.properties.id.type`", result.Conflicts[0].String())
	assert.Contains(t, result.Conflicts[1].String(), "`paths[\"/orders/{id}\"].get.operationId`")
}

// OpenAPI 3.0 cannot contain webhooks, and the schema of a webhook is often a
// component that nothing else uses.
func TestWholeFileIn30KeepsWebhooks(t *testing.T) {
	const webhook = `webhooks:
  paid: {post: {operationId: Paid, requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Event'}}}}}}
`
	before := root(t, strings.Replace(ours+webhook, "  schemas:\n", `  schemas:
    Event: {type: object, properties: {order: {$ref: '#/components/schemas/Order'}, alias: {$ref: '#/components/schemas/Alias'}, event: {$ref: '#/components/schemas/Event'}}}
    Alias: {$ref: '#/components/schemas/Mine'}
`, 1))
	require.NotNil(t, tree.Get(before, "components", "schemas", "Event"))
	from := whole(t, page)
	result, err := Merge(before, from, &Remembered{})
	require.NoError(t, err)
	assert.Nil(t, tree.Get(result.Root, "webhooks"), "a description in 3.1 could contain them")

	from.Documents[0].Older = "3.0.3"
	result, err = Merge(before, from, &Remembered{})
	require.NoError(t, err)
	assert.Equal(t, "Paid", tree.Text(result.Root, "webhooks", "paid", "post", "operationId"))
	schemas := tree.Get(result.Root, "components", "schemas")
	for _, name := range []string{"Event", "Alias", "Mine"} {
		assert.NotNil(t, tree.Get(schemas, name), name)
	}
	assert.Equal(t, "integer", tree.Text(schemas, "Order", "properties", "id", "type"), "the schema of the new description")
	assert.Contains(t, result.Notes, "The webhooks are unchanged, because OpenAPI 3.0 cannot contain webhooks.")
}

func TestWholeFileReplaces(t *testing.T) {
	result := merged(t, whole(t, page))
	assert.Equal(t, []string{"GET /orders/{id}"}, Operations(result.Root))
	assert.Equal(t, "published", tree.Text(result.Root, "paths", "/orders/{id}", "get", "x-source"))
	assert.Equal(t, "1", tree.Text(result.Root, "paths", "/orders/{id}", "get", "x-kept"))
	assert.Equal(t, "2", tree.Text(result.Root, "components", "schemas", "Order", "x-kept"))
	assert.Nil(t, tree.Get(result.Root, "components", "schemas", "Mine"))
	assert.Equal(t, "true", tree.Text(result.Root, "x-ours"))
	require.Len(t, result.Notes, 1)
	assert.Contains(t, result.Notes[0], "Published now")
	assert.Contains(t, result.Notes[0], ": 2, the first at")
}

func TestWholeFileKeepsItsSource(t *testing.T) {
	result := merged(t, whole(t, strings.Replace(page, "operationId: GetOrder", "operationId: GetOrder\n      x-source: transcribed", 1)))
	assert.Equal(t, "transcribed", tree.Text(result.Root, "paths", "/orders/{id}", "get", "x-source"))
}

func TestParameterOfOperationIsKept(t *testing.T) {
	own := strings.Replace(ours, "        - {name: force, in: query, schema: {type: boolean}}\n", "        - {name: id, in: path, required: true, description: Mine, schema: {type: string}}\n", 1)
	result, err := Merge(root(t, own), pages(t, page), &Remembered{})
	require.NoError(t, err)
	parameters := tree.Get(result.Root, "paths", "/orders/{id}", "delete", "parameters")
	require.Len(t, parameters.Content, 2, "its own id, and the header of the path")
	assert.Equal(t, "Mine", tree.Text(parameters, "0", "description"))
}

func TestReferencesGetNoSiblings(t *testing.T) {
	referring := strings.Replace(page, "Order: {type: object, properties: {id: {type: integer}}}", "Order: {$ref: '#/components/schemas/Other'}\n    Other: {type: object}", 1)
	order := tree.Get(merged(t, pages(t, referring)).Root, "components", "schemas", "Order")
	assert.Len(t, order.Content, 2, "only a $ref")
}

func TestOurOwnFileIsUnchanged(t *testing.T) {
	from := whole(t, ours)
	from.Ours = true
	assert.True(t, tree.Equal(merged(t, from).Root, root(t, ours)))
}

func TestOtherAPI(t *testing.T) {
	tests := map[string]struct {
		text  string
		whole bool
		want  string
	}{
		"other server":              {"openapi: 3.1.0\ninfo: {title: Orders API}\nservers: [{url: 'https://petstore.example.org/v1'}]\npaths: {/other: {}}\n", true, "its servers are petstore.example.org, ours are api.example.com"},
		"no server":                 {"openapi: 3.1.0\ninfo: {title: Orders API}\npaths: {/other: {}}\n", true, "its servers are not named"},
		"a relative server":         {"openapi: 3.1.0\nservers: [{url: /v1}]\npaths: {/other: {}}\n", true, "its servers are not named"},
		"same server, other paths":  {head + "paths: {/pets: {}}\n", true, "it has none of our paths"},
		"page, other title":         {"openapi: 3.1.0\ninfo: {title: Pets}\nservers: [{url: 'https://api.example.com/v2'}]\npaths: {/pets: {}}\n", false, `its title is "Pets", ours is "Orders API"`},
		"page of an unknown server": {"openapi: 3.1.0\nservers: [{url: '://'}]\npaths: {/other: {}}\n", false, "its servers are not named"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			from := pages(t, test.text)
			if test.whole {
				from = whole(t, test.text)
			}
			_, err := Merge(root(t, ours), from, &Remembered{})
			var other *OtherAPIError
			require.ErrorAs(t, err, &other)
			assert.ErrorContains(t, err, "describes another API")
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestSameAPI(t *testing.T) {
	for name, from := range map[string]*source.Source{
		"new title and base path":    whole(t, "openapi: 3.1.0\ninfo: {title: New}\nservers: [{url: 'https://API.example.com/v2'}]\npaths: {/other: {}}\n"),
		"page of a new path":         pages(t, head+"paths: {/new: {}}\n"),
		"page with another title":    pages(t, "openapi: 3.1.0\ninfo: {title: New}\nservers: [{url: 'https://api.example.com'}]\npaths: {/other: {}}\n"),
		"one of two servers is ours": whole(t, "openapi: 3.1.0\nservers: [{url: 'https://eu.example.com'}, {url: 'https://api.example.com'}]\npaths: {/other: {}}\n"),
	} {
		_, err := Merge(root(t, ours), from, &Remembered{})
		assert.NoError(t, err, name)
	}
}

func TestDifferences(t *testing.T) {
	result := merged(t, pages(t, page))
	assert.Empty(t, Differences(result.Root, document(t, "a.md", page), &Remembered{}))
	var got []string
	for _, place := range Differences(root(t, ours), document(t, "a.md", page), &Remembered{}) {
		got = append(got, place.String())
	}
	assert.Equal(t, []string{
		`paths["/orders/{id}"].parameters`,
		`paths["/orders/{id}"].get.parameters`,
		`paths["/orders/{id}"].get.responses.200.description`,
		`paths["/orders/{id}"].get.responses.200.$ref`,
		"components.schemas.Order.properties.id.type",
	}, got)
}

func TestDifferencesOf(t *testing.T) {
	for name, test := range map[string]struct {
		old, new string
		want     []string
	}{
		"text":      {"description: The id", "description: An id", []string{`paths["/orders/{id}"].parameters.0.description`}},
		"added":     {"operationId: GetOrder", "operationId: GetOrder\n      deprecated: true", []string{`paths["/orders/{id}"].get.deprecated`}},
		"extension": {"operationId: GetOrder", "operationId: GetOrder\n      x-more: true", nil},
		"renamed":   {"    Order: {", "    Orders: {", []string{"components.schemas.Order"}},
		"top level": {"openapi: 3.1.0", "openapi: 3.1.1", []string{"openapi"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, page, test.old)
			var got []string
			for _, place := range Differences(root(t, strings.Replace(page, test.old, test.new, 1)), document(t, "a.md", page), &Remembered{}) {
				got = append(got, place.String())
			}
			assert.Equal(t, test.want, got)
		})
	}
}
