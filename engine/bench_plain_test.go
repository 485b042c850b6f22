//go:build bench

package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/kafka/batch"
)

// What a program does that uses confluent-kafka-go in the plain way.

// plainConsumers is how many handles the consumer loop uses: one fills about one core.
const plainConsumers = 2

// plainConsume counts every record of a topic. Its settings are those of the independent reader
// (kafka.ReadBack), of which this loop is the limit, too.
func plainConsume(ctx context.Context, bootstrap string, s *source) error {
	var g errgroup.Group
	for i := range plainConsumers {
		g.Go(func() error {
			c, err := rd.NewConsumer(&rd.ConfigMap{"bootstrap.servers": bootstrap, "group.id": "bench", "check.crcs": true, "isolation.level": "read_committed",
				"fetch.queue.backoff.ms": 1, "auto.offset.reset": "error", "enable.auto.commit": false, "enable.auto.offset.store": false, "enable.metrics.push": false,
				"enable.partition.eof": true, "fetch.wait.max.ms": 100, "receive.message.max.bytes": 1 << 30,
				"queued.min.messages": 50_000, "queued.max.messages.kbytes": 16 << 10})
			if err != nil {
				return err
			}
			defer c.Close()
			var parts []rd.TopicPartition
			var want, got int64
			for p := i; p < len(s.ends); p += plainConsumers {
				parts = append(parts, rd.TopicPartition{Topic: &s.topic.Name, Partition: int32(p), Offset: 0})
				want += s.ends[p]
			}
			if err := c.Assign(parts); err != nil {
				return err
			}
			for got < want {
				switch ev := c.Poll(1000).(type) {
				case *rd.Message:
					if ev.TopicPartition.Error != nil {
						return ev.TopicPartition.Error
					}
					got++
				case rd.Error:
					return ev
				case nil:
					if err := ctx.Err(); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// arena holds the records of one partition where the collector does not look into.
type arena struct {
	bytes []byte
	ends  []int32 // of key and value, in turn
}

// unpack decodes an archived topic.
func unpack(ctx context.Context, a *archive.Archive) ([]arena, error) {
	v, err := a.View(ctx, "latest")
	if err != nil {
		return nil, err
	}
	out := make([]arena, len(v.Topics[0].Parts))
	dec := batch.NewDecoder(batch.Limits{})
	for i, part := range v.Topics[0].Parts {
		for _, seg := range part.Segments {
			err := each(ctx, a, seg.Segment, func(raw []byte) error {
				return dec.Walk(raw, func(r *batch.Record) error {
					o := &out[i]
					o.bytes = append(o.bytes, r.Key...)
					o.ends = append(o.ends, int32(len(o.bytes)))
					o.bytes = append(o.bytes, r.Value...)
					o.ends = append(o.ends, int32(len(o.bytes)))
					return nil
				})
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func each(ctx context.Context, a *archive.Archive, seg archive.Segment, fn func(raw []byte) error) error {
	r, err := a.OpenSegment(ctx, seg)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		raw, _, err := r.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := fn(raw); err != nil {
			return err
		}
	}
}

// plainProduce writes the records with librdkafka, idempotent, tuned for throughput.
func plainProduce(bootstrap, topic, codec string, parts []arena) error {
	p, err := rd.NewProducer(&rd.ConfigMap{"bootstrap.servers": bootstrap, "enable.idempotence": true, "acks": "all", "compression.type": codec, "linger.ms": 5,
		"queue.buffering.max.messages": 500_000, "queue.buffering.max.kbytes": 262_144, "enable.metrics.push": false})
	if err != nil {
		return err
	}
	defer p.Close()
	total := 0
	for i := range parts {
		total += len(parts[i].ends) / 2
	}
	delivered := make(chan error, 1)
	go func() {
		for n := 0; n < total; {
			switch ev := (<-p.Events()).(type) {
			case *rd.Message:
				if ev.TopicPartition.Error != nil {
					delivered <- ev.TopicPartition.Error
					return
				}
				n++
			case rd.Error:
				delivered <- ev
				return
			}
		}
		delivered <- nil
	}()
	if err := enqueue(p, topic, parts); err != nil {
		return err
	}
	return <-delivered
}

// enqueue hands the records over, one partition after the other by turns.
func enqueue(p *rd.Producer, topic string, parts []arena) error {
	for k := 0; ; k += 2 {
		more := false
		for i := range parts {
			a := &parts[i]
			if k+1 >= len(a.ends) {
				continue
			}
			more = true
			from := int32(0)
			if k > 0 {
				from = a.ends[k-1]
			}
			m := rd.Message{TopicPartition: rd.TopicPartition{Topic: &topic, Partition: int32(i)}, Key: a.bytes[from:a.ends[k]], Value: a.bytes[a.ends[k]:a.ends[k+1]]}
			for {
				err := p.Produce(&m, nil)
				var full rd.Error
				if errors.As(err, &full) && full.Code() == rd.ErrQueueFull {
					p.Flush(5)
					continue
				}
				if err != nil {
					return fmt.Errorf("produce: %w", err)
				}
				break
			}
		}
		if !more {
			return nil
		}
	}
}
