package limit

import (
	"bytes"
	"errors"
	"io"
	"math"
)

// maxPrealloc is the largest buffer that is allocated before the body arrives.
const maxPrealloc = 4 << 20

// ErrTooLarge is the error of Read for a body that is larger than the limit.
var ErrTooLarge = errors.New("larger than the limit")

// Read reads a body of at most limit bytes to its end, so that the connection can be
// used again. The size is the Content-Length, which net/http enforces; it is not
// positive if it is not known. With ErrTooLarge, Read returns the first limit bytes,
// and with any other error, the bytes before the error.
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
