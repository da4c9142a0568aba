package cnaught

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// parseProblem reads problem details (RFC 9457) from an answer's body. It
// takes each member that has a usable shape and leaves the rest, because an
// answer of an unexpected shape must not hide the status. The media type is
// not asked: gateways send problem documents as application/json.
func parseProblem(e *Error, body []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &members) != nil {
		return
	}
	detail := ""
	for name, raw := range members {
		switch name {
		case "type":
			e.Type = lenientString(raw)
		case "title":
			e.Title = lenientString(raw)
		case "instance":
			e.Instance = lenientString(raw)
		case "detail":
			e.Detail = lenientString(raw)
		case "details": // the published description's spelling
			detail = lenientString(raw)
		case "status":
			e.Status = lenientStatus(raw)
		case "errors":
			e.Errors = lenientErrors(raw)
		default:
			var v any
			if json.Unmarshal(raw, &v) == nil {
				if e.Extensions == nil {
					e.Extensions = make(map[string]any)
				}
				e.Extensions[name] = v
			}
		}
	}
	if e.Detail == "" {
		e.Detail = detail
	}
}

func lenientString(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return ""
}

// lenientStatus also reads "422" and 422.0; what is no HTTP status reads as 0.
func lenientStatus(raw json.RawMessage) int {
	var f float64
	if json.Unmarshal(raw, &f) != nil {
		f, _ = strconv.ParseFloat(lenientString(raw), 64)
	}
	if f >= http.StatusContinue && f < 1000 {
		return int(f)
	}
	return 0
}

// lenientErrors reads {"field": ["a", "b"]}, the documented shape, and also
// {"field": "a"} and ["a", "b"], which it files under "".
func lenientErrors(raw json.RawMessage) map[string][]string {
	if texts := lenientStrings(raw); texts != nil {
		return map[string][]string{"": texts}
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	errs := make(map[string][]string, len(members))
	for field, raw := range members {
		if texts := lenientStrings(raw); texts != nil {
			errs[field] = texts
		} else {
			errs[field] = []string{string(raw)}
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}

func lenientStrings(raw json.RawMessage) []string {
	if s := lenientString(raw); s != "" {
		return []string{s}
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || len(items) == 0 {
		return nil
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if texts[i] = lenientString(item); texts[i] == "" {
			texts[i] = string(item)
		}
	}
	return texts
}
