package embedded_test

import (
	"strings"
	"testing"
	"time"

	"kustody/kafka/embedded"
)

func start(t *testing.T, o embedded.Options) *embedded.Broker {
	t.Helper()
	b, err := embedded.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestProduceKeepsOffsets(t *testing.T) {
	b := start(t, embedded.Options{Topics: map[string]int32{"orders": 2}})
	off := must[int64](t)
	for _, codec := range []string{"", "gzip", "snappy", "lz4", "zstd"} {
		o := embedded.NoProducer
		o.Codec = codec
		raw := embedded.EncodeBatch(o, embedded.Record{Timestamp: 253402300799999, Key: []byte("k")}, embedded.Record{Timestamp: -5})
		off(b.ProduceBatch("orders", 1, raw))
	}
	if got := off(b.Produce("orders", 1, embedded.Record{})); got != 10 {
		t.Errorf("base offset %d, want 10: five batches of two went before", got)
	}
}

func TestTransactionsEndWithMarkers(t *testing.T) {
	b := start(t, embedded.Options{Brokers: 3, Topics: map[string]int32{"t": 1}})
	p, err := b.TxnProducer("tx")
	ok(t, err)
	for i, end := range []func() error{p.Commit, p.Abort, p.Commit} {
		if _, err := p.Produce("t", 0, embedded.Record{Value: []byte("v")}, embedded.Record{}); err != nil {
			t.Fatal(err)
		}
		if info := b.Info("t", 0); info.LastStableOffset != int64(i*3) || info.HighWatermark != int64(i*3+2) {
			t.Errorf("open transaction %d: %+v", i, info)
		}
		ok(t, end())
		if info := b.Info("t", 0); info.LastStableOffset != int64(i*3+3) {
			t.Errorf("after end %d: last stable offset %d", i, info.LastStableOffset)
		}
	}
}

func TestDropAfterAppendAppends(t *testing.T) {
	b := start(t, embedded.Options{Topics: map[string]int32{"t": 1}})
	b.DropAfterAppend(1)
	if _, err := b.Produce("t", 0, embedded.Record{}); err == nil {
		t.Error("the connection was not dropped")
	}
	if hw := b.Info("t", 0).HighWatermark; hw != 1 {
		t.Errorf("high watermark %d, want 1: the broker has appended", hw)
	}
	b.DropBefore(embedded.Produce, 1)
	if _, err := b.Produce("t", 0, embedded.Record{}); err == nil {
		t.Error("the connection was not dropped")
	}
	if hw := b.Info("t", 0).HighWatermark; hw != 1 {
		t.Errorf("high watermark %d, want 1: nothing more was appended", hw)
	}
}

func TestFailNextFailsOnce(t *testing.T) {
	b := start(t, embedded.Options{Topics: map[string]int32{"t": 1}})
	h := b.FailNext(embedded.Produce, 87, 1)
	if _, err := b.Produce("t", 0, embedded.Record{}); err == nil || !strings.Contains(err.Error(), "INVALID_RECORD") {
		t.Errorf("error %v, want INVALID_RECORD", err)
	}
	if _, err := b.Produce("t", 0, embedded.Record{}); err != nil || h.Hits() != 1 {
		t.Errorf("second produce: %v, %d hits", err, h.Hits())
	}
}

func TestDelayAndPauseHoldAnswersBack(t *testing.T) {
	b := start(t, embedded.Options{Topics: map[string]int32{"t": 1}})
	off := must[int64](t)
	off(b.Produce("t", 0, embedded.Record{}))
	b.Delay(embedded.Produce, 80*time.Millisecond, 1)
	began := time.Now()
	off(b.Produce("t", 0, embedded.Record{}))
	if d := time.Since(began); d < 80*time.Millisecond {
		t.Errorf("answered after %s", d)
	}
	b.Pause(0)
	done := make(chan error, 1)
	go func() { _, err := b.Produce("t", 0, embedded.Record{}); done <- err }()
	select {
	case err := <-done:
		t.Fatalf("a paused broker answered: %v", err)
	case <-time.After(60 * time.Millisecond):
	}
	b.Resume(0)
	ok(t, <-done)
}

func TestStopBrokerMovesLeaders(t *testing.T) {
	b := start(t, embedded.Options{Brokers: 2, Topics: map[string]int32{"t": 1}})
	ok(t, b.MoveLeader("t", 0, 1))
	ok(t, b.StopBroker(1))
	if info := b.Info("t", 0); info.Leader != 0 {
		t.Errorf("leader %d after broker 1 was stopped", info.Leader)
	}
	ok(t, b.StartBroker(1))
	if got := len(b.Addrs()); got != 2 {
		t.Errorf("%d addresses", got)
	}
	if _, err := b.Produce("t", 0, embedded.Record{}); err != nil {
		t.Error(err)
	}
}

func TestDataDirIsFoundAgain(t *testing.T) {
	dir := t.TempDir()
	b, err := embedded.Start(embedded.Options{DataDir: dir})
	ok(t, err)
	ok(t, b.CreateTopic("t", 1, map[string]string{"cleanup.policy": "compact"}))
	id := b.TopicID("t")
	if _, err := b.Produce("t", 0, embedded.Record{}); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = start(t, embedded.Options{DataDir: dir})
	if b.TopicID("t") != id || b.Info("t", 0).HighWatermark != 1 {
		t.Errorf("topic id %s, want %s; %+v", b.TopicID("t"), id, b.Info("t", 0))
	}
}

func TestCompactLeavesHoles(t *testing.T) {
	b := start(t, embedded.Options{})
	ok(t, b.CreateTopic("t", 1, map[string]string{"cleanup.policy": "compact"}))
	for _, k := range []string{"a", "b", "a", "b", "c"} {
		if _, err := b.Produce("t", 0, embedded.Record{Key: []byte(k), Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	b.Compact()
	if info := b.Info("t", 0); info.LogStartOffset != 2 || info.HighWatermark != 5 {
		t.Errorf("%+v, want log start 2: the first two keys were written again", info)
	}
}

func TestUsersLogIn(t *testing.T) {
	for _, m := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		b := start(t, embedded.Options{ACLs: true, Users: []embedded.User{{Mechanism: m, Name: "alice", Password: "alice-secret", Super: true}}})
		ok(t, b.CreateTopic("t", 1, nil))
		if _, err := b.Produce("t", 0, embedded.Record{}); err != nil {
			t.Errorf("%s: %v", m, err)
		}
		if s := b.Cluster().Security; s.Protocol != "SASL_PLAINTEXT" || s.Mechanism != m {
			t.Errorf("%s: %+v", m, s)
		}
	}
}
