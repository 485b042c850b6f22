package engine

import (
	"fmt"
	"slices"
	"strconv"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// Headers that a restore adds when it is asked to (include_offset_headers): decimal numbers in ASCII, in
// this order, behind the record's own headers. A record that was restored before and carries headers of
// these names keeps them; the last three are always this restore's.
const (
	headerOffset    = "kustody-offset"
	headerPartition = "kustody-partition"
	headerTimestamp = "kustody-timestamp"
)

var offsetHeaderKeys = [3][]byte{[]byte(headerOffset), []byte(headerPartition), []byte(headerTimestamp)}

// why a stored batch could not be written as it is.
type why int

const (
	verbatim   why = iota
	brokerTime     // LogAppendTime: a broker would drop the bit and bring the producer's times back
	holes          // compacted: a broker refuses it
	windowed       // cut by the time window
	rewound        // cut where the source was rewritten
	oversize       // larger than the target takes
	headered       // offset headers were added
	repartd        // records were dealt to other partitions
	whyCount
)

// String is the reason in a receipt's words.
func (w why) String() string {
	return [...]string{"written verbatim", "re-encoded with the append time the source's broker gave them (they are CreateTime of the same instant now)",
		"re-encoded because compaction left holes in their batches", "re-encoded because their batches were cut by the time window",
		"re-encoded because their batches were cut where the source was rewritten", "re-encoded into smaller batches for the target's max.message.bytes",
		"re-encoded with offset headers added", "re-encoded for another number of partitions"}[w]
}

// cutBatch is a batch ready to be retargeted: offsets without holes, CreateTime, small enough.
type cutBatch struct {
	raw     []byte // valid until the cutter's next call
	records int
	first   int64 // source offset of the first record
	last    int64 // source offset of the last record
	why     why
	stamped bool // the source's broker gave the timestamps
}

// cutter turns stored batches into batches that a broker takes. What comes out depends on nothing but
// what goes in: a restore that goes on after a dead one cuts the same batches, to the record. So a
// batch that is cut into several is cut by the size of its records before compression, which no
// version of a compressor changes. One goroutine.
type cutter struct {
	partition int32 // of the source
	maxBytes  int   // of a batch at the target
	headers   bool
	marks     *marks
	seen      int64 // records handed out
	dec       *batch.Decoder
	encs      [batch.Zstd + 1]*batch.Encoder
	buf       []byte
	out       []cutBatch
	ends      []int // of each re-encoded batch in buf
	extra     []batch.RecordHeader
	digits    []byte
}

func newCutter(partition int32, maxBytes int64, headers bool, m *marks) *cutter {
	return &cutter{partition: partition, maxBytes: int(maxBytes), headers: headers, marks: m, dec: batch.NewDecoder(batch.Limits{})}
}

// RecordTooLargeError says that one record does not fit the target, whatever its batch.
type RecordTooLargeError struct {
	Offset int64
	Bytes  int
	Limit  int
}

// Error says what to do.
func (e *RecordTooLargeError) Error() string {
	return fmt.Sprintf("the record at source offset %d makes a batch of %d bytes, and the target's max.message.bytes is %d: raise it, or restore into a new topic",
		e.Offset, e.Bytes, e.Limit)
}

// cut hands out what becomes of one stored batch: nothing, itself, or re-encoded batches.
func (c *cutter) cut(raw []byte, h batch.Header, v sieve) ([]cutBatch, error) {
	c.out, c.buf, c.ends = c.out[:0], c.buf[:0], c.ends[:0]
	f := v.batch(h)
	if f == look {
		s, err := c.dec.Scan(raw)
		if err != nil {
			return nil, fmt.Errorf("batch at offset %d: %w", h.BaseOffset, err)
		}
		f = v.scanned(h, s)
	}
	if f == leave {
		return nil, nil
	}
	reason := c.reason(h, v, f)
	if reason == verbatim {
		n := int(h.NumRecords)
		c.marks.dense(h.BaseOffset, h.LastOffset(), c.seen)
		c.seen += int64(n)
		c.out = append(c.out, cutBatch{raw: raw, records: n, first: h.BaseOffset, last: h.LastOffset()})
		return c.out, nil
	}
	return c.recode(raw, h, v, reason)
}

// reason says why a batch is re-encoded. Of several the first is named.
func (c *cutter) reason(h batch.Header, v sieve, f fate) why {
	switch {
	case h.LogAppendTime():
		return brokerTime
	case int64(h.NumRecords) != int64(h.LastOffsetDelta)+1:
		return holes
	case h.LastOffset() >= v.until:
		return rewound
	case f == look:
		return windowed
	case h.Size() > c.maxBytes:
		return oversize
	case c.headers:
		return headered
	}
	return verbatim
}

// rawLimit is how large a re-encoded batch may be before compression: what a codec adds to data that
// does not compress is far less than the difference.
func rawLimit(maxBytes int) int { return max(maxBytes-maxBytes/64-1024, batch.HeaderSize+1) }

// recode decodes a batch and encodes the records that are kept, in as many batches as it takes.
func (c *cutter) recode(raw []byte, h batch.Header, v sieve, reason why) ([]cutBatch, error) {
	enc, err := c.encoder(h.Codec())
	if err != nil {
		return nil, err
	}
	enc.Reset()
	limit := rawLimit(c.maxBytes)
	var part cutBatch
	err = c.dec.Walk(raw, func(r *batch.Record) error {
		if !v.record(r) {
			return nil
		}
		source := r.Offset
		c.addHeaders(r)
		r.Offset = int64(enc.Len())
		if enc.Len() > 0 && enc.SizeWith(r) > limit {
			if err := c.flush(enc, part); err != nil {
				return err
			}
			r.Offset = 0
		}
		if enc.Len() == 0 {
			part = cutBatch{first: source, why: reason, stamped: h.LogAppendTime()}
		}
		c.marks.record(source, c.seen)
		c.seen++
		part.last = source
		return enc.Append(r)
	})
	if err == nil && enc.Len() > 0 {
		err = c.flush(enc, part)
	}
	if err != nil {
		return nil, fmt.Errorf("batch at offset %d: %w", h.BaseOffset, err)
	}
	at := 0
	for i, end := range c.ends {
		c.out[i].raw = c.buf[at:end:end]
		at = end
	}
	return c.out, nil
}

// flush ends one re-encoded batch.
func (c *cutter) flush(enc *batch.Encoder, part cutBatch) error {
	start := len(c.buf)
	var err error
	part.records = enc.Len()
	if c.buf, err = enc.Encode(c.buf, batch.Template()); err != nil {
		return err
	}
	enc.Reset()
	if size := len(c.buf) - start; size > c.maxBytes {
		return &RecordTooLargeError{Offset: part.first, Bytes: size, Limit: c.maxBytes}
	}
	c.out, c.ends = append(c.out, part), append(c.ends, len(c.buf))
	return nil
}

func (c *cutter) encoder(codec batch.Codec) (*batch.Encoder, error) {
	if codec < 0 || int(codec) >= len(c.encs) {
		return nil, fmt.Errorf("%w: %s", batch.ErrCodec, codec)
	}
	if c.encs[codec] == nil {
		enc, err := batch.NewEncoder(batch.EncodeOptions{Codec: codec})
		if err != nil {
			return nil, err
		}
		c.encs[codec] = enc
	}
	return c.encs[codec], nil
}

// addHeaders appends the source's offset, partition and timestamp to a record's headers.
func (c *cutter) addHeaders(r *batch.Record) {
	if !c.headers {
		return
	}
	d := c.digits[:0]
	d = strconv.AppendInt(d, r.Offset, 10)
	a := len(d)
	d = strconv.AppendInt(d, int64(c.partition), 10)
	b := len(d)
	d = strconv.AppendInt(d, r.Timestamp, 10)
	c.digits = d
	c.extra = append(c.extra[:0], r.Headers...)
	c.extra = append(c.extra, batch.RecordHeader{Key: offsetHeaderKeys[0], Value: d[:a]},
		batch.RecordHeader{Key: offsetHeaderKeys[1], Value: d[a:b]}, batch.RecordHeader{Key: offsetHeaderKeys[2], Value: d[b:]})
	r.Headers = c.extra
}

// marks follows committed offsets of one source partition through a restore: for each, how many
// restored records lie before it. It costs one number per committed offset, however many records
// there are. A nil *marks follows nothing.
type marks struct {
	at []int64 // source offsets, ascending
	to []int64 // restored records before each, as far as they are known
}

// dense takes in records with the consecutive offsets first to last, the first of which is number seen.
func (m *marks) dense(first, last, seen int64) {
	if m == nil {
		return
	}
	for len(m.to) < len(m.at) && m.at[len(m.to)] <= last {
		m.to = append(m.to, seen+max(0, m.at[len(m.to)]-first))
	}
}

// record takes in one record.
func (m *marks) record(offset, seen int64) { m.dense(offset, offset, seen) }

// find says where the next restored record at or after a committed offset is, counted from the first
// restored one. Without one it is the end: all records.
func (m *marks) find(offset, all int64) (index int64, atEnd bool) {
	i, found := slices.BinarySearch(m.at, offset)
	if found && i < len(m.to) {
		return m.to[i], false
	}
	return all, true
}

// spans says what a receipt keeps of where a partition's records came from: one piece per segment.
type spans struct{ pieces []archive.Piece }

// add takes in a written batch whose first record is number at in the target partition.
func (s *spans) add(segment string, partition int32, first, at int64, records int) {
	if n := len(s.pieces); n > 0 && s.pieces[n-1].Segment == segment {
		s.pieces[n-1].Kept += int64(records)
		return
	}
	s.pieces = append(s.pieces, archive.Piece{Segment: segment, Partition: partition, FirstSource: archive.Int64(first),
		FirstTarget: archive.Int64(at), Kept: int64(records)})
}
