// Package fleet shows what the retries of many clients at once do to a server
// that fails and comes back. The clients are real; the time and the server are
// simulated.
package fleet
