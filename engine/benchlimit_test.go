//go:build bench

package engine

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"kustody/kafka"
	"kustody/kafka/batch"
)

// The limits: what the machine gives to loops that do the bare work and nothing for safety. They name
// topics by id as we do, know their leaders beforehand, and account for nothing.

// bare is a connection to each partition's leader.
type bare struct {
	clients []*kgo.Client // by partition
	topic   kafka.Topic
}

func newBare(seeds []string, topic kafka.Topic) (*bare, error) {
	b := &bare{topic: topic}
	for range topic.Partitions {
		k, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.BrokerMaxReadBytes(256<<20))
		if err != nil {
			return nil, err
		}
		b.clients = append(b.clients, k)
		if err := k.Ping(context.Background()); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *bare) close() {
	for _, k := range b.clients {
		k.Close()
	}
}

func (b *bare) ask(ctx context.Context, p int, req kmsg.Request) (kmsg.Response, error) {
	return b.clients[p].Broker(int(b.topic.Partitions[p].Leader)).Request(ctx, req)
}

// each runs one loop per partition.
func (b *bare) each(ctx context.Context, loop func(ctx context.Context, p int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for p := range b.clients {
		g.Go(func() error { return loop(ctx, p) })
	}
	return g.Wait()
}

// capture is the limit of a backup: fetch, CRC, SHA-256, write to a file, fsync.
func (b *bare) capture(ctx context.Context, dir string, ends []int64) error {
	return b.each(ctx, func(ctx context.Context, p int) error {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.log", p)))
		if err != nil {
			return err
		}
		defer f.Close()
		sum := sha256.New()
		next := b.fetch(ctx, p, 0)
		for at := int64(0); at < ends[p]; {
			got := <-next
			if got.err != nil {
				return got.err
			}
			raw, to, err := whole(got.raw)
			if err != nil {
				return err
			}
			if at = to; at < ends[p] {
				next = b.fetch(ctx, p, at) // under way while this answer is worked on
			}
			for len(raw) > 0 {
				piece, err := checked(raw)
				if err != nil {
					return err
				}
				sum.Write(piece)
				if _, err := f.Write(piece); err != nil {
					return err
				}
				raw = raw[len(piece):]
			}
		}
		return f.Sync()
	})
}

type bareAnswer struct {
	raw []byte
	err error
}

// fetch asks for up to 4 MiB from an offset on, as a backup does.
func (b *bare) fetch(ctx context.Context, p int, at int64) <-chan bareAnswer {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.SessionEpoch, req.IsolationLevel = 500, 1, math.MaxInt32, -1, 1
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition, part.FetchOffset, part.PartitionMaxBytes = int32(p), at, 4<<20
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID, topic.Partitions = b.topic.Name, b.topic.ID, append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	ch := make(chan bareAnswer, 1)
	go func() {
		resp, err := b.ask(ctx, p, req)
		if err != nil {
			ch <- bareAnswer{err: err}
			return
		}
		part := resp.(*kmsg.FetchResponse).Topics[0].Partitions[0]
		if part.ErrorCode != 0 {
			err = fmt.Errorf("fetch: code %d", part.ErrorCode)
		}
		ch <- bareAnswer{part.RecordBatches, err}
	}()
	return ch
}

// whole cuts a partial last batch off, and says at which offset the next one begins.
func whole(raw []byte) (out []byte, to int64, err error) {
	rest := raw
	for len(rest) > 0 {
		_, h, next, err := batch.Next(rest)
		if errors.Is(err, batch.ErrShort) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		to, rest = h.LastOffset()+1, next
	}
	if len(rest) == len(raw) {
		return nil, 0, errors.New("an answer without a whole batch")
	}
	return raw[:len(raw)-len(rest)], to, nil
}

// barePiece is how much is checked, hashed and written at once, for the reasons that archive.pieceBytes has.
const barePiece = 64 << 10

// checked is the next piece of an answer: some whole batches with good CRCs.
func checked(raw []byte) ([]byte, error) {
	n := 0
	for n < len(raw) && n < barePiece {
		one, h, _, err := batch.Next(raw[n:])
		if err == nil {
			err = batch.CheckCRC(one)
		}
		if err != nil {
			return nil, err
		}
		n += h.Size()
	}
	return raw[:n], nil
}

// produce is the limit of a restore: the stored batches, retargeted, one in flight per partition. Files
// are those of each partition, in order.
func (b *bare) produce(ctx context.Context, files [][]string) error {
	init, err := kmsg.NewPtrInitProducerIDRequest().RequestWith(ctx, b.clients[0])
	if err != nil {
		return err
	}
	return b.each(ctx, func(ctx context.Context, p int) error {
		var done int64
		var buf []byte
		for _, name := range files[p] {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			r := batch.NewReader(bufio.NewReaderSize(f, 1<<20), batch.Limits{})
			for {
				raw, h, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return err
				}
				buf = batch.Retarget(buf[:0], raw, 0, init.ProducerID, init.ProducerEpoch, sequence(done))
				if err := b.send(ctx, p, buf, done); err != nil {
					return err
				}
				done += int64(h.NumRecords)
			}
		}
		return nil
	})
}

// send produces one batch, which must come to lie at the offset at.
func (b *bare) send(ctx context.Context, p int, raw []byte, at int64) error {
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, int32((30 * time.Second).Milliseconds())
	part := kmsg.NewProduceRequestTopicPartition()
	part.Partition, part.Records = int32(p), raw
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.TopicID, topic.Partitions = b.topic.Name, b.topic.ID, append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	resp, err := b.ask(ctx, p, req)
	if err != nil {
		return err
	}
	if a := resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0]; a.ErrorCode != 0 || a.BaseOffset != at {
		return fmt.Errorf("produce: code %d, offset %d, want %d", a.ErrorCode, a.BaseOffset, at)
	}
	return nil
}
