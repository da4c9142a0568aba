package release

import (
	"io/fs"
	"os"
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDependabotKnowsEveryManifest finds what names dependencies in the whole
// repository.
func TestDependabotKnowsEveryManifest(t *testing.T) {
	ecosystems := map[string]string{"go.mod": "gomod", "package.json": "npm", "Dockerfile": "docker"}
	want := map[string][]string{"github-actions": {"/"}}
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return fs.SkipDir
		}
		if ecosystem := ecosystems[entry.Name()]; ecosystem != "" {
			want[ecosystem] = append(want[ecosystem], path.Join("/", path.Dir(name)))
		}
		return nil
	}))
	require.GreaterOrEqual(t, len(want["gomod"]), 7)
	require.GreaterOrEqual(t, len(want["npm"]), 2)

	var config struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directories []string
		}
	}
	readYAML(t, ".github/dependabot.yml", &config)
	listed := map[string][]string{}
	for _, u := range config.Updates {
		listed[u.Ecosystem] = append(listed[u.Ecosystem], u.Directories...)
	}
	assert.Len(t, listed, len(want))
	for ecosystem, folders := range want {
		assert.ElementsMatch(t, folders, listed[ecosystem], ecosystem)
	}
}
