// Command checkout-shop is a small web shop for carbon credits. A customer chooses
// kilograms, pays on CNaught's checkout page, and comes back to the order and its
// certificate. The shop buys a tenth on top.
//
// The process may be killed at any time; there is no other way to end it. What it
// has to know is in SQLite before it is needed: the cart before it has a checkout session,
// the session before the customer sees its page, and the shop's own purchase in the
// transaction that books the customer's.
//
//	CNAUGHT_API_KEY=... checkout-shop -url https://shop.example
//	checkout-shop -sandbox 127.0.0.1:8765
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where the shop listens")
	url := flag.String("url", "", "where customers and CNaught reach the shop (default http:// and its address)")
	file := flag.String("db", "shop.db", "the SQLite file")
	own := flag.String("sandbox", "", "the address of a sandbox in this process, in place of CNAUGHT_API_KEY")
	flag.Parse()

	client, err := newClient(*own, *file+".sandbox")
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	*url = cmp.Or(*url, "http://"+listener.Addr().String())
	s, err := openShop(*file, *url, client)
	if err != nil {
		log.Fatal(err)
	}
	go s.books.Run(context.Background())
	go s.settleAll(context.Background())
	fmt.Printf("The shop is at %s/\n", *url)
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

// newClient returns a client for the API or, at the address that it is given, for a
// sandbox in this process with its books in a file.
func newClient(addr, file string) (*cnaught.Client, error) {
	if addr == "" {
		return cnaught.NewFromEnv()
	}
	server, err := sandbox.Open(sandbox.WithAddr(addr), sandbox.WithStateFile(file), sandbox.WithFulfillAfter(10*time.Second))
	if err != nil {
		return nil, err
	}
	return server.Client(), nil
}
