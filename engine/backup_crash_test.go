package engine

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// TestC01_anyStoreCallMayFail lets the store fail at a random call, before or after it took effect, and
// runs the backup again until it is done. In the end the archive equals the source, nothing is twice,
// and no run but the one is there.
func TestC01_anyStoreCallMayFail(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 2, nil)
	w.produce("a", 0, 0, 700)
	w.produce("a", 1, 0, 400)
	deaths := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		w.store = storage.NewMemory()
		o := w.options()
		o.Capture.SegmentMaxBytes = int64(2000 + r.IntN(6000))
		o.FetchBytes = 2 << 10
		tries := 0
		for {
			tries++
			var left atomic.Int64
			left.Store(int64(3 + r.IntN(10+4*tries)))
			die := func(storage.Op, string) error {
				if left.Add(-1) <= 0 {
					return errors.New("the process dies here")
				}
				return nil
			}
			faults := storage.Faults{Fail: die}
			if r.IntN(2) == 0 {
				faults = storage.Faults{FailAfter: die}
			}
			if tries > 25 {
				faults = storage.Faults{}
			}
			w.store.SetFaults(faults)
			s, err := Backup(t.Context(), o).Wait()
			w.store.SetFaults(storage.Faults{})
			if err == nil {
				deaths += tries - 1
				if s.Exit != ExitDone {
					t.Fatalf("seed %d: exit %d, %q", seed, s.Exit, s.Findings)
				}
				break
			}
			w.breakLock()
		}
		w.same("a", 2)
		runs, err := w.archive().Runs(t.Context())
		if err != nil || len(runs) > 2 {
			t.Fatalf("seed %d: runs %v, %v", seed, runs, err)
		}
	}
	if deaths < 50 {
		t.Errorf("only %d deaths in all: the test shows nothing", deaths)
	}
}

// TestE25_loserPutsNoManifest: a run whose lock was taken over by another ends without a manifest.
func TestE25_loserPutsNoManifest(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 100)
	clock := storage.NewManualClock(time.Now())
	w.store.SetClock(clock)
	taken := false
	w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == storage.OpCommit && !taken { // the process is paused here for ten minutes
			taken = true
			clock.Advance(10 * time.Minute)
			if _, err := w.archive().Store().Lock(t.Context(), archive.LockKey, storage.Holder{Who: "another"}); err != nil {
				return err
			}
		}
		return nil
	}})
	s, err := Backup(t.Context(), w.options()).Wait()
	if err == nil {
		t.Fatalf("the loser of the lock ended with exit %d", s.Exit)
	}
	runs, err := w.archive().Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if r.Finished {
			t.Error("the loser of the lock put a manifest")
		}
	}
}

// TestC14_configsAreCaptured: every value that the topic sets itself is in the plan and the manifest.
func TestC14_configsAreCaptured(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, map[string]string{"cleanup.policy": "compact", "retention.ms": "604800000"})
	w.produce("a", 0, 0, 10)
	w.backup(w.options(), ExitDone)
	head, err := w.archive().Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	topic := head.Doc.Topics[0]
	if topic.Configs["cleanup.policy"] != "compact" || topic.Configs["retention.ms"] != "604800000" || !topic.Compacted {
		t.Errorf("configs %v, compacted %v", topic.Configs, topic.Compacted)
	}
}

// TestC20_compactedTopicsInFull: a key whose tombstone is cleaned away between two runs does not come
// back to life, since each run captures a compacted topic in full.
func TestC20_compactedTopicsInFull(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("state", 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "0.01"})
	put := func(key string, value []byte) {
		t.Helper()
		if _, err := w.broker.Produce("state", 0, embedded.Record{Timestamp: time.Now().UnixMilli(), Key: []byte(key), Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	put("alive", []byte("1"))
	put("gone", []byte("1"))
	w.backup(w.options(), ExitDone)
	put("gone", nil)
	put("alive", []byte("2"))
	time.Sleep(20 * time.Millisecond)
	w.broker.Compact()
	put("other", []byte("3"))
	w.backup(w.options(), ExitDone)
	w.same("state", 1)
}

// TestC08_compactedToTheEnd: holes at start, middle and end of a compacted topic end no run early and
// hang none.
func TestC08_compactedToTheEnd(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("state", 1, map[string]string{"cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0"})
	for i := range 200 {
		key := []byte{byte('a' + i%3)}
		if _, err := w.broker.Produce("state", 0, embedded.Record{Timestamp: time.Now().UnixMilli(), Key: key, Value: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(20 * time.Millisecond)
	w.broker.Compact()
	w.backup(w.options(), ExitDone)
	w.same("state", 1)
}
