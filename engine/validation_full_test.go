//go:build full

package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/embedded"
	"kustody/kafka/kafkatest"
)

// raw appends one batch as it is.
func (r *real) raw(topic string, recs ...embedded.Record) {
	r.t.Helper()
	found, err := r.client.Topics(r.t.Context(), topic)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.client.Append(r.t.Context(), kafka.TopicPartition{Topic: topic, ID: found[0].ID}, craft("lz4", 0, recs...), time.Minute); err != nil {
		r.t.Fatal(err)
	}
}

// oddRecords are what clients lose, alter or cut.
func oddRecords() []embedded.Record {
	var recs []embedded.Record
	for _, ms := range []int64{0, -1, -1000, 253_402_300_799_999, 1_700_000_000_000_000, 9_223_372_036_855} {
		recs = append(recs, embedded.Record{Timestamp: ms, Value: fmt.Append(nil, ms)})
	}
	return append(recs,
		embedded.Record{Timestamp: 5, Headers: []embedded.Header{{Key: "twice", Value: []byte("1")}, {Key: "twice"}, {Key: "", Value: []byte{}}, {Key: "\xff\xfe", Value: []byte{0}}}},
		embedded.Record{Timestamp: 6, Key: []byte{}, Value: []byte{}, Headers: []embedded.Header{{Key: "a\x00b", Value: []byte("v")}}},
		embedded.Record{Timestamp: 7, Key: []byte("k"), Headers: []embedded.Header{{Key: "\x00"}}})
}

// transactions leaves committed and aborted ones, mixed.
func (r *real) transactions(topic string) {
	r.t.Helper()
	k, err := kgo.NewClient(kgo.SeedBrokers(r.Plain().BootstrapServers...), kgo.TransactionalID(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		r.t.Fatal(err)
	}
	defer k.Close()
	for i := range 6 {
		if err := k.BeginTransaction(); err != nil {
			r.t.Fatal(err)
		}
		for n := range 4 {
			if err := k.ProduceSync(r.t.Context(), &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, "transaction %d, %d", i, n)}).FirstErr(); err != nil {
				r.t.Fatal(err)
			}
		}
		if err := k.EndTransaction(r.t.Context(), kgo.TransactionEndTry(i%2 == 0)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// compacted leaves a topic with holes.
func (r *real) compacted(topic string) {
	r.t.Helper()
	r.CreateTopic(topic, 1, 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "500", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0"})
	for i := range 40 {
		now := time.Now().UnixMilli() // a segment is rolled by the records' times
		r.raw(topic, embedded.Record{Timestamp: now, Key: fmt.Appendf(nil, "k%d", i%7), Value: fmt.Append(nil, i)}, embedded.Record{Timestamp: now, Key: fmt.Appendf(nil, "once%d", i), Value: fmt.Append(nil, i)})
		if i%10 == 9 {
			time.Sleep(600 * time.Millisecond)
		}
	}
	for deadline := time.Now().Add(40 * time.Second); strings.Count(readSource(r.t, r.client, topic, 0), "\n") == 80; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatal("the log cleaner did nothing")
		}
	}
}

// TestE01_realOddities: odd records, append times, compaction, aborted transactions and groups,
// through backup, restore and the independent client: equal, with the exceptions said.
func TestE01_realOddities(t *testing.T) {
	r := newReal(t, kafkatest.Start(t))
	wide := map[string]string{"message.timestamp.after.max.ms": farthest, "message.timestamp.before.max.ms": farthest, "retention.ms": "-1"}
	odd, stamped, txn, holes := kafkatest.Topic(t, "odd"), kafkatest.Topic(t, "stamped"), kafkatest.Topic(t, "txn"), kafkatest.Topic(t, "holes")
	r.CreateTopic(odd, 1, 1, wide)
	r.raw(odd, oddRecords()...)
	r.CreateTopic(stamped, 1, 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	for i := range 3 {
		r.raw(stamped, embedded.Record{Timestamp: baseTime, Value: fmt.Append(nil, i)}, embedded.Record{Timestamp: baseTime + 1, Value: fmt.Append(nil, i)})
	}
	r.CreateTopic(txn, 1, 1, nil)
	r.transactions(txn)
	r.compacted(holes)
	group := kafkatest.Topic(t, "group")
	if err := r.admin.CommitGroup(t.Context(), group, []kafka.GroupOffset{{Topic: odd, Offset: 7}, {Topic: txn, Offset: 5}, {Topic: holes, Offset: 11}}); err != nil {
		t.Fatal(err)
	}
	b := r.options(odd, stamped, txn, holes)
	b.SkipGroups, b.Groups = false, func(id string) bool { return id == group }
	wait(t, Backup(t.Context(), b), ExitDone)
	ro := RestoreOptions{Target: r.client, Admin: r.admin, Store: r.store, BackupID: "b1", ReplicationFactor: 1,
		Groups: func(id string) (string, bool) { return "copy-" + id, id == group }}
	for i, headers := range []bool{false, true} {
		ro.RestoreID, ro.OffsetHeaders = fmt.Sprintf("%s-%d", archive.NewRestoreID(time.Now()), i), headers
		wait(t, Restore(t.Context(), ro), ExitDone)
		rep, _ := validated(t, ValidationOptions{Target: r.client, Admin: r.admin, Store: r.store, BackupID: "b1", RestoreID: ro.RestoreID,
			ReadBack: func() (IndependentReader, error) { return kafka.OpenReadBack(r.Plain(), kafka.ReadBackOptions{}) }}, ExitDone)
		outcomes(t, rep, nil)
		if rep.Integrity.RecordsCompared != rep.Restore.Records || rep.Integrity.RecordsByRawReader != 3 || rep.Overall != evidence.Passed {
			t.Errorf("%+v, restored %d", rep.Integrity, rep.Restore.Records)
		}
		said := strings.Join(rep.Exceptions, "\n")
		for _, want := range []string{"6 records were stamped by the source's broker", "3 records cannot be read truly", "compaction left holes"} {
			if !strings.Contains(said, want) {
				t.Errorf("exceptions do not say %q: %s", want, said)
			}
		}
	}
	r.raw("restore-"+ro.RestoreID+"."+odd, embedded.Record{Timestamp: baseTime, Value: []byte("foreign")})
	rep, _ := validated(t, ValidationOptions{Target: r.client, Admin: r.admin, Store: r.store, BackupID: "b1",
		ReadBack: func() (IndependentReader, error) { return kafka.OpenReadBack(r.Plain(), kafka.ReadBackOptions{}) }}, ExitFindings)
	outcomes(t, rep, map[string]evidence.Outcome{evidence.MessageCountCheck: evidence.Failed, evidence.OffsetRangeCheck: evidence.Failed, evidence.ContentCheck: evidence.Failed})
}
