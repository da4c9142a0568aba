package contract

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// generate runs the generator, in the version that the project pins, with one of
// our configurations, which can be changed before. It returns the code.
func generate(t *testing.T, name, input string, change func(config map[string]any)) string {
	t.Helper()
	config := document(t, readFile(t, root+"/api/"+name))
	folder := t.TempDir()
	out := filepath.Join(folder, "out.go")
	config["output"] = out
	change(config)
	data, err := yaml.Marshal(config)
	require.NoError(t, err)
	file := filepath.Join(folder, "config.yaml")
	require.NoError(t, os.WriteFile(file, data, 0o600))

	generator, err := findGenerator()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), generator, "-config", file, input)
	cmd.Dir = filepath.FromSlash(root) // the paths of the templates and the overlay are relative to it
	message, err := cmd.CombinedOutput()
	require.NoError(t, err, string(message))
	return string(readFile(t, out))
}

// findGenerator builds the generator that gen.go names, and returns its path in the
// build cache.
var findGenerator = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "tool", "-n", "-modfile=internal/tools/go.mod", "oapi-codegen")
	cmd.Dir = filepath.FromSlash(root)
	path, err := cmd.Output()
	return strings.TrimSpace(string(path)), err
})

func document(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal(data, &doc))
	return doc
}

func TestGeneratedCodeIsCurrent(t *testing.T) {
	for config, file := range map[string]string{
		"config.yaml":     "api/api.gen.go",
		"operations.yaml": "wrapper/operations.gen.go",
		"server.yaml":     "wrapper/sandbox/internal/server/server.gen.go",
		"fallback.yaml":   "wrapper/sandbox/internal/server/fallback.gen.go",
	} {
		t.Run(config, func(t *testing.T) {
			if generate(t, config, "openapi.yaml", func(map[string]any) {}) != string(readFile(t, root+"/"+file)) {
				t.Errorf("%s is not what openapi.yaml and the folder api say; run go generate ./...", file)
			}
		})
	}
}

// If these options differed between the configurations, the generated files would not
// compile together.
func TestConfigurationsAgree(t *testing.T) {
	var first map[string]any
	for _, name := range []string{"config", "operations", "server", "fallback"} {
		config := document(t, readFile(t, root+"/api/"+name+".yaml"))
		options := config["output-options"].(map[string]any)
		delete(options, "user-templates")
		shared := map[string]any{"output-options": options, "compatibility": config["compatibility"]}
		if first == nil {
			first = shared
		}
		assert.Equal(t, first, shared, name)
	}
}

const newOperations = `
openapi: 3.1.0
info: {title: New operations, version: v1}
paths:
  /one/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: Idempotency-Key, in: header, schema: {type: string}}
    post:
      operationId: HasExamples
      responses:
        '200':
          description: OK
          content:
            application/json:
              schema: {type: object}
              examples:
                B: {value: {name: second}}
                A: {value: {name: first}}
        '201':
          description: Not the first
          content: {application/json: {schema: {type: object}, example: {name: third}}}
  /two:
    get:
      operationId: hasExample
      x-retry: unsafe
      responses:
        default: {description: Error}
        '404': {description: Not found}
        '202':
          description: OK
          content: {application/json: {schema: {type: object}, example: {name: "quoted \"name\""}}}
    put:
      operationId: HasNoExample
      x-retry: nonsense
      responses:
        '200': {description: OK, content: {application/json: {schema: {type: object}}}}
    delete:
      operationId: HasNoContent
      deprecated: true
      parameters:
        - {name: X-Subaccount-Id, in: header, schema: {type: string}}
      responses:
        '204': {description: OK}
    patch:
      operationId: HasNoSuccess
      x-retry: keyed
      responses:
        '400': {description: Bad}
    options:
      operationId: HasText
      x-retry: safe
      responses:
        '200': {description: OK, content: {text/plain: {schema: {type: string}, example: text}}}
`

func withoutOverlay(config map[string]any) {
	delete(config["output-options"].(map[string]any), "overlay")
}

// New operations are added to the table and answered by the sandbox without manual
// changes.
func TestNewOperations(t *testing.T) {
	input := filepath.Join(t.TempDir(), "openapi.yaml")
	require.NoError(t, os.WriteFile(input, []byte(newOperations), 0o600))

	fallback := generate(t, "fallback.yaml", input, withoutOverlay)
	for method, answer := range map[string]string{
		"HasExamples":  `writeExample(w, 200, "{\"value\":{\"name\":\"first\"}}")`,
		"HasExample":   `writeExample(w, 202, "{\"example\":{\"name\":\"quoted \\\"name\\\"\"},\"schema\":{\"type\":\"object\"}}")`,
		"HasNoExample": `writeNotImplemented(w, "HasNoExample")`,
		"HasNoContent": `w.WriteHeader(204)`,
		"HasNoSuccess": `writeNotImplemented(w, "HasNoSuccess")`,
		"HasText":      `writeNotImplemented(w, "HasText")`,
	} {
		assert.Regexp(t, `func \(Fallback\) `+method+`\(.*\) \{\n\t`+regexp.QuoteMeta(answer)+`\n\}`, fallback)
	}

	table := generate(t, "operations.yaml", input, withoutOverlay)
	for _, entry := range []string{
		"var opHasExamples = newOperation(api.HasExamplesResponse{}.JSON200, endpoint{\n" +
			"\tID: \"HasExamples\", Method: http.MethodPost, Path: \"/one/{id}\",\n" +
			"\tRetry: retryUnset, IdempotencyKey: true, Subaccount: false,\n})",
		"var opHasExample = newOperation(api.HasExampleResponse{}.JSON202, endpoint{\n" +
			"\tID: \"hasExample\", Method: http.MethodGet, Path: \"/two\",\n" +
			"\tRetry: retryUnsafe, IdempotencyKey: false, Subaccount: false,\n})",
		"var opHasNoExample = newOperation(api.HasNoExampleResponse{}.JSON200, endpoint{\n" +
			"\tID: \"HasNoExample\", Method: http.MethodPut, Path: \"/two\",\n" +
			"\tRetry: retryUnset, IdempotencyKey: false, Subaccount: false,\n})",
		"var opHasNoContent = newOperation[none](nil, endpoint{\n" +
			"\tID: \"HasNoContent\", Method: http.MethodDelete, Path: \"/two\",\n" +
			"\tRetry: retryUnset, IdempotencyKey: false, Subaccount: true,\n})",
		"var opHasNoSuccess = newOperation[none](nil, endpoint{\n" +
			"\tID: \"HasNoSuccess\", Method: http.MethodPatch, Path: \"/two\",\n" +
			"\tRetry: retryKeyed, IdempotencyKey: false, Subaccount: false,\n})",
		"var opHasText = newOperation[opaque](nil, endpoint{\n" +
			"\tID: \"HasText\", Method: http.MethodOptions, Path: \"/two\",\n" +
			"\tRetry: retrySafe, IdempotencyKey: false, Subaccount: false,\n})",
	} {
		assert.Contains(t, table, entry)
	}
}
