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

// webhookPrefix marks the paths that webhooksAsAnswers adds. Other paths begin with a
// slash.
const webhookPrefix = "webhook "

// webhooksAsAnswers replaces the webhooks of spec by operations whose answer is the
// body that the webhook sends. Users of this client read webhooks, so the same
// changes are breaking as in an answer, and not as in a request.
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

// subject shortens the place of a detail to that of the member, parameter, response,
// operation or component that contains it. Values of an enum keep their places.
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

// findDifferent returns the places of the changed member for a change of oasdiff
// without a position. The arguments of the change name the member
// (data/items/callback_url), and it differs between the descriptions.
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

// findMember returns the place of the member at the end of steps, which begin at a
// body of an operation.
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

// maxComposition limits the depth to which composed schemas are searched, because
// schemas can contain themselves.
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

// composition matches a step into a part of a composed schema in the form of oasdiff.
var composition = regexp.MustCompile(`^(?:allOf|oneOf|anyOf)\[`)

// operationSuffix matches the end of a text of oasdiff, which differs for each status
// and media type that uses a shared component.
var operationSuffix = regexp.MustCompile("(?: (?:from|to) the response with the `\\d+` status| for (?:the )?(?:response )?(?:with the )?status `\\d+`)$")

// shorten removes the path to the member and the status from a text, so that a change
// of a shared component has the same text in every operation. The report gives the
// place and the operations separately.
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

// memberPath matches the path to a member in the form of oasdiff, such as
// data/items/id or oneOf[subschema #1: Order by amount]/portfolio_id. It does not
// match paths of the API and references.
var memberPath = regexp.MustCompile(`^(?:(?:[\w-]+|(?:allOf|oneOf|anyOf)\[[^\]]*\])/)+[\w-]+$`)

// step matches one step of such a path. The name of a part of a composed schema may
// be a reference, which contains slashes.
var step = regexp.MustCompile(`(?:allOf|oneOf|anyOf)\[[^\]]*\]|[^/]+`)

// lastParts matches the parts of a composed schema at the end of such a path.
var lastParts = regexp.MustCompile(`(?:/(?:allOf|oneOf|anyOf)\[[^\]]*\])+/?$`)

// mediaType matches the media types of bodies, which have the same form as the path
// to a member.
var mediaType = regexp.MustCompile(`^(?:application|audio|font|image|message|multipart|text|video)/[\w.+-]+$`)
