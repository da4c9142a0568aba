//go:build !race

package fleet

const defaultClients = 250
