// Package footprint bounds the bytes and the dependencies that the client adds to a
// program.
package footprint
