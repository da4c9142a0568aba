package cnaught_test

import (
	"context"
	"fmt"
	"log"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func ExampleClient_GetProject() {
	server := sandbox.New()
	defer server.Close()

	project, err := server.Client().GetProject(context.Background(), "I0UbDH")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(project.Name+",", cnaught.ValueOr(project.LocationName, "somewhere"))
	for _, issuance := range project.CreditIssuances {
		fmt.Println(issuance.VintageYear, issuance.TotalAmount)
	}
	// Output:
	// Sandbox Project A, Pacific Northwest, USA
	// 2022 5000
	// 2023 7500
	// 2024 10000
}

func ExampleClient_GetProjectCategory() {
	server := sandbox.New()
	defer server.Close()

	category, err := server.Client().GetProjectCategory(context.Background(), "hkgyn3")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(category.Name, len(category.Projects))
	// Output: Sandbox Project Category A 1
}

func ExampleClient_GetImpactHostedPageConfig() {
	server := sandbox.New()
	defer server.Close()

	page, err := server.Client().GetImpactHostedPageConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Enabled, page.EnabledEquivalents)
	// Output: true [cars homes flights trees]
}
