//go:build bench

package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/kafkatest"
)

const (
	benchPartitions = 4
	// What a busy producer puts into one batch, before compression: between Java's default of 16 KiB and
	// librdkafka's of 1 MB.
	benchBatchBytes = 64 << 10
	benchKeyBytes   = 8
)

// shape is one cell of the table: how large records are, and how their producer compressed them.
type shape struct {
	size    int // bytes of key and value
	codec   batch.Codec
	records int
}

func (s shape) String() string { return fmt.Sprintf("%d B %s", s.size, s.codec) }

// source is a filled topic.
type source struct {
	shape
	topic kafka.Topic
	ends  []int64 // by partition
	bytes int64   // of all batches, as stored
}

func (s *source) tp(partition int) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: s.topic.Name, ID: s.topic.ID, Partition: int32(partition)}
}

// fill makes a topic and fills it. The partitions differ by the seed only.
func fill(t *testing.T, c *kafkatest.Cluster, client *kafka.Client, s shape) *source {
	t.Helper()
	src := &source{shape: s, topic: newTopic(t, c, client, "source", benchPartitions)}
	var g errgroup.Group
	sizes := make([]int64, benchPartitions)
	for p := range benchPartitions {
		g.Go(func() (err error) {
			sizes[p], err = fillPartition(t.Context(), client, src.tp(p), s, s.records/benchPartitions)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatalf("fill %s: %v", src.topic.Name, err)
	}
	for p := range benchPartitions {
		src.ends = append(src.ends, int64(s.records/benchPartitions))
		src.bytes += sizes[p]
	}
	src.records = benchPartitions * (s.records / benchPartitions)
	return src
}

// newTopic makes an empty topic whose files are gone soon after it is deleted.
func newTopic(t *testing.T, c *kafkatest.Cluster, client *kafka.Client, prefix string, partitions int) kafka.Topic {
	t.Helper()
	name := kafkatest.Topic(t, prefix)
	c.CreateTopic(name, partitions, 1, map[string]string{"file.delete.delay.ms": "1000", "retention.ms": "-1", "message.timestamp.after.max.ms": "9223372036854775807"})
	topics, err := client.Topics(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return topics[0]
}

// fillPartition writes n records and says how many bytes their batches have.
func fillPartition(ctx context.Context, client *kafka.Client, tp kafka.TopicPartition, s shape, n int) (int64, error) {
	enc, err := batch.NewEncoder(batch.EncodeOptions{Codec: s.codec})
	if err != nil {
		return 0, err
	}
	m := newMaker(s.size, uint64(tp.Partition))
	var raw []byte
	var total, base int64
	send := func() error {
		raw, err = enc.Encode(raw[:0], batch.Template())
		if err != nil {
			return err
		}
		base, total = base+int64(enc.Len()), total+int64(len(raw))
		enc.Reset()
		_, err = client.Append(ctx, tp, raw, time.Minute)
		return err
	}
	for i := range n {
		r := m.record(int64(i))
		r.Offset = int64(i) - base
		if enc.Len() > 0 && enc.SizeWith(r) > benchBatchBytes {
			if err := send(); err != nil {
				return 0, err
			}
			r.Offset = 0
		}
		if err := enc.Append(r); err != nil {
			return 0, err
		}
	}
	if enc.Len() == 0 {
		return total, nil
	}
	err = send()
	return total, err
}

// maker makes records as they pass through a payment system: JSON with ids, amounts and words, which
// zstd makes a third of.
type maker struct {
	size int
	rnd  *rand.Rand
	key  []byte
	buf  []byte
	rec  batch.Record
}

func newMaker(size int, seed uint64) *maker {
	return &maker{size: size, rnd: rand.New(rand.NewPCG(seed, uint64(size)))}
}

var (
	benchStates = []string{"settled", "pending", "refused", "blocked"}
	benchMoney  = []string{"EUR", "USD", "GBP", "CHF"}
	benchWords  = []string{"annual", "bolt", "cable", "delivery", "engine", "filter", "gasket", "housing", "inlet", "joint", "kit", "lever", "motor", "nozzle", "outlet", "pump"}
)

// record makes the next record, valid until the call after it.
func (m *maker) record(i int64) *batch.Record {
	m.key = fmt.Appendf(m.key[:0], "%08d", 10_000_000+m.rnd.IntN(1_000_000))
	v := m.buf[:0]
	last := m.size - benchKeyBytes
	if m.size < 512 {
		v = m.hex(append(v, `{"id":"`...), 20)
		v = m.common(append(v, `",`...))
		v = append(v, `,"ref":"`...)
	} else {
		v = m.hex(append(v, `{"order":"`...), 32)
		v = m.common(append(v, `",`...))
		v = append(v, `,"lines":[`...)
		for len(v) < last-150 {
			v = append(m.line(v), ',')
		}
		v = append(m.line(v), `],"note":"`...)
	}
	v = m.text(v, last-2)
	m.buf = append(v, `"}`...)
	m.rec = batch.Record{Timestamp: 1_763_000_000_000 + i*3 + m.rnd.Int64N(40), Key: m.key, Value: m.buf}
	return &m.rec
}

func (m *maker) common(v []byte) []byte {
	v = append(v, `"amount":`...)
	v = strconv.AppendInt(v, m.rnd.Int64N(100_000), 10)
	v = append(v, `,"currency":"`...)
	v = append(v, benchMoney[m.rnd.IntN(len(benchMoney))]...)
	v = append(v, `","state":"`...)
	v = append(v, benchStates[m.rnd.IntN(len(benchStates))]...)
	return append(v, '"')
}

// line is one line of an order.
func (m *maker) line(v []byte) []byte {
	v = append(v, `{"article":"`...)
	v = m.hex(v, 28)
	v = append(v, `","text":"`...)
	v = m.text(v, len(v)+16)
	v = append(v, `","price":`...)
	v = strconv.AppendInt(v, m.rnd.Int64N(100_000), 10)
	v = append(v, `,"quantity":`...)
	v = strconv.AppendInt(v, 1+m.rnd.Int64N(9), 10)
	return append(v, '}')
}

// text adds words until v has n bytes.
func (m *maker) text(v []byte, n int) []byte {
	for len(v) < n {
		v = append(append(v, benchWords[m.rnd.IntN(len(benchWords))]...), ' ')
	}
	return v[:n]
}

func (m *maker) hex(v []byte, n int) []byte {
	const digits = "0123456789abcdef"
	for range n {
		v = append(v, digits[m.rnd.Uint32()&15])
	}
	return v
}
