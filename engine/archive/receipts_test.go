package archive

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sampleRestore are the three documents of one restore, with every member set.
func sampleRestore() (Journal, Receipt, Finish) {
	at := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	from := Int64(1_700_000_000_000)
	tool := Tool{Name: "kustody", Version: "1.0.0", Commit: "abc"}
	held := map[string]string{"retention.ms": "604800000", "retention.bytes": ""}
	j := Journal{RestoreID: "r1", RunID: "20261120T020000Z-aaaaaa", ManifestSHA256: strings.Repeat("a", 64), PlanSHA256: strings.Repeat("b", 64),
		CreatedAt: at, CreatedBy: "ops", Tool: tool, Target: Cluster{Declared: "dr", Observed: "cluster-2"}, Window: Window{Start: &from},
		Topics: []JournalTopic{{Source: "orders", SourceID: kafka.TopicID{1}, Target: "restore-r1.orders", TargetID: kafka.TopicID{2}, Created: true,
			MaxBatchBytes: 1048588, Configs: map[string]string{"retention.ms": "-1"}, HeldOpen: held,
			Partitions: []JournalPartition{{Partition: 0, ProducerID: 9_007_199_254_740_993, ProducerEpoch: 0, Start: 11}}}}}
	r := Receipt{RestoreID: "r1", RunID: j.RunID, ManifestSHA256: j.ManifestSHA256, JournalSHA256: strings.Repeat("c", 64), StartedAt: at,
		FinishedAt: at.Add(time.Minute), CreatedBy: "ops", Tool: tool, Target: j.Target, Window: j.Window, Records: 3, Bytes: 200,
		Topics: []ReceiptTopic{{Source: "orders", SourceID: kafka.TopicID{1}, Target: "restore-r1.orders", TargetID: kafka.TopicID{2}, Created: true, HeldOpen: held,
			Partitions: []ReceiptPartition{{Start: 11, End: 14, Records: 3, Bytes: 200, Rewritten: 2, Stamped: 1,
				Map: []Piece{{Segment: "segments/01/0/x.log", FirstSource: 500, FirstTarget: 11, Kept: 3}}}}}},
		Groups: []MovedGroup{{Source: "billing", Target: "billing", Offsets: []MovedOffset{{SourceTopic: "orders", SourceOffset: 501,
			TargetTopic: "restore-r1.orders", TargetOffset: 12, Metadata: "m"}}}},
		Exceptions: []string{"restore-r1.orders: 2 records were re-encoded"}, Findings: []string{}}
	return j, r, Finish{RestoreID: "r1", CreatedAt: at.Add(time.Hour), CreatedBy: "ops", Tool: tool, Receipt: strings.Repeat("d", 64),
		Topics: []FinishTopic{{Target: "restore-r1.orders", TargetID: kafka.TopicID{2}, Applied: map[string]string{"retention.ms": "604800000"}, Expiring: 3}}}
}

// TestRestoreDocuments puts and reads the documents of a restore, and holds their bytes against those
// that a released version wrote.
func TestRestoreDocuments(t *testing.T) {
	ctx, store := t.Context(), storage.NewMemory()
	a := Open(store, "b1", Keys{})
	j, r, f := sampleRestore()
	if _, err := a.PutJournal(ctx, &j); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Receipt(ctx, "r1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a receipt that is not there: %v", err)
	}
	if _, err := a.PutReceipt(ctx, &r); err != nil {
		t.Fatal(err)
	}
	if _, err := a.PutFinish(ctx, &f); err != nil {
		t.Fatal(err)
	}
	if d, err := a.Journal(ctx, "r1"); err != nil || d.Doc.Topics[0].Partitions[0].ProducerID != 9_007_199_254_740_993 {
		t.Errorf("journal: %v", err)
	}
	if d, err := a.Finish(ctx, "r1"); err != nil || d.Doc.Topics[0].Expiring != 3 {
		t.Errorf("finish: %v", err)
	}
	for key, file := range map[string]string{JournalKey("r1"): "journal.json", ReceiptKey("r1"): "receipt.json", FinishKey("r1"): "finish.json"} {
		got, err := storage.ReadAll(ctx, a.Store(), key, MaxDocument)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", file), got)
	}
	list, err := a.Restores(ctx)
	if err != nil || len(list) != 1 || list[0] != (Restore{ID: "r1", Begun: true, Done: true, Finished: true}) {
		t.Errorf("restores: %+v, %v", list, err)
	}
}

// golden compares bytes with a stored file.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what a release wrote:\n%s", path, got)
	}
}

// TestNewestReceipt chooses by time and cluster, whatever the ids.
func TestNewestReceipt(t *testing.T) {
	ctx, a := t.Context(), Open(storage.NewMemory(), "b1", Keys{})
	if _, err := a.NewestReceipt(ctx, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no receipt at all: %v", err)
	}
	_, r, _ := sampleRestore()
	for i, x := range []struct{ id, cluster string }{{"z", "one"}, {"a", "one"}, {"m", "two"}} {
		r.RestoreID, r.Target.Observed = x.id, x.cluster
		r.FinishedAt = r.FinishedAt.Add(time.Duration(i) * time.Minute)
		if _, err := a.PutReceipt(ctx, &r); err != nil {
			t.Fatal(err)
		}
	}
	for cluster, want := range map[string]string{"one": "a", "two": "m", "": "m"} {
		if d, err := a.NewestReceipt(ctx, cluster); err != nil || d.Doc.RestoreID != want {
			t.Errorf("cluster %q: %+v, %v; want %s", cluster, d.Doc, err, want)
		}
	}
	if _, err := a.NewestReceipt(ctx, "three"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no receipt of the cluster: %v", err)
	}
}

// TestRestoreDocumentsElsewhere refuses documents that lie where they do not belong, and ids that climb.
func TestRestoreDocumentsElsewhere(t *testing.T) {
	ctx, store := t.Context(), storage.NewMemory()
	a := Open(store, "b1", Keys{})
	j, _, _ := sampleRestore()
	if _, err := a.PutJournal(ctx, &j); err != nil {
		t.Fatal(err)
	}
	body, err := storage.ReadAll(ctx, a.Store(), JournalKey("r1"), MaxDocument)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{JournalKey("r2"), ReceiptKey("r1")} {
		if err := a.Store().Put(ctx, key, body); err != nil {
			t.Fatal(err)
		}
	}
	var broken *BrokenError
	if _, err := a.Journal(ctx, "r2"); !errors.As(err, &broken) || !strings.Contains(err.Error(), "belongs to restore r1") {
		t.Errorf("another restore's journal: %v", err)
	}
	if _, err := a.Receipt(ctx, "r1"); !errors.As(err, &broken) {
		t.Errorf("a journal where a receipt belongs: %v", err)
	}
	for _, id := range []string{"", "..", "../runs/x", "a/b", strings.Repeat("x", 65)} {
		if _, err := a.Journal(ctx, id); err == nil {
			t.Errorf("id %q is taken", id)
		}
	}
}
