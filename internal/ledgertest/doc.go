// Package ledgertest tests package ledger on real databases: on SQLite, or on
// PostgreSQL if CNAUGHT_LEDGER_POSTGRES names a server (make test-postgres starts
// one). It is a module of its own, so that no program that imports the client
// inherits a driver.
//
// The ledger rests on twenty rules. Each has tests that fail without it, which
// cmd/mutants checks. The comments of the tests and the mutants have the numbers of
// the rules.
//
// [TestShop] runs a shop of several processes, which are killed with -9 while they
// buy through a bad network from an API that forgets keys, and compares three books
// at the end.
package ledgertest
