//go:build full

package kafka_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kgo"

	"kustody/kafka"
	"kustody/kafka/kafkatest"
)

// TestReadBackReal: committed records alone, cut at both ends, and an end that is a marker.
func TestReadBackReal(t *testing.T) {
	c := kafkatest.Start(t)
	topic := kafkatest.Topic(t, "readback")
	c.CreateTopic(topic, 1, 1, nil)
	ends := func(at int64) { waitForEnd(t, c, topic, at) }
	transact(t, c, topic, "txn-a", kgo.TryCommit, 0, 5) // 0–4, marker 5
	ends(6)
	transact(t, c, topic, "txn-b", kgo.TryAbort, 5, 8) // 6–8, marker 9
	ends(10)
	produceReal(t, c, topic, 0, 2) // 10, 11
	ends(12)
	transact(t, c, topic, "txn-c", kgo.TryCommit, 8, 10) // 12, 13, marker 14
	ends(15)
	transact(t, c, topic, "txn-d", kgo.TryAbort, 10, 11) // 15, marker 16
	ends(17)
	r := readBack(t, c.Plain(), kafka.ReadBackOptions{})
	tp := kafka.TopicPartition{Topic: topic}
	for _, x := range []struct {
		start, end int64
		want       []string
	}{
		{0, 5, numbers(0, 5)}, {0, 6, numbers(0, 5)}, {2, 10, numbers(2, 5)}, {6, 10, nil},
		{0, 17, append(append(numbers(0, 5), "0", "1"), numbers(8, 10)...)}, {14, 17, nil}, {11, 13, []string{"1", "8"}}, {16, 17, nil},
	} {
		if got := readValues(t, r, tp, x.start, x.end); !slices.Equal(got, x.want) {
			t.Errorf("[%d, %d): got %v, want %v", x.start, x.end, got, x.want)
		}
	}
	short := readBack(t, c.Plain(), kafka.ReadBackOptions{StallAtEnd: time.Second})
	err := short.Partition(within(t, 30*time.Second), tp, 0, 18, func(*kafka.ReadRecord) error { return nil })
	var stalled *kafka.StalledError
	if !errors.As(err, &stalled) || stalled.Next != 17 || stalled.EOF != 17 {
		t.Errorf("beyond the end: %v", err)
	}
}

// waitForEnd waits for a transaction's marker: the broker writes it after it has said that all is well.
func waitForEnd(t testing.TB, c *kafkatest.Cluster, topic string, at int64) {
	t.Helper()
	cl, err := kafka.Open(within(t, 20*time.Second), c.Plain())
	noError(t, err)
	defer cl.Close()
	tp := kafka.TopicPartition{Topic: topic}
	for ctx := within(t, 20*time.Second); ; time.Sleep(50 * time.Millisecond) {
		ends, err := cl.Offsets(ctx, kafka.LastStable, []kafka.TopicPartition{tp})
		noError(t, err)
		if ends[tp].Offset == at {
			return
		}
	}
}

func transact(t testing.TB, c *kafkatest.Cluster, topic, id string, end kgo.TransactionEndTry, from, to int) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Plain().BootstrapServers...), kgo.TransactionalID(topic+id), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	noError(t, err)
	defer cl.Close()
	noError(t, cl.BeginTransaction())
	for i := from; i < to; i++ {
		noError(t, cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: fmt.Append(nil, i)}).FirstErr())
	}
	noError(t, cl.EndTransaction(t.Context(), end))
}

func TestReadBackRealLogAppendTime(t *testing.T) {
	c := kafkatest.Start(t)
	topic := kafkatest.Topic(t, "stamped")
	c.CreateTopic(topic, 1, 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	before := time.Now().UnixMilli()
	produceReal(t, c, topic, 0, 3)
	r := readBack(t, c.Plain(), kafka.ReadBackOptions{})
	err := r.Partition(within(t, 30*time.Second), kafka.TopicPartition{Topic: topic}, 0, 3, func(rec *kafka.ReadRecord) error {
		if rec.TimestampType != 1 || rec.Timestamp < before || rec.Timestamp > time.Now().UnixMilli() {
			t.Errorf("timestamp %d of type %d", rec.Timestamp, rec.TimestampType)
		}
		return nil
	})
	noError(t, err)
}

// BenchmarkReadBack compares us with a bare loop around the client's Poll, with the same settings.
func BenchmarkReadBack(b *testing.B) {
	const records = 400_000
	c := kafkatest.Start(b)
	topic := kafkatest.Topic(b, "bench")
	c.CreateTopic(topic, 1, 1, nil)
	fillBench(b, c, topic, records)
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			bareLoop(b, c, topic, records)
		}
		b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("readback", func(b *testing.B) {
		for b.Loop() {
			r, err := kafka.OpenReadBack(c.Plain(), kafka.ReadBackOptions{})
			noError(b, err)
			n := 0
			noError(b, r.Partition(within(b, time.Minute), kafka.TopicPartition{Topic: topic}, 0, records, func(*kafka.ReadRecord) error { n++; return nil }))
			if n != records {
				b.Fatalf("%d records", n)
			}
			r.Close()
		}
		b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
}

func fillBench(b *testing.B, c *kafkatest.Cluster, topic string, n int) {
	b.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Plain().BootstrapServers...), kgo.ProducerBatchCompression(kgo.NoCompression()))
	noError(b, err)
	defer cl.Close()
	value := make([]byte, 100)
	for range n {
		cl.Produce(b.Context(), &kgo.Record{Topic: topic, Value: value}, nil)
	}
	noError(b, cl.Flush(b.Context()))
}

func bareLoop(b *testing.B, c *kafkatest.Cluster, topic string, records int) {
	conf := rd.ConfigMap{
		"bootstrap.servers": c.Bootstrap(), "group.id": "bare", "check.crcs": true, "isolation.level": "read_committed",
		"enable.auto.commit": false, "enable.auto.offset.store": false, "enable.metrics.push": false,
		"fetch.queue.backoff.ms": 1, "fetch.wait.max.ms": 100, "auto.offset.reset": "error",
	}
	consumer, err := rd.NewConsumer(&conf)
	noError(b, err)
	defer consumer.Close()
	noError(b, consumer.Assign([]rd.TopicPartition{{Topic: &topic, Offset: 0}}))
	for n := 0; n < records; {
		switch e := consumer.Poll(100).(type) {
		case *rd.Message:
			n++
		case rd.Error:
			b.Fatal(e)
		}
	}
}
