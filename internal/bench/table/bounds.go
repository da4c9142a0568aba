package table

import (
	"fmt"
	"strings"
)

// bound is what the project promises of its own client.
type bound struct {
	setting string // prefix
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
}

// Broken returns a line for each bound that the figures do not keep.
func (t *Table) Broken() []string {
	var broken []string
	for _, at := range t.rows {
		for _, b := range bounds {
			if at.client != "cnaught" || !strings.HasPrefix(at.setting, b.setting) {
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
