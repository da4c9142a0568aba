//go:build !race

package cnaught

const defaultFleet = 250
