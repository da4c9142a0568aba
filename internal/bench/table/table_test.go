package table

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In the second round of these lines, the machine was nine times slower.
const lines = `goos: linux
command: make bench
BenchmarkCall/client=hand-2  100  1000 ns/op  900 calls/s  10 allocs/op
BenchmarkCall/client=cnaught-2  100  1100 ns/op  900 calls/s  13 allocs/op
BenchmarkCall/client=cnaught-2  100  9900 ns/op  100 calls/s  13 allocs/op
BenchmarkCall/client=hand-2  100  9000 ns/op  100 calls/s  10 allocs/op
BenchmarkCall/client=hand-2  100  1000 ns/op  900 calls/s  10 allocs/op
BenchmarkPage/length=known/client=hand-2  1  2000000 ns/op
BenchmarkPage/length=known/client=cnaught-2  1  2200000 ns/op
BenchmarkThroughput/goroutines=8/client=hand-2  1  100 ns/op  1000 calls/s  5 allocs/op
BenchmarkThroughput/goroutines=8/client=cnaught-2  1  100 ns/op  940 calls/s  5 allocs/op
BenchmarkNode/server=within/goroutines=8/client=node-sdk-2  1  100 ns/op  1000 calls/s
BenchmarkNode/server=within/goroutines=8/client=cnaught-2  1  100 ns/op  4900 calls/s
`

func read(t *testing.T, text string) *Table {
	t.Helper()
	table, err := Read(strings.NewReader(text), "test")
	require.NoError(t, err)
	return table
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	require.NoError(t, read(t, lines).WriteMarkdown(&b))
	want := `| Benchmark | Client | Time per call | Ratio | Bytes | Ratio | Allocations | Ratio |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
| Call | hand | 1.000µs ± ∞ | 1.00 | - | - | 10 | 1.00 |
| Call | cnaught | 5.500µs ± ∞ | 1.10 | - | - | 13 | 1.30 |
| Page/length=known | hand | 2.000ms ± ∞ | 1.00 | - | - | - | - |
| Page/length=known | cnaught | 2.200ms ± ∞ | 1.10 | - | - | - | - |

| Benchmark | Client | Calls per second | Ratio |
| --- | --- | ---: | ---: |
| Throughput/goroutines=8 | hand | 1000 ± ∞ | 1.00 |
| Throughput/goroutines=8 | cnaught | 940 ± ∞ | 0.94 |
| Node/server=within/goroutines=8 | node-sdk | 1000 ± ∞ | 1.00 |
| Node/server=within/goroutines=8 | cnaught | 4900 ± ∞ | 4.90 |
`
	assert.Equal(t, want, b.String())
}

func TestBounds(t *testing.T) {
	assert.Equal(t, []string{
		"Node/server=apart/goroutines=1 calls/s: not measured",
		"Node/server=apart/goroutines=8 calls/s: not measured",
		"Node/server=apart/goroutines=64 calls/s: not measured",
		"Call allocs/op: 1.300 times the baseline, at most 1.25",
		"Page/length=known sec/op: 1.100 times the baseline, at most 1.05",
		"Throughput/goroutines=8 calls/s: 0.940 times the baseline, at least 0.95",
		"Node/server=within/goroutines=8 calls/s: 4.900 times the baseline, at least 5.00",
	}, read(t, lines).Broken())
	assert.Equal(t, []string{"Call sec/op: not measured", "Call allocs/op: not measured"},
		read(t, "BenchmarkCall/client=cnaught-2  1  5 ns/op\n").Broken(), "without a baseline")
	assert.Equal(t, []string{"Call sec/op: not measured", "Call allocs/op: not measured"},
		read(t, "BenchmarkCall/client=openai-go-2  1  5 ns/op\n").Broken(), "the figures of a peer are not those of the client")
	assert.Empty(t, read(t, "BenchmarkOther/client=hand-2  1  5 ns/op\n").Broken())
}

func TestReadRefusesOtherBenchmarks(t *testing.T) {
	_, err := Read(strings.NewReader("BenchmarkOther-2  1  5 ns/op\n"), "file.txt")
	assert.ErrorContains(t, err, "file.txt")
	_, err = Read(strings.NewReader("BenchmarkCall/client=hand x\n"), "file.txt")
	assert.ErrorContains(t, err, "file.txt")
}
