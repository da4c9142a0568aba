package live

import (
	"maps"
	"slices"
)

// find is the exchange of this path, a template, that was called what; nil if it
// did not take place.
func (l log) find(path, what string) *exchange {
	for _, x := range l {
		if x.what == what && x.operation.Path == path {
			return x
		}
	}
	return nil
}

// of are the answers of one path that were to be successes and are.
func (l log) of(path string) (all []*exchange) {
	for _, x := range l {
		if x.operation.Path == path && x.ok() {
			all = append(all, x)
		}
	}
	return all
}

// orders are all orders that lists showed, each once.
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

// orderOfOthers is the id of an order that does not belong to a subaccount.
func (l log) orderOfOthers(subaccount string) string {
	for _, o := range l.orders() {
		if text(o, "subaccount_id") != subaccount {
			return text(o, "id")
		}
	}
	return ""
}

// oneOfEachState picks an order of each state.
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

// named are the ids of the objects that the answers of one path hold under
// member, at any depth.
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

// collect calls visit for each object that stands under member, alone or in a
// list.
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
