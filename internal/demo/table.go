package main

import (
	"fmt"
	"time"
)

// table prints one line for each step as it ends, and stops at the first
// failure.
type table struct {
	started time.Time
	err     error
}

func newTable(title string) *table {
	fmt.Printf("%s\n\n", title)
	return &table{started: time.Now()}
}

func (t *table) step(name string, do func() (string, error)) {
	if t.err != nil {
		return
	}
	started := time.Now()
	text, err := do()
	if err != nil {
		t.err = fmt.Errorf("%s: %w", name, err)
		return
	}
	fmt.Printf("  %-17s %-9s %s\n", name, time.Since(started).Round(100*time.Microsecond), text)
}

func (t *table) end() error {
	if t.err == nil {
		fmt.Printf("\nDone in %v.\n", time.Since(t.started).Round(time.Millisecond))
	}
	return t.err
}
