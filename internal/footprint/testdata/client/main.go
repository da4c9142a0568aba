// Command client makes one call with the client of package wrapper.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

func main() {
	client, err := cnaught.New(os.Getenv("CNAUGHT_API_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	session, err := client.GetCheckoutSession(context.Background(), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.State, session.CheckoutURL)
}
