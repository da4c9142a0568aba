// Package version says which version of the module a program is built with.
package version

import (
	"runtime/debug"
	"strings"
)

// UserAgent carries the module's version where the build knows it.
func UserAgent() string {
	const product = "cnaught-go"
	const module = "github.com/cnaught-go/cnaught"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return product
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return product + "/" + strings.TrimPrefix(m.Version, "v")
		}
	}
	return product
}
