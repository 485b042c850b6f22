package engine

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"kustody/kafka/batch"
)

// partitioner says which target partition a record goes to. Records must be asked in order.
type partitioner struct {
	murmur bool
	n      int
	next   int // of the records dealt in turn
}

func newPartitioner(kind string, n int) *partitioner {
	return &partitioner{murmur: kind == "murmur2", n: n}
}

// of deals one record: by its key as the Java producer does, or in turn.
func (p *partitioner) of(key []byte) int32 {
	if p.murmur && key != nil {
		return int32(int(murmur2(key)&0x7fffffff) % p.n)
	}
	t := p.next
	p.next = (p.next + 1) % p.n
	return int32(t)
}

// murmur2 is the hash of Kafka's Java client (org.apache.kafka.common.utils.Utils), MurmurHash 2 with
// its seed, so that a restored record lies where a Java producer would have put it.
func murmur2(data []byte) uint32 {
	const m, r = 0x5bd1e995, 24
	h := uint32(0x9747b28c) ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h *= m
		h ^= k
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h ^= uint32(data[0])
		h *= m
	}
	h ^= h >> 13
	h *= m
	h ^= h >> 15
	return h
}

const (
	dealMemory  = 64 << 20 // for the batches being built of one topic, over all its target partitions
	dealLargest = 1 << 20
	dealLeast   = 16 << 10
	dealLanes   = 4 // goroutines that send; each serves its share of the target partitions
)

// dealLimit is how large the batches of a repartitioned topic get, before compression. It follows from
// the journal alone, so that a restore that goes on builds the same ones.
func dealLimit(partitions int, maxBytes int64) int {
	return min(max(min(dealMemory/partitions, dealLargest), dealLeast), rawLimit(int(maxBytes)))
}

// hand is the batch being built for one target partition.
type hand struct {
	enc    *batch.Encoder // without compression: a compressor per partition would cost megabytes each
	part   cutBatch
	codec  batch.Codec // of the stored batch that the first record came from
	at     int64       // records dealt before it
	sender *sender
	out    *restoredPart
	there  int64 // records a dead process wrote
}

// dealer restores one topic into another number of partitions. The source partitions come one after
// the other, so that what each target partition gets, and in which order, is the same at every attempt.
type dealer struct {
	r      *restore
	topic  int
	t      *RestoreTopic
	spread *partitioner
	limit  int
	hands  []*hand
	dec    *batch.Decoder
	again  *batch.Decoder // reads a hand to compress it
	cutter *cutter        // lends its encoders and headers
	lanes  []chan dealt
	raw    []byte
	pool   sync.Pool
}

// dealt is a batch on its way, and whose it is.
type dealt struct {
	hand *hand
	prepared
}

// dealTask restores one topic with another number of partitions.
func (r *restore) dealTask(topic int) task {
	t := &r.plan.Topics[topic]
	meters := make([]*Meter, len(t.Parts))
	for k, p := range t.Parts {
		meters[k] = r.job.meter(t.Target, p.Partition, 0, p.Records) // of the source partition: what a target gets is known at the end
	}
	return task{name: t.Target, size: t.Bytes, run: func(ctx context.Context) ([]*restoredPart, error) {
		d := &dealer{r: r, topic: topic, t: t, spread: newPartitioner(r.plan.Repartition, t.Partitions),
			limit: dealLimit(t.Partitions, t.MaxBatchBytes), cutter: newCutter(0, t.MaxBatchBytes, r.plan.OffsetHeaders, nil), dec: batch.NewDecoder(batch.Limits{}), again: batch.NewDecoder(batch.Limits{})}
		return d.run(ctx, meters)
	}}
}

// run deals every source partition, then what is left in the hands.
func (d *dealer) run(ctx context.Context, meters []*Meter) ([]*restoredPart, error) {
	if err := d.sit(ctx); err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	for i := range d.lanes {
		g.Go(func() error { return d.sendLane(ctx, i) })
	}
	g.Go(func() error {
		defer func() {
			for _, lane := range d.lanes {
				close(lane)
			}
		}()
		for k := range d.t.Parts {
			if err := d.deal(ctx, &d.t.Parts[k], meters[k]); err != nil {
				meters[k].Set(Failed)
				return fmt.Errorf("source partition %d: %w", d.t.Parts[k].Partition, err)
			}
		}
		for _, h := range d.hands {
			if err := d.play(ctx, h); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var parts []*restoredPart
	for _, h := range d.hands {
		if h.sender.done != h.out.records {
			return nil, &ForeignError{h.sender.tp, fmt.Errorf("it holds %d records where %d were restored", h.sender.done, h.out.records)}
		}
		parts = append(parts, h.out)
	}
	return parts, nil
}

// sit makes a hand for every target partition.
func (d *dealer) sit(ctx context.Context) error {
	for n := range d.t.Partitions {
		s, err := d.r.sender(ctx, d.topic, int32(n))
		if err != nil {
			return err
		}
		enc, err := batch.NewEncoder(batch.EncodeOptions{})
		if err != nil {
			return err
		}
		d.hands = append(d.hands, &hand{enc: enc, sender: s, there: s.done,
			out: &restoredPart{topic: d.topic, partition: int32(n), start: s.start}})
	}
	for range min(dealLanes, d.t.Partitions) {
		d.lanes = append(d.lanes, make(chan dealt, 1))
	}
	return nil
}

// sendLane sends the batches of its share of the target partitions, one in flight.
func (d *dealer) sendLane(ctx context.Context, lane int) error {
	for p := range d.lanes[lane] {
		if err := d.r.pace.wait(ctx, int64(len(p.raw))); err != nil {
			return err
		}
		if err := p.hand.sender.send(ctx, &p.prepared); err != nil {
			return err
		}
		d.pool.Put(&p.raw)
	}
	return nil
}

// deal reads one source partition and gives each record to its hand.
func (d *dealer) deal(ctx context.Context, part *RestorePartition, meter *Meter) error {
	meter.Set(Running)
	d.cutter.partition = part.Partition
	var total int64
	for _, s := range part.view.Segments {
		v := newSieve(d.r.plan.Window, s)
		if v.segment(s) == leave {
			continue
		}
		err := eachBatch(ctx, d.r.archive, s, func(raw []byte, h batch.Header) error {
			if v.batch(h) == leave {
				return nil
			}
			var n int64
			err := d.dec.Walk(raw, func(rec *batch.Record) error {
				if !v.record(rec) {
					return nil
				}
				n++
				return d.give(ctx, s.Key, part.Partition, h, rec)
			})
			total += n
			meter.Add(n, int64(len(raw)), total)
			return err
		})
		if err != nil {
			return err
		}
	}
	if total != part.Records {
		return fmt.Errorf("%d records were restored, and the plan counted %d", total, part.Records)
	}
	meter.Set(Done)
	return nil
}

// give puts one record into the hand of its target partition.
func (d *dealer) give(ctx context.Context, segment string, partition int32, from batch.Header, rec *batch.Record) error {
	h := d.hands[d.spread.of(rec.Key)]
	source := rec.Offset
	d.cutter.addHeaders(rec)
	rec.Offset = int64(h.enc.Len())
	if h.enc.Len() > 0 && h.enc.SizeWith(rec) > d.limit {
		if err := d.play(ctx, h); err != nil {
			return err
		}
		rec.Offset = 0
	}
	if h.enc.Len() == 0 {
		h.part, h.codec, h.at = cutBatch{first: source, why: repartd}, from.Codec(), h.out.records
	}
	h.part.last = source
	if from.LogAppendTime() {
		h.out.stamped++
	}
	h.out.spans.add(segment, partition, source, h.out.start+h.out.records, 1)
	h.out.records++
	h.out.whys[repartd]++
	return h.enc.Append(rec)
}

// play ends a hand's batch and passes it on to be sent, unless it is there already.
func (d *dealer) play(ctx context.Context, h *hand) error {
	if h.enc.Len() == 0 {
		return nil
	}
	h.part.records = h.enc.Len()
	p := prepared{cutBatch: h.part, at: h.at}
	var err error
	if d.raw, err = h.enc.Encode(d.raw[:0], batch.Template()); err != nil {
		return err
	}
	h.enc.Reset()
	raw := d.raw
	if h.codec != batch.None {
		if raw, err = d.compress(raw, h.codec); err != nil {
			return err
		}
	}
	if len(raw) > int(d.t.MaxBatchBytes) {
		return &RecordTooLargeError{Offset: p.first, Bytes: len(raw), Limit: int(d.t.MaxBatchBytes)}
	}
	h.out.bytes += int64(len(raw))
	if p.end() <= h.there {
		return nil
	}
	var buf []byte
	if b, ok := d.pool.Get().(*[]byte); ok {
		buf = *b
	}
	p.raw = batch.Retarget(buf[:0], raw, 0, h.sender.producer.ID, h.sender.producer.Epoch, sequence(p.at))
	lane := int(h.sender.tp.Partition) % len(d.lanes)
	select {
	case d.lanes[lane] <- dealt{h, p}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// compress encodes a hand's batch with a codec.
func (d *dealer) compress(raw []byte, codec batch.Codec) ([]byte, error) {
	enc, err := d.cutter.encoder(codec)
	if err != nil {
		return nil, err
	}
	enc.Reset()
	if err := d.again.Walk(raw, enc.Append); err != nil {
		return nil, err
	}
	d.cutter.buf, err = enc.Encode(d.cutter.buf[:0], batch.Template())
	return d.cutter.buf, err
}
