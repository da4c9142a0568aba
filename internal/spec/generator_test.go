package spec

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// generate runs the commands in gen.go as go generate does, but without "go tool",
// which takes longer than the generator itself.
func generate(ctx context.Context, dir string) error {
	generator, err := findGenerator()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "gen.go"))
	if err != nil {
		return err
	}
	commands := 0
	for line := range strings.Lines(string(text)) {
		arguments, is := strings.CutPrefix(line, "//go:generate "+generatorCommand+" ")
		if !is {
			continue
		}
		commands++
		command := exec.CommandContext(ctx, generator, strings.Fields(arguments)...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GOGC=off")
		if output, err := command.CombinedOutput(); err != nil {
			return withOutput(err, output)
		}
	}
	if commands == 0 {
		return fmt.Errorf("gen.go has no line with %q", generatorCommand)
	}
	return nil
}

const generatorCommand = "go tool -modfile=internal/tools/go.mod oapi-codegen"

// findGenerator builds the generator and returns its path in the build cache.
var findGenerator = sync.OnceValues(func() (string, error) {
	arguments := strings.Fields(strings.Replace(generatorCommand, "tool", "tool -n", 1))
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Dir = filepath.FromSlash("../..")
	output, err := command.Output()
	return strings.TrimSpace(string(output)), withOutput(err, nil)
})
