// Package cnaught holds the description of the CNaught Carbon Credits API,
// openapi.yaml, and the commands that generate Go code from it. It has no code
// of its own: programs import the package wrapper.
//
// Run "go generate ./..." in this directory after a change to openapi.yaml, or
// to what is in the folder api: overlay.yaml (what Go needs of the description
// beyond what it says, each action with its reason), the configurations, and
// the templates.
package cnaught

//go:generate go tool -modfile=internal/tools/go.mod oapi-codegen -config api/config.yaml openapi.yaml
//go:generate go tool -modfile=internal/tools/go.mod oapi-codegen -config api/operations.yaml openapi.yaml
//go:generate go tool -modfile=internal/tools/go.mod oapi-codegen -config api/server.yaml openapi.yaml
//go:generate go tool -modfile=internal/tools/go.mod oapi-codegen -config api/fallback.yaml openapi.yaml
