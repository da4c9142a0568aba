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

// OtherAPIError reports that a description is that of another API, so that adopting
// it would destroy the client.
type OtherAPIError struct {
	Name   string
	Reason string
}

func (e *OtherAPIError) Error() string {
	return fmt.Sprintf("%s describes another API: %s", e.Name, e.Reason)
}

// sameAPI returns an OtherAPIError unless a description has one of our hosts and, in
// addition, our title or one of our paths. A whole file needs one of our paths,
// because it replaces all of them. The title, the base path and the paths can change
// in a new version, but not all of them at once.
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
