// Package apijson encodes JSON in the same form as the API.
package apijson

import (
	"bytes"
	"encoding/json"
	"time"
)

// Encode returns v as compact JSON. Unlike json.Marshal, it does not escape &, < and
// >.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Time is a timestamp. Its JSON form is RFC 3339 in UTC, with a Z and always six
// digits for the fraction of the second.
type Time time.Time

// MarshalJSON encodes the timestamp.
func (t Time) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000000Z"`), nil
}

// TimePtr converts t to a *Time. It returns nil if t is nil.
func TimePtr(t *time.Time) *Time { return (*Time)(t) }
