package cnaught

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNullableHelpers(t *testing.T) {
	text := "x"
	p := Ptr(text)
	text = "y"
	assert.Equal(t, "x", *p, "a copy")
	assert.Equal(t, "x", Value(p))
	assert.Equal(t, "", Value[string](nil))
	assert.Equal(t, 0.0, Value[float64](nil))
	assert.Equal(t, "x", ValueOr(p, "fallback"))
	assert.Equal(t, "fallback", ValueOr(nil, "fallback"))
	assert.Equal(t, "", ValueOr(Ptr(""), "fallback"), "empty is not null")
	assert.True(t, IsNull[string](nil))
	assert.False(t, IsNull(Ptr("")))
}
