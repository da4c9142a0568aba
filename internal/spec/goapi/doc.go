// Package goapi knows the Go side of a description: which exported symbols a
// change touches (the judgement of what breaks callers is
// golang.org/x/exp/apidiff's), what no longer compiles, which operation each
// method of cnaught.Client sends, and what a missing method could look like.
package goapi
