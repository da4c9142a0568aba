// Package goapi finds what a change of the description means for Go code: which
// exported symbols change and whether that breaks callers (which
// golang.org/x/exp/apidiff decides), what no longer compiles, and which operation
// each method of cnaught.Client sends. It also drafts missing methods.
package goapi
