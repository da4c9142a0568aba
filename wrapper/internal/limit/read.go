package limit

import (
	"bytes"
	"errors"
	"io"
	"math"
)

// maxPrealloc bounds what an announced size alone makes us allocate.
const maxPrealloc = 4 << 20

// ErrTooLarge says that there is more than may be read.
var ErrTooLarge = errors.New("larger than the limit")

// Read reads up to limit bytes and the end, which lets a connection be used again;
// size is the Content-Length, which net/http enforces, or not positive if there is
// none. With ErrTooLarge it returns the first limit bytes, with any other error what came.
func Read(r io.Reader, size, limit int64) (body []byte, err error) {
	if size <= 0 || size > limit {
		r = io.LimitReader(r, min(limit, math.MaxInt64-1)+1)
	}
	if size > 0 {
		buffer := bytes.NewBuffer(make([]byte, 0, min(size, limit, maxPrealloc)+bytes.MinRead))
		_, err = buffer.ReadFrom(r)
		body = buffer.Bytes()
	} else {
		body, err = io.ReadAll(r)
	}
	if err == nil && int64(len(body)) > limit {
		return body[:limit], ErrTooLarge
	}
	return body, err
}
