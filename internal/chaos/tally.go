package chaos

import "sync"

// Tally counts exchanges by their faults.
type Tally struct {
	mu       sync.Mutex
	kinds    map[Kind]int
	statuses map[int]int // of the server's own answers that reached the client
}

func newTally() *Tally { return &Tally{kinds: make(map[Kind]int), statuses: make(map[int]int)} }

func (t *Tally) struck(kind Kind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kinds[kind]++
}

func (t *Tally) answered(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.statuses[status]++
}

// Exchanges returns the number of exchanges, including refused connections.
func (t *Tally) Exchanges() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, count := range t.kinds {
		n += count
	}
	return n
}

// Count returns the number of exchanges with this fault.
func (t *Tally) Count(kind Kind) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kinds[kind]
}

// Answers returns the number of the server's own answers with this status that
// reached the client.
func (t *Tally) Answers(status int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.statuses[status]
}

// Faulty returns the share of exchanges with a fault.
func (t *Tally) Faulty() float64 {
	return 1 - float64(t.Count(None))/float64(t.Exchanges())
}
