package main

import (
	"fmt"
	"time"
)

// table runs steps and prints one line after each. After the first failure, it runs no
// more steps.
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
	fmt.Printf("  %-18s %-9s %s\n", name, time.Since(started).Round(100*time.Microsecond), text)
}

func (t *table) end() error {
	if t.err == nil {
		fmt.Printf("\nDone in %v.\n", time.Since(t.started).Round(time.Millisecond))
	}
	return t.err
}
