package chaos

import (
	"slices"
	"sync"
)

// Ledger records what the callers were told, apart from the server's books.
type Ledger struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// entry is what one caller was told in the end.
type entry struct {
	told      map[string]bool // ids of records that the caller knows of
	uncertain bool            // told that it may or may not have happened
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{entries: make(map[string]*entry)} }

func (l *Ledger) update(call string, change func(*entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[call]
	if e == nil {
		e = &entry{told: make(map[string]bool)}
		l.entries[call] = e
	}
	change(e)
}

// Success notes that the caller was told of a record.
func (l *Ledger) Success(call, id string) { l.update(call, func(e *entry) { e.told[id] = true }) }

// Failure notes that the caller was told that nothing happened.
func (l *Ledger) Failure(call string) { l.update(call, func(*entry) {}) }

// Uncertain notes that the caller was told that the outcome is unknown, and can't
// settle it.
func (l *Ledger) Uncertain(call string) { l.update(call, func(e *entry) { e.uncertain = true }) }

// Findings has the calls for which the promise was broken.
type Findings struct {
	Twice   []string // calls with more than one record
	Unknown []string // calls with a record that the caller was not told of
	Missing []string // calls whose caller was told of a record that is not there
}

// All returns the calls of all findings, each once.
func (f Findings) All() []string {
	all := slices.Concat(f.Twice, f.Unknown, f.Missing)
	slices.Sort(all)
	return slices.Compact(all)
}

// Audit compares the ids in the books, by call, with what the callers were
// told.
func (l *Ledger) Audit(books map[string][]string) Findings {
	l.mu.Lock()
	defer l.mu.Unlock()
	var f Findings
	for call, ids := range books {
		if len(ids) > 1 {
			f.Twice = append(f.Twice, call)
		}
		e := l.entries[call]
		if e == nil {
			e = new(entry)
		}
		for _, id := range ids {
			if !e.told[id] && !e.uncertain {
				f.Unknown = append(f.Unknown, call)
				break
			}
		}
	}
	for call, e := range l.entries {
		for id := range e.told {
			if !slices.Contains(books[call], id) {
				f.Missing = append(f.Missing, call)
				break
			}
		}
	}
	for _, calls := range [][]string{f.Twice, f.Unknown, f.Missing} {
		slices.Sort(calls)
	}
	return f
}
