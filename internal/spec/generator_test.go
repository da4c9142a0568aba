package spec

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// generate runs the commands in gen.go as go generate does, but without "go tool",
// which takes longer than the generator itself. If only members of schemas differ from
// the repository, it generates only package api, because the other files do not depend
// on them. With -all, it generates them too, and fails if they differ.
func generate(ctx context.Context, dir string) error {
	generator, err := findGenerator()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "gen.go"))
	if err != nil {
		return err
	}
	onlyMembers, commands := onlyMembersDiffer(dir), 0
	for line := range strings.Lines(string(text)) {
		arguments, is := strings.CutPrefix(line, "//go:generate "+generatorCommand+" ")
		if !is {
			continue
		}
		commands++
		if onlyMembers && !*all && !strings.Contains(arguments, " api/config.yaml ") {
			continue
		}
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
	if onlyMembers && !asInRepository(dir, otherGenerated...) {
		return fmt.Errorf("%q depend on members of schemas", otherGenerated)
	}
	return nil
}

const generatorCommand = "go tool -modfile=internal/tools/go.mod oapi-codegen"

// otherGenerated are the generated files without types of the API.
var otherGenerated = []string{
	"wrapper/operations.gen.go", "wrapper/sandbox/internal/server/server.gen.go", "wrapper/sandbox/internal/server/fallback.gen.go",
}

// onlyMembersDiffer reports whether the description in a copy differs from that of the
// repository only in the members of schemas, and nothing else that the generator reads
// or writes differs.
func onlyMembersDiffer(dir string) bool {
	same := append(otherGenerated[:3:3], "gen.go", overlayFile)
	for _, pattern := range []string{"api/*.yaml", "api/templates/*"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is valid
		for _, name := range names {
			same = append(same, strings.TrimPrefix(name, dir+string(filepath.Separator)))
		}
	}
	if !asInRepository(dir, same...) {
		return false
	}
	ours, err := os.ReadFile(filepath.Join("../..", descriptionFile))
	if err != nil {
		return false
	}
	theirs, err := os.ReadFile(filepath.Join(dir, descriptionFile))
	if err != nil {
		return false
	}
	before, err := tree.Parse(descriptionFile, ours)
	if err != nil {
		return false
	}
	after, err := tree.Parse(descriptionFile, theirs)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(tree.Diff(before, after), func(place tree.Path) bool {
		isMember := len(place) > 3 && place[0] == "components" && place[1] == "schemas" && (place[3] == "properties" || place[3] == "required")
		return !isMember
	})
}

// asInRepository reports whether files of a copy are the same as those of the repository.
func asInRepository(dir string, files ...string) bool {
	return !slices.ContainsFunc(files, func(name string) bool {
		ours, err := os.ReadFile(filepath.Join("../..", name))
		theirs, missing := os.ReadFile(filepath.Join(dir, name))
		return err != nil || missing != nil || !bytes.Equal(ours, theirs)
	})
}

// findGenerator builds the generator and returns its path in the build cache.
var findGenerator = sync.OnceValues(func() (string, error) {
	arguments := strings.Fields(strings.Replace(generatorCommand, "tool", "tool -n", 1))
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Dir = filepath.FromSlash("../..")
	output, err := command.Output()
	return strings.TrimSpace(string(output)), withOutput(err, nil)
})
