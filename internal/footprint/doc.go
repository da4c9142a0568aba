// Package footprint holds the client to what it adds to a program: bytes and
// dependencies.
package footprint
