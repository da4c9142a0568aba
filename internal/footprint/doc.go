// Package footprint limits what the client adds to a program, in bytes and in
// dependencies.
package footprint
