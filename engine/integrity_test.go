package engine

import (
	"strings"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// TestH03_editedBatchWithItsOwnCRC: a segment in which a batch was replaced by one of the same size,
// counts, offsets and times, with a good CRC, is found by its sha256 alone.
func TestH03_editedBatchWithItsOwnCRC(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 100)
	o := w.options()
	o.Capture.Compression = "none"
	w.backup(o, ExitDone)
	v, err := w.archive().View(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	key := "b1/" + v.Topics[0].Parts[0].Segments[0].Key
	raw, err := storage.ReadAll(t.Context(), w.store, key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(raw), "value 7 of a", "value 8 of a", 1)
	if edited == string(raw) {
		t.Fatal("the record is not there to be edited")
	}
	sealed := embedded.Seal([]byte(edited))
	if err := batch.CheckCRC(sealed); err != nil {
		t.Fatal(err)
	}
	w.store.Replace(key, sealed)
	s, err := Validate(t.Context(), ValidateOptions{Store: w.store, BackupID: "b1", Deep: true}).Wait()
	if s.Exit != ExitBroken || err == nil && !strings.Contains(strings.Join(s.Findings, "\n"), key[len("b1/"):]) {
		t.Errorf("exit %d, findings %q, %v", s.Exit, s.Findings, err)
	}
}

// TestC08_holesUnderADeletePolicyAreLoss: offsets that are missing between batches are compaction only
// where the policy says so; anywhere else they are a gap.
func TestC08_holesUnderADeletePolicyAreLoss(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("state", 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0"})
	for i := range 40 {
		key := []byte{byte('a' + i%3)}
		if i == 0 {
			key = []byte("only once") // so that the log still starts at 0
		}
		if _, err := w.broker.Produce("state", 0, embedded.Record{Timestamp: time.Now().UnixMilli(), Key: key, Value: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(20 * time.Millisecond)
	w.broker.Compact()
	if err := w.admin.SetConfigs(t.Context(), "state", map[string]string{"cleanup.policy": "delete"}, nil); err != nil {
		t.Fatal(err)
	}
	w.backup(w.options(), ExitFindings)
	head, err := w.archive().Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := head.Doc.Topics[0].Partitions[0]
	if len(p.Gaps) == 0 || p.Absent != (archive.Absent{}) {
		t.Errorf("gaps %+v, absent %+v: the hole is not said to be a loss", p.Gaps, p.Absent)
	}
}
