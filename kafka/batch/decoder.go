package batch

import "fmt"

// DefaultMaxBatchBytes is the limit a Decoder has when none is given. A broker takes batches of up to
// 100 MiB in a request by default, compressed; 512 MiB leaves room for what compresses well.
const DefaultMaxBatchBytes = 512 << 20

// Limits bounds what a Decoder takes in memory.
type Limits struct {
	// MaxBatchBytes is how large one batch's records may be once decompressed; 0 is
	// DefaultMaxBatchBytes. A batch above it gives ErrTooLarge while it is decompressed, not after.
	MaxBatchBytes int
}

func (l Limits) max() int {
	if l.MaxBatchBytes <= 0 {
		return DefaultMaxBatchBytes
	}
	return l.MaxBatchBytes
}

// Decoder reads the records of batches. It keeps its buffers from one batch to the next and makes no
// object per record. One goroutine may use it at a time; the zero value is ready, with default limits.
type Decoder struct {
	limits  Limits
	inflate inflater
	rec     Record
	headers []RecordHeader
}

// NewDecoder makes a Decoder.
func NewDecoder(l Limits) *Decoder { return &Decoder{limits: l} }

// Stats is what Scan learns of a batch. Without records both timestamps are 0 and mean nothing.
type Stats struct {
	Records      int
	MinTimestamp int64 // milliseconds
	MaxTimestamp int64
	RawBytes     int64 // the records' bytes, decompressed
}

// Add takes o's records into s.
func (s *Stats) Add(o Stats) {
	switch {
	case o.Records == 0:
	case s.Records == 0:
		s.MinTimestamp, s.MaxTimestamp = o.MinTimestamp, o.MaxTimestamp
	default:
		s.MinTimestamp = min(s.MinTimestamp, o.MinTimestamp)
		s.MaxTimestamp = max(s.MaxTimestamp, o.MaxTimestamp)
	}
	s.Records += o.Records
	s.RawBytes += o.RawBytes
}

// open reads the header of the batch that b begins with and gives its records' bytes, decompressed.
func (d *Decoder) open(b []byte) (Header, []byte, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return h, nil, err
	}
	limit := d.limits.max()
	payload := b[HeaderSize:h.Size()]
	if h.Codec() == None {
		if len(payload) > limit {
			return h, nil, fmt.Errorf("batch at offset %d: %w: %d bytes of records, limit %d", h.BaseOffset, ErrTooLarge, len(payload), limit)
		}
		return h, payload, nil
	}
	if len(payload) == 0 && h.NumRecords == 0 {
		return h, payload, nil // emptied by the log cleaner; there is no stream to open
	}
	p, err := d.inflate.decompress(h.Codec(), payload, limit)
	if err != nil {
		return h, nil, fmt.Errorf("batch at offset %d: %w", h.BaseOffset, err)
	}
	return h, p, nil
}

// Walk hands the records of the batch that b begins with to fn, in order. The Record and all its
// slices are valid until fn returns. An error of fn ends the walk and is returned as it is.
//
// Walk checks everything but the CRC, which is the caller's (CheckCRC): record count, offset deltas
// rising and within LastOffsetDelta, every length and count, no bytes left over. What is wrong behind
// a record is found only after fn has seen it: act on the records once Walk has returned nil. Errors
// wrap ErrCorrupt, ErrTooLarge or ErrCodec, or are those of ParseHeader.
func (d *Decoder) Walk(b []byte, fn func(*Record) error) error {
	h, p, err := d.open(b)
	if err != nil {
		return err
	}
	var l layout
	r, pos, last, appendTime := &d.rec, 0, int32(-1), h.LogAppendTime()
	for i := range h.NumRecords {
		if what := l.locate(p, pos); what != "" {
			return recordError(&h, i, what)
		}
		if l.offsetDelta <= last || l.offsetDelta > h.LastOffsetDelta {
			return offsetError(&h, i, l.offsetDelta, last)
		}
		last, pos = l.offsetDelta, l.recordEnd
		r.Offset = h.BaseOffset + int64(l.offsetDelta)
		r.Timestamp = h.BaseTimestamp + l.timestampDelta // may wrap, as it does in Kafka
		if appendTime {
			r.Timestamp = h.MaxTimestamp
		}
		r.Key = bytesAt(p, l.keyAt, l.keyLen)
		r.Value = bytesAt(p, l.valueAt, l.valueLen)
		r.Headers = nil
		if l.headers > 0 {
			d.headers = l.appendHeaders(d.headers[:0], p)
			r.Headers = d.headers
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return checkRest(&h, len(p)-pos)
}

// Scan checks all that Walk checks, without handing records out, and counts them. It is the fast path
// of a backup that keeps batches as they are.
func (d *Decoder) Scan(b []byte) (Stats, error) {
	h, p, err := d.open(b)
	if err != nil {
		return Stats{}, err
	}
	var l layout
	pos, last := 0, int32(-1)
	var lo, hi int64
	for i := range h.NumRecords {
		if what := l.locate(p, pos); what != "" {
			return Stats{}, recordError(&h, i, what)
		}
		if l.offsetDelta <= last || l.offsetDelta > h.LastOffsetDelta {
			return Stats{}, offsetError(&h, i, l.offsetDelta, last)
		}
		last, pos = l.offsetDelta, l.recordEnd
		t := h.BaseTimestamp + l.timestampDelta
		if i == 0 {
			lo, hi = t, t
		}
		lo, hi = min(lo, t), max(hi, t)
	}
	if err := checkRest(&h, len(p)-pos); err != nil {
		return Stats{}, err
	}
	if h.LogAppendTime() && h.NumRecords > 0 {
		lo, hi = h.MaxTimestamp, h.MaxTimestamp
	}
	return Stats{Records: int(h.NumRecords), MinTimestamp: lo, MaxTimestamp: hi, RawBytes: int64(len(p))}, nil
}

func recordError(h *Header, i int32, what string) error {
	return corruptf("offset %d: record %d of %d: %s", h.BaseOffset, i, h.NumRecords, what)
}

func offsetError(h *Header, i, delta, last int32) error {
	return corruptf("offset %d: record %d of %d: offset delta %d after %d, last is %d",
		h.BaseOffset, i, h.NumRecords, delta, last, h.LastOffsetDelta)
}

func checkRest(h *Header, rest int) error {
	if rest != 0 {
		return corruptf("offset %d: %d bytes behind the last of %d records", h.BaseOffset, rest, h.NumRecords)
	}
	return nil
}
