package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/batch"
)

// partRead holds one restored partition against what the archive says must be in it. Two goroutines
// work on it: expect decodes the archive into slabs, take compares what the independent reader delivers
// with them. What each writes is its own until finish has returned.
type partRead struct {
	v       *validation
	topic   *topicRead
	rp      archive.ReceiptPartition
	tp      kafka.TopicPartition
	compare bool // contents, not only counts
	stream  sourceStream
	meter   *Meter

	logStart, lastStable, high int64 // of the target, before it was read
	from, to                   int64 // what is read of it

	expected
	comparer
	observed    int64 // records delivered
	next        int64 // the offset after the last one delivered
	holes       int64 // offsets in between that hold no record
	firstHole   int64
	firstTarget int64
	untold      error // why it could not be read to its end
}

// expected is what decoding the archive came to.
type expected struct {
	slabs       chan *slab // to the comparer
	free        chan *slab
	count       int64
	stamped     int64
	newest      int64 // timestamp
	spans       spans
	firstSource int64
	lastSource  int64
	tree        evidence.Tree // of the canonical records, where contents are compared
	expectErr   error
}

// Slabs move decoded records from one goroutine to the other without an object per record. A quarter
// of a megabyte stays in a core's cache; three of them hide the change.
const (
	slabBytes   = 256 << 10
	slabRecords = 4096
	slabCount   = 3
)

// slab is some consecutive expected records, each in the form in which it must be found.
type slab struct {
	buf     []byte
	records []wanted
}

// wanted is one expected record: buf[from:to] is what the independent client must show of it.
type wanted struct {
	from, to int
	whole    int   // buf[to:whole] is the record as it truly is, where that client cannot show it
	source   int64 // offset
	odd      bool  // the raw reader decides
	headers  bool
}

// source prepares the stream of expected records. With repartition a target partition gets records of
// all source partitions, and the archive is decoded once for each.
func (p *partRead) source() error {
	rec := p.v.receipt.Doc
	p.stream = sourceStream{archive: p.v.archive, window: rec.Window, target: p.rp.Partition}
	for i := range p.topic.source.Parts {
		part := &p.topic.source.Parts[i]
		if rec.Repartition != "" || part.Partition == p.rp.Partition {
			p.stream.parts = append(p.stream.parts, part)
		}
	}
	if rec.Repartition != "" {
		n := len(p.topic.Partitions)
		p.stream.spread = func() *partitioner { return newPartitioner(rec.Repartition, n) }
	}
	if len(p.stream.parts) == 0 {
		return &archive.BrokenError{Key: p.v.receipt.Key, Err: fmt.Errorf("says that partition %d of topic %s was restored, and run %s does not hold it", p.rp.Partition, p.topic.Source, rec.RunID)}
	}
	return nil
}

// begin makes the partition ready to be read.
func (p *partRead) begin() {
	p.slabs, p.free = make(chan *slab, slabCount), make(chan *slab, slabCount)
	for range slabCount {
		p.free <- &slab{}
	}
	p.next, p.firstTarget, p.firstHole, p.firstSource = p.from, -1, -1, -1
	p.comparer.part = p
	p.raw = rawWitness{part: p}
	p.meter.Set(Running)
}

// reset forgets what a reading that failed found.
func (p *partRead) reset() {
	p.expected, p.comparer = expected{}, comparer{}
	p.observed, p.holes, p.untold = 0, 0, nil
	p.meter.move(-p.meter.records.Load(), -p.meter.bytes.Load(), -p.meter.offset.Load())
}

// expect decodes what must be there, and hands it over in slabs.
func (p *partRead) expect(ctx context.Context) {
	defer close(p.slabs)
	var cur *slab
	extra := newCutter(0, 0, p.v.receipt.Doc.OffsetHeaders, nil)
	p.expectErr = p.stream.each(ctx, func(r *batch.Record, from *origin) error {
		p.note(r, from)
		if !p.compare {
			return nil
		}
		if cur == nil {
			select {
			case cur = <-p.free:
				cur.buf, cur.records = cur.buf[:0], cur.records[:0]
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		extra.partition = from.partition
		p.put(cur, r, extra)
		if len(cur.buf) >= slabBytes || len(cur.records) == slabRecords {
			err := p.pass(ctx, cur)
			cur = nil
			return err
		}
		return nil
	})
	if cur != nil && p.expectErr == nil {
		p.expectErr = p.pass(ctx, cur)
	}
}

// pass hands a slab to the comparer.
func (p *partRead) pass(ctx context.Context, s *slab) error {
	select {
	case p.slabs <- s:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// note counts an expected record.
func (p *partRead) note(r *batch.Record, from *origin) {
	if p.count == 0 {
		p.firstSource, p.newest = r.Offset, r.Timestamp
	}
	p.spans.add(from.segment, from.partition, r.Offset, int64(p.rp.Start)+p.count, 1)
	p.count++
	p.lastSource, p.newest = r.Offset, max(p.newest, r.Timestamp)
	if from.stamped {
		p.stamped++
	}
}

// put writes an expected record into a slab: its hash is that of the captured record, its form that of
// the restored one.
func (p *partRead) put(s *slab, r *batch.Record, extra *cutter) {
	// The byte before it makes of a canonical record a leaf (RFC 6962, 2.1), which so is hashed where it lies.
	s.buf = append(s.buf, 0)
	w := wanted{from: len(s.buf), source: r.Offset}
	s.buf = batch.AppendCanonical(s.buf, r)
	p.tree.AddHash(sha256.Sum256(s.buf[w.from-1:]))
	if extra.headers {
		extra.addHeaders(r)
		s.buf = batch.AppendCanonical(s.buf[:w.from], r)
	}
	w.to = len(s.buf)
	w.whole, w.headers = w.to, len(r.Headers) > 0
	if w.odd = r.Timestamp == noTimestamp; !kafka.Readable(r.Headers) {
		w.odd = true
		whole := slices.Clone(s.buf[w.from:]) // rare
		shown := *r
		shown.Headers = shownHeaders(r.Headers)
		s.buf = batch.AppendCanonical(s.buf[:w.from], &shown)
		w.to = len(s.buf)
		s.buf = append(s.buf, whole...)
		w.whole = len(s.buf)
	}
	s.records = append(s.records, w)
}

// noTimestamp is what the independent client says of a record without a timestamp, and of one whose
// timestamp is this.
const noTimestamp = -1

// take is told of the next record in the target.
func (p *partRead) take(ctx context.Context, r *kafka.ReadRecord) error {
	if p.observed == 0 {
		p.firstTarget = r.Offset
	}
	p.observed++
	hole := r.Offset - p.next
	if hole > 0 {
		if p.holes == 0 {
			p.firstHole = p.next
		}
		p.holes += hole
	}
	p.next = r.Offset + 1
	p.meter.Add(1, int64(len(r.Key)+len(r.Value)), p.next-p.from)
	if !p.compare {
		return nil
	}
	return p.compareNext(ctx, r, hole)
}

// finish ends a reading that came to its end.
func (p *partRead) finish(ctx context.Context) error {
	if p.next < p.to { // the last offsets hold no record
		if p.holes == 0 {
			p.firstHole = p.next
		}
		p.holes += p.to - p.next
	}
	p.meter.offset.Store(p.to - p.from)
	if !p.compare {
		for range p.slabs {
		}
		return nil
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	return p.raw.decide(ctx)
}
