package cnaught

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// ReplaceSubaccount sends only what it is given, so that the API erases the rest.
func TestReplaceSubaccountReplaces(t *testing.T) {
	rt := play(reply(200, subaccountJSON))
	_, err := newClient(t, rt).ReplaceSubaccount(t.Context(), "5nubL0NS", api.SubaccountUpdate{Name: "Operations"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"Operations"}`, string(rt.requests()[0].body))
	assert.Equal(t, 1, rt.count())
}

func TestUpdateSubaccountKeepsWhatItDoesNotChange(t *testing.T) {
	rt := play(reply(200, subaccountJSON))
	c := newClient(t, rt)
	_, err := c.UpdateSubaccount(t.Context(), "5nubL0NS", func(s *api.SubaccountUpdate) {
		assert.Equal(t, api.SubaccountUpdate{Name: "Marketing", Email: "jane.doe@example.com", DefaultPortfolioID: "mHvNvWbq"}, *s)
		s.Name = "Operations"
	})
	require.NoError(t, err)
	_, err = c.UpdateSubaccount(t.Context(), "5nubL0NS", func(s *api.SubaccountUpdate) { s.Email = "" })
	require.NoError(t, err)
	requests := rt.requests()
	require.Len(t, requests, 4)
	assert.Equal(t, []string{"GET", "PUT", "GET", "PUT"}, []string{requests[0].method, requests[1].method, requests[2].method, requests[3].method})
	assert.JSONEq(t, `{"name":"Operations","email":"jane.doe@example.com","default_portfolio_id":"mHvNvWbq"}`, string(requests[1].body))
	assert.JSONEq(t, `{"name":"Marketing","default_portfolio_id":"mHvNvWbq"}`, string(requests[3].body), "the email was removed on purpose")
}

func TestUpdateSubaccountWithNulls(t *testing.T) {
	rt := play(reply(200, `{"id":"s","name":"n","email":null,"default_portfolio_id":null}`))
	_, err := newClient(t, rt).UpdateSubaccount(t.Context(), "s", func(*api.SubaccountUpdate) {})
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"n"}`, string(rt.requests()[1].body))
}

func TestUpdateSubaccountThatCannotBeRead(t *testing.T) {
	rt := play(reply(404, notFoundJSON))
	_, err := newClient(t, rt).UpdateSubaccount(t.Context(), "s", func(*api.SubaccountUpdate) { t.Error("there is nothing to change") })
	assert.ErrorIs(t, err, ErrNotFound)
	assert.Equal(t, 1, rt.count())
}

func TestUpdateSubaccountToBadInput(t *testing.T) {
	rt := play(reply(200, subaccountJSON))
	_, err := newClient(t, rt).UpdateSubaccount(t.Context(), "s", func(s *api.SubaccountUpdate) { s.Name = "" })
	assert.ErrorIs(t, err, ErrInvalidRequest)
	assert.Equal(t, 1, rt.count(), "it was read, and not written")
}

func TestDeleteSubaccountAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		step step
		ok   bool
	}{
		"204":          {reply(204, ``, "Content-Type", ""), true},
		"200 empty":    {reply(200, ``), true},
		"200 object":   {reply(200, `{}`), true},
		"200 HTML":     {reply(200, `<html>Login</html>`, "Content-Type", "text/html"), false}, // this is not the API's answer
		"400 orders":   {reply(400, `{"title":"Subaccount has orders"}`), false},
		"409":          {reply(409, ``), false},
		"302 to login": {reply(302, ``, "Location", "/login"), false},
	} {
		rt := play(tt.step)
		err := newClient(t, rt).DeleteSubaccount(t.Context(), "s")
		assert.Equal(t, tt.ok, err == nil, "%s: %v", name, err)
		assert.Equal(t, 1, rt.count())
	}
}
