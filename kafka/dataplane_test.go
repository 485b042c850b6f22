package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
)

// impatient makes failures end within a test's time.
var impatient = kafka.ClientOptions{Timeout: 2 * time.Second, RetryFor: 4 * time.Second}

func startBroker(t *testing.T, o embedded.Options) *embedded.Broker {
	t.Helper()
	b, err := embedded.Start(o)
	check(t, err)
	t.Cleanup(b.Close)
	return b
}

func open(t *testing.T, b *embedded.Broker, o kafka.ClientOptions) *kafka.Client {
	t.Helper()
	c, err := kafka.OpenWith(t.Context(), b.Cluster(), o)
	check(t, err)
	t.Cleanup(c.Close)
	return c
}

// newTopic starts a broker with one topic of one partition, and a client.
func newTopic(t *testing.T, o embedded.Options) (*embedded.Broker, *kafka.Client, kafka.TopicPartition) {
	t.Helper()
	b := startBroker(t, o)
	check(t, b.CreateTopic("orders", 1, nil))
	return b, open(t, b, impatient), b.Partition("orders", 0)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes n records as one batch; their values are their offsets.
func put(t *testing.T, b *embedded.Broker, topic string, partition int32, n int) int64 {
	t.Helper()
	base := b.Info(topic, partition).HighWatermark
	off, err := b.Produce(topic, partition, numbered(base, n)...)
	check(t, err)
	return off
}

func numbered(base int64, n int) []embedded.Record {
	recs := make([]embedded.Record, n)
	for i := range recs {
		recs[i] = embedded.Record{Timestamp: 1_700_000_000_000 + base*1000, Key: []byte("k"), Value: fmt.Appendf(nil, "%d", base+int64(i))}
	}
	return recs
}

// reading is what a Reader gave until its end.
type reading struct {
	offsets []int64 // of the records in [start,end)
	values  []string
	absent  []kafka.Absent
	gaps    []kafka.Absent
	chunks  int
	epoch   int32
	err     error
}

// readAll reads to the end, or to the first error, and cuts batches as a caller does. It fails the test
// if the chunks do not account for every offset exactly once.
func readAll(t *testing.T, c *kafka.Client, tp kafka.TopicPartition, o kafka.ReadOptions) reading {
	t.Helper()
	r := c.Read(tp, o)
	defer r.Close()
	var got reading
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	at := o.Start
	for {
		ch, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			if at != o.End || r.Position() != o.End {
				t.Errorf("end of reading at %d, position %d, want %d", at, r.Position(), o.End)
			}
			return got
		}
		if err != nil {
			got.err = err
			return got
		}
		if ch.From != at || ch.To <= ch.From || ch.To != r.Position() {
			t.Errorf("chunk [%d,%d) at %d, position %d", ch.From, ch.To, at, r.Position())
		}
		account(t, ch)
		got.add(t, ch)
		at, got.epoch = ch.To, ch.LastEpoch
	}
}

// account checks that batches, absent ranges and gap cover [From,To) without overlap.
func account(t *testing.T, ch *kafka.Chunk) {
	t.Helper()
	seen := map[int64]int{}
	for _, b := range ch.Batches {
		for o := max(b.BaseOffset, ch.From); o <= min(b.LastOffset(), ch.To-1); o++ {
			seen[o]++
		}
	}
	ranges := ch.Absent
	if ch.Gap != nil {
		ranges = append(ranges[:len(ranges):len(ranges)], *ch.Gap)
	}
	for _, a := range ranges {
		for o := a.From; o < a.To; o++ {
			seen[o]++
		}
	}
	for o := ch.From; o < ch.To; o++ {
		if seen[o] != 1 {
			t.Errorf("offset %d is accounted for %d times", o, seen[o])
		}
	}
	if int64(len(seen)) != ch.To-ch.From {
		t.Errorf("%d offsets accounted for in [%d,%d)", len(seen), ch.From, ch.To)
	}
}

func (got *reading) add(t *testing.T, ch *kafka.Chunk) {
	t.Helper()
	got.chunks++
	d := batch.NewDecoder(batch.Limits{})
	for _, b := range ch.Batches {
		check(t, d.Walk(b.Raw, func(r *batch.Record) error {
			if r.Offset >= ch.From && r.Offset < ch.To {
				got.offsets = append(got.offsets, r.Offset)
				got.values = append(got.values, string(r.Value))
			}
			return nil
		}))
	}
	got.absent = append(got.absent, ch.Absent...)
	if ch.Gap != nil {
		got.gaps = append(got.gaps, *ch.Gap)
	}
}

// span are the offsets from (inclusive) to to (exclusive).
func span(from, to int64) []int64 {
	var s []int64
	for ; from < to; from++ {
		s = append(s, from)
	}
	return s
}

func join(spans ...[]int64) []int64 {
	var all []int64
	for _, s := range spans {
		all = append(all, s...)
	}
	return all
}

func lastStable(t *testing.T, c *kafka.Client, tp kafka.TopicPartition) int64 {
	t.Helper()
	m, err := c.Offsets(t.Context(), kafka.LastStable, []kafka.TopicPartition{tp})
	check(t, err)
	return m[tp].Offset
}
