package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// exampleRequest returns a request with the examples of the description or, where
// there are none, the simplest values that the schemas allow. The headers come in
// pairs of name and value.
func exampleRequest(op Operation) (path, body string, headers []string) {
	path = op.Path
	query := url.Values{}
	for _, ref := range slices.Concat(op.Shared, op.Parameters) {
		p := ref.Value
		text := exampleParameter(p)
		switch {
		case p.In == openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(text))
		case p.In == openapi3.ParameterInQuery && p.Required:
			query.Set(p.Name, text)
		case p.In == openapi3.ParameterInHeader && p.Required:
			headers = append(headers, p.Name, text)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if op.RequestBody == nil {
		return path, "", headers
	}
	content := op.RequestBody.Value.Content
	media := content["application/json"]
	if media == nil {
		mediaType := slices.Sorted(maps.Keys(content))[0]
		if strings.HasPrefix(mediaType, "multipart/") {
			return path, "--x--\r\n", append(headers, "Content-Type", mediaType+"; boundary=x")
		}
		return path, "x", append(headers, "Content-Type", mediaType)
	}
	text, err := json.Marshal(exampleBody(media))
	if err != nil {
		text = []byte("null")
	}
	return path, string(text), append(headers, "Content-Type", "application/json")
}

func exampleParameter(p *openapi3.Parameter) string {
	value := p.Example
	for _, named := range p.Examples {
		value = named.Value.Value
	}
	if value == nil {
		value = exampleValue(p.Schema)
	}
	return fmt.Sprint(value)
}

func exampleBody(media *openapi3.MediaType) any {
	if media.Example != nil {
		return media.Example
	}
	for _, named := range media.Examples {
		return named.Value.Value
	}
	return exampleValue(media.Schema)
}

// exampleValue returns the simplest value that a schema allows.
func exampleValue(ref *openapi3.SchemaRef) any {
	if ref == nil || ref.Value == nil {
		return "an-id"
	}
	s := ref.Value
	switch {
	case s.Example != nil:
		return s.Example
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return exampleValue(s.OneOf[0])
	case len(s.AnyOf) > 0:
		return exampleValue(s.AnyOf[0])
	case s.Type.Includes("object") || len(s.Properties) > 0 || len(s.AllOf) > 0:
		return exampleObject(s)
	case s.Type.Includes("array"):
		return []any{exampleValue(s.Items)}
	case s.Type.Includes("number"), s.Type.Includes("integer"):
		if s.Min != nil {
			return *s.Min + 1
		}
		return 1
	case s.Type.Includes("boolean"):
		return true
	}
	formats := map[string]string{
		"date-time": "2024-01-01T00:00:00Z", "date": "2024-01-01", "uri": "https://www.example.com/",
		"email": "jane.doe@example.com", "uuid": "a1b2c3d4-0000-4000-8000-000000000000",
	}
	if text := formats[s.Format]; text != "" {
		return text
	}
	return "an-id"
}

func exampleObject(s *openapi3.Schema) map[string]any {
	object := map[string]any{}
	for _, part := range s.AllOf {
		if members, ok := exampleValue(part).(map[string]any); ok {
			maps.Copy(object, members)
		}
	}
	for _, name := range s.Required {
		if object[name] == nil {
			object[name] = exampleValue(s.Properties[name])
		}
	}
	return object
}

// exampleStatus returns the status with which the sandbox answers an operation if it
// has only the examples: the first successful status, or 501 if that answer has a
// body but no example.
func exampleStatus(op Operation) int {
	for _, status := range slices.Sorted(maps.Keys(op.Responses.Map())) {
		code, err := strconv.Atoi(status)
		if err != nil || code < 200 || code > 299 {
			continue
		}
		answer := op.Responses.Value(status).Value
		media := answer.Content["application/json"]
		if len(answer.Content) == 0 || media != nil && (media.Example != nil || len(media.Examples) > 0) {
			return code
		}
	}
	return http.StatusNotImplemented
}
