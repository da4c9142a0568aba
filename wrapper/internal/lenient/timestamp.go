package lenient

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// timestampLayouts are the layouts of timestamps, in addition to RFC 3339, that servers
// send. A timestamp without a zone is in UTC, like those of the API.
var timestampLayouts = []string{
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	time.DateOnly,
}

// parseTimestamp parses a timestamp in any of these layouts. Otherwise, it returns the
// zero time and not an error, because an order must not be lost for its timestamp.
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

// repairTimestamps returns a JSON body with timestamps that time.Time can decode. It is
// called only if the original body could not be decoded.
func repairTimestamps(body []byte, into any) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	decoder.Decode(&value)
	repaired, _ := json.Marshal(repair(value, reflect.TypeOf(into)))
	return repaired
}

// repair repairs the timestamps in a value that was decoded from JSON. They are found
// by the Go type t of the value.
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
		return nil // a zero time would mean that the event has happened
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
