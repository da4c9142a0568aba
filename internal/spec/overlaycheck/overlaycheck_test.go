package overlaycheck

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const description = `openapi: 3.1.0
paths:
  /a: {get: {operationId: A}}
  /b: {get: {operationId: B}}
components:
  schemas:
    Order:
      type: object
      properties:
        id: {type: string}
        created_on: {type: string}
        amount: {type: number}
    Quote:
      type: object
      properties:
        created_on: {type: string}
`

// overlayOf returns an overlay whose first action is on line 6.
func overlayOf(actions string) string {
	return "overlay: 1.0.0\nx-speakeasy-jsonpath: rfc9535\ninfo: {title: T, version: 1.0.0}\n# comment\nactions:\n" + actions
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		actions string
		next    [2]string // what is replaced in the description
		want    []Finding
	}{
		"needed": {
			actions: "  - {target: $.components.schemas.Order.properties.created_on, update: {format: date-time}}\n",
		},
		"target gone": {
			actions: "  - {target: $.components.schemas.Order.properties.created_on, update: {format: date-time}}\n",
			next:    [2]string{"        created_on: {type: string}\n        amount", "        amount"},
			want:    []Finding{{Line: 6, Target: "$.components.schemas.Order.properties.created_on", Verdict: NoTarget}},
		},
		"remove, target gone": {
			actions: "  - {target: $.components.schemas.Gone, remove: true}\n",
			want:    []Finding{{Line: 6, Target: "$.components.schemas.Gone", Verdict: NoTarget, Before: true}},
		},
		"one of two names gone": {
			actions: "  - target: $.components.schemas['Order', 'Quote'].properties.created_on\n    update: {format: date-time}\n",
			next:    [2]string{"    Quote:", "    Price:"},
			want:    []Finding{{Line: 6, Target: "$.components.schemas['Order', 'Quote'].properties.created_on", Verdict: PartNoTarget, Detail: []string{"Quote"}}},
		},
		"one of two conditions gone": {
			actions: "  - {target: \"$.components.schemas[?(@.x == 1 || @.type == 'object')]\", update: {y: 1}}\n",
			want:    []Finding{{Line: 6, Target: "$.components.schemas[?(@.x == 1 || @.type == 'object')]", Verdict: PartNoTarget, Detail: []string{"@.x == 1"}, Before: true}},
		},
		"required member gone": {
			actions: "  - {target: $.components.schemas.Order, update: {required: [id, amount]}}\n",
			next:    [2]string{"        amount: {type: number}\n", ""},
			want:    []Finding{{Line: 6, Target: "$.components.schemas.Order", Verdict: PartNoTarget, Detail: []string{"amount"}}},
		},
		"not needed": {
			actions: "  - {target: $.components.schemas.Order.properties.created_on, update: {format: date-time}}\n",
			next:    [2]string{"created_on: {type: string}\n        amount", "created_on: {type: string, format: date-time}\n        amount"},
			want:    []Finding{{Line: 6, Target: "$.components.schemas.Order.properties.created_on", Verdict: Superfluous}},
		},
		"needed only for its wording": {
			actions: "  - {target: $.components.schemas.Order.properties, update: {created_on: {type: string, description: ours}}}\n",
			want:    []Finding{{Line: 6, Target: "$.components.schemas.Order.properties", Verdict: Superfluous, Before: true}},
		},
		"required is not needed": {
			actions: "  - {target: $.components.schemas.Order, update: {required: [id]}}\n",
			next:    [2]string{"    Order:\n", "    Order:\n      required: [amount, id]\n"},
			want:    []Finding{{Line: 6, Target: "$.components.schemas.Order", Verdict: Superfluous}},
		},
		"needed only in part, required": {
			actions: "  - {target: $.components.schemas.Order, update: {required: [id, amount]}}\n",
			next:    [2]string{"    Order:\n", "    Order:\n      required: [id]\n"},
			want:    []Finding{{Line: 6, Target: "$.components.schemas.Order", Verdict: PartSuperfluous, Detail: []string{"required.id"}}},
		},
		"needed only in part, one of two names": {
			actions: "  - target: $.components.schemas['Order', 'Quote'].properties.created_on\n    update: {format: date-time}\n",
			next:    [2]string{"created_on: {type: string}\n        amount", "created_on: {type: string, format: date-time}\n        amount"},
			want:    []Finding{{Line: 6, Target: "$.components.schemas['Order', 'Quote'].properties.created_on", Verdict: PartSuperfluous, Detail: []string{"Order"}}},
		},
		"general rule, one of many says it already": {
			actions: "  - {target: \"$..[?(@.type == 'string')]\", update: {format: x}}\n",
			next:    [2]string{"id: {type: string}", "id: {type: string, format: x}"},
		},
		"not a path": {
			actions: "  - {target: '$.[', update: {a: 1}}\n",
			want:    []Finding{{Line: 6, Target: "$.[", Verdict: Invalid, Before: true}},
		},
		"an earlier action makes the target": {
			actions: "  - {target: $.components.schemas, update: {New: {type: object}}}\n  - {target: $.components.schemas.New, update: {x: 1}}\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, description, test.next[0])
			next := strings.Replace(description, test.next[0], test.next[1], 1)
			got, err := Check([]byte(description), []byte(next), []byte(overlayOf(test.actions)))
			require.NoError(t, err)
			for i := range got {
				if got[i].Verdict == Invalid {
					assert.NotEmpty(t, got[i].Detail)
					got[i].Detail = nil
				}
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestCheckNamesTheReason(t *testing.T) {
	actions := "  - target: $.components.schemas.Order\n    description: Because.\n    update: {x: 1}\n\n  - target: $.gone\n    description: Why.\n    remove: true\n"
	got, err := Check(nil, []byte(description), []byte(overlayOf(actions)))
	require.NoError(t, err)
	assert.Equal(t, []Finding{{Line: 10, Target: "$.gone", Description: "Why.", Verdict: NoTarget}}, got)
	assert.True(t, got[0].Blocks())
}

func TestBlocks(t *testing.T) {
	for verdict, want := range map[Verdict]bool{NoTarget: true, Invalid: true, PartNoTarget: false, Superfluous: false, PartSuperfluous: false} {
		assert.Equal(t, want, Finding{Verdict: verdict}.Blocks(), verdict)
	}
}

func TestOverlayFileIsChecked(t *testing.T) {
	for name, file := range map[string]string{
		"not YAML":      "a: [",
		"unknown field": overlayOf("  - {target: $.a, updates: {}}\n"),
		"no actions":    "overlay: 1.0.0\ninfo: {title: T, version: 1.0.0}\n",
	} {
		_, err := Check(nil, []byte(description), []byte(file))
		assert.ErrorContains(t, err, "the overlay is not valid", name)
	}
}

func TestWithoutAndApply(t *testing.T) {
	file := []byte(overlayOf("  - {target: $.gone, update: {x: 1}}\n  - {target: $.components.schemas.Order, update: {y: 1}}\n"))
	rest, err := Without(file, []int{6})
	require.NoError(t, err)
	findings, err := Check(nil, []byte(description), rest)
	require.NoError(t, err)
	assert.Empty(t, findings)
	applied, err := Apply([]byte(description), rest)
	require.NoError(t, err)
	assert.Contains(t, string(applied), "y: 1")
}
