package engine

import (
	"fmt"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// rebatchBytes is the size that re-encoded batches aim at, before compression: large enough for a
// codec to find repetitions, small enough for any max.message.bytes in use (the default is 1 MiB).
const rebatchBytes = 1000 << 10

// timestampType is the bit of a batch's attributes that says the broker stamped it (KIP-32).
const timestampType = 0x08

// recoder turns fetched batches into stored ones, as backup.compression says. It hands each batch on
// in order; nothing it hands out is valid after the call. One goroutine.
type recoder struct {
	inspect bool // walk every record
	auto    bool // keep what is compressed
	enc     *batch.Encoder
	dec     *batch.Decoder
	put     putBatch
	pending batch.Stats
	cover   archive.Span // what the records that wait in enc account for
	last    batch.Header // of the batch they came from last
	buf     []byte
}

// putBatch takes a batch to store and the offsets it accounts for.
type putBatch func(raw []byte, h batch.Header, s batch.Stats, cover archive.Span) error

// newRecoder makes a recoder for one partition.
func newRecoder(c archive.Capture, put putBatch) (*recoder, error) {
	r := &recoder{inspect: c.Inspect == "records", auto: c.Compression == "auto", dec: batch.NewDecoder(batch.Limits{}), put: put}
	if c.Compression == "producer" {
		return r, nil
	}
	name := c.Compression
	if r.auto {
		name = "zstd"
	}
	codec, err := batch.ParseCodec(name)
	if err != nil {
		return nil, fmt.Errorf("backup.compression: %w", err)
	}
	r.enc, err = batch.NewEncoder(batch.EncodeOptions{Codec: codec, Level: c.CompressionLevel})
	return r, err
}

// waiting says whether records wait to be joined by others.
func (r *recoder) waiting() bool { return r.enc != nil && r.enc.Len() > 0 }

// add takes one batch and the offsets it accounts for.
func (r *recoder) add(raw []byte, h batch.Header, cover archive.Span) error {
	if r.enc == nil || (r.auto && h.Codec() != batch.None) {
		if err := r.flush(); err != nil {
			return err
		}
		return r.pass(raw, h, cover)
	}
	return r.rebatch(raw, h, cover)
}

// pass hands a batch on as it is.
func (r *recoder) pass(raw []byte, h batch.Header, cover archive.Span) error {
	stats := archive.HeaderStats(h)
	if r.inspect {
		var err error
		if stats, err = r.dec.Scan(raw); err != nil {
			return fmt.Errorf("batch at offset %d: %w", h.BaseOffset, err)
		}
	}
	return r.put(raw, h, stats, cover)
}

// rebatch moves the records of a batch into the one that is being built. Batches stay alone where
// joining them would change something: a broker's time stamp counts for a whole batch, and holes and
// leader epochs are told by batch.
func (r *recoder) rebatch(raw []byte, h batch.Header, cover archive.Span) error {
	alone := h.LogAppendTime() || cover.To-cover.From != int64(h.NumRecords)
	joins := r.waiting() && !alone && cover.From == r.cover.To && h.LeaderEpoch == r.last.LeaderEpoch
	if !joins {
		if err := r.flush(); err != nil {
			return err
		}
	}
	if !r.waiting() {
		r.cover.From = cover.From
	}
	var stats batch.Stats
	err := r.dec.Walk(raw, func(rec *batch.Record) error {
		if r.enc.Len() > 0 && !alone && r.enc.SizeWith(rec) > rebatchBytes {
			if err := r.emit(h, &stats, rec.Offset); err != nil {
				return err
			}
		}
		stats.Add(batch.Stats{Records: 1, MinTimestamp: rec.Timestamp, MaxTimestamp: rec.Timestamp})
		return r.enc.Append(rec)
	})
	if err != nil {
		return fmt.Errorf("batch at offset %d: %w", h.BaseOffset, err)
	}
	r.pending.Add(stats)
	r.last, r.cover.To = h, cover.To
	if alone {
		return r.flush()
	}
	return nil
}

// emit closes the batch being built in the middle of another one, before the record at offset next.
func (r *recoder) emit(h batch.Header, stats *batch.Stats, next int64) error {
	r.pending.Add(*stats)
	*stats = batch.Stats{}
	r.last, r.cover.To = h, next
	err := r.flush()
	r.cover.From = next
	return err
}

// flush hands on what waits.
func (r *recoder) flush() error {
	if !r.waiting() {
		return nil
	}
	t := batch.Template()
	t.LeaderEpoch = r.last.LeaderEpoch
	t.Attributes = r.last.Attributes & timestampType
	var err error
	if r.buf, err = r.enc.Encode(r.buf[:0], t); err != nil {
		return fmt.Errorf("encode a batch: %w", err)
	}
	r.enc.Reset()
	stats := r.pending
	r.pending = batch.Stats{}
	h, err := batch.ParseHeader(r.buf)
	if err != nil {
		return err
	}
	return r.put(r.buf, h, stats, r.cover)
}
