// Package chaos checks the promise "never pay twice, never lose an order" where it is
// hard to keep: with a network and a server that fail in at least every third
// exchange.
//
// Callers in 64 goroutines buy through the real client, over TCP. Between them
// and a sandbox, which keeps the books and honours idempotency keys as the API
// does, stands a [Proxy] that injects faults of every kind before, while and after
// the server acts. Some callers lose patience and cancel, and some die in the middle
// of a call. What they began is settled later by its key, in part by a new client, as
// after a restart.
//
// At the end, [Ledger.Audit] compares the sandbox's books with what the callers were
// told. No call may have left two records, or a record that its caller does not know
// of, and no caller may have been told of a record that does not exist.
//
//	go test ./internal/chaos -run TestChaos -v -chaos.orders=10000
//
// The seed decides the fault of each call's n-th request and how each caller
// behaves; the scheduler decides what runs into what.
package chaos
