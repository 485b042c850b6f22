//go:build full

package kafka_test

import (
	"errors"
	"io"
	"math"
	"sync"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/kafka/kafkatest"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The benchmarks set our reader and writer beside the barest loop over the same requests, on the same
// partitions. A Reader should reach nearly all of the bare fetch, Append at least 0.7 of the bare
// produce.
const (
	benchPartitions = 4
	benchBatches    = 64      // per partition
	benchBatchSize  = 1 << 20 // bytes, about
	benchMiB        = 1 << 20
)

func benchTopic(b *testing.B) (*kafka.Client, []kafka.TopicPartition, [][]byte) {
	b.Helper()
	k := kafkatest.Start(b)
	c, err := kafka.Open(b.Context(), k.Plain())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	name := kafkatest.Topic(b, "bench")
	k.CreateTopic(name, benchPartitions, 1, map[string]string{"retention.ms": "-1", "max.message.bytes": "4194304"})
	ts, err := c.Topics(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	var tps []kafka.TopicPartition
	for p := range int32(benchPartitions) {
		tps = append(tps, kafka.TopicPartition{Topic: name, ID: ts[0].ID, Partition: p})
	}
	recs := make([]embedded.Record, benchBatchSize/1024)
	for i := range recs {
		recs[i] = embedded.Record{Timestamp: 1, Value: make([]byte, 1000)}
	}
	src := embedded.EncodeBatch(embedded.NoProducer, recs...)
	var raws [][]byte
	for i := range benchBatches {
		raws = append(raws, batch.Retarget(nil, src, 0, 0, 0, int32(i*len(recs))))
	}
	return c, tps, raws
}

// parallel runs fn for every partition and reports the bytes they moved.
func parallel(b *testing.B, tps []kafka.TopicPartition, fn func(kafka.TopicPartition) (int64, error)) {
	b.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var total int64
	began := time.Now()
	for _, tp := range tps {
		wg.Go(func() {
			n, err := fn(tp)
			mu.Lock()
			defer mu.Unlock()
			if total += n; err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(total)/benchMiB/time.Since(began).Seconds(), "MiB/s")
}

// appendAll appends all batches to one partition, under a producer id of its own.
func appendAll(b *testing.B, c *kafka.Client, tp kafka.TopicPartition, raws [][]byte) (int64, error) {
	p, err := c.InitProducer(b.Context())
	if err != nil {
		return 0, err
	}
	var n int64
	var buf []byte
	for i, raw := range raws {
		h, err := batch.ParseHeader(raw)
		if err != nil {
			return n, err
		}
		buf = batch.Retarget(buf[:0], raw, 0, p.ID, p.Epoch, int32(i)*h.NumRecords)
		if _, err := c.Append(b.Context(), tp, buf, time.Minute); err != nil {
			return n, err
		}
		n += int64(len(buf))
	}
	return n, nil
}

func BenchmarkRead(b *testing.B) {
	c, tps, raws := benchTopic(b)
	for _, tp := range tps {
		if _, err := appendAll(b, c, tp, raws); err != nil {
			b.Fatal(err)
		}
	}
	ends, err := c.Offsets(b.Context(), kafka.LastStable, tps)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("reader", func(b *testing.B) {
		for b.Loop() {
			parallel(b, tps, func(tp kafka.TopicPartition) (int64, error) { return readRaw(b, c, tp, ends[tp].Offset) })
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			parallel(b, tps, func(tp kafka.TopicPartition) (int64, error) { return fetchBare(b, tp, ends[tp].Offset) })
		}
	})
}

func readRaw(b *testing.B, c *kafka.Client, tp kafka.TopicPartition, end int64) (int64, error) {
	r := c.Read(tp, kafka.ReadOptions{End: end})
	defer r.Close()
	var n int64
	for {
		ch, err := r.Next(b.Context())
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		for _, bt := range ch.Batches {
			n += int64(len(bt.Raw))
		}
	}
}

// bareClient is one connection of its own.
func bareClient(b *testing.B) *kgo.Client {
	b.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(kafkatest.Start(b).Plain().BootstrapServers...))
	if err != nil {
		b.Fatal(err)
	}
	return cl
}

func bareLeader(b *testing.B, cl *kgo.Client, tp kafka.TopicPartition) (int32, error) {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &tp.Topic
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(b.Context(), cl)
	if err != nil {
		return -1, err
	}
	for _, p := range resp.Topics[0].Partitions {
		if p.Partition == tp.Partition {
			return p.Leader, nil
		}
	}
	return -1, errors.New("no leader")
}

// fetchBare fetches and checks CRCs, the next fetch after the last is looked at.
func fetchBare(b *testing.B, tp kafka.TopicPartition, end int64) (int64, error) {
	cl := bareClient(b)
	defer cl.Close()
	leader, err := bareLeader(b, cl, tp)
	var n, at int64
	for err == nil && at < end {
		req := kmsg.NewPtrFetchRequest()
		req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.SessionEpoch = 500, 1, math.MaxInt32, -1
		t, p := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
		t.TopicID, p.Partition, p.FetchOffset, p.PartitionMaxBytes = tp.ID, tp.Partition, at, 4<<20
		t.Partitions = append(t.Partitions, p)
		req.Topics = append(req.Topics, t)
		resp, err := cl.Broker(int(leader)).Request(b.Context(), req)
		if err != nil {
			return n, err
		}
		rest := resp.(*kmsg.FetchResponse).Topics[0].Partitions[0].RecordBatches
		for len(rest) > 0 {
			raw, h, next, err := batch.Next(rest)
			if errors.Is(err, batch.ErrShort) {
				break
			}
			if err == nil {
				err = batch.CheckCRC(raw)
			}
			if err != nil {
				return n, err
			}
			n, at, rest = n+int64(len(raw)), h.LastOffset()+1, next
		}
	}
	return n, err
}

func BenchmarkAppend(b *testing.B) {
	c, tps, raws := benchTopic(b)
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			parallel(b, tps, func(tp kafka.TopicPartition) (int64, error) { return appendAll(b, c, tp, raws) })
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			parallel(b, tps, func(tp kafka.TopicPartition) (int64, error) { return produceBare(b, c, tp, raws) })
		}
	})
}

// produceBare sends the same batches over a connection of its own, one in flight.
func produceBare(b *testing.B, c *kafka.Client, tp kafka.TopicPartition, raws [][]byte) (int64, error) {
	cl := bareClient(b)
	defer cl.Close()
	leader, err := bareLeader(b, cl, tp)
	if err != nil {
		return 0, err
	}
	id, err := c.InitProducer(b.Context())
	var n int64
	for i, raw := range raws {
		if err != nil {
			return n, err
		}
		h, _ := batch.ParseHeader(raw)
		buf := batch.Retarget(nil, raw, 0, id.ID, id.Epoch, int32(i)*h.NumRecords)
		req := kmsg.NewPtrProduceRequest()
		req.Acks, req.TimeoutMillis = -1, 10_000
		t, p := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
		t.Topic, t.TopicID, p.Partition, p.Records = tp.Topic, tp.ID, tp.Partition, buf
		t.Partitions = append(t.Partitions, p)
		req.Topics = append(req.Topics, t)
		_, err = cl.Broker(int(leader)).Request(b.Context(), req)
		n += int64(len(buf))
	}
	return n, err
}
