package live

import (
	"maps"
	"slices"
)

// find returns the exchange with this path template and this name, or nil if there
// is none.
func (l log) find(path, what string) *exchange {
	for _, x := range l {
		if x.what == what && x.operation.Path == path {
			return x
		}
	}
	return nil
}

// of returns the exchanges with this path template that succeeded as expected.
func (l log) of(path string) (all []*exchange) {
	for _, x := range l {
		if x.operation.Path == path && x.ok() {
			all = append(all, x)
		}
	}
	return all
}

// orders returns all orders that the lists contain, each once.
func (l log) orders() (all []map[string]any) {
	seen := make(map[string]bool)
	for _, x := range l.of("/orders") {
		for _, o := range x.items() {
			if id := text(o, "id"); !seen[id] {
				seen[id] = true
				all = append(all, o)
			}
		}
	}
	return all
}

// orderOfOthers returns the id of an order that does not belong to a subaccount, or
// "" if there is none.
func (l log) orderOfOthers(subaccount string) string {
	for _, o := range l.orders() {
		if text(o, "subaccount_id") != subaccount {
			return text(o, "id")
		}
	}
	return ""
}

// oneOfEachState returns one order in each state, at most three.
func oneOfEachState(orders []map[string]any) (picked []map[string]any) {
	seen := make(map[string]bool)
	for _, o := range orders {
		if state := text(o, "state"); !seen[state] && len(picked) < 3 {
			seen[state] = true
			picked = append(picked, o)
		}
	}
	return picked
}

func first(items []map[string]any, n int) []map[string]any { return items[:min(n, len(items))] }

// named returns the ids of the objects that are the value of member, at any depth,
// in the answers with this path template.
func (l log) named(path, member string) (ids []string) {
	for _, x := range l.of(path) {
		collect(x.value, member, func(object map[string]any) {
			if id := text(object, "id"); id != "" {
				ids = append(ids, id)
			}
		})
	}
	return ids
}

// collect calls visit for each object that is the value of member, or an item of
// it, at any depth.
func collect(v any, member string, visit func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			collect(item, member, visit)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			value := v[name]
			if name == member {
				if object, is := value.(map[string]any); is {
					visit(object)
				}
				list, _ := value.([]any)
				for _, object := range objects(list) {
					visit(object)
				}
			}
			collect(value, member, visit)
		}
	}
}
