package sandbox

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sendRaw sends a request that may be invalid HTTP and returns the answer.
func sendRaw(t *testing.T, s *Server, request string) reply {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/v1"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = conn.Write([]byte(request))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	var document json.RawMessage
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&document), "%s", request)
	return reply{resp.StatusCode, resp.Header, document}
}

func TestInvalidHTTPIsAnsweredWithProblemDocuments(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	head := "POST /v1/orders HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer " + s.APIKey() + "\r\nContent-Type: application/json\r\n"
	for _, test := range []struct {
		request string
		status  int
		title   string
		details string
	}{
		{"GET\r\n\r\n", 400, "Bad Request", ""},
		{"GET /v1/orders HTTP/1.1\r\n\r\n", 400, "Bad Request", "missing required Host header"},
		{"GET /v1/orders HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "Bad Request", "malformed Host header"},
		{"GET /v1/orders HTTP/1.1\r\nHost: sandbox\r\nno colon\r\n\r\n", 400, "Bad Request", ""},
		{"GET /v1/orders HTTP/3.0\r\nHost: sandbox\r\n\r\n", 505, "HTTP Version Not Supported", "unsupported protocol version"},
		{head + "X: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", 431, "Request Header Fields Too Large", ""},
		{head + "Expect: a miracle\r\nContent-Length: 15\r\n\r\n" + `{"amount_kg":1}`, 417, "Expectation Failed", "The only supported expectation is 100-continue"},
		{strings.Replace(head, "/1.1", "/1.0", 1) + "Expect: a miracle\r\nContent-Length: 15\r\n\r\n" + `{"amount_kg":1}`, 417, "Expectation Failed", "The only supported expectation is 100-continue"},
		{"GET * HTTP/1.1\r\nHost: sandbox\r\n\r\n", 404, "Could not find resource", ""},
		{"CONNECT api.cnaught.com:443 HTTP/1.1\r\nHost: api.cnaught.com:443\r\n\r\n", 404, "Could not find resource", ""},
		{head + "Transfer-Encoding: braille\r\n\r\n", 501, "Not Implemented", "Unsupported transfer encoding"},
	} {
		r := sendRaw(t, s, test.request)
		o := r.assertProblem(t, test.status, map[int]string{404: "not-found"}[test.status], test.title)
		assert.Equal(t, test.details != "", o["details"] != nil, "%s", r.body)
		if test.details != "" {
			assert.Equal(t, test.details, o["details"])
		}
	}
	assert.Zero(t, s.OrderCount())
}

// The answer of a handler is not changed, even if it looks like one of net/http itself.
func TestAnswersOfHandlersAreNotChanged(t *testing.T) {
	s := Run(t)
	s.Inject(Fault{Status: 417, Body: []byte("no"), Header: http.Header{"Content-Type": {"text/plain"}}})
	r := get(t, s, "/orders")
	assert.Equal(t, "417 text/plain no", fmt.Sprint(r.status, " ", r.header.Get("Content-Type"), " ", string(r.body)))
	s.Inject(Fault{Status: 400, Body: []byte("400 Bad Request"), Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Connection": {"close"}}})
	assert.Equal(t, "400 Bad Request", string(get(t, s, "/orders").body))
	for _, p := range []string{"", "HTTP/1.1 ", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", "data: HTTP/1.1 400 Bad Request"} {
		assert.Nil(t, ownAnswer([]byte(p)), p)
	}
}
