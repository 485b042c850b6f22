package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"kustody/evidence"
	"kustody/kafka/batch"
)

// offsetOf is an offset as a difference names it.
func offsetOf(n int64) *evidence.Int64 {
	v := evidence.Int64(n)
	return &v
}

// sized is a side of a difference: its length and hash, never itself.
func sized(b []byte) (int64, string) {
	if b == nil {
		return -1, ""
	}
	return int64(len(b)), evidence.Digest(b)
}

// difference describes one field that differs.
func difference(source, target *evidence.Int64, field string, want, got []byte) evidence.Difference {
	d := evidence.Difference{SourceOffset: source, TargetOffset: target, Field: field}
	d.ExpectedLen, d.ExpectedSHA256 = sized(want)
	d.ActualLen, d.ActualSHA256 = sized(got)
	return d
}

// lost enters an expected record that the target does not hold.
func (c *comparer) lost(w *wanted) {
	c.compared++
	c.content.AddDifference(difference(offsetOf(w.source), nil, "record", c.queue[0].whole(w), nil))
}

// foreign enters a record of the target that nobody captured.
func (c *comparer) foreign(f found) {
	c.content.AddDifference(difference(nil, offsetOf(f.offset), "record", nil, f.canonical))
}

// changed enters what differs between an expected record and the one in its place. Where the
// independent client cannot show the record, the raw reader says what differs.
func (c *comparer) changed(w *wanted, f found) {
	c.compared++
	if w.odd {
		c.raw.add(w, c.queue[0].buf, f.offset)
		return
	}
	c.content.differences(w.source, f.offset, c.queue[0].buf[w.from:w.to], f.canonical)
	if f.kind == stampedByBroker {
		c.content.AddDifference(difference(offsetOf(w.source), offsetOf(f.offset), "timestamp type", []byte("CreateTime"), []byte("LogAppendTime")))
	}
}

// whole is an expected record as it truly is.
func (s *slab) whole(w *wanted) []byte {
	if w.whole > w.to {
		return s.buf[w.to:w.whole]
	}
	return s.buf[w.from:w.to]
}

// partDifferences is a partition's check with its differences.
type partDifferences struct{ evidence.PartitionCheck }

// differences enters every field in which two canonical records differ.
func (p *partDifferences) differences(source, target int64, want, got []byte) {
	w, err := parseCanonical(want)
	g, err2 := parseCanonical(got)
	if err != nil || err2 != nil { // both were encoded here
		p.AddDifference(difference(offsetOf(source), offsetOf(target), "record", want, got))
		return
	}
	add := func(field string, want, got []byte) {
		if !bytes.Equal(want, got) || (want == nil) != (got == nil) {
			p.AddDifference(difference(offsetOf(source), offsetOf(target), field, want, got))
		}
	}
	add("timestamp", binary.BigEndian.AppendUint64(nil, uint64(w.Timestamp)), binary.BigEndian.AppendUint64(nil, uint64(g.Timestamp)))
	add("key", w.Key, g.Key)
	add("value", w.Value, g.Value)
	if len(w.Headers) != len(g.Headers) {
		add("headers", headerBytes(w), headerBytes(g))
		return
	}
	for i := range w.Headers {
		add(fmt.Sprintf("header[%d].name", i), w.Headers[i].Key, g.Headers[i].Key)
		add(fmt.Sprintf("header[%d].value", i), w.Headers[i].Value, g.Headers[i].Value)
	}
}

// headerBytes are a record's headers in canonical form.
func headerBytes(r *batch.Record) []byte {
	const fixed = 8 + 4 + 4 // timestamp, null key, null value
	return batch.AppendCanonical(nil, &batch.Record{Headers: r.Headers})[fixed:]
}

// parseCanonical reads a canonical record back. Its slices lie in b.
func parseCanonical(b []byte) (*batch.Record, error) {
	c := canonicalReader{b: b}
	r := &batch.Record{Timestamp: int64(c.uint64())}
	r.Key, r.Value = c.field(), c.field()
	n := int(c.uint32())
	if n > len(c.b)/8 { // each takes two lengths
		c.short = true
	}
	for i := 0; i < n && !c.short; i++ {
		r.Headers = append(r.Headers, batch.RecordHeader{Key: c.field(), Value: c.field()})
	}
	if c.short || len(c.b) > 0 {
		return nil, fmt.Errorf("%d bytes are no canonical record", len(b))
	}
	return r, nil
}

// canonicalReader takes numbers and fields off the front of its bytes.
type canonicalReader struct {
	b     []byte
	short bool
}

func (c *canonicalReader) take(n int) []byte {
	if c.short || n > len(c.b) {
		c.short = true
		return make([]byte, 8)
	}
	out := c.b[:n:n]
	c.b = c.b[n:]
	return out
}

func (c *canonicalReader) uint64() uint64 { return binary.BigEndian.Uint64(c.take(8)) }
func (c *canonicalReader) uint32() uint32 { return binary.BigEndian.Uint32(c.take(4)) }

func (c *canonicalReader) field() []byte {
	n := c.uint32()
	if n == 0xFFFFFFFF {
		return nil
	}
	return c.take(int(n))
}

// shownHeaders is what the independent client shows of headers: names end at a NUL byte.
func shownHeaders(headers []batch.RecordHeader) []batch.RecordHeader {
	out := make([]batch.RecordHeader, len(headers))
	for i, h := range headers {
		if n := bytes.IndexByte(h.Key, 0); n >= 0 {
			h.Key = h.Key[:n]
		}
		out[i] = h
	}
	return out
}
