package batch

import (
	"encoding/binary"
	"fmt"
	"math"
)

// maxRawBytes is the most bytes of records an Encoder takes: Length is an int32, and compression can
// add a little.
const maxRawBytes = math.MaxInt32 - 1<<24

// EncodeOptions says how an Encoder compresses.
type EncodeOptions struct {
	Codec Codec
	// Level is 0 for the codec's default, else 1 to 9 for gzip and lz4, 1 to 22 for zstd (on zstd's own
	// scale; the library knows four and takes the nearest). none and snappy have no levels.
	Level int
}

// Encoder builds batches from records. It copies what it is given, keeps its buffers and compressors
// from one batch to the next, and belongs to one goroutine.
type Encoder struct {
	opts    EncodeOptions
	deflate deflater
	raw     []byte // the records so far
	records int32
	base    int64 // offset of the first record
	baseTS  int64 // timestamp of the first record
	last    int64 // offset of the last record
	lo, hi  int64 // timestamps
}

// NewEncoder makes an Encoder. It refuses codecs and levels that do not exist.
func NewEncoder(o EncodeOptions) (*Encoder, error) {
	if err := checkLevel(o.Codec, o.Level); err != nil {
		return nil, err
	}
	return &Encoder{opts: o, deflate: deflater{codec: o.Codec, level: o.Level}}, nil
}

// Reset forgets the records appended so far.
func (e *Encoder) Reset() { e.raw, e.records = e.raw[:0], 0 }

// Len is the number of records appended.
func (e *Encoder) Len() int { return int(e.records) }

// RawSize is the size in bytes that the batch would have without compression; 0 without records.
func (e *Encoder) RawSize() int {
	if e.records == 0 {
		return 0
	}
	return HeaderSize + len(e.raw)
}

// SizeWith is RawSize with r appended as well, so that a batch can be closed before it gets too large.
func (e *Encoder) SizeWith(r *Record) int {
	var offsetDelta int32
	var timestampDelta int64
	if e.records > 0 {
		offsetDelta, timestampDelta = int32(r.Offset-e.base), r.Timestamp-e.baseTS
	}
	n := bodySize(r, offsetDelta, timestampDelta)
	return HeaderSize + len(e.raw) + int(n) + uvarintSize(uint64(n)<<1)
}

// Append adds a record. Offsets are kept as they are and must rise, with holes if need be; timestamps
// may be any. An error says that r cannot be part of this batch, which stays as it was.
func (e *Encoder) Append(r *Record) error {
	if e.records == 0 {
		if r.Offset < 0 {
			return fmt.Errorf("encode offset %d: below 0", r.Offset)
		}
		e.base, e.baseTS, e.last = r.Offset, r.Timestamp, r.Offset-1
	}
	if r.Offset <= e.last || r.Offset-e.base > math.MaxInt32-1 {
		return fmt.Errorf("encode offset %d: does not follow %d in a batch from %d", r.Offset, e.last, e.base)
	}
	offsetDelta := int32(r.Offset - e.base)
	timestampDelta := r.Timestamp - e.baseTS // may wrap; readers wrap it back
	body := bodySize(r, offsetDelta, timestampDelta)
	if body > maxRawBytes-5-int64(len(e.raw)) {
		return fmt.Errorf("encode offset %d: %w: record of %d bytes behind %d", r.Offset, ErrTooLarge, body, len(e.raw))
	}
	e.raw = appendRecord(e.raw, r, offsetDelta, timestampDelta, int(body))
	if e.records == 0 {
		e.lo, e.hi = r.Timestamp, r.Timestamp
	}
	e.lo, e.hi = min(e.lo, r.Timestamp), max(e.hi, r.Timestamp)
	e.records, e.last = e.records+1, r.Offset
	return nil
}

// Encode appends the batch of the records so far to dst; they stay until Reset. Base offset and base
// timestamp are the first record's, the last offset is the last record's, the maximum timestamp is
// exact, the CRC is set. From the template come leader epoch, producer id, epoch and base sequence,
// and of its attributes timestamp type, transactional and control; the zero Header stands for
// Template(), no producer. A template with LogAppendTime needs records of one timestamp.
//
// Data that does not compress is kept with its codec, a few bytes larger: the same records always
// give the same kind of batch.
func (e *Encoder) Encode(dst []byte, template Header) ([]byte, error) {
	return e.encode(dst, e.opts.Codec, template)
}

func (e *Encoder) encode(dst []byte, c Codec, template Header) ([]byte, error) {
	if e.records == 0 {
		return dst, fmt.Errorf("encode a batch: it has no records")
	}
	if template == (Header{}) {
		template = Template()
	}
	if template.LogAppendTime() && e.lo != e.hi {
		return dst, fmt.Errorf("encode offset %d: a LogAppendTime batch has one timestamp, these records have %d to %d",
			e.base, e.lo, e.hi)
	}
	start := len(dst)
	out, err := e.deflate.compress(append(dst, make([]byte, HeaderSize)...), c, e.raw)
	if err != nil {
		return dst, fmt.Errorf("encode offset %d: %w", e.base, err)
	}
	raw := out[start:]
	if int64(len(raw)) > math.MaxInt32 {
		return dst, fmt.Errorf("encode offset %d: %w: %d bytes", e.base, ErrTooLarge, len(raw))
	}
	h := Header{
		BaseOffset: e.base, Length: int32(len(raw) - lengthOverhead),
		LeaderEpoch: template.LeaderEpoch, Magic: magicV2,
		Attributes:      template.Attributes&(attrLogAppendTime|attrTransactional|attrControl) | int16(c),
		LastOffsetDelta: int32(e.last - e.base),
		BaseTimestamp:   e.baseTS, MaxTimestamp: e.hi,
		ProducerID: template.ProducerID, ProducerEpoch: template.ProducerEpoch,
		BaseSequence: template.BaseSequence, NumRecords: e.records,
	}
	h.put(raw)
	binary.BigEndian.PutUint32(raw[posCRC:], checksum(raw))
	return out, nil
}
