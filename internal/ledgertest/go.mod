module github.com/cnaught-go/cnaught/internal/ledgertest

go 1.25.0

require github.com/cnaught-go/cnaught v0.0.0

replace github.com/cnaught-go/cnaught => ../..
