package sandbox

import (
	"net/http"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/cnaught-go/cnaught/internal/server"
)

// basePath is where the API begins, on the sandbox as on the real host.
const basePath = "/v1"

// opUploadLogo is the one operation whose body is not JSON.
const opUploadLogo = "UpdateSubaccountLogoFromUpload"

// router knows the operations of the API description. It collects them from
// the generated code, so that one which a new description adds is served,
// logged and open to faults by its name at once.
type router struct {
	mux      *http.ServeMux
	patterns map[string]string // pattern -> operationId
	names    []string
}

func newRouter(operations server.ServerInterface) *router {
	rt := &router{mux: http.NewServeMux(), patterns: make(map[string]string)}
	server.HandlerWithOptions(operations, server.StdHTTPServerOptions{
		BaseURL:          basePath,
		BaseRouter:       rt,
		ErrorHandlerFunc: refuseParameter,
	})
	slices.Sort(rt.names)
	return rt
}

// HandleFunc is called by the generated code for each operation. The handler
// is a method of the generated wrapper, named after the operationId; only
// there does generated code hold the name.
func (rt *router) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	name := runtime.FuncForPC(reflect.ValueOf(handler).Pointer()).Name()
	name = strings.TrimSuffix(name[strings.LastIndexByte(name, '.')+1:], "-fm")
	name = strings.Replace(name, "ByID", "ById", 1) // Go's spelling -> the API's
	rt.patterns[pattern] = name
	rt.names = append(rt.names, name)
	rt.mux.HandleFunc(pattern, handler)
}

// ServeHTTP completes the interface that the generated code asks for.
func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.mux.ServeHTTP(w, r) }

// route finds the operationId that the request is for, or says why there is
// none.
func (rt *router) route(r *http.Request) (operation string, refusal *answer) {
	escaped := r.URL.EscapedPath()
	if path.Clean(escaped) != escaped { // the mux would redirect to another path
		return "", notFound("resource")
	}
	handler, pattern := rt.mux.Handler(r)
	if pattern != "" {
		return rt.patterns[pattern], nil
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

// refuseParameter answers for a parameter that the generated code can't read.
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
