package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Step is the part of the version number that a release with the change increases.
type Step string

// The steps of Semantic Versioning.
const (
	NoStep Step = "none"
	Patch  Step = "patch"
	Minor  Step = "minor"
	Major  Step = "major"
)

// Step returns the version step. It depends on the Go API, because the version of a
// Go module describes that API. The step is major if programs may no longer
// compile, minor if something is new or the vendor's API behaves differently, and
// patch if only texts changed.
func (r *Report) Step() Step {
	switch {
	case r.breaksGo() > 0:
		return Major
	case len(r.Changes) > 0 || len(r.Other) > 0:
		return Minor
	case r.Wording > 0:
		return Patch
	}
	return NoStep
}

var released = regexp.MustCompile(`(?m)^##\s*\[?v?(\d+\.\d+\.\d+)\]?`)

// NewestVersion returns the newest release in a changelog, without "v", or "" if
// there is none.
func NewestVersion(changelog string) string {
	if found := released.FindStringSubmatch(changelog); found != nil {
		return found[1]
	}
	return ""
}

// NextVersion applies a step to a version. Before 1.0.0, minor versions may break
// programs, so a major step increases the minor version.
func NextVersion(version string, step Step) string {
	var major, minor, patch int
	parts := strings.Split(version, ".")
	if len(parts) != 3 {
		return ""
	}
	for i, into := range []*int{&major, &minor, &patch} {
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return ""
		}
		*into = n
	}
	switch {
	case step == Major && major > 0:
		major, minor, patch = major+1, 0, 0
	case step == Major || step == Minor:
		minor, patch = minor+1, 0
	case step == Patch:
		patch++
	}
	return fmt.Sprintf("%d.%d.%d", major, minor, patch)
}

// stepLine returns a sentence about the version step.
func (r *Report) stepLine() string {
	step := r.Step()
	if step == NoStep {
		return "Version step: none."
	}
	line := fmt.Sprintf("Version step: **%s**", step)
	if next := NextVersion(r.Version, step); next != "" {
		line += fmt.Sprintf(" (%s becomes %s)", r.Version, next)
		if step == Major && strings.HasPrefix(r.Version, "0.") {
			line += "; before 1.0.0, a breaking change increases the minor version"
		}
	}
	return line + "."
}
