// Package upgrade converts descriptions of OpenAPI 3.0 to 3.1. It is a package of its
// own, because its converter takes long to compile.
package upgrade

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

// Version is the version of OpenAPI to which older descriptions are converted.
const Version = "3.1.0"

var (
	current = regexp.MustCompile(`^3\.1(\.\d+)?$`)
	older   = regexp.MustCompile(`^3\.0(\.\d+)?$`)
)

// To31 returns a description as OpenAPI 3.1, and its original version if that was
// 3.0. It returns an error for other versions.
//
// The two versions look alike but differ in meaning. For instance, 3.0 has "nullable:
// true", which a reader of 3.1 ignores, and 3.1 has "type: [string, 'null']". The
// conversion is that of speakeasy-api/openapi.
func To31(name string, root *yaml.Node) (upgraded *yaml.Node, from string, err error) {
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
	// The conversion may lose parts that are not valid. The converter's own validation
	// would refuse "exclusiveMinimum: true", which is valid in 3.0.
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
		return nil, fmt.Errorf("%s cannot be converted to OpenAPI %s: %w", name, Version, err)
	}
	upgraded, err := tree.Parse("the description as "+Version, out.Bytes())
	if err == nil {
		unwrap(upgraded)
	}
	return upgraded, err
}

// unwrap simplifies schemas that may be null. In 3.0, a $ref cannot have "nullable"
// next to it, so it is written as the only part of an allOf. The converter keeps that
// allOf, and unwrap removes it.
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
