// Package problem reads problem details (RFC 9457) in the forms that servers send.
package problem

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Document holds the members of a problem document. A member that is missing or has an
// unusable type is zero.
type Document struct {
	Type, Title, Detail, Instance string

	Status     int
	Errors     map[string][]string // by the member of the request
	Extensions map[string]any
}

// Parse reads the members of a problem document. It ignores members with unusable types
// instead of returning an error, which would hide the status of the answer.
func Parse(members map[string]any) Document {
	var d Document
	for name, v := range members {
		text, _ := v.(string)
		switch name {
		case "type":
			d.Type = text
		case "title":
			d.Title = text
		case "instance":
			d.Instance = text
		case "detail":
			d.Detail = text
		case "details": // the name in the published description, which is read below
		case "status":
			d.Status = status(v)
		case "errors":
			d.Errors = complaints(v)
		default:
			if d.Extensions == nil {
				d.Extensions = make(map[string]any)
			}
			d.Extensions[name] = v
		}
	}
	if d.Detail == "" {
		d.Detail, _ = members["details"].(string)
	}
	return d
}

// status returns an HTTP status, which may also be a string such as "422", or 0 if the
// value is not one.
func status(v any) int {
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

// complaints reads errors in the documented form {"field": ["a", "b"]}, and also in the
// forms {"field": "a"} and ["a", "b"]. In the last form, the name of the field is "".
func complaints(v any) map[string][]string {
	members, ok := v.(map[string]any)
	if !ok {
		list := texts(v)
		if list == nil {
			return nil
		}
		return map[string][]string{"": list}
	}
	if len(members) == 0 {
		return nil
	}
	errs := make(map[string][]string, len(members))
	for field, v := range members {
		if errs[field] = texts(v); errs[field] == nil {
			errs[field] = []string{asText(v)}
		}
	}
	return errs
}

func texts(v any) []string {
	var list []string
	switch v := v.(type) {
	case string:
		if v != "" {
			list = []string{v}
		}
	case []any:
		for _, item := range v {
			list = append(list, asText(item))
		}
	}
	return list
}

// asText returns a string unchanged and any other value as JSON.
func asText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// Join returns complaints on one line, sorted by the names of the members.
func Join(complaints map[string][]string) string {
	var all []string
	for _, field := range slices.Sorted(maps.Keys(complaints)) {
		complaint := strings.Join(complaints[field], ", ")
		if field != "" {
			complaint = field + ": " + complaint
		}
		all = append(all, complaint)
	}
	return strings.Join(all, "; ")
}
