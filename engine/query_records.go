package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// Bounds of what a page of records copies, whatever the records are like.
const (
	// RecordShown is how many bytes of a key, of a value, and of all headers together are copied.
	RecordShown = 64 << 10
	// HeadersShown is how many headers of a record are copied.
	HeadersShown = 1000
	// pageShown is how many bytes of copies end a page early.
	pageShown = 16 << 20
)

// Record is one archived record as it is shown: copies, cut where they are long. What it holds is
// somebody's data; Sanitize it before it meets a terminal.
type Record struct {
	Offset        int64 // at the source
	Timestamp     int64 // milliseconds
	LogAppendTime bool  // the source's broker gave the timestamp
	Key           []byte
	Value         []byte // nil: null, as is a nil Key; at most RecordShown bytes of each
	KeyLen        int    // true length; -1: null
	ValueLen      int
	Headers       []RecordHeader // the first HeadersShown at most
	HeaderCount   int            // all of them
	Segment       string         // key of the object it lies in, below the archive's folder
	Compression   string         // of its batch
}

// RecordHeader is one header of a record.
type RecordHeader struct {
	Key      []byte
	KeyLen   int // true length
	Value    []byte
	ValueLen int // true length; -1: null
}

// RecordPage is some consecutive records of one partition.
type RecordPage struct {
	Records []Record
	Next    int64 // offset to go on from; -1: there is nothing behind the last one
	// Proved says that every segment that gave a record was read to its end, so that its size and sha256
	// were checked. Else only the CRCs of the batches were, and those leave out a batch's base offset.
	Proved bool
}

// errPageEnds stops reading a segment, for a reason that is none of the segment's.
var errPageEnds = errors.New("the page is full")

// Records reads the records of one partition of the view at or after a source offset, n at most, across
// segments; those wholly before it are not read. A page may be shorter than n where records are large: go
// on from Next. A segment that is not what was put there is a *archive.BrokenError that names it.
func (r *RunView) Records(ctx context.Context, part *archive.ViewPart, from int64, n int) (*RecordPage, error) {
	p := &pager{page: &RecordPage{Records: []Record{}, Next: -1, Proved: true}, from: from, left: n, dec: batch.NewDecoder(batch.Limits{})}
	for _, s := range part.Segments {
		if s.Counted == 0 || int64(s.LastOffset) < from || int64(s.Until) <= from {
			continue
		}
		if p.full() { // no need to open it: it holds a record at or after its first offset
			p.page.Next = max(from, int64(s.BaseOffset))
			return p.page, nil
		}
		if err := p.segment(ctx, r, s); err != nil {
			return nil, err
		}
		if p.page.Next >= 0 {
			return p.page, nil
		}
	}
	return p.page, ctx.Err()
}

// pager fills one page.
type pager struct {
	page *RecordPage
	from int64
	left int // records
	used int // bytes
	dec  *batch.Decoder
}

func (p *pager) full() bool { return p.left <= 0 || p.used >= pageShown }

// segment takes what a page needs of one segment.
func (p *pager) segment(ctx context.Context, r *RunView, s archive.ViewSegment) error {
	v := newSieve(archive.Window{}, s)
	before := len(p.page.Records)
	return r.batches(ctx, s, func(raw []byte, h batch.Header) (bool, error) {
		if h.LastOffset() < p.from || v.batch(h) == leave {
			return false, nil
		}
		// The walk goes on behind the last record that is taken: only its end proves the batch.
		err := p.dec.Walk(raw, func(rec *batch.Record) error {
			switch {
			case rec.Offset < p.from || !v.record(rec) || p.page.Next >= 0:
			case p.full():
				p.page.Next = rec.Offset
			default:
				p.take(rec, h, s.Key)
			}
			return nil
		})
		if p.page.Next < 0 {
			return false, err
		}
		p.page.Proved = len(p.page.Records) == before
		return true, err
	})
}

// take copies one record.
func (p *pager) take(rec *batch.Record, h batch.Header, segment string) {
	out := Record{Offset: rec.Offset, Timestamp: rec.Timestamp, LogAppendTime: h.LogAppendTime(), Segment: segment, Compression: h.Codec().String(),
		HeaderCount: len(rec.Headers)}
	out.Key, out.KeyLen = shown(rec.Key, RecordShown)
	out.Value, out.ValueLen = shown(rec.Value, RecordShown)
	room := RecordShown
	for _, x := range rec.Headers[:min(len(rec.Headers), HeadersShown)] {
		var c RecordHeader
		c.Key, c.KeyLen = shown(x.Key, room)
		room -= len(c.Key)
		c.Value, c.ValueLen = shown(x.Value, room)
		room -= len(c.Value)
		out.Headers = append(out.Headers, c)
	}
	p.page.Records = append(p.page.Records, out)
	p.left--
	p.used += len(out.Key) + len(out.Value) + RecordShown - room
}

// shown copies as much of a field as there is room for, and says how long it is.
func shown(b []byte, room int) ([]byte, int) {
	if b == nil {
		return nil, -1
	}
	return bytes.Clone(b[:min(len(b), room)]), len(b)
}

// batches reads the batches of a segment until fn says that it has seen enough, or to the segment's proved
// end. What is wrong with a batch, or with what fn makes of it, is a *archive.BrokenError.
func (r *RunView) batches(ctx context.Context, s archive.ViewSegment, fn func(raw []byte, h batch.Header) (enough bool, err error)) error {
	err := eachBatch(ctx, r.archive, s, func(raw []byte, h batch.Header) error {
		if h.LastOffset() > int64(s.LastOffset) { // a base offset is in no CRC, and may be all that is read of the segment
			return &archive.BrokenError{Key: s.Key, Err: fmt.Errorf("batch at offset %d ends at %d, behind the segment's last offset, %d", h.BaseOffset, h.LastOffset(), s.LastOffset)}
		}
		enough, err := fn(raw, h)
		if err != nil {
			return &archive.BrokenError{Key: s.Key, Err: fmt.Errorf("batch at offset %d: %w", h.BaseOffset, err)}
		}
		if enough {
			return errPageEnds
		}
		return nil
	})
	if errors.Is(err, errPageEnds) {
		return nil
	}
	return err
}
