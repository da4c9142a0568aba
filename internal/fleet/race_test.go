//go:build race

package fleet

// defaultClients is small here because the race detector makes the simulation
// some ten times slower.
const defaultClients = 100
