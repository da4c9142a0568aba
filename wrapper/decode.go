package cnaught

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/cnaught-go/cnaught/api"
)

var (
	errNull    = errors.New("the body is null")
	errNotJSON = errors.New("the body is not JSON")

	// errCutOff is JSON that ends too early, whatever the framing said about the
	// length of the body: HTTP/1.0 and HTTP/2 can both end an answer early
	// without a sign.
	errCutOff = fmt.Errorf("the body ends too early: %w", io.ErrUnexpectedEOF)

	byteOrderMark = []byte("\xef\xbb\xbf")
)

// fit decodes a body into a value, and returns the body in the form that was
// decoded: without a byte order mark, and with timestamps that time.Time reads.
// An answer that is of no use to the caller does not fit.
func fit(body []byte, into any) ([]byte, error) {
	if _, ok := into.(*foreign); ok {
		return body, nil
	}
	body = bytes.TrimPrefix(body, byteOrderMark)
	if _, ok := into.(*none); ok { // a page of HTML is nobody's answer to a deletion
		if len(bytes.TrimSpace(body)) > 0 && !json.Valid(body) {
			return body, errNotJSON
		}
		return body, nil
	}
	if string(bytes.TrimSpace(body)) == "null" { // would leave a zero value and no error
		return body, errNull
	}
	if err := json.Unmarshal(body, into); err != nil {
		reflect.ValueOf(into).Elem().SetZero() // of what was decoded before the error
		if isCutOff(body) {
			return body, errCutOff
		}
		if !json.Valid(body) {
			return body, fmt.Errorf("%w: %w", errNotJSON, err)
		}
		repaired := repairTimestamps(body, into)
		if repaired == nil || json.Unmarshal(repaired, into) != nil {
			return body, err
		}
		body = repaired
	}
	if missing := missingMember(body, into); missing != "" {
		return body, fmt.Errorf("the body has no %s", missing)
	}
	return body, nil
}

// isCutOff reports whether a body ends before its JSON value does.
func isCutOff(body []byte) bool {
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&value)
	return err == io.EOF || err == io.ErrUnexpectedEOF
}

// missingMember names the member without which an answer is of no use: what was
// bought or created cannot be found again without its id, and a list without
// data does not say that it is empty.
func missingMember(body []byte, value any) string {
	switch v := value.(type) {
	case *api.Order:
		return missingID("", v.ID)
	case *api.CheckoutSession:
		return missingID("", v.ID)
	case *api.Subaccount:
		return missingID("", v.ID)
	case *api.Quote:
		if v.AmountKg == 0 && !hasMember(body, "amount_kg") {
			return "amount_kg"
		}
	case *api.OrderList:
		return missingInList(body, v.Data, func(o *api.Order) string { return o.ID })
	case *api.SubaccountList:
		return missingInList(body, v.Data, func(s *api.Subaccount) string { return s.ID })
	case *api.PortfolioList:
		return missingInList(body, v.Data, func(p *api.Portfolio) string { return p.ID })
	}
	return ""
}

func missingID(where, id string) string {
	if id == "" {
		return where + "id"
	}
	return ""
}

func missingInList[T any](body []byte, data []T, id func(*T) string) string {
	if data == nil && !hasMember(body, "data") {
		return "data"
	}
	for i := range data {
		if id(&data[i]) == "" {
			return fmt.Sprintf("data[%d].id", i)
		}
	}
	return ""
}

// hasMember tells a member that is null, which some servers write for an empty
// list, from one that is absent.
func hasMember(body []byte, name string) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(body, &members) == nil && members[name] != nil
}
