package batch

import (
	"fmt"
	"math"
)

// Cut appends to dst the records of the batch raw whose offsets lie in [from, to), as a batch of their
// own: offsets, timestamps, timestamp type, codec, leader epoch and producer fields are kept, and each
// record keeps its sequence number. It is for batches that straddle a frozen start or end, or a log
// start in mid-batch. A batch that lies inside [from, to) is copied as it is, without a look inside.
// Without a record in the range dst comes back as it was and kept is 0.
//
// enc must hold no records; its level is used if its codec is the batch's. The CRC of raw is the
// caller's to check.
func Cut(dec *Decoder, enc *Encoder, dst, raw []byte, from, to int64) (out []byte, kept int, err error) {
	h, err := ParseHeader(raw)
	switch {
	case err != nil:
		return dst, 0, err
	case h.NumRecords == 0:
		return dst, 0, nil
	case h.BaseOffset >= from && h.LastOffset() < to:
		return append(dst, raw[:h.Size()]...), int(h.NumRecords), nil
	}
	return Filter(dec, enc, dst, raw, func(r *Record) bool { return r.Offset >= from && r.Offset < to })
}

// Filter is Cut for any condition, for example a window of timestamps. The offsets of records that
// are left out inside become holes.
func Filter(dec *Decoder, enc *Encoder, dst, raw []byte, keep func(*Record) bool) (out []byte, kept int, err error) {
	if enc.Len() > 0 {
		return dst, 0, fmt.Errorf("cut a batch: the encoder still holds %d records", enc.Len())
	}
	h, err := ParseHeader(raw)
	if err != nil {
		return dst, 0, err
	}
	defer enc.Reset()
	err = dec.Walk(raw, func(r *Record) error {
		if !keep(r) {
			return nil
		}
		return enc.Append(r)
	})
	if err != nil || enc.Len() == 0 {
		return dst, 0, err
	}
	h.BaseSequence = addSequence(h.BaseSequence, enc.base-h.BaseOffset)
	out, err = enc.encode(dst, h.Codec(), h)
	if err != nil {
		return dst, 0, err
	}
	return out, enc.Len(), nil
}

// addSequence moves a producer's sequence number on by n; it wraps from 2^31-1 to 0, and stays if
// there is none (-1).
func addSequence(seq int32, n int64) int32 {
	if seq < 0 {
		return seq
	}
	return int32((int64(seq) + n) & math.MaxInt32)
}
