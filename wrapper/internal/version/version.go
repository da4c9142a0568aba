// Package version provides the version of the module in the running program.
package version

import (
	"runtime/debug"
	"strings"
)

// UserAgent returns the value of the User-Agent header, with the version of the module
// if the build information contains it.
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
