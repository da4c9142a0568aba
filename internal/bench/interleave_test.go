package bench

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterleaveTakesTurns(t *testing.T) {
	fixed := func(perOp time.Duration) func(int) (time.Duration, error) {
		return func(n int) (time.Duration, error) { return time.Duration(n) * perOp, nil }
	}
	var out bytes.Buffer
	require.NoError(t, Interleave(&out, 3, Group{Slice: time.Millisecond, Batch: 100 * time.Microsecond, Subjects: []Subject{
		{Name: "A", Run: fixed(time.Microsecond)},
		{Name: "B", Run: fixed(10 * time.Microsecond)},
	}}))
	var order []string
	for line := range strings.Lines(out.String()) {
		f := strings.Fields(line)
		order = append(order, f[0][len("Benchmark"):len("Benchmark")+1]+" "+f[1]+" "+f[2]+" "+f[4])
	}
	require.Len(t, order, 6)
	for round := range 3 {
		assert.ElementsMatch(t, []string{"A 1000 1000.0 1000000", "B 100 10000.0 100000"}, order[2*round:2*round+2])
	}
}

func TestTurnsKeepSettingsTogether(t *testing.T) {
	subjects := []Subject{{Name: "A/client=x"}, {Name: "A/client=y"}, {Name: "B/client=x"}, {Name: "B/client=y"}}
	met := map[string]bool{}
	for range 1000 {
		order := turns(subjects)
		require.ElementsMatch(t, []int{0, 1, 2, 3}, order)
		require.Equal(t, order[0]/2, order[1]/2)
		met[fmt.Sprint(order)] = true
	}
	assert.Len(t, met, 8, "all orders that keep settings together occur")
}

func TestInterleaveStopsAtAnError(t *testing.T) {
	broken := errors.New("broken")
	err := Interleave(&bytes.Buffer{}, 1, Group{Subjects: []Subject{
		{Name: "A", Run: func(int) (time.Duration, error) { return 0, broken }},
	}})
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "A: ")
}
