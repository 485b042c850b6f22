package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"kustody/kafka"
	"kustody/kafka/batch"
)

// rawWitness reads again, through the raw reader, what the independent client cannot show truly: records
// with the timestamp -1, or with a NUL byte in a header's name, which it cuts there. Of every other
// record with headers it looks whether a name goes on behind a NUL byte: the client would show the right
// name for a wrong one. It reads forward, once.
type rawWitness struct {
	part    *partRead
	cases   []rawCase
	arena   []byte
	reader  *kafka.Reader
	chunk   *kafka.Chunk
	at      int // batch of the chunk
	dec     *batch.Decoder
	scratch []byte
	decided int64 // records that it decided
	names   int64 // records whose header names it looked at
}

// rawCase is a record to be looked at.
type rawCase struct {
	target, source int64
	from, to       int // in the arena: what must be there; nothing: only the names are looked at
}

// How much may wait before the raw reader looks: a few megabytes.
const (
	rawCases = 64 << 10
	rawBytes = 4 << 20
)

// add enters a record that is expected at a target offset.
func (r *rawWitness) add(w *wanted, buf []byte, target int64) {
	c := rawCase{target: target, source: w.source, from: len(r.arena)}
	if w.odd {
		s := slab{buf: buf}
		r.arena = append(r.arena, s.whole(w)...)
	}
	c.to = len(r.arena)
	r.cases = append(r.cases, c)
}

func (r *rawWitness) full() bool { return len(r.cases) >= rawCases || len(r.arena) >= rawBytes }

// decide looks at what has been entered.
func (r *rawWitness) decide(ctx context.Context) error {
	if len(r.cases) == 0 {
		return nil
	}
	if r.reader == nil {
		p := r.part
		r.dec = batch.NewDecoder(batch.Limits{})
		r.reader = p.v.Target.Read(p.tp, kafka.ReadOptions{Start: r.cases[0].target, End: p.to, LastEpoch: -1})
	}
	rest := r.cases
	for len(rest) > 0 {
		b, err := r.batch(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read %s with the raw reader: %w", r.part.tp, err)
		}
		err = r.dec.Walk(b.Raw, func(rec *batch.Record) error {
			for len(rest) > 0 && rest[0].target < rec.Offset {
				r.absent(rest[0])
				rest = rest[1:]
			}
			if len(rest) > 0 && rest[0].target == rec.Offset {
				r.judge(rest[0], rec)
				rest = rest[1:]
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("decode %s at offset %d: %w", r.part.tp, b.BaseOffset, err)
		}
		if len(rest) > 0 {
			r.at++
		}
	}
	for _, c := range rest {
		r.absent(c)
	}
	r.cases, r.arena = r.cases[:0], r.arena[:0]
	return nil
}

// batch is the present batch; the next one if the present is done with.
func (r *rawWitness) batch(ctx context.Context) (*kafka.Batch, error) {
	for r.chunk == nil || r.at >= len(r.chunk.Batches) {
		var err error
		if r.chunk, err = r.reader.Next(ctx); err != nil {
			r.chunk = nil
			return nil, err
		}
		r.at = 0
	}
	return &r.chunk.Batches[r.at], nil
}

// judge compares one record.
func (r *rawWitness) judge(c rawCase, rec *batch.Record) {
	content := &r.part.content
	if c.to > c.from {
		r.decided++
		r.scratch = batch.AppendCanonical(r.scratch[:0], rec)
		if want := r.arena[c.from:c.to]; !bytes.Equal(want, r.scratch) {
			content.differences(c.source, c.target, want, r.scratch)
		}
		return
	}
	r.names++
	for i, h := range rec.Headers {
		if n := bytes.IndexByte(h.Key, 0); n >= 0 { // up to there it was compared
			content.AddDifference(difference(offsetOf(c.source), offsetOf(c.target), fmt.Sprintf("header[%d].name", i), h.Key[:n], h.Key))
		}
	}
}

// absent enters a record that one client delivers and the other does not.
func (r *rawWitness) absent(c rawCase) {
	r.part.content.AddDifference(difference(offsetOf(c.source), offsetOf(c.target), "record", r.arena[c.from:c.to], nil))
}

// close ends the reading.
func (r *rawWitness) close() {
	if r.reader != nil {
		r.reader.Close()
	}
}
