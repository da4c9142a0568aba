//go:build race

package cnaught

// The race detector makes the simulation some ten times slower.
const defaultFleet = 100
