package engine

import (
	"bytes"
	"context"
	"errors"
	"math"

	"kustody/kafka"
	"kustody/kafka/batch"
)

// lookahead is how many records on either side are searched for the place where target and archive agree
// again after a difference: one lost or foreign record must not make all that follow it look changed.
const lookahead = 32

// lookaheadBytes bounds the memory of it, on either side, where records are large.
const lookaheadBytes = 32 << 20

// comparer compares the records of one partition in order. As long as they agree nothing is copied and
// nothing allocated; after a difference it collects what comes until both sides are in step again.
type comparer struct {
	part     *partRead
	queue    []*slab // not done with; the first is at record pos
	pos      int
	drained  bool // no more slabs come
	held     []found
	spare    [][]byte
	scratch  []byte
	record   batch.Record
	compared int64
	index    int64 // of the next expected record
	content  partDifferences
	raw      rawWitness

	heldBytes int
}

// found is a record of the target that waits to be matched.
type found struct {
	canonical []byte
	offset    int64
	kind      int // timestamp type
}

// errBlind says that the archive gave out: there is nothing more to compare with.
var errBlind = errors.New("the archive could not be decoded to its end")

// sighted takes errBlind for no error: why the archive gave out is known, and judged, elsewhere.
func sighted(err error) error {
	if errors.Is(err, errBlind) {
		return nil
	}
	return err
}

// compareNext compares one record. hole is the number of offsets before it that hold none.
func (c *comparer) compareNext(ctx context.Context, r *kafka.ReadRecord, hole int64) error {
	if c.drained && c.part.expectErr != nil {
		return nil
	}
	return sighted(c.compareOne(ctx, r, hole))
}

func (c *comparer) compareOne(ctx context.Context, r *kafka.ReadRecord, hole int64) error {
	c.record = batch.Record{Timestamp: r.Timestamp, Key: r.Key, Value: r.Value, Headers: r.Headers}
	c.scratch = batch.AppendCanonical(c.scratch[:0], &c.record)
	if gone := c.part.from - int64(c.part.rp.Start); gone > 0 && c.part.observed == 1 {
		hole += gone // the log begins behind where the restored range did
	}
	if hole > lookahead { // too far to be found by looking
		if err := c.skip(ctx, hole); err != nil {
			return err
		}
	}
	if len(c.held) == 0 {
		w, bytesOf, err := c.peek(ctx, 0)
		if err != nil {
			return err
		}
		if w != nil && (bytes.Equal(bytesOf, c.scratch) && r.TimestampType != stampedByBroker || !c.sampled()) {
			return c.accept(ctx, w, r.Offset)
		}
	}
	c.hold(r.Offset, r.TimestampType)
	if !c.enough() {
		return nil
	}
	return c.resolve(ctx, false)
}

// enough says that no more records are collected before the two sides are brought into step.
func (c *comparer) enough() bool {
	return len(c.held) >= lookahead || c.heldBytes >= lookaheadBytes
}

// stampedByBroker is the timestamp type LogAppendTime: a restored record never has it.
const stampedByBroker = 1

// sampled says whether the next expected record is one that is compared.
func (c *comparer) sampled() bool {
	share := c.part.v.Checks.Content.Sample
	if share == 0 || share == 1 {
		return true
	}
	return math.Floor(float64(c.index+1)*share) > math.Floor(float64(c.index)*share)
}

// peek is the k-th expected record from here, nil if there are not so many, and what it must look like.
func (c *comparer) peek(ctx context.Context, k int) (*wanted, []byte, error) {
	at := c.pos + k
	for i := 0; ; i++ {
		if i == len(c.queue) {
			if k > 0 && i > slabCount && c.queued() >= lookaheadBytes {
				return nil, nil, nil
			}
			more, err := c.more(ctx)
			if err != nil || !more {
				return nil, nil, err
			}
		}
		s := c.queue[i]
		if at < len(s.records) {
			w := &s.records[at]
			return w, s.buf[w.from:w.to], nil
		}
		at -= len(s.records)
	}
}

// more waits for the next slab.
func (c *comparer) more(ctx context.Context) (bool, error) {
	switch {
	case c.drained && c.part.expectErr != nil:
		return false, errBlind
	case c.drained:
		return false, nil
	}
	if len(c.queue) >= slabCount { // all that there are: looking ahead over large records takes more
		select {
		case c.part.free <- &slab{}:
		default:
		}
	}
	select {
	case s, ok := <-c.part.slabs:
		if !ok {
			c.drained = true
			if c.part.expectErr != nil { // set before the channel was closed
				return false, errBlind
			}
			return false, nil
		}
		c.queue = append(c.queue, s)
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// queued is how much expected records take in memory.
func (c *comparer) queued() int {
	n := 0
	for _, s := range c.queue {
		n += len(s.buf)
	}
	return n
}

// pop leaves the next expected record behind.
func (c *comparer) pop() {
	c.index++
	c.pos++
	if c.pos == len(c.queue[0].records) {
		select {
		case c.part.free <- c.queue[0]:
		default: // one of those that were made for looking ahead
		}
		c.queue = append(c.queue[:0], c.queue[1:]...)
		c.pos = 0
	}
}

// accept leaves an expected record behind that was found at a target offset.
func (c *comparer) accept(ctx context.Context, w *wanted, offset int64) error {
	if c.sampled() {
		c.compared++
	}
	odd := w.odd || w.headers
	if odd {
		c.raw.add(w, c.queue[0].buf, offset)
	}
	c.pop()
	if odd && c.raw.full() {
		return c.raw.decide(ctx)
	}
	return nil
}

// hold keeps the record that was just encoded.
func (c *comparer) hold(offset int64, kind int) {
	var buf []byte
	if n := len(c.spare); n > 0 {
		buf, c.spare = c.spare[n-1], c.spare[:n-1]
	}
	c.held = append(c.held, found{append(buf[:0], c.scratch...), offset, kind})
	c.heldBytes += len(c.scratch)
}

// drop lets go of the first held record.
func (c *comparer) drop() {
	c.heldBytes -= len(c.held[0].canonical)
	c.spare = append(c.spare, c.held[0].canonical)
	c.held = append(c.held[:0], c.held[1:]...)
}

// resolve brings the two sides into step. Without last it stops when it would need records that are
// still to come.
func (c *comparer) resolve(ctx context.Context, last bool) error {
	for len(c.held) > 0 {
		same, err := c.equal(ctx, 0, 0)
		if err != nil {
			return err
		}
		if same {
			w, _, _ := c.peek(ctx, 0) // it is there: it was just compared
			if err := c.accept(ctx, w, c.held[0].offset); err != nil {
				return err
			}
			c.drop()
			continue
		}
		if !last && !c.enough() {
			return nil
		}
		p, q, err := c.align(ctx)
		if err != nil {
			return err
		}
		if err := c.differ(ctx, p, q); err != nil {
			return err
		}
	}
	return nil
}

// equal compares the p-th expected record with the q-th held one.
func (c *comparer) equal(ctx context.Context, p, q int) (bool, error) {
	w, want, err := c.peek(ctx, p)
	if err != nil || w == nil || q >= len(c.held) {
		return false, err
	}
	return bytes.Equal(want, c.held[q].canonical) && c.held[q].kind != stampedByBroker, nil
}

// align finds the fewest records to leave behind on each side, so that the next ones agree. Changed
// records come before lost and foreign ones. Where nothing agrees it is one of each.
func (c *comparer) align(ctx context.Context) (p, q int, err error) {
	for d := 1; d < lookahead; d++ {
		if ok, err := c.equal(ctx, d, d); ok || err != nil {
			return d, d, err
		}
		for k := d - 1; k >= 0; k-- {
			for _, at := range [2][2]int{{d, k}, {k, d}} {
				if ok, err := c.inStep(ctx, at[0], at[1]); ok || err != nil {
					return at[0], at[1], err
				}
			}
		}
	}
	return 1, 1, nil
}

// inStep asks for two pairs of equal records, or one at an end: a single one may be a coincidence.
func (c *comparer) inStep(ctx context.Context, p, q int) (bool, error) {
	if ok, err := c.equal(ctx, p, q); !ok || err != nil {
		return false, err
	}
	w, _, err := c.peek(ctx, p+1)
	if err != nil || w == nil || q+1 >= len(c.held) {
		return err == nil, err
	}
	return c.equal(ctx, p+1, q+1)
}

// differ enters the next p expected and q held records as differences: pairs as changed, the rest as
// lost or foreign.
func (c *comparer) differ(ctx context.Context, p, q int) error {
	for ; p > 0 || q > 0; p, q = p-1, q-1 {
		var w *wanted
		if p > 0 {
			var err error
			if w, _, err = c.peek(ctx, 0); err != nil {
				return err
			}
		}
		switch {
		case w == nil && q > 0:
			c.foreign(c.held[0])
			c.drop()
		case w != nil && q > 0:
			c.changed(w, c.held[0])
			c.pop()
			c.drop()
		case w != nil:
			c.lost(w)
			c.pop()
		}
	}
	return nil
}

// skip enters expected records as lost whose offsets the target does not hold.
func (c *comparer) skip(ctx context.Context, n int64) error {
	if err := c.resolve(ctx, true); err != nil {
		return err
	}
	for ; n > 0; n-- {
		w, _, err := c.peek(ctx, 0)
		if err != nil || w == nil {
			return err
		}
		c.lost(w)
		c.pop()
	}
	return nil
}

// settle ends the comparison: what is expected and did not come is lost.
func (c *comparer) settle(ctx context.Context) error {
	if err := c.resolve(ctx, true); err != nil {
		return sighted(err)
	}
	return sighted(c.skip(ctx, math.MaxInt64))
}
