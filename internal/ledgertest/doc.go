// Package ledgertest tests package ledger on real databases: SQLite by itself,
// and PostgreSQL where CNAUGHT_LEDGER_POSTGRES names a server (make
// test-postgres starts one). It is a module of its own, so that no program that
// imports the client inherits a driver.
//
// Each rule that the ledger rests on has a test that fails without the rule.
// [TestShop] runs a shop of several processes, which are killed with -9 while
// they buy through a bad network from an API that forgets keys, and compares
// three books at the end.
package ledgertest
