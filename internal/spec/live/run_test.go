package live

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func TestSandboxAnswersAsDescribed(t *testing.T) {
	for name, cn := range map[string]*sandbox.Server{
		"filled":              filled(t),
		"new":                 sandbox.Run(t, sandbox.WithAPIKey(testKey)),
		"empty":               sandbox.Run(t, sandbox.WithAPIKey(testKey), sandbox.WithEmptyBooks()),
		"without subaccounts": sandbox.Run(t, sandbox.WithAPIKey(testKey), sandbox.WithoutSubaccounts()),
	} {
		t.Run(name, func(t *testing.T) {
			report := runAt(t, cn.URL())
			assert.Empty(t, report.Differences)
			assert.Empty(t, report.Stopped)
			assert.Zero(t, report.Unanswered())
			assert.Equal(t, ExitAsDescribed, report.ExitCode())
			t.Log(report.Markdown())
		})
	}
}

var _ = http.MethodGet
var _ = require.NoError
