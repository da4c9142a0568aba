package cnaught

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// parseProblem reads problem details (RFC 9457) from an answer's body. It
// takes each member that has a usable shape and leaves the rest, because an
// answer of an unexpected shape must not hide the status. The media type does not
// matter: gateways send problem documents as application/json. The members are
// masked after they were decoded, so that a key written with JSON escapes is
// found too.
func (s *secret) parseProblem(e *Error, body []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &members) != nil {
		return
	}
	details := ""
	for name, raw := range members {
		var v any
		if json.Unmarshal(raw, &v) != nil {
			continue
		}
		v = s.maskValue(v)
		text, _ := v.(string)
		switch name {
		case "type":
			e.Type = text
		case "title":
			e.Title = text
		case "instance":
			e.Instance = text
		case "detail":
			e.Detail = text
		case "details": // the published description's spelling
			details = text
		case "status":
			e.Status = problemStatus(v)
		case "errors":
			e.Errors = problemErrors(v)
		default:
			if e.Extensions == nil {
				e.Extensions = make(map[string]any)
			}
			e.Extensions[s.mask(name)] = v
		}
	}
	if e.Detail == "" {
		e.Detail = details
	}
}

// problemStatus also reads "422"; what is not an HTTP status is 0.
func problemStatus(v any) int {
	f, ok := v.(float64)
	if !ok {
		text, _ := v.(string)
		f, _ = strconv.ParseFloat(text, 64)
	}
	if f >= http.StatusContinue && f < 1000 {
		return int(f)
	}
	return 0
}

// problemErrors reads {"field": ["a", "b"]}, the documented shape, and also
// {"field": "a"} and ["a", "b"], which it files under "".
func problemErrors(v any) map[string][]string {
	members, ok := v.(map[string]any)
	if !ok {
		members = map[string]any{"": v}
	}
	var errs map[string][]string
	for field, v := range members {
		texts := problemTexts(v)
		if texts == nil && !ok {
			continue
		}
		if errs == nil {
			errs = make(map[string][]string, len(members))
		}
		errs[field] = texts
		if texts == nil {
			errs[field] = []string{asText(v)}
		}
	}
	return errs
}

func problemTexts(v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = asText(v[i])
		}
		if len(texts) > 0 {
			return texts
		}
	}
	return nil
}

// asText returns a string as it is, and any other value as JSON.
func asText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	text, _ := json.Marshal(v)
	return string(text)
}
