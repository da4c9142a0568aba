package merge

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/source"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// OtherAPIError says that a description is not one of our API, so that taking
// it would throw the client away.
type OtherAPIError struct {
	Name   string
	Reason string
}

func (e *OtherAPIError) Error() string {
	return fmt.Sprintf("%s describes another API: %s", e.Name, e.Reason)
}

// sameAPI accepts a description that names one of our hosts and, beyond that,
// has our title or at least one of our paths; a whole file needs one of our
// paths, since it replaces them all. Title, base path and paths may each
// change with a new version, but not all at once.
func sameAPI(ours *yaml.Node, document source.Document, whole bool) error {
	refuse := func(format string, args ...any) error {
		return &OtherAPIError{Name: document.Name, Reason: fmt.Sprintf(format, args...)}
	}
	theirs := document.Root
	ourHosts, theirHosts := hosts(ours), hosts(theirs)
	if !slices.ContainsFunc(theirHosts, func(host string) bool { return slices.Contains(ourHosts, host) }) {
		return refuse("its servers are %s, ours are %s", list(theirHosts), list(ourHosts))
	}
	shared := sharesPath(ours, theirs)
	if whole && !shared {
		return refuse("it has none of our paths")
	}
	ourTitle, title := tree.Text(ours, "info", "title"), tree.Text(theirs, "info", "title")
	if !shared && title != ourTitle {
		return refuse("its title is %q, ours is %q, and it has none of our paths", title, ourTitle)
	}
	return nil
}

func hosts(root *yaml.Node) []string {
	var out []string
	servers := tree.Get(root, "servers")
	if servers == nil {
		return nil
	}
	for _, server := range servers.Content {
		if address, err := url.Parse(tree.Text(server, "url")); err == nil && address.Host != "" {
			out = append(out, strings.ToLower(address.Host))
		}
	}
	return out
}

func list(names []string) string {
	if len(names) == 0 {
		return "not named"
	}
	return strings.Join(names, ", ")
}

func sharesPath(ours, theirs *yaml.Node) bool {
	for path := range tree.Pairs(tree.Get(theirs, "paths")) {
		if tree.Get(ours, "paths", path) != nil {
			return true
		}
	}
	return false
}
