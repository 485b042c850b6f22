package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kversion"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// world is a broker, clients of it and an empty store.
type world struct {
	t      *testing.T
	broker *embedded.Broker
	client *kafka.Client
	admin  *kafka.Admin
	store  *storage.Memory
	broken int // locks broken so far
}

func newWorld(t *testing.T, o embedded.Options) *world {
	t.Helper()
	b, err := embedded.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	w := &world{t: t, broker: b, store: storage.NewMemory()}
	if w.client, err = kafka.OpenWith(t.Context(), b.Cluster(), kafka.ClientOptions{RetryFor: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	if w.admin, err = kafka.OpenAdmin(t.Context(), b.Cluster()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.admin.Close)
	return w
}

func (w *world) topic(name string, partitions int32, configs map[string]string) {
	w.t.Helper()
	if err := w.broker.CreateTopic(name, partitions, configs); err != nil {
		w.t.Fatal(err)
	}
}

// produce writes n records and returns the offset of the first.
func (w *world) produce(topic string, partition int32, from, n int) {
	w.t.Helper()
	for n > 0 {
		k := min(n, 100)
		var recs []embedded.Record
		for i := range k {
			recs = append(recs, embedded.Record{Timestamp: 1_700_000_000_000 + int64(from+i), Key: fmt.Appendf(nil, "k%d", (from+i)%17), Value: fmt.Appendf(nil, "value %d of %s", from+i, topic)})
		}
		if _, err := w.broker.Produce(topic, partition, recs...); err != nil {
			w.t.Fatal(err)
		}
		from, n = from+k, n-k
	}
}

// options are those of a plain backup of every topic.
func (w *world) options() BackupOptions {
	return BackupOptions{Source: w.client, Admin: w.admin, Store: w.store, BackupID: "b1", Topics: Selection{Include: []string{"*"}}}
}

// backup runs one and asks for an exit code.
func (w *world) backup(o BackupOptions, want Exit) Summary {
	w.t.Helper()
	return wait(w.t, Backup(w.t.Context(), o), want)
}

func wait(t *testing.T, j *Job, want Exit) Summary {
	t.Helper()
	s, err := j.Wait()
	if s.Exit != want {
		t.Fatalf("%s ended with exit %d (%v), findings %q; want %d", s.Kind, s.Exit, err, s.Findings, want)
	}
	return s
}

// line is one record as text: offset and canonical bytes.
func line(dst []byte, r *batch.Record) []byte {
	return fmt.Appendf(dst, "%d %x\n", r.Offset, batch.AppendCanonical(nil, r))
}

// sourceLog reads a partition from the broker, committed records only, up to the last stable offset.
func (w *world) sourceLog(topic string, partition int32) string {
	w.t.Helper()
	return readSource(w.t, w.client, topic, partition)
}

func readSource(t *testing.T, client *kafka.Client, topic string, partition int32) string {
	t.Helper()
	topics, err := client.Topics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	tp := kafka.TopicPartition{Topic: topic, ID: topics[0].ID, Partition: partition}
	ends, err := client.Offsets(t.Context(), kafka.LastStable, []kafka.TopicPartition{tp})
	if err != nil {
		t.Fatal(err)
	}
	starts, err := client.Offsets(t.Context(), kafka.LogStart, []kafka.TopicPartition{tp})
	if err != nil {
		t.Fatal(err)
	}
	r := client.Read(tp, kafka.ReadOptions{Start: starts[tp].Offset, End: ends[tp].Offset, LastEpoch: -1})
	defer r.Close()
	var out []byte
	dec := batch.NewDecoder(batch.Limits{})
	for {
		c, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return string(out)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range c.Batches {
			if err := dec.Walk(b.Raw, func(r *batch.Record) error {
				if r.Offset >= starts[tp].Offset && r.Offset < ends[tp].Offset {
					out = line(out, r)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// archived reads a partition out of the archive's newest run.
func archived(t *testing.T, a *archive.Archive, topic string, partition int32) string {
	t.Helper()
	v, err := a.View(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	vt, ok := v.Topic(topic)
	if !ok {
		t.Fatalf("topic %s is not in the archive", topic)
	}
	return archivedOf(t, a, vt, partition)
}

func archivedOf(t *testing.T, a *archive.Archive, vt *archive.ViewTopic, partition int32) string {
	t.Helper()
	var out []byte
	dec := batch.NewDecoder(batch.Limits{})
	for _, p := range vt.Parts {
		if p.Partition != partition {
			continue
		}
		for _, seg := range p.Segments {
			if err := a.VerifySegment(t.Context(), seg.Segment, true); err != nil {
				t.Fatal(err)
			}
			r, err := a.OpenSegment(t.Context(), seg.Segment)
			if err != nil {
				t.Fatal(err)
			}
			for {
				raw, _, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := dec.Walk(raw, func(r *batch.Record) error {
					if r.Offset < int64(seg.Until) {
						out = line(out, r)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			r.Close()
		}
	}
	return string(out)
}

func (w *world) archive() *archive.Archive { return archive.Open(w.store, "b1", archive.Keys{}) }

// same compares source and archive, record for record.
func (w *world) same(topic string, partitions int32) {
	w.t.Helper()
	for p := range partitions {
		if want, got := w.sourceLog(topic, p), archived(w.t, w.archive(), topic, p); want != got {
			w.t.Fatalf("%s/%d: the archive differs from the source\nsource:\n%.600s\narchive:\n%.600s", topic, p, want, got)
		}
	}
}

// TestC03_rerunsNeitherOverlapNorRepeat runs a backup again and again while the source grows.
func TestC03_rerunsNeitherOverlapNorRepeat(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("orders", 3, nil)
	o := w.options()
	o.Capture.SegmentMaxBytes = 8 << 10
	at := 0
	for run := range 5 {
		for p := range int32(3) {
			w.produce("orders", p, at, 300*(run%3))
		}
		at += 1000
		w.backup(o, ExitDone)
		w.same("orders", 3)
	}
}

// TestC15_newTopicsAndPartitions are picked up by the next run.
func TestC15_newTopicsAndPartitions(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 50)
	w.backup(w.options(), ExitDone)
	w.topic("b", 2, nil)
	w.produce("b", 1, 0, 70)
	if err := w.grow("a", 3); err != nil {
		t.Fatal(err)
	}
	w.produce("a", 2, 0, 30)
	w.produce("a", 0, 50, 10)
	w.backup(w.options(), ExitDone)
	w.same("a", 3)
	w.same("b", 2)
}

// TestC02_secondWriterIsRefused: while one run holds the archive, another ends with exit 11.
func TestC02_secondWriterIsRefused(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 10)
	lock, err := w.archive().Store().Lock(t.Context(), archive.LockKey, storage.Holder{Who: "somebody", Host: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	w.backup(w.options(), ExitLocked)
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	w.backup(w.options(), ExitDone)
}

// TestC02_unreadableHistoryStopsTheRun: an error on reading the old manifest is no first run.
func TestC02_unreadableHistoryStopsTheRun(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 10)
	w.backup(w.options(), ExitDone)
	before := w.keys()
	w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == "get" && archiveKeyIsManifest(key) {
			return errors.New("the store is not well")
		}
		return nil
	}})
	w.backup(w.options(), ExitFailed)
	w.store.SetFaults(storage.Faults{})
	if after := w.keys(); after != before {
		t.Fatalf("the store changed:\n%s\n%s", before, after)
	}
}

// TestC12_nothingMatches: a topic that is not there, or a pattern without a match, is an error; with
// on_missing_topic = "warn" the run has findings.
func TestC12_nothingMatches(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	o := w.options()
	o.Topics.Unmatched = func([]string) []string { return []string{"payments"} }
	w.backup(o, ExitUsage)
	o.WarnMissing = true
	w.backup(o, ExitFindings)
	o.Topics.Match = func(string, bool) bool { return false }
	w.backup(o, ExitUsage)
}

// TestC05_C21_committedOnly: aborted records and markers are counted and not stored, and an open
// transaction ends the run at the last stable offset.
func TestC05_C21_committedOnly(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("tx", 1, nil)
	w.produce("tx", 0, 0, 5)
	p, err := w.broker.TxnProducer("txn-1")
	if err != nil {
		t.Fatal(err)
	}
	step := func(commit bool) {
		t.Helper()
		if _, err := p.Produce("tx", 0, embedded.Record{Timestamp: 1, Value: []byte("x")}, embedded.Record{Timestamp: 2, Value: []byte("y")}); err != nil {
			t.Fatal(err)
		}
		end := p.Abort
		if commit {
			end = p.Commit
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	step(false)
	step(true)
	step(false)
	if _, err := p.Produce("tx", 0, embedded.Record{Timestamp: 3, Value: []byte("open")}); err != nil {
		t.Fatal(err)
	}
	w.produce("tx", 0, 5, 5)
	s := w.backup(w.options(), ExitDone) // younger than the grace: a note
	if len(s.Notes) == 0 {
		t.Error("nothing says that an open transaction holds records back")
	}
	w.same("tx", 1)
	head, err := w.archive().Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	part := head.Doc.Topics[0].Partitions[0]
	if part.Absent.Aborted != 4 || part.Absent.Markers != 3 || part.Records != 7 || part.HeldBack != 6 {
		t.Errorf("accounted for as %+v, held back %d, records %d", part.Absent, part.HeldBack, part.Records)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	w.backup(w.options(), ExitDone)
	w.same("tx", 1)
}

// TestC07_recordsDeletedBeforeTheyWereRead is a gap with a reason, exit 3, and the next run goes on.
func TestC07_recordsDeletedBeforeTheyWereRead(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 300)
	w.backup(w.options(), ExitDone)
	w.produce("a", 0, 300, 500)
	if err := w.broker.DeleteRecords("a", 0, 650); err != nil {
		t.Fatal(err)
	}
	s := w.backup(w.options(), ExitFindings)
	head, err := w.archive().Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := head.Doc.Topics[0].Partitions[0]
	if len(p.Gaps) != 1 || p.Gaps[0].From != 300 || p.Gaps[0].To != 650 || p.Records != 150 {
		t.Fatalf("gaps %+v, records %d, findings %q", p.Gaps, p.Records, s.Findings)
	}
	w.produce("a", 0, 800, 20)
	w.backup(w.options(), ExitDone)
	v, err := w.archive().View(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Topics[0].Parts[0].Records; got != 470 {
		t.Errorf("the view holds %d records, not 470", got)
	}
}

// TestC04_recreatedTopic keeps both generations apart.
func TestC04_recreatedTopic(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 100)
	w.backup(w.options(), ExitDone)
	if err := w.broker.DeleteTopic("a"); err != nil {
		t.Fatal(err)
	}
	w.topic("a", 1, nil)
	w.produce("a", 0, 5000, 40)
	w.backup(w.options(), ExitDone)
	w.same("a", 1)
	v, err := w.archive().View(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Topics) != 2 || v.Topics[0].Parts[0].Records+v.Topics[1].Parts[0].Records != 140 {
		t.Fatalf("the view holds %d incarnations", len(v.Topics))
	}
}

// TestC06_exactlyThePlan: a producer that keeps writing adds nothing beyond the frozen end.
func TestC06_exactlyThePlan(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 2000)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 2000; ctx.Err() == nil; i += 7 {
			w.broker.Produce("a", 0, embedded.Record{Timestamp: int64(i), Value: []byte("late")}, embedded.Record{Timestamp: int64(i), Value: []byte("later")})
		}
	})
	o := w.options()
	o.FetchBytes = 4 << 10
	w.backup(o, ExitDone)
	cancel()
	wg.Wait()
	a := w.archive()
	head, err := a.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := a.Plan(t.Context(), head.Doc.RunID)
	if err != nil {
		t.Fatal(err)
	}
	p, m := plan.Doc.Topics[0].Partitions[0], head.Doc.Topics[0].Partitions[0]
	if m.End != p.End || int64(p.End) != m.Records {
		t.Errorf("plan ends at %d, manifest at %d with %d records", p.End, m.End, m.Records)
	}
}

// TestC17_manyPartitionsLargeRecordsLongNames: empty partitions, 8 MiB records, names of 249 characters.
func TestC17_manyPartitionsLargeRecordsLongNames(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	long := "x.y_z-"
	for len(long) < 249 {
		long += "n"
	}
	w.topic(long, 1, nil)
	w.topic("many", 400, nil)
	w.topic("large", 1, map[string]string{"max.message.bytes": "20000000"})
	w.produce(long, 0, 0, 3)
	w.produce("many", 7, 0, 3)
	w.produce("many", 399, 0, 3)
	if _, err := w.broker.Produce("large", 0, embedded.Record{Timestamp: 1, Value: make([]byte, 8<<20)}); err != nil {
		t.Fatal(err)
	}
	w.backup(w.options(), ExitDone)
	w.same(long, 1)
	w.same("large", 1)
	w.same("many", 400)
}

// TestC04_generationIsProvedByTopicIds: the manifest says whether every fetch named its topic by id.
func TestC04_generationIsProvedByTopicIds(t *testing.T) {
	old := kversion.V2_8_0()
	for want, o := range map[string]embedded.Options{"proved": {}, "unproved": {MaxVersions: old}} {
		w := newWorld(t, o)
		w.topic("a", 1, nil)
		w.produce("a", 0, 0, 10)
		w.backup(w.options(), ExitDone)
		head, err := w.archive().Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if head.Doc.Generation != want {
			t.Errorf("generation %q, not %q", head.Doc.Generation, want)
		}
	}
}

// TestC07_continuousRunsKeepTheirFindings: a continuous job takes what comes, run after run, ends at its
// cancellation, and says at its end what an earlier run lost.
func TestC07_continuousRunsKeepTheirFindings(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 100)
	w.backup(w.options(), ExitDone)
	w.produce("a", 0, 100, 100)
	if err := w.broker.DeleteRecords("a", 0, 150); err != nil {
		t.Fatal(err)
	}
	o := w.options()
	o.Repeat = 20 * time.Millisecond
	j := Backup(t.Context(), o)
	runs := func() (n int) {
		events, _ := j.EventsSince(0)
		for _, e := range events {
			if e.Type == "run_done" {
				n++
			}
		}
		return n
	}
	for runs() < 2 {
		time.Sleep(5 * time.Millisecond)
	}
	w.produce("a", 0, 200, 30)
	for n := runs(); runs() < n+2; {
		time.Sleep(5 * time.Millisecond)
	}
	j.Cancel()
	s, _ := j.Wait()
	if len(s.Findings) != 1 || s.Exit != ExitFindings && s.Exit != ExitCancelled {
		t.Errorf("exit %d, findings %q", s.Exit, s.Findings)
	}
	v, err := w.archive().View(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Topics[0].Parts[0].Records; got != 180 {
		t.Errorf("the archive holds %d records, not 180", got)
	}
}
