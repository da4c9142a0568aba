package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/speakeasy-api/openapi/overlay/loader"
	"gopkg.in/yaml.v3"
)

// Validator validates requests against the description without the overlay. It
// validates answers against the description both without and with the overlay, which
// adds required members. It is safe for concurrent use.
type Validator struct {
	plain, overlaid *routed

	mu   sync.Mutex
	seen map[string]map[int]int
}

// routed is a description with the router that finds the operation of a request.
type routed struct {
	doc    *openapi3.T
	router routers.Router
}

// Operation is one operation of the description.
type Operation struct {
	*openapi3.Operation
	Method, Path string              // Path is a template
	Shared       openapi3.Parameters // the parameters of the path, for all its operations
}

// registerImages registers decoders for the images of logos, which are plain bytes.
// The library has one list of decoders for the whole process.
var registerImages = sync.OnceFunc(func() {
	for _, mediaType := range []string{"image/png", "image/jpeg", "image/webp", "image/svg+xml"} {
		openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.FileBodyDecoder)
	}
})

// Load reads openapi.yaml and api/overlay.yaml from the repository that contains the
// working directory.
func Load() (*Validator, error) {
	registerImages()
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "openapi.yaml"))
	if err != nil {
		return nil, err
	}
	v := &Validator{seen: make(map[string]map[int]int)}
	if v.plain, err = parse(text); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	if text, err = applyOverlay(text, filepath.Join(root, "api", "overlay.yaml")); err != nil {
		return nil, fmt.Errorf("api/overlay.yaml: %w", err)
	}
	if v.overlaid, err = parse(text); err != nil {
		return nil, fmt.Errorf("openapi.yaml with the overlay: %w", err)
	}
	return v, nil
}

func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "openapi.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no openapi.yaml in the working directory or above it")
		}
		dir = parent
	}
}

func applyOverlay(text []byte, file string) ([]byte, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, err
	}
	overlay, err := loader.LoadOverlay(file)
	if err != nil {
		return nil, err
	}
	if _, err := overlay.ApplyToStrict(&node); err != nil {
		return nil, err
	}
	return yaml.Marshal(&node)
}

func parse(text []byte) (*routed, error) {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: "/v1"}} // on any host
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	return &routed{doc, router}, nil
}

// Operations returns all operations of the description, sorted by operationId.
func (v *Validator) Operations() []Operation {
	var all []Operation
	for path, item := range v.plain.doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, Operation{op, method, path, item.Parameters})
		}
	}
	slices.SortFunc(all, func(a, b Operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return all
}

// Seen returns the statuses with which an operation was answered so far, sorted.
func (v *Validator) Seen(operationID string) []int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.seen[operationID]))
}

func (v *Validator) see(operationID string, status int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen[operationID] == nil {
		v.seen[operationID] = make(map[int]int)
	}
	v.seen[operationID][status]++
}

type wrongOnPurpose struct{}

// WrongOnPurpose marks a request that is invalid on purpose, so that only its answer
// is validated.
func WrongOnPurpose(ctx context.Context) context.Context {
	return context.WithValue(ctx, wrongOnPurpose{}, true)
}

// Transport returns a transport that sends requests through base and validates them
// and their answers. It calls report with each violation, and does not change the
// request or the answer.
func (v *Validator) Transport(base http.RoundTripper, report func(error)) http.RoundTripper {
	return &transport{v, base, report}
}

type transport struct {
	v      *Validator
	base   http.RoundTripper
	report func(error)
}

// RoundTrip sends a request and validates it together with its answer.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := drain(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := drain(resp.Body)
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer), failing{err}))
	if err == nil {
		if err := t.v.check(r, body, resp, answer); err != nil {
			t.report(fmt.Errorf("%s %s: %d: %w", r.Method, r.URL.Path, resp.StatusCode, err))
		}
	}
	return resp, nil
}

// failing is a reader that returns the error with which a body ended, or io.EOF.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

func drain(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(body)
}

// check validates one exchange.
func (v *Validator) check(r *http.Request, body []byte, resp *http.Response, answer []byte) error {
	plain, err := v.plain.input(r, body)
	if err != nil { // no operation has this path and method
		return errors.Join(
			expectStatus(resp, http.StatusNotFound, http.StatusMethodNotAllowed), v.checkProblem(resp, answer))
	}
	operation := plain.Route.Operation
	v.see(operation.OperationID, resp.StatusCode)
	if r.Method == http.MethodHead { // answers to HEAD have no body
		return nil
	}
	if r.Context().Value(wrongOnPurpose{}) == nil {
		if err := openapi3filter.ValidateRequest(r.Context(), plain); err != nil {
			return fmt.Errorf("request: %w", err)
		}
	}
	if operation.Responses.Status(resp.StatusCode) == nil && protocolStatus(resp.StatusCode) {
		return v.checkProblem(resp, answer)
	}
	overlaid, err := v.overlaid.input(r, body)
	if err != nil {
		return err
	}
	return errors.Join(
		validateAnswer(r.Context(), plain, resp, answer),
		validateAnswer(r.Context(), overlaid, resp, answer))
}

// protocolStatus reports whether any request may be answered with a status because of
// HTTP itself or a failure of the server.
func protocolStatus(status int) bool {
	switch status {
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

func (d *routed) input(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	in := r.Clone(r.Context())
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	route, params, err := d.router.FindRoute(in)
	if err != nil {
		return nil, err
	}
	return &openapi3filter.RequestValidationInput{
		Request: in, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			MultiError: true, IncludeResponseStatus: true, SkipSettingDefaults: true,
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}, nil
}

func validateAnswer(ctx context.Context, in *openapi3filter.RequestValidationInput, resp *http.Response, body []byte) error {
	if resp.StatusCode == http.StatusNoContent && len(body) > 0 {
		return errors.New("answer: 204 with a body")
	}
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: in.Options,
	})
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// checkProblem validates an answer that the operation does not declare, which has to
// be a problem document.
func (v *Validator) checkProblem(resp *http.Response, body []byte) error {
	if t := resp.Header.Get("Content-Type"); t != "application/problem+json" {
		return fmt.Errorf("answer: the media type %q is not that of a problem document", t)
	}
	var document any
	if err := yaml.Unmarshal(body, &document); err != nil { // JSON is YAML
		return fmt.Errorf("answer: %w", err)
	}
	if err := v.plain.doc.Components.Schemas["ProblemDetails"].Value.VisitJSON(document); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

func expectStatus(resp *http.Response, allowed ...int) error {
	if !slices.Contains(allowed, resp.StatusCode) {
		return errors.New("answer: the description has no such operation")
	}
	return nil
}

// CheckSchema validates decoded JSON against a component schema, both without and
// with the overlay.
func (v *Validator) CheckSchema(name string, document any) error {
	for _, d := range []*routed{v.plain, v.overlaid} {
		schema := d.doc.Components.Schemas[name]
		if schema == nil {
			return fmt.Errorf("the description has no schema %q", name)
		}
		if err := schema.Value.VisitJSON(document); err != nil {
			return err
		}
	}
	return nil
}
