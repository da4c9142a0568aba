package table

import (
	"fmt"
	"slices"
	"strings"
)

// bound is what the project promises of its own client.
type bound struct {
	setting string
	unit    string
	atMost  float64 // of the ratio to the baseline; 0 for none
	atLeast float64
}

var bounds = []bound{
	{setting: "Call", unit: unitTime, atMost: 1.10},
	{setting: "Call", unit: unitAllocs, atMost: 1.25},
	{setting: "Page/", unit: unitTime, atMost: 1.05},
	{setting: "Throughput/", unit: unitRate, atLeast: 0.95},
	{setting: "Node/server=within/", unit: unitRate, atLeast: 5},
	// With one call at a time and a server in a process of its own, no client can be
	// five times as fast, because not even the bare wire is.
	{setting: "Node/server=apart/goroutines=1", unit: unitRate, atLeast: 1},
	{setting: "Node/server=apart/goroutines=8", unit: unitRate, atLeast: 5},
	{setting: "Node/server=apart/goroutines=64", unit: unitRate, atLeast: 5},
}

// Broken returns a line for each bound that the figures exceed. A bound for which
// there are no figures is broken, too, so that a new name does not switch it off.
func (t *Table) Broken() []string {
	var broken []string
	for _, b := range bounds {
		group, _, _ := strings.Cut(b.setting, "/")
		ofGroup := func(at row) bool { return at.setting == group || strings.HasPrefix(at.setting, group+"/") }
		ofBound := func(at row) bool { return at.client == "cnaught" && b.covers(at) }
		if slices.ContainsFunc(t.rows, ofGroup) && !slices.ContainsFunc(t.rows, ofBound) {
			broken = append(broken, b.setting+" "+b.unit+": not measured")
		}
	}
	for _, at := range t.rows {
		for _, b := range bounds {
			if at.client != "cnaught" || !b.covers(at) {
				continue
			}
			r, ok := t.ratio(at, b.unit)
			if text := b.breach(r, ok); text != "" {
				broken = append(broken, at.setting+" "+b.unit+": "+text)
			}
		}
	}
	return broken
}

// covers reports whether the bound is for the row. A setting that ends with a slash
// stands for all settings below it.
func (b bound) covers(at row) bool {
	return at.setting == b.setting || strings.HasSuffix(b.setting, "/") && strings.HasPrefix(at.setting, b.setting)
}

// breach returns how the ratio breaks the bound, or an empty string if it does not.
func (b bound) breach(ratio float64, ok bool) string {
	switch {
	case !ok:
		return "not measured"
	case b.atMost != 0 && ratio > b.atMost:
		return fmt.Sprintf("%.3f times the baseline, at most %.2f", ratio, b.atMost)
	case ratio < b.atLeast:
		return fmt.Sprintf("%.3f times the baseline, at least %.2f", ratio, b.atLeast)
	}
	return ""
}
