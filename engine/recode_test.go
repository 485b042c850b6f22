package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// sourceBatch makes a batch of records with rising offsets, as a producer or a log cleaner leaves it.
func sourceBatch(t *testing.T, codec batch.Codec, logAppend bool, epoch int32, records []batch.Record) ([]byte, batch.Header) {
	t.Helper()
	enc, err := batch.NewEncoder(batch.EncodeOptions{Codec: codec})
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := enc.Append(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	tpl := batch.Template()
	tpl.LeaderEpoch = epoch
	if logAppend {
		tpl.Attributes = timestampType
	}
	raw, err := enc.Encode(nil, tpl)
	if err != nil {
		t.Fatal(err)
	}
	h, err := batch.ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	return raw, h
}

// randomLog makes the batches of one partition: codecs, holes, stamps and epochs mixed.
func randomLog(t *testing.T, r *rand.Rand) (raws [][]byte, covers []archive.Span) {
	t.Helper()
	next, epoch := int64(r.IntN(1000)), int32(0)
	for range 1 + r.IntN(30) {
		logAppend := r.IntN(5) == 0
		stamp := r.Int64()
		from := next
		if r.IntN(6) == 0 {
			next += int64(r.IntN(4)) // the cleaner took the batch's first records
		}
		var recs []batch.Record
		for range 1 + r.IntN(40) {
			rec := batch.Record{Offset: next, Timestamp: r.Int64() >> r.IntN(60), Value: bytes.Repeat([]byte{byte(next)}, r.IntN(40<<10)>>r.IntN(14))}
			if logAppend {
				rec.Timestamp = stamp
			}
			if r.IntN(3) > 0 {
				rec.Key = []byte(fmt.Sprint(next % 7))
			}
			if r.IntN(4) == 0 {
				rec.Headers = []batch.RecordHeader{{Key: []byte("h"), Value: nil}, {Key: []byte("h"), Value: []byte{}}}
			}
			recs = append(recs, rec)
			next += 1
			if r.IntN(50) == 0 {
				next += int64(r.IntN(5))
			}
		}
		next = max(next, recs[len(recs)-1].Offset+1)
		if r.IntN(5) == 0 {
			epoch++
		}
		raw, _ := sourceBatch(t, batch.Codec(r.IntN(5)), logAppend, epoch, recs)
		raws, covers = append(raws, raw), append(covers, archive.Span{From: from, To: next})
	}
	return raws, covers
}

// TestC22_recodingKeepsEveryRecord runs random logs through every compression mode. Records, their
// order and stamps must come out to the bit, the account must have no hole, and a batch that the
// broker stamped must stay alone.
func TestC22_recodingKeepsEveryRecord(t *testing.T) {
	for _, mode := range []string{"producer", "auto", "none", "gzip", "snappy", "lz4", "zstd"} {
		for _, inspect := range []string{"records", "batches"} {
			t.Run(mode+"/"+inspect, func(t *testing.T) {
				for seed := range uint64(4) {
					checkRecoding(t, archive.Capture{Compression: mode, Inspect: inspect}, rand.New(rand.NewPCG(seed, 7)))
				}
			})
		}
	}
}

func checkRecoding(t *testing.T, c archive.Capture, r *rand.Rand) {
	t.Helper()
	raws, covers := randomLog(t, r)
	var want, got []byte
	dec, pos := batch.NewDecoder(batch.Limits{}), covers[0].From
	canon := func(dst *[]byte) func(*batch.Record) error {
		return func(rec *batch.Record) error {
			*dst = fmt.Appendf(*dst, "%d:", rec.Offset)
			*dst = batch.AppendCanonical(*dst, rec)
			return nil
		}
	}
	rc, err := newRecoder(c, func(raw []byte, h batch.Header, s batch.Stats, cover archive.Span) error {
		if cover.From != pos || cover.To <= h.LastOffset() || h.BaseOffset < cover.From {
			t.Fatalf("a batch of %d to %d accounts for %v, and the account stands at %d", h.BaseOffset, h.LastOffset(), cover, pos)
		}
		pos = cover.To
		if err := batch.CheckCRC(raw); err != nil {
			t.Fatal(err)
		}
		exact, err := dec.Scan(raw)
		if err != nil {
			t.Fatal(err)
		}
		if s.Records != exact.Records || c.Inspect == "records" && (s.MinTimestamp != exact.MinTimestamp || s.MaxTimestamp != exact.MaxTimestamp) {
			t.Fatalf("stats %+v, a walk finds %+v", s, exact)
		}
		return dec.Walk(raw, canon(&got))
	})
	if err != nil {
		t.Fatal(err)
	}
	src := batch.NewDecoder(batch.Limits{})
	for i, raw := range raws {
		h, err := batch.ParseHeader(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Walk(raw, canon(&want)); err != nil {
			t.Fatal(err)
		}
		if err := rc.add(raw, h, covers[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := rc.flush(); err != nil {
		t.Fatal(err)
	}
	if pos != covers[len(covers)-1].To {
		t.Fatalf("the account ends at %d, the log at %d", pos, covers[len(covers)-1].To)
	}
	if !bytes.Equal(want, got) {
		t.Fatal("records changed on their way through the recoder")
	}
}
