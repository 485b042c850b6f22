package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"kustody/kafka/batch"
)

// readAhead is how much of a segment is asked for at once. It amortises calls and stays small against
// the memory bound, as each worker holds one.
const readAhead = 1 << 20

// SegmentReader streams the batches of a segment. Every batch's CRC is checked before it is handed out;
// the object's size and sha256 are checked when its end is reached, so only io.EOF proves the segment.
// One goroutine.
type SegmentReader struct {
	seg  Segment
	r    io.ReadCloser
	sum  hash.Hash
	buf  []byte // read and not yet handed out: buf[at:]
	at   int
	read int64
	eof  bool
	next int64 // lowest offset that the next batch may begin with
}

// OpenSegment starts reading a segment.
func (a *Archive) OpenSegment(ctx context.Context, seg Segment) (*SegmentReader, error) {
	r, err := a.store.Get(ctx, seg.Key)
	if missing(err) {
		return nil, broken(seg.Key, "is not there")
	}
	if err != nil {
		return nil, fmt.Errorf("read segment %s: %w", seg.Key, err)
	}
	room := min(readAhead, max(seg.Size, batch.HeaderSize)+1) // small segments are many
	return &SegmentReader{seg: seg, r: r, sum: sha256.New(), buf: make([]byte, 0, room), next: int64(seg.BaseOffset)}, nil
}

// Close ends reading. What was not read has not been checked.
func (s *SegmentReader) Close() error { return s.r.Close() }

// Next returns the next batch, valid until the call after it. At the end of a segment that is exactly
// what its sidecar says it returns io.EOF; anything else is a *BrokenError.
func (s *SegmentReader) Next() ([]byte, batch.Header, error) {
	if err := s.fill(batch.HeaderSize); err != nil {
		return nil, batch.Header{}, err
	}
	if len(s.buf) == s.at {
		return nil, batch.Header{}, s.end()
	}
	h, err := batch.ParseHeader(s.buf[s.at:])
	if err != nil && !errors.Is(err, batch.ErrShort) {
		return nil, h, broken(s.seg.Key, "at byte %d: %w", s.read-int64(len(s.buf)-s.at), err)
	}
	size := h.Size()
	if size < batch.HeaderSize || int64(size) > s.seg.Size {
		return nil, h, broken(s.seg.Key, "a batch says it has %d bytes; the segment has %d", size, s.seg.Size)
	}
	if err := s.fill(size); err != nil {
		return nil, h, err
	}
	if len(s.buf)-s.at < size {
		return nil, h, broken(s.seg.Key, "ends in the middle of a batch")
	}
	raw := s.buf[s.at : s.at+size : s.at+size]
	s.at += size
	return raw, h, s.check(raw, h)
}

// check proves one batch: its CRC, and that it lies behind the one before.
func (s *SegmentReader) check(raw []byte, h batch.Header) error {
	if err := batch.CheckCRC(raw); err != nil {
		return broken(s.seg.Key, "batch at offset %d: %w", h.BaseOffset, err)
	}
	if h.BaseOffset < s.next || h.LastOffset() < h.BaseOffset {
		return broken(s.seg.Key, "batch at offset %d lies before %d", h.BaseOffset, s.next)
	}
	s.next = h.LastOffset() + 1
	return nil
}

// fill makes n bytes available from at on, or all that is left.
func (s *SegmentReader) fill(n int) error {
	if len(s.buf)-s.at >= n || s.eof {
		return nil
	}
	rest := copy(s.buf[:cap(s.buf)], s.buf[s.at:])
	s.buf, s.at = s.buf[:rest], 0
	if cap(s.buf) < n {
		grown := make([]byte, rest, max(n, 2*cap(s.buf)))
		copy(grown, s.buf)
		s.buf = grown
	}
	for len(s.buf) < n && !s.eof {
		m, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.sum.Write(s.buf[len(s.buf) : len(s.buf)+m])
		s.buf = s.buf[:len(s.buf)+m]
		s.read += int64(m)
		if s.read > s.seg.Size {
			return broken(s.seg.Key, "is longer than the %d bytes it should have", s.seg.Size)
		}
		if errors.Is(err, io.EOF) {
			s.eof = true
		} else if err != nil {
			return fmt.Errorf("read segment %s at byte %d: %w", s.seg.Key, s.read, err)
		}
	}
	return nil
}

// end judges the whole object.
func (s *SegmentReader) end() error {
	if s.read != s.seg.Size {
		return broken(s.seg.Key, "has %d bytes; its sidecar says %d", s.read, s.seg.Size)
	}
	if got := hex.EncodeToString(s.sum.Sum(nil)); got != s.seg.SHA256 {
		return broken(s.seg.Key, "its sha256 is %s; its sidecar says %s", got, s.seg.SHA256)
	}
	return io.EOF
}
