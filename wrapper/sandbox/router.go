package sandbox

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/server"
)

// basePath is where the API begins, on the sandbox as on the real host.
const basePath = "/v1"

// opUploadLogo is the only operation whose body is not JSON.
const opUploadLogo = "UpdateSubaccountLogoFromUpload"

// router knows the operations of the API description from the generated code, so
// that an operation of a new description is served, logged and open to faults
// under its name at once.
type router struct {
	mux   *http.ServeMux
	names []string // operationIds
}

func newRouter(operations server.ServerInterface) *router {
	rt := &router{mux: http.NewServeMux(), names: slices.Compact(slices.Sorted(maps.Values(server.OperationIDs)))}
	server.HandlerWithOptions(operations, server.StdHTTPServerOptions{
		BaseURL:          basePath,
		BaseRouter:       rt.mux,
		ErrorHandlerFunc: refuseParameter,
	})
	return rt
}

// operationID returns the operationId of a pattern of the mux.
func operationID(pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	return server.OperationIDs[method+" "+strings.TrimPrefix(path, basePath)]
}

// route returns the operationId that the request is for, or the answer that says
// why there is none.
func (rt *router) route(r *http.Request) (operation string, refusal *answer) {
	escaped := r.URL.EscapedPath()
	if path.Clean(escaped) != escaped { // The mux would redirect to another path.
		return "", notFound("resource")
	}
	handler, pattern := rt.mux.Handler(r)
	if pattern != "" {
		return operationID(pattern), nil
	}
	c := &capture{header: make(http.Header)}
	handler.ServeHTTP(c, r)
	if c.status == http.StatusMethodNotAllowed {
		a := httpProblem(c.status, r.Method+" is not allowed here")
		a.set("Allow", c.header.Get("Allow"))
		return "", a
	}
	return "", notFound("resource")
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
