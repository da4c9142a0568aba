package sandbox

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/server"
)

// basePath is the path of the API, on the sandbox as on the real host.
const basePath = "/v1"

// opUploadLogo is the only operation whose body is not JSON.
const opUploadLogo = "UpdateSubaccountLogoFromUpload"

// router finds the operation of a request. It takes the operations from the generated
// code, so that the operations of a new description are served and logged, and can be
// made to fail, without changes here.
type router struct {
	mux   *http.ServeMux
	names []string // the operationIds, sorted
}

func newRouter(operations server.ServerInterface) *router {
	rt := &router{mux: http.NewServeMux()}
	for _, op := range server.Operations {
		rt.names = append(rt.names, op.ID)
	}
	slices.Sort(rt.names)
	rt.names = slices.Compact(rt.names)
	server.HandlerWithOptions(operations, server.StdHTTPServerOptions{
		BaseURL:          basePath,
		BaseRouter:       rt.mux,
		ErrorHandlerFunc: refuseParameter,
	})
	return rt
}

// route returns the operation of a request, or the answer to a request that no
// operation matches.
func (rt *router) route(r *http.Request) (op server.Operation, refusal *answer) {
	escaped := r.URL.EscapedPath()
	if path.Clean(escaped) != escaped { // The mux would redirect to another path.
		return op, notFound("resource")
	}
	handler, pattern := rt.mux.Handler(r)
	if pattern != "" {
		method, path, _ := strings.Cut(pattern, " ")
		return server.Operations[method+" "+strings.TrimPrefix(path, basePath)], nil
	}
	c := &capture{header: make(http.Header)}
	handler.ServeHTTP(c, r)
	if c.status == http.StatusMethodNotAllowed {
		a := httpProblem(c.status, r.Method+" is not allowed here")
		a.set("Allow", c.header.Get("Allow"))
		return op, a
	}
	return op, notFound("resource")
}

// cursors are the query parameters that checkQuery accepts even if they are empty. The
// operation refuses them with another problem, invalid-pagination.
var cursors = []string{"starting_after", "ending_before"}

// checkQuery refuses queries that the generated code misreads without an error: it
// drops a parameter that can't be decoded, uses only the first of several values, and
// reads an empty time as the year 1. The query of an operation without query
// parameters is ignored.
func checkQuery(op server.Operation, query string) *answer {
	if len(op.Query) == 0 {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return invalidParameters(map[string][]string{"query": {"can't be decoded: " + err.Error()}})
	}
	refused := make(map[string][]string)
	for _, name := range op.Query {
		switch given := values[name]; {
		case len(given) > 1:
			refused[name] = []string{"must be given once"}
		case len(given) == 1 && given[0] == "" && !slices.Contains(cursors, name):
			refused[name] = []string{"must not be empty"}
		}
	}
	if len(refused) > 0 {
		return invalidParameters(refused)
	}
	return nil
}

// refuseParameter answers a request whose parameters the generated code can't
// read.
func refuseParameter(w http.ResponseWriter, _ *http.Request, err error) {
	name, text := "request", err.Error()
	switch err := err.(type) {
	case *server.InvalidParamFormatError:
		name, text = err.ParamName, "has the wrong format"
	case *server.UnmarshalingParamError:
		name, text = err.ParamName, "has the wrong format"
	case *server.RequiredParamError:
		name, text = err.ParamName, "is required"
	case *server.RequiredHeaderError:
		name, text = err.ParamName, "is required"
	case *server.TooManyValuesForParamError:
		name, text = err.ParamName, "must be given once"
	}
	invalidParameters(map[string][]string{name: {text}}).writeTo(w)
}
