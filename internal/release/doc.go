// Package release holds the tests of what a release is made of: the binaries and
// the image of cnaught-sandbox, the workflow that publishes them, and the list of
// what is kept up to date.
package release
