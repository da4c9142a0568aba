package source

import (
	"bytes"
	"context"
	"fmt"
	"regexp"

	"github.com/speakeasy-api/openapi/openapi"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/apichange"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// Version is what older descriptions are read as.
const Version = "3.1.0"

var (
	current = regexp.MustCompile(`^3\.1(\.\d+)?$`)
	older   = regexp.MustCompile(`^3\.0(\.\d+)?$`)
)

// OpenAPI 3.0 and 3.1 look almost the same and do not mean the same: 3.0 says
// "nullable: true" where 3.1 says "type: [string, 'null']", and a reader of 3.1
// ignores the former. The translation itself is speakeasy-api/openapi's.

// to31 returns a description as OpenAPI 3.1, and the version that it was in if
// it is another one now. Anything but 3.0 and 3.1 is an error.
func to31(name string, root *yaml.Node) (upgraded *yaml.Node, from string, err error) {
	switch version := tree.Text(root, "openapi"); {
	case version == "":
		return nil, "", fmt.Errorf("%s is not an OpenAPI description: it has no openapi member", name)
	case current.MatchString(version):
		return root, "", nil
	case older.MatchString(version):
		upgraded, err = from30(name, root)
		return upgraded, version, err
	default:
		return nil, "", fmt.Errorf("%s is OpenAPI %s; this project reads 3.1 and 3.0", name, version)
	}
}

func from30(name string, root *yaml.Node) (*yaml.Node, error) {
	data, err := tree.Format(root, nil)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	// What is not valid might get lost on the way. The translator's own check
	// would take 3.0's "exclusiveMinimum: true" for a mistake.
	if err := apichange.Validate(name, data); err != nil {
		return nil, err
	}
	document, _, err := openapi.Unmarshal(ctx, bytes.NewReader(data), openapi.WithSkipValidation())
	if err == nil {
		_, err = openapi.Upgrade(ctx, document, openapi.WithUpgradeTargetVersion(Version))
	}
	var out bytes.Buffer
	if err == nil {
		err = openapi.Marshal(ctx, document, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be read as OpenAPI %s: %w", name, Version, err)
	}
	upgraded, err := tree.Parse("the description as "+Version, out.Bytes())
	if err == nil {
		unwrap(upgraded)
	}
	return upgraded, err
}

// unwrap writes what may be null as people do in 3.1. In 3.0 nothing may stand
// beside a $ref, so that one that may be null is the one part of an allOf; the
// translator keeps it.
func unwrap(n *yaml.Node) {
	for _, child := range n.Content {
		unwrap(child)
	}
	choice := tree.Get(n, "oneOf")
	if choice == nil || choice.Kind != yaml.SequenceNode || len(choice.Content) != 2 {
		return
	}
	one, null := choice.Content[0], tree.Get(choice.Content[1], "type")
	if null == nil || null.Kind != yaml.SequenceNode || len(null.Content) != 1 || null.Content[0].Value != "null" {
		return
	}
	tree.Set(choice.Content[1], "type", tree.String("null"))
	if parts := tree.Get(one, "allOf"); parts != nil && len(parts.Content) == 1 {
		for key, value := range tree.Pairs(one) {
			if key != "allOf" { // such as the description
				tree.Set(n, key, value)
			}
		}
		choice.Content[0] = parts.Content[0]
	}
}
