package lenient

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// timestampLayouts are the forms of a timestamp, beside RFC 3339, that servers
// are known to write. One without a zone is UTC, as the API's own are.
var timestampLayouts = []string{
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	time.DateOnly,
}

// parseTimestamp reads a timestamp in any of those forms. Anything else is the
// zero time: an order whose time cannot be read is paid for all the same.
func parseTimestamp(s string) time.Time {
	s = strings.Replace(strings.ToUpper(strings.TrimSpace(s)), " ", "T", 1)
	s = strings.ReplaceAll(s, " ", "") // before the zone
	for _, layout := range append([]string{time.RFC3339}, timestampLayouts...) {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// repairTimestamps rewrites the timestamps of a body, which is JSON, so that
// time.Time reads them. Only a body that could not be decoded as it came takes this
// way.
func repairTimestamps(body []byte, into any) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	decoder.Decode(&value)
	repaired, _ := json.Marshal(repair(value, reflect.TypeOf(into)))
	return repaired
}

// repair walks a decoded value along the Go type that it belongs to.
func repair(value any, t reflect.Type) any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		text, _ := value.(string)
		return parseTimestamp(text)
	case t == reflect.TypeFor[*time.Time]():
		text, _ := value.(string)
		if at := parseTimestamp(text); !at.IsZero() {
			return at
		}
		return nil // a zero time would say that it happened
	case t.Kind() == reflect.Pointer:
		return repair(value, t.Elem())
	case t.Kind() == reflect.Slice:
		items, _ := value.([]any)
		for i := range items {
			items[i] = repair(items[i], t.Elem())
		}
	case t.Kind() == reflect.Struct:
		members, _ := value.(map[string]any)
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			if member, ok := members[name]; ok {
				members[name] = repair(member, t.Field(i).Type)
			}
		}
	}
	return value
}
