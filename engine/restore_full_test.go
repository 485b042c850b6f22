//go:build full

package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/embedded"
	"kustody/kafka/kafkatest"
	"kustody/storage"
)

// newRealWorld is a world on real Apache Kafka.
func newRealWorld(t *testing.T) (*world, *kafkatest.Cluster) {
	t.Helper()
	k := kafkatest.Start(t)
	w := &world{t: t, store: storage.NewMemory()}
	var err error
	if w.client, err = kafka.Open(t.Context(), k.Plain()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	if w.admin, err = kafka.OpenAdmin(t.Context(), k.Plain()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.admin.Close)
	return w, k
}

// as maps the one topic of a crafted archive to a name of its own.
func (w *world) as(id, name string) (RestoreOptions, string) {
	o := w.restoring()
	target := kafkatest.Topic(w.t, name)
	o.RestoreID, o.Mapping = id, map[string]string{"orders": target}
	return o, target
}

// TestR02_realLimits meets a real broker's max.message.bytes.
func TestR02_realLimits(t *testing.T) {
	w, k := newRealWorld(t)
	c := buildArchive(t, w.store, "orders", nil, bulky())
	o, fresh := w.as("r1", "r02")
	w.restore(o, ExitDone)
	w.sameRecords(fresh, 0, 0, c.records["orders/0"])
	o, small := w.as("r2", "r02")
	k.CreateTopic(small, 1, 3, map[string]string{"max.message.bytes": "300000", "retention.ms": "-1"})
	w.restore(o, ExitDone)
	w.sameRecords(small, 0, 0, c.records["orders/0"])
	o, tiny := w.as("r3", "r02")
	k.CreateTopic(tiny, 1, 3, map[string]string{"max.message.bytes": "4000", "retention.ms": "-1"})
	w.restore(o, ExitUsage)
	if _, end := w.end(tiny, 0); end != 0 {
		t.Errorf("%d records were written before the refusal", end)
	}
}

// hostileRecords are what a topic with ordinary configs deletes, merges, refuses or restamps.
func hostileRecords(now int64) [][]byte {
	day := int64(24 * time.Hour / time.Millisecond)
	return [][]byte{
		craft("zstd", 0, embedded.Record{Timestamp: now - 180*day, Key: []byte("a"), Value: []byte("1")}, embedded.Record{Timestamp: now - 180*day, Value: []byte("no key")}),
		craft("", 2, embedded.Record{Timestamp: now + 30*day, Key: []byte("a"), Value: []byte("2")}, embedded.Record{Timestamp: 0, Key: []byte("a")}),
		craft("gzip", 4, embedded.Record{Timestamp: -1000, Key: []byte("a"), Value: []byte("3")}, embedded.Record{Timestamp: 1_700_000_000_000_000, Value: []byte("microseconds")}),
		craft("lz4", 6, embedded.Record{Timestamp: now, Key: []byte("b"), Value: []byte("4")}),
	}
}

// TestR10_guardsHoldUntilFinish restores what the captured configs would destroy, waits until a broker
// had every chance to, and then finishes.
func TestR10_guardsHoldUntilFinish(t *testing.T) {
	w, _ := newRealWorld(t)
	captured := map[string]string{"cleanup.policy": "compact,delete", "retention.ms": "604800000", "message.timestamp.type": "LogAppendTime",
		"segment.ms": "500", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0", "min.insync.replicas": "5"}
	c := buildArchive(t, w.store, "orders", captured, hostileRecords(time.Now().UnixMilli()))
	o, topic := w.as("r1", "r10")
	o.ReplicationFactor = 5
	s := w.restore(o, ExitDone)
	if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "capped to 3") }) {
		t.Errorf("notes %q", s.Notes)
	}
	time.Sleep(6 * time.Second) // the brokers look every two seconds
	w.sameRecords(topic, 0, 0, c.records["orders/0"])
	fo := FinishOptions{Target: w.client, Admin: w.admin, Store: w.store, BackupID: "b1", RestoreID: "r1"}
	done := wait(t, FinishRestore(t.Context(), fo), ExitDone)
	if n := done.Get("expiring_records"); n != int64(4) {
		t.Errorf("%v records are said to expire, want 4", n)
	}
	got := w.onTopic(topic)
	if got["cleanup.policy"] != "compact,delete" || got["retention.ms"] != "604800000" || got["message.timestamp.type"] != "LogAppendTime" ||
		got["message.timestamp.after.max.ms"] != "" || got["min.insync.replicas"] != "3" {
		t.Errorf("after finish: %v", got)
	}
}

// TestR10_finishIsRightAboutAge lets a broker delete what finishing said it would.
func TestR10_finishIsRightAboutAge(t *testing.T) {
	w, _ := newRealWorld(t)
	buildArchive(t, w.store, "orders", map[string]string{"retention.ms": "604800000"}, series("", 4, 5))
	o, topic := w.as("r1", "r10")
	o.ApplyConfigs = true
	s := w.restore(o, ExitDone)
	if s.Get("expiring_records") != int64(20) {
		t.Errorf("facts %v", s.Facts)
	}
	tp, _ := w.end(topic, 0)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		at, err := w.client.Offsets(t.Context(), kafka.LogStart, []kafka.TopicPartition{tp})
		if err == nil && at[tp].Offset == 20 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the broker deleted up to %d: %v", at[tp].Offset, err)
		}
	}
}

// TestR12_realAppendTimes backs a LogAppendTime topic up and restores it.
func TestR12_realAppendTimes(t *testing.T) {
	w, k := newRealWorld(t)
	source := kafkatest.Topic(t, "r12")
	k.CreateTopic(source, 1, 3, map[string]string{"message.timestamp.type": "LogAppendTime"})
	tp, _ := w.end(source, 0)
	for i := range 5 {
		raw := craft("zstd", 0, embedded.Record{Timestamp: baseTime + int64(i), Value: []byte("x")}, embedded.Record{Timestamp: baseTime, Value: []byte("y")})
		if _, err := w.client.Append(t.Context(), tp, raw, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	want, _ := w.log(source, 0)
	b := w.options()
	b.Topics = Selection{Include: []string{source}, Match: func(name string, _ bool) bool { return name == source }}
	w.backup(b, ExitDone)
	o := w.restoring()
	w.restore(o, ExitDone)
	w.sameRecords("restore-r1."+source, 0, 0, want)
	if p := w.receipt("r1").Topics[0].Partitions[0]; p.Stamped != 10 {
		t.Errorf("receipt %+v", p)
	}
}

// TestR13_realLateRequest sends the last request of a dead restore after another has gone on.
func TestR13_realLateRequest(t *testing.T) {
	w, _ := newRealWorld(t)
	c := buildArchive(t, w.store, "orders", nil, series("", 12, 5))
	for i, behind := range []int{0, 7} {
		o, topic := w.as(fmt.Sprint("r", i), "r13")
		var late []byte
		dead := o
		dead.Target = &wreck{RestoreTarget: w.client, before: func(n int, _ kafka.TopicPartition, raw []byte) error {
			if n < 4 {
				return nil
			}
			late = slices.Clone(raw)
			return errKilled
		}}
		if _, err := Restore(t.Context(), dead).Wait(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		tp, _ := w.end(topic, 0)
		send := func() { _, _ = w.client.Append(t.Context(), tp, late, 5*time.Second) }
		next := o
		next.Target = &wreck{RestoreTarget: w.client, before: func(n int, _ kafka.TopicPartition, _ []byte) error {
			if n == 1+behind {
				send()
			}
			return nil
		}}
		w.restore(next, ExitDone)
		send()
		w.sameRecords(topic, 0, 0, c.records["orders/0"])
	}
}

// TestR14_javaConsumerReadsOn lets Kafka's own console consumer go on where a restored group stands.
func TestR14_javaConsumerReadsOn(t *testing.T) {
	w, k := newRealWorld(t)
	c := newCrafted(t, w.store)
	a := series("zstd", 6, 5)
	a[3] = thin(t, a[3], func(o int64) bool { return o != 17 })
	c.add("orders", nil, a)
	c.plan.Groups = []archive.Group{{ID: "billing", Offsets: []archive.GroupOffset{{Topic: "orders", Offset: 17}}}}
	c.seal()
	o, topic := w.as("r1", "r14")
	group := kafkatest.Topic(t, "billing")
	o.Groups = func(string) (string, bool) { return group, true }
	s := w.restore(o, ExitDone)
	if len(s.Findings) > 0 {
		t.Fatalf("findings %q", s.Findings)
	}
	got := k.Tool(kafkatest.ConsoleConsumer, "--bootstrap-server", k.Bootstrap(), "--topic", topic, "--group", group, "--max-messages", "2", "--timeout-ms", "30000")
	if want := "value number 18\nvalue number 19\n"; got != want {
		t.Errorf("the Java consumer read %q, want %q", got, want)
	}
}

// TestR15_tombstonesKeepTheirClock writes a batch with a delete horizon, which must not arrive.
func TestR15_tombstonesKeepTheirClock(t *testing.T) {
	w, k := newRealWorld(t)
	raw := craft("", 0, embedded.Record{Timestamp: baseTime, Key: []byte("k")}, embedded.Record{Timestamp: baseTime + 5, Key: []byte("l"), Value: []byte("v")})
	raw[22] |= 0x50 // transactional, delete horizon
	c := buildArchive(t, w.store, "orders", map[string]string{"cleanup.policy": "compact"}, [][]byte{embedded.Seal(raw)})
	o, topic := w.as("r1", "r15")
	o.ReplicationFactor = 3
	w.restore(o, ExitDone)
	w.sameRecords(topic, 0, 0, c.records["orders/0"])
	_, heads := w.log(topic, 0)
	if heads[0].DeleteHorizon() || heads[0].IsTransactional() {
		t.Errorf("attributes %#x", heads[0].Attributes)
	}
	for _, file := range k.LogFiles(1, topic, 0) {
		if d := k.DumpLog(file); len(d.Batches) != 1 || d.Batches[0].DeleteHorizon != "OptionalLong.empty" || d.Batches[0].Transactional {
			t.Errorf("kafka-dump-log: %+v", d.Batches)
		}
	}
}

// TestR16_realForeignWriter writes into the target between two batches.
func TestR16_realForeignWriter(t *testing.T) {
	w, _ := newRealWorld(t)
	buildArchive(t, w.store, "orders", nil, series("", 20, 1))
	o, _ := w.as("r1", "r16")
	o.Target = &wreck{RestoreTarget: w.client, after: func(n int, tp kafka.TopicPartition, _ []byte) error {
		if n == 9 {
			_, err := w.client.Append(t.Context(), tp, craft("", 0, embedded.Record{Timestamp: baseTime}), time.Minute)
			return err
		}
		return nil
	}}
	s, err := Restore(t.Context(), o).Wait()
	if s.Exit != ExitFailed || !strings.Contains(err.Error(), "somebody else writes") {
		t.Fatalf("exit %d, %v", s.Exit, err)
	}
}

// TestR03_realMixture restores every kind of batch, killed in the middle, in both partitionings.
func TestR03_realMixture(t *testing.T) {
	w, _ := newRealWorld(t)
	c := mixed(t, w.store)
	for _, kind := range []string{"", "murmur2"} {
		o := w.restoring()
		prefix := kafkatest.Topic(t, "r03") + "-"
		o.RestoreID, o.Mapping = "", map[string]string{"orders": prefix + "orders", "payments": prefix + "payments"}
		if kind != "" {
			o.Repartition, o.Partitions = kind, func(string) int { return 4 }
		}
		dead := o
		dead.Target = &wreck{RestoreTarget: w.client, after: func(n int, _ kafka.TopicPartition, _ []byte) error {
			if n == 4 {
				return errKilled
			}
			return nil
		}}
		if _, err := Restore(t.Context(), dead).Wait(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		w.restore(o, ExitDone)
		if kind == "" {
			mixedSame(w, c, prefix, archive.Window{})
			continue
		}
		c.records[prefix+"orders/0"], c.records[prefix+"orders/1"] = c.records["orders/0"], c.records["orders/1"]
		sameDealt(w, c, prefix+"orders", 4, kind)
	}
}

// TestR01_leaderKilled kills the broker that leads the target partition in the middle of a restore.
func TestR01_leaderKilled(t *testing.T) {
	k := kafkatest.StartPrivate(t, kafkatest.Options{})
	w := &world{t: t, store: storage.NewMemory()}
	var err error
	if w.client, err = kafka.Open(t.Context(), k.Plain()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	if w.admin, err = kafka.OpenAdmin(t.Context(), k.Plain()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.admin.Close)
	c := buildArchive(t, w.store, "orders", nil, series("lz4", 300, 5), series("", 300, 5))
	o := w.restoring()
	o.ReplicationFactor, o.AppendTimeout = 3, time.Minute
	o.Target = &wreck{RestoreTarget: w.client, after: func(n int, _ kafka.TopicPartition, _ []byte) error {
		if n == 100 {
			k.Kill(k.Leader("orders", 0))
		}
		return nil
	}}
	w.restore(o, ExitDone)
	for p := range int32(2) {
		w.sameRecords("orders", p, 0, c.records[fmt.Sprintf("orders/%d", p)])
	}
}
