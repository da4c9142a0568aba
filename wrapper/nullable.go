package cnaught

// Ptr returns a pointer to a copy of v, for optional members that are
// pointers.
func Ptr[T any](v T) *T { return &v }

// Value returns what p points to, or the zero value if p is nil: a null or
// absent member reads as "" or 0.
func Value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// ValueOr returns what p points to, or fallback if p is nil.
func ValueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}

// IsNull reports whether the member was null or absent, which mean the same in
// this API.
func IsNull[T any](p *T) bool { return p == nil }
