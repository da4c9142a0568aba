// Package bench measures the client against the same calls written by hand
// and against other clients: one call, a page of orders, and throughput. It is a
// module of its own, so that no user of the client inherits the other clients.
//
// Every peer gets the published example of a checkout session and must return
// the same value. The peer "hand" is what a careful person writes without a client:
// http.NewRequestWithContext, the headers Authorization and Accept,
// http.Client.Do, io.ReadAll, json.Unmarshal.
//
// "make bench" runs the benchmarks in turns, keeps their raw output in the
// folder results, and prints the table of ratios; "make bench-node" does the
// same for the vendor's Node SDK.
package bench
