package batch

import (
	"fmt"
	"io"
)

// Reader reads batches one after the other from a stream, such as a segment, into one buffer. One
// goroutine may use it.
type Reader struct {
	src    io.Reader
	max    int
	offset int64
	buf    []byte
}

// NewReader makes a Reader that refuses batches of more than l.MaxBatchBytes, as they are stored, and
// their header. src is read in pieces as large as the batches: give it a bufio.Reader where small
// reads are dear.
func NewReader(src io.Reader, l Limits) *Reader {
	return &Reader{src: src, max: HeaderSize + l.max()}
}

// Reset starts anew on src and keeps the buffer.
func (r *Reader) Reset(src io.Reader) { r.src, r.offset = src, 0 }

// Position is the number of bytes of whole batches read so far.
func (r *Reader) Position() int64 { return r.offset }

// Next gives the next whole batch, valid until the next call; its CRC is the caller's to check. At
// the end of the stream, between two batches, it gives io.EOF; in the middle of one an error that
// wraps ErrShort. Others are those of ParseHeader, ErrTooLarge, and src's own. Memory is taken as
// bytes arrive, not as a length promises.
func (r *Reader) Next() ([]byte, Header, error) {
	r.buf = r.buf[:0]
	if err := r.fill(HeaderSize); err != nil && err != ErrShort {
		return nil, Header{}, r.wrap(err)
	}
	// Also when cut short: a message of an old format can be smaller than a header.
	h, err := ParseHeader(r.buf)
	if err != nil && (err != ErrShort || len(r.buf) < HeaderSize) {
		return nil, h, r.wrap(err)
	}
	if h.Size() > r.max {
		return nil, h, r.wrap(fmt.Errorf("%w: %d bytes at offset %d, limit %d", ErrTooLarge, h.Size(), h.BaseOffset, r.max))
	}
	if err := r.fill(h.Size()); err != nil {
		return nil, h, r.wrap(err)
	}
	r.offset += int64(len(r.buf))
	return r.buf, h, nil
}

// fill reads on until the buffer holds n bytes.
func (r *Reader) fill(n int) error {
	for len(r.buf) < n {
		if len(r.buf) == cap(r.buf) {
			b := make([]byte, len(r.buf), max(minBuffer, min(2*cap(r.buf), n)))
			copy(b, r.buf)
			r.buf = b
		}
		m, err := io.ReadFull(r.src, r.buf[len(r.buf):min(n, cap(r.buf))])
		r.buf = r.buf[:len(r.buf)+m]
		switch {
		case err == nil:
		case err == io.EOF && len(r.buf) == 0:
			return io.EOF
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return ErrShort
		default:
			return err
		}
	}
	return nil
}

// wrap says where in the stream an error is.
func (r *Reader) wrap(err error) error {
	if err == io.EOF {
		return err
	}
	return fmt.Errorf("batch at byte %d: %w", r.offset, err)
}
