//go:build full

package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
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

func openReal(t *testing.T, c kafka.Cluster, o kafka.ClientOptions) *kafka.Client {
	t.Helper()
	cl, err := kafka.OpenWith(t.Context(), c, o)
	check(t, err)
	t.Cleanup(cl.Close)
	return cl
}

// realTopic makes a topic and waits until every broker knows it.
func realTopic(t *testing.T, k *kafkatest.Cluster, c *kafka.Client, replicas int, configs map[string]string) kafka.TopicPartition {
	t.Helper()
	name := kafkatest.Topic(t, "data")
	all := map[string]string{"retention.ms": "-1"} // the records are of long ago
	maps.Copy(all, configs)
	k.CreateTopic(name, 1, replicas, all)
	ts, err := c.Topics(t.Context(), name)
	check(t, err)
	return kafka.TopicPartition{Topic: name, ID: ts[0].ID}
}

func TestDataPlaneThroughEveryListener(t *testing.T) {
	k := kafkatest.Start(t)
	for name, cluster := range map[string]kafka.Cluster{
		"plain": k.Plain(), "ssl": k.SSL(), "mutual tls": k.MutualTLS(), "sasl": k.SASLPlain("PLAIN"),
		"scram": k.SASLSSL("SCRAM-SHA-512"), "scram 256": k.SASLPlain("SCRAM-SHA-256"),
	} {
		t.Run(name, func(t *testing.T) {
			c := openReal(t, cluster, kafka.ClientOptions{})
			tp := realTopic(t, k, c, 3, nil)
			w := newWriter(t, c, tp)
			for i := range 20 {
				w.append(1 + i)
			}
			w.complete()
			got := readAll(t, c, tp, kafka.ReadOptions{Start: 17, End: 101, LastEpoch: 0, MaxBytes: 1})
			if got.err != nil || !slices.Equal(got.offsets, span(17, 101)) {
				t.Errorf("%v, %v", got.offsets, got.err)
			}
			if byID, err := c.FetchesByID(t.Context()); err != nil || !byID {
				t.Errorf("by id: %v, %v", byID, err)
			}
			check(t, c.DeleteTopic(t.Context(), tp.ID))
		})
	}
}

// transactions writes rounds of transactions by two producers, some aborted, with plain records between,
// and returns the offsets that a read-committed reader is to see.
func transactions(t *testing.T, k *kafkatest.Cluster, tp kafka.TopicPartition, rounds int) []int64 {
	t.Helper()
	var want []int64
	var producers []*kgo.Client
	for i := range 2 {
		p, err := kgo.NewClient(kgo.SeedBrokers(k.Plain().BootstrapServers...), kgo.DefaultProduceTopic(tp.Topic),
			kgo.TransactionalID(fmt.Sprintf("%s-%d", tp.Topic, i)), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		check(t, err)
		t.Cleanup(p.Close)
		producers = append(producers, p)
	}
	plain, err := kgo.NewClient(kgo.SeedBrokers(k.Plain().BootstrapServers...), kgo.DefaultProduceTopic(tp.Topic))
	check(t, err)
	defer plain.Close()
	for i := range rounds {
		p, commit := producers[i%2], i%3 == 0 || i%7 == 2
		check(t, p.BeginTransaction())
		for range 2 {
			for range 3 {
				r, err := p.ProduceSync(t.Context(), &kgo.Record{Value: []byte("in a transaction")}).First()
				check(t, err)
				if commit {
					want = append(want, r.Offset)
				}
			}
			r, err := plain.ProduceSync(t.Context(), &kgo.Record{Value: []byte("plain")}).First()
			check(t, err)
			want = append(want, r.Offset)
		}
		check(t, p.EndTransaction(t.Context(), kgo.TransactionEndTry(commit)))
	}
	return want
}

// settled waits until no transaction is open and returns the end. A broker writes the markers of a
// transaction after it has answered that it ended.
func settled(t *testing.T, c *kafka.Client, tp kafka.TopicPartition) int64 {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		high, err := c.Offsets(t.Context(), kafka.HighWatermark, []kafka.TopicPartition{tp})
		check(t, err)
		if end := lastStable(t, c, tp); end == high[tp].Offset {
			return end
		}
		if time.Now().After(deadline) {
			t.Fatal("a transaction stays open")
		}
	}
}

func TestC18_RealTransactions(t *testing.T) {
	k := kafkatest.Start(t)
	c := openReal(t, k.Plain(), kafka.ClientOptions{})
	tp := realTopic(t, k, c, 1, nil)
	want := transactions(t, k, tp, 16)
	end := settled(t, c, tp)
	for _, size := range []int32{1, 400, 1 << 20} {
		got := readAll(t, c, tp, kafka.ReadOptions{End: end, MaxBytes: size})
		if got.err != nil || !slices.Equal(got.offsets, want) {
			t.Errorf("by %d bytes: %v, want %v, %v", size, got.offsets, want, got.err)
		}
	}
	for start := int64(0); start < end; start++ {
		i, _ := slices.BinarySearch(want, start)
		got := readAll(t, c, tp, kafka.ReadOptions{Start: start, End: end, LastEpoch: -1})
		if got.err != nil || !slices.Equal(got.offsets, want[i:]) {
			t.Errorf("from %d: %v, want %v, %v", start, got.offsets, want[i:], got.err)
		}
	}
}

func TestC08_RealCompaction(t *testing.T) {
	k := kafkatest.Start(t)
	c := openReal(t, k.Plain(), kafka.ClientOptions{})
	tp := realTopic(t, k, c, 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "500",
		"min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0", "segment.bytes": "1048576"})
	w := newWriter(t, c, tp)
	for range 20 {
		w.append(10) // one key: all but the last record go
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		time.Sleep(time.Second)
		w.append(1)
		got := readAll(t, c, tp, kafka.ReadOptions{End: w.next})
		check(t, got.err)
		if len(got.offsets) < 20 {
			if len(got.absent)+len(got.gaps) == 0 {
				t.Logf("holes inside batches only: %v", got.offsets)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the cleaner did not come: %d records", len(got.offsets))
		}
	}
}

func TestC07_RealDeleteRecords(t *testing.T) {
	k := kafkatest.Start(t)
	c := openReal(t, k.Plain(), kafka.ClientOptions{})
	tp := realTopic(t, k, c, 3, nil)
	w := newWriter(t, c, tp)
	for range 10 {
		w.append(10)
	}
	deleteRecords(t, k, tp, 35)
	got := readAll(t, c, tp, kafka.ReadOptions{End: 100})
	if got.err != nil || len(got.gaps) != 1 || got.gaps[0].To != 35 || !slices.Equal(got.offsets, span(35, 100)) {
		t.Errorf("%+v", got)
	}
	var cut *kafka.TruncatedError
	if got := readAll(t, c, tp, kafka.ReadOptions{Start: 120, End: 130, LastEpoch: -1}); !errors.As(got.err, &cut) || cut.LogEnd != 100 {
		t.Errorf("%v", got.err)
	}
}

func deleteRecords(t *testing.T, k *kafkatest.Cluster, tp kafka.TopicPartition, offset int64) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(k.Plain().BootstrapServers...))
	check(t, err)
	defer cl.Close()
	req := kmsg.NewPtrDeleteRecordsRequest()
	rt, rp := kmsg.NewDeleteRecordsRequestTopic(), kmsg.NewDeleteRecordsRequestTopicPartition()
	rt.Topic, rp.Partition, rp.Offset = tp.Topic, tp.Partition, offset
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics, req.TimeoutMillis = append(req.Topics, rt), 10_000
	_, err = cl.Request(t.Context(), req)
	check(t, err)
}

func TestC04_RealTopicCreatedAgain(t *testing.T) {
	k := kafkatest.Start(t)
	c := openReal(t, k.Plain(), kafka.ClientOptions{})
	tp := realTopic(t, k, c, 3, nil)
	w := newWriter(t, c, tp)
	for range 10 {
		w.append(10)
	}
	r := c.Read(tp, kafka.ReadOptions{End: 100, MaxBytes: 1})
	_, err := r.Next(t.Context())
	check(t, err)
	check(t, c.DeleteTopic(t.Context(), tp.ID))
	k.CreateTopic(tp.Topic, 1, 3, nil)
	for err == nil {
		_, err = r.Next(t.Context())
	}
	var gone *kafka.DeletedError
	if !errors.As(err, &gone) {
		t.Errorf("reading: %v", err)
	}
	if _, err := c.Append(t.Context(), tp, w.batch(3), 30*time.Second); !errors.As(err, &gone) {
		t.Errorf("appending: %v", err)
	}
	if _, err := c.Offsets(t.Context(), kafka.LastStable, []kafka.TopicPartition{tp}); !errors.As(err, &gone) || !gone.Replaced {
		t.Errorf("offsets: %v", err)
	}
}

func TestR11_RealRefusals(t *testing.T) {
	k := kafkatest.Start(t)
	c := openReal(t, k.Plain(), kafka.ClientOptions{})
	p, err := c.InitProducer(t.Context())
	check(t, err)
	encode := func(codec string, recs ...embedded.Record) []byte {
		o := embedded.NoProducer
		o.Codec = codec
		return batch.Retarget(nil, embedded.EncodeBatch(o, recs...), 0, p.ID, p.Epoch, 0)
	}
	hour := time.Now().Add(48 * time.Hour).UnixMilli()
	for _, tc := range []struct {
		name    string
		configs map[string]string
		raw     []byte
		code    int16
		record  int
	}{
		{"future", nil, encode("", embedded.Record{Timestamp: 1}, embedded.Record{Timestamp: hour}), 32, 1},
		{"null key", map[string]string{"cleanup.policy": "compact"}, encode("", embedded.Record{Timestamp: 1, Key: []byte("k")}, embedded.Record{Timestamp: 1}), 87, 1},
		{"too large", map[string]string{"max.message.bytes": "1000"}, encode("", embedded.Record{Timestamp: 1, Value: make([]byte, 2000)}), 10, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tp := realTopic(t, k, c, 1, tc.configs)
			var refused *kafka.RefusedError
			_, err := c.Append(t.Context(), tp, tc.raw, 20*time.Second)
			if !errors.As(err, &refused) || refused.Code != tc.code || refused.RecordIndex != tc.record || tc.record >= 0 && refused.Message == "" {
				t.Errorf("%v: %+v", err, refused)
			}
		})
	}
	far := map[string]string{"message.timestamp.after.max.ms": fmt.Sprint(int64(math.MaxInt64))}
	tp := realTopic(t, k, c, 1, far)
	if _, err := c.Append(t.Context(), tp, encode("zstd", embedded.Record{Timestamp: 253402300799999}, embedded.Record{Timestamp: -5}), 20*time.Second); err != nil {
		t.Errorf("odd timestamps: %v", err)
	}
}

// TestC16_RealFailures appends and reads while the leader is stopped, killed and paused.
func TestC16_RealFailures(t *testing.T) {
	k := kafkatest.StartPrivate(t, kafkatest.Options{})
	c := openReal(t, k.Plain(), kafka.ClientOptions{Timeout: 5 * time.Second})
	tp := realTopic(t, k, c, 3, map[string]string{"min.insync.replicas": "2"})
	w := newWriter(t, c, tp)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			select {
			case <-stop:
				return
			default:
			}
			got, err := c.Append(t.Context(), tp, w.batch(5), 2*time.Minute)
			if err != nil || got.BaseOffset != w.next {
				t.Errorf("append at %d: %+v, %v", w.next, got, err)
				return
			}
			w.next += 5
			time.Sleep(5 * time.Millisecond)
		}
	}()
	var offsets []int64
	var gaps int
	r := c.Read(tp, kafka.ReadOptions{End: -1, MaxBytes: 2000})
	readFor := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); {
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			ch, err := r.Next(ctx)
			cancel()
			if err != nil {
				t.Fatalf("read at %d: %v", r.Position(), err)
			}
			account(t, ch)
			var got reading
			got.add(t, ch)
			offsets, gaps = append(offsets, got.offsets...), gaps+len(got.gaps)
		}
	}
	for name, harm := range map[string][2]func(int){"stop": {k.Stop, k.Restart}, "kill": {k.Kill, k.Restart}, "pause": {k.Pause, k.Resume}} {
		readFor(2 * time.Second)
		leader, before, began := k.Leader(tp.Topic, 0), len(offsets), time.Now()
		harm[0](leader)
		for len(offsets) < before+50 {
			readFor(100 * time.Millisecond)
		}
		t.Logf("%s of the leader: going on after %s", name, time.Since(began).Round(100*time.Millisecond))
		harm[1](leader)
		k.WaitReady()
	}
	readFor(time.Second)
	close(stop)
	wg.Wait()
	for int64(len(offsets)) < w.next {
		readFor(100 * time.Millisecond)
	}
	if gaps > 0 || !slices.Equal(offsets, span(0, w.next)) {
		t.Errorf("read %d offsets with %d gaps, appended %d", len(offsets), gaps, w.next)
	}
	w.complete()
}

// TestC19_RealUncleanElection lets a replica that lags become leader.
func TestC19_RealUncleanElection(t *testing.T) {
	k := kafkatest.StartPrivate(t, kafkatest.Options{Overrides: map[string]string{"unclean.leader.election.enable": "true"}})
	c := openReal(t, k.Plain(), kafka.ClientOptions{Timeout: 5 * time.Second})
	tp := realTopic(t, k, c, 2, map[string]string{"unclean.leader.election.enable": "true", "min.insync.replicas": "1"})
	w := newWriter(t, c, tp)
	w.append(10)
	first := k.Leader(tp.Topic, 0)
	second := follower(t, c, tp, first)
	k.Stop(second)
	for range 5 {
		w.append(10) // only the first leader has these
	}
	got := readAll(t, c, tp, kafka.ReadOptions{End: 60})
	if got.err != nil || len(got.offsets) != 60 {
		t.Fatalf("%+v", got)
	}
	k.Kill(first)
	k.Restart(second)
	for deadline := time.Now().Add(90 * time.Second); k.Leader(tp.Topic, 0) != second; time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Skip("the controller did not elect the replica that lags")
		}
	}
	other := newWriter(t, c, tp)
	for range 10 {
		_, err := c.Append(t.Context(), tp, other.batch(10), time.Minute)
		check(t, err)
		other.next += 10
	}
	again := readAll(t, c, tp, kafka.ReadOptions{Start: 60, End: 100, LastEpoch: got.epoch})
	var e *kafka.DivergedError
	if !errors.As(again.err, &e) || e.EndOffset != 10 || e.Epoch != got.epoch {
		t.Errorf("a rewritten log: %v, %d records", again.err, len(again.offsets))
	}
}

// follower is the replica that does not lead.
func follower(t *testing.T, c *kafka.Client, tp kafka.TopicPartition, leader int) int {
	t.Helper()
	k, err := kgo.NewClient(kgo.SeedBrokers(brokerAddrs(t, c)...))
	check(t, err)
	defer k.Close()
	req := kmsg.NewPtrMetadataRequest()
	rt := kmsg.NewMetadataRequestTopic()
	rt.Topic = &tp.Topic
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(t.Context(), k)
	check(t, err)
	for _, r := range resp.Topics[0].Partitions[0].Replicas {
		if int(r) != leader {
			return int(r)
		}
	}
	t.Fatal(io.ErrUnexpectedEOF)
	return -1
}

func brokerAddrs(t *testing.T, c *kafka.Client) []string {
	t.Helper()
	bs, err := c.Brokers(t.Context())
	check(t, err)
	var addrs []string
	for _, b := range bs {
		addrs = append(addrs, fmt.Sprintf("%s:%d", b.Host, b.Port))
	}
	return addrs
}
