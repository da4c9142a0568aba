package apichange

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// webhookPrefix marks the paths that webhooksAsAnswers makes. No path of an
// API begins like this: paths begin with a slash.
const webhookPrefix = "webhook "

// webhooksAsAnswers turns the webhooks of spec into operations that answer
// with what the webhook sends. To those who use this client a webhook is
// something to read, so that what counts as breaking is as in an answer, not
// as in a request.
func webhooksAsAnswers(spec *openapi3.T) {
	for name, item := range spec.Webhooks {
		path := &openapi3.PathItem{Origin: item.Origin}
		for method, operation := range item.Operations() {
			answer := *operation
			answer.RequestBody, answer.Responses = nil, openapi3.NewResponses()
			if body := operation.RequestBody; body != nil && body.Value != nil {
				text := body.Value.Description
				answer.Responses = openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{
					Value: &openapi3.Response{Description: &text, Content: body.Value.Content, Origin: body.Value.Origin},
				}))
			}
			path.SetOperation(method, &answer)
		}
		spec.Paths.Set(webhookPrefix+name, path)
	}
	spec.Webhooks = nil
}

func describe(found checker.Change, current, next *yaml.Node) Change {
	c := Change{
		ID:       found.GetId(),
		Text:     strings.TrimSpace(found.GetUncolorizedText(checker.NewDefaultLocalizer())),
		Breaking: found.IsBreaking(),
		Old:      subject(current, locate(current, found.GetBaseSource())),
		New:      subject(next, locate(next, found.GetRevisionSource())),
	}
	name, group, path := "", "paths", found.GetPath()
	if path != "" {
		name = found.GetOperation() + " " + path
		if webhook, ok := strings.CutPrefix(path, webhookPrefix); ok {
			name, group, path = path, "webhooks", webhook
		}
		c.Operations = []string{name}
	}
	if c.Place() == nil && path != "" {
		operation := tree.Path{group, path, strings.ToLower(found.GetOperation())}
		c.Old, c.New = findDifferent(current, next, operation, found.GetArgs())
	}
	switch {
	case c.ID == "endpoint-added":
		c.Text = "operation added"
	case strings.HasPrefix(c.ID, "api-removed") || strings.HasPrefix(c.ID, "api-path-removed"):
		c.Text = "operation removed"
	case !strings.Contains(c.ID, "status"):
		c.Text = shorten(c.Text, found.GetArgs())
	}
	return c
}

func locate(root *yaml.Node, source *checker.Source) tree.Path {
	if source == nil || source.Line == 0 {
		return nil
	}
	return tree.At(root, source.Line, source.Column)
}

// subject shortens the place of a detail to what the detail is about: the
// member, parameter, response, operation or component. Values of an enum keep
// their own place.
func subject(root *yaml.Node, path tree.Path) tree.Path {
	for len(path) > 0 {
		parent := path[:len(path)-1]
		if len(parent) == 0 {
			return path
		}
		switch last := parent[len(parent)-1]; {
		case last == "required":
			member := slices.Concat(parent[:len(parent)-1], tree.Path{"properties", tree.Text(root, path...)})
			if tree.Get(root, member...) != nil {
				return member
			}
			return subject(root, parent)
		case slices.Contains([]string{"properties", "patternProperties", "parameters", "responses", "enum", "headers", "$defs"}, last),
			len(path) == 3 && path[0] == "components",
			len(path) == 3 && slices.Contains(tree.Methods, path[2]),
			len(path) == 2 && (path[0] == "paths" || path[0] == "webhooks"):
			return path
		}
		path = parent
	}
	return nil
}

// findDifferent looks for the member that a change of oasdiff's without a
// position is about: one that its arguments name (data/items/callback_url) and
// that differs between the descriptions.
func findDifferent(current, next *yaml.Node, operation tree.Path, arguments []any) (before, after tree.Path) {
	for _, argument := range arguments {
		name, ok := argument.(string)
		if !ok || name == "" {
			continue
		}
		steps := step.FindAllString(name, -1)
		old, new := findMember(current, operation, steps), findMember(next, operation, steps)
		if (old != nil || new != nil) && !tree.Equal(tree.Get(current, old...), tree.Get(next, new...)) {
			return old, new
		}
	}
	return nil, nil
}

// findMember follows the names of members from the bodies of an operation.
func findMember(root *yaml.Node, operation tree.Path, steps []string) tree.Path {
	node := tree.Get(root, operation...)
	var found tree.Path
	visitSchemas(root, node, operation, func(schema *yaml.Node, path tree.Path) {
		if found == nil {
			found = follow(root, schema, path, steps, 0)
		}
	})
	return found
}

// visitSchemas calls visit for the schema of every body of an operation.
func visitSchemas(root, operation *yaml.Node, path tree.Path, visit func(*yaml.Node, tree.Path)) {
	body := func(n *yaml.Node, at tree.Path) {
		n, at = tree.Resolve(root, n, at)
		for mediaType, content := range tree.Pairs(tree.Get(n, "content")) {
			if schema := tree.Get(content, "schema"); schema != nil {
				visit(schema, slices.Concat(at, tree.Path{"content", mediaType, "schema"}))
			}
		}
	}
	if request := tree.Get(operation, "requestBody"); request != nil {
		body(request, append(path[:len(path):len(path)], "requestBody"))
	}
	for status, response := range tree.Pairs(tree.Get(operation, "responses")) {
		body(response, slices.Concat(path, tree.Path{"responses", status}))
	}
}

// maxComposition bounds how deep compositions are searched, since schemas can
// contain themselves.
const maxComposition = 8

func follow(root, schema *yaml.Node, path tree.Path, steps []string, depth int) tree.Path {
	schema, path = tree.Resolve(root, schema, path)
	if schema == nil || depth > maxComposition {
		return nil
	}
	below := func(keys ...string) tree.Path { return slices.Concat(path, keys) }
	if len(steps) == 0 {
		return path
	}
	if member := tree.Get(schema, "properties", steps[0]); member != nil {
		if len(steps) == 1 {
			return below("properties", steps[0])
		}
		return follow(root, member, below("properties", steps[0]), steps[1:], depth)
	}
	if items := tree.Get(schema, "items"); items != nil && steps[0] == "items" {
		return follow(root, items, below("items"), steps[1:], depth)
	}
	rest := steps
	if composition.MatchString(steps[0]) {
		rest = steps[1:]
	}
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		list := tree.Get(schema, key)
		if list == nil {
			continue
		}
		for i, part := range list.Content {
			if found := follow(root, part, below(key, strconv.Itoa(i)), rest, depth+1); found != nil {
				return found
			}
		}
	}
	return nil
}

// composition is how oasdiff writes a step into a part of a composed schema.
var composition = regexp.MustCompile(`^(?:allOf|oneOf|anyOf)\[`)

// operationSuffix is what oasdiff's texts end with, once for each status and
// media type that a shared component is used in.
var operationSuffix = regexp.MustCompile("(?: (?:from|to) the response with the `\\d+` status| for (?:the )?(?:response )?(?:with the )?status `\\d+`)$")

// shorten names the member without the way to it, and drops the status, so
// that one change of a shared component reads the same in every operation. The
// place and the operations are named beside the text.
func shorten(text string, arguments []any) string {
	text = operationSuffix.ReplaceAllString(text, "")
	for _, argument := range arguments {
		name, ok := argument.(string)
		member := lastParts.ReplaceAllString(name, "")
		if ok && (member != name || memberPath.MatchString(name)) && !mediaType.MatchString(name) {
			text = strings.ReplaceAll(text, "`"+name+"`", "`"+member[strings.LastIndex(member, "/")+1:]+"`")
		}
	}
	return text
}

// memberPath is the way to a member as oasdiff writes it, such as
// data/items/id or oneOf[subschema #1: Order by amount]/portfolio_id, as
// opposed to a path of the API, a reference or a media type.
var memberPath = regexp.MustCompile(`^(?:(?:[\w-]+|(?:allOf|oneOf|anyOf)\[[^\]]*\])/)+[\w-]+$`)

// step is one step of such a way. The name of a part of a composed schema may be
// a reference, which has slashes.
var step = regexp.MustCompile(`(?:allOf|oneOf|anyOf)\[[^\]]*\]|[^/]+`)

// lastParts are the parts of a composed schema that a way to a member ends with.
var lastParts = regexp.MustCompile(`(?:/(?:allOf|oneOf|anyOf)\[[^\]]*\])+/?$`)

// mediaType is a media type of the kinds that bodies have. A member path can't
// be told from it by its form alone.
var mediaType = regexp.MustCompile(`^(?:application|audio|font|image|message|multipart|text|video)/[\w.+-]+$`)
