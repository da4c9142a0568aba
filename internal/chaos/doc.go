// Package chaos checks the promise "never pay twice, never lose an order" where
// it is hard to keep: on a network and with a server that fail in every third
// exchange and more.
//
// Callers in 64 goroutines buy through the real client, over TCP. Between them
// and a sandbox, which keeps the books and honours idempotency keys as the API
// does, stands a [Proxy] that injects faults of every kind before, while and
// after the server acts. Some callers lose patience and cancel, some die in
// the middle of a call; what they began is settled later by its key, also by
// a new client, as after a restart.
//
// At the end an [Audit] compares the sandbox's books with what the callers were
// told. Nothing may be there twice, nothing may be there that its caller does
// not know of, and nobody may have been told of a success that is not there.
//
//	go test ./internal/chaos -run TestChaos -v -chaos.orders=10000
//
// The seed decides the fault of each call's n-th request and how each caller
// behaves; the scheduler decides what runs into what.
package chaos
