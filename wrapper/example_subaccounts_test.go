package cnaught_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func ExampleClient_UpdateSubaccount() {
	server := sandbox.New()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	created, err := client.CreateSubaccount(ctx, api.SubaccountCreate{Name: "Marketing Department", Email: "jane.doe@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	// ReplaceSubaccount with a name alone would erase the e-mail address.
	changed, err := client.UpdateSubaccount(ctx, created.ID, func(s *api.SubaccountUpdate) {
		s.Name = "Operations Department"
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(changed.Name, cnaught.Value(changed.Email))
	// Output: Operations Department jane.doe@example.com
}

func ExampleForSubaccount() {
	server := sandbox.New()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	marketing, err := client.CreateSubaccount(ctx, api.SubaccountCreate{Name: "Marketing Department"})
	if err != nil {
		log.Fatal(err)
	}
	order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10}, cnaught.ForSubaccount(marketing.ID))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cnaught.Value(order.SubaccountID) == marketing.ID)
	// Output: true
}

func ExampleClient_UploadSubaccountLogo() {
	server := sandbox.New()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	subaccount, err := client.CreateSubaccount(ctx, api.SubaccountCreate{Name: "Marketing Department"})
	if err != nil {
		log.Fatal(err)
	}
	svg := strings.NewReader(`<svg xmlns="http://www.w3.org/2000/svg"/>`) // or an *os.File
	subaccount, err = client.UploadSubaccountLogo(ctx, subaccount.ID, "image/svg+xml", svg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("has a logo:", !cnaught.IsNull(subaccount.LogoURL))
	// Output: has a logo: true
}
