package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// TestR01_lostAnswersDoNotRepeat ends connections after the broker appended.
func TestR01_lostAnswersDoNotRepeat(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := buildArchive(t, w.store, "orders", nil, series("zstd", 12, 7), series("", 12, 5))
	w.broker.DropAfterAppend(6)
	w.restore(w.restoring(), ExitDone)
	for p := range int32(2) {
		w.sameRecords("orders", p, 0, c.records[fmt.Sprintf("orders/%d", p)])
	}
	_, heads := w.log("orders", 0)
	if len(heads) != 12 || heads[3].Codec().String() != "zstd" {
		t.Errorf("%d batches, the fourth with %s: stored batches are not written as they are", len(heads), heads[3].Codec())
	}
}

// mixed is an archive with every kind of batch that is written verbatim or re-encoded.
func mixed(t *testing.T, store storage.Store) *crafted {
	c := newCrafted(t, store)
	a := series("lz4", 8, 6)
	a[2] = thin(t, a[2], func(o int64) bool { return o == 14 || o == 16 })
	a[5] = thin(t, a[5], func(o int64) bool { return o != 33 })
	late := embedded.NoProducer
	late.BaseOffset, late.LogAppendTime = 48, true
	a = append(a, embedded.EncodeBatch(late, embedded.Record{Timestamp: baseTime, Value: []byte("x")}, embedded.Record{Timestamp: baseTime + 99_000}))
	c.add("orders", map[string]string{"cleanup.policy": "compact"}, a, series("gzip", 9, 4), nil)
	c.add("payments", nil, series("snappy", 10, 3))
	c.seal()
	return c
}

// mixedSame compares all of it with the topics of a restore.
func mixedSame(w *world, c *crafted, prefix string, win archive.Window) {
	w.t.Helper()
	for name, n := range map[string]int32{"orders": 3, "payments": 1} {
		for p := range n {
			w.sameRecords(prefix+name, p, 0, within(c.records[fmt.Sprintf("%s/%d", name, p)], win))
		}
	}
}

// TestR03_killedAtEveryAppend kills a restore at its n-th append, before or after the broker has it, for
// every n, and goes on with it.
func TestR03_killedAtEveryAppend(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := mixed(t, w.store)
	for i, win := range []archive.Window{{}, window(baseTime+5000, baseTime+31_500)} {
		for _, appended := range []bool{false, true} {
			killed := 0
			for n := 1; killAt(w, c, fmt.Sprintf("%d-%v-%d-", i, appended, n), win, n, appended); n += 1 + i {
				killed++
			}
			if killed < 8 {
				t.Errorf("killed %d times only", killed)
			}
		}
	}
}

// killAt kills one restore at its n-th append. It says false when the restore has no so many.
func killAt(w *world, c *crafted, prefix string, win archive.Window, n int, appended bool) bool {
	w.t.Helper()
	o := w.restoring()
	o.Window, o.RestoreID = win, "" // found by its plan
	o.Mapping = map[string]string{"orders": prefix + "orders", "payments": prefix + "payments"}
	kill := func(at int, _ kafka.TopicPartition, _ []byte) error {
		if at >= n {
			return errKilled
		}
		return nil
	}
	broken := &wreck{RestoreTarget: w.client, before: kill}
	if appended {
		broken.before, broken.after = nil, kill
	}
	dead := o
	dead.Target = broken
	s, err := Restore(w.t.Context(), dead).Wait()
	if err == nil {
		return false
	}
	if !errors.Is(err, errKilled) || s.Exit != ExitFailed || !strings.Contains(err.Error(), "the same command goes on") {
		w.t.Fatalf("killed at %d: exit %d, %v", n, s.Exit, err)
	}
	again := w.restore(o, ExitDone)
	if again.Get("resumed") != true || again.Get("restore_id") != s.Get("restore_id") {
		w.t.Fatalf("killed at %d: not gone on with: %v", n, again.Facts)
	}
	mixedSame(w, c, prefix, win)
	checkMap(w, c, again.Get("restore_id").(string), win)
	return true
}

// checkMap holds the receipt against the archive: counts, and the first record of every piece.
func checkMap(w *world, c *crafted, id string, win archive.Window) {
	w.t.Helper()
	rec := w.receipt(id)
	var total int64
	for _, topic := range rec.Topics {
		for _, p := range topic.Partitions {
			want := within(c.records[fmt.Sprintf("%s/%d", topic.Source, p.Partition)], win)
			var kept int64
			for _, x := range p.Map {
				if int64(x.FirstTarget) != int64(p.Start)+kept || int64(x.FirstSource) != want[kept].offset {
					w.t.Fatalf("%s/%d: piece %+v, want source offset %d at %d", topic.Source, p.Partition, x, want[kept].offset, kept)
				}
				kept += x.Kept
			}
			if kept != int64(len(want)) || p.Records != kept || int64(p.End-p.Start) != kept {
				w.t.Fatalf("%s/%d: receipt says %+v, want %d records", topic.Source, p.Partition, p, len(want))
			}
			total += kept
		}
	}
	if rec.Records != total {
		w.t.Fatalf("receipt says %d records, its partitions %d", rec.Records, total)
	}
}

// TestH07_storeFailsAtEveryPut lets every single call of the store fail once as a full disk does.
func TestH07_storeFailsAtEveryPut(t *testing.T) {
	for n := 1; ; n++ {
		w := newWorld(t, embedded.Options{})
		c := mixed(t, w.store)
		calls := 0
		w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, _ string) error {
			if op == storage.OpPut {
				if calls++; calls == n {
					return syscall.ENOSPC
				}
			}
			return nil
		}})
		o := w.restoring()
		s, err := Restore(t.Context(), o).Wait()
		if err == nil {
			if calls < 2 {
				t.Fatalf("the store saw %d puts", calls)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) || s.Exit != ExitFailed {
			t.Fatalf("put %d: exit %d, %v", n, s.Exit, err)
		}
		w.restore(o, ExitDone)
		mixedSame(w, c, "", archive.Window{})
		checkMap(w, c, "r1", archive.Window{})
		for _, topic := range w.receipt("r1").Topics {
			if !topic.Created {
				t.Errorf("put %d: topic %s, which the first attempt made, is taken for another's", n, topic.Target)
			}
		}
		w.client.Close()
		w.broker.Close()
	}
}

// TestR03_randomCancelsUntilDone cancels a restore at random times until one comes to its end.
func TestR03_randomCancelsUntilDone(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t, embedded.Options{Brokers: 2})
		c := mixed(t, w.store)
		o := w.restoring()
		o.Workers = 1 + int(seed%3)
		if seed%2 == 1 {
			o.Repartition, o.Partitions = "murmur2", func(string) int { return 4 }
		}
		tries := 0
		for done := false; !done; tries++ {
			stop := 1 + rnd.IntN(9)
			ctx, cancel := context.WithCancel(t.Context())
			d := o
			d.Target = &wreck{RestoreTarget: w.client, after: func(n int, _ kafka.TopicPartition, _ []byte) error {
				if n >= stop && tries < 20 {
					cancel()
				}
				return nil
			}}
			if rnd.IntN(3) == 0 {
				w.broker.DropAfterAppend(1)
			}
			s, err := Restore(ctx, d).Wait()
			cancel()
			done = err == nil
			if !done && s.Exit != ExitCancelled {
				t.Fatalf("seed %d, try %d: exit %d, %v", seed, tries, s.Exit, err)
			}
		}
		if tries < 2 {
			t.Errorf("seed %d: never cancelled", seed)
		}
		if o.Repartition == "" {
			mixedSame(w, c, "", archive.Window{})
		} else {
			sameDealt(w, c, "orders", 4, o.Repartition)
		}
		w.client.Close()
		w.broker.Close()
	}
}

// TestR03_doneIsDone repeats a complete restore.
func TestR03_doneIsDone(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := mixed(t, w.store)
	o := w.restoring()
	o.RestoreID = ""
	first := w.restore(o, ExitDone)
	again := w.restore(o, ExitDone)
	if again.Get("restore_id") != first.Get("restore_id") || !slices.ContainsFunc(again.Notes, func(n string) bool { return strings.Contains(n, "complete already") }) {
		t.Errorf("repeated: %v, notes %q", again.Facts, again.Notes)
	}
	mixedSame(w, c, "", archive.Window{})
	if err := w.broker.DeleteTopic("payments"); err != nil {
		t.Fatal(err)
	}
	if err := w.broker.DeleteTopic("orders"); err != nil {
		t.Fatal(err)
	}
	if s := w.restore(o, ExitDone); s.Get("restore_id") == first.Get("restore_id") {
		t.Error("the topics are gone, and the restore was called complete")
	}
	mixedSame(w, c, "", archive.Window{})
}

// TestR13_lateRequestOfADeadRestore sends a dead process's last request after another went on.
func TestR13_lateRequestOfADeadRestore(t *testing.T) {
	for _, behind := range []int{0, 7} { // batches written since; a broker remembers five
		w := newWorld(t, embedded.Options{})
		c := buildArchive(t, w.store, "orders", nil, series("", 12, 5))
		o := w.restoring()
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
		send := func() { _, _ = w.broker.ProduceBatch("orders", 0, late) } // what it is answered does not matter
		next := o
		next.Target = &wreck{RestoreTarget: w.client, before: func(n int, _ kafka.TopicPartition, _ []byte) error {
			if n == 1+behind {
				send()
			}
			return nil
		}}
		w.restore(next, ExitDone)
		send()
		w.sameRecords("orders", 0, 0, c.records["orders/0"])
		w.client.Close()
		w.broker.Close()
	}
}

// TestR13_sequenceNotAccepted answers that a sequence is out of order, and takes it later.
func TestR13_sequenceNotAccepted(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := buildArchive(t, w.store, "orders", nil, series("", 6, 5))
	w.broker.FailNext(embedded.Produce, 45, 3)
	j := Restore(t.Context(), w.restoring())
	wait(t, j, ExitDone)
	w.sameRecords("orders", 0, 0, c.records["orders/0"])
	events, _ := j.EventsSince(0)
	retries := 0
	for _, e := range events {
		if e.Type == "retry" {
			retries++
		}
	}
	if retries != 3 {
		t.Errorf("%d retries are told, want 3", retries)
	}
	w.broker.FailNext(embedded.Produce, 45, -1)
	o := w.restoring()
	o.RestoreID, o.Mapping = "r2", map[string]string{"orders": "again"}
	if s, err := Restore(t.Context(), o).Wait(); s.Exit != ExitFailed || !errors.Is(err, kafka.ErrOutOfOrder) {
		t.Errorf("never accepted: exit %d, %v", s.Exit, err)
	}
}

// TestR03_twoAtOnce lets only one process work on a restore.
func TestR03_twoAtOnce(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	buildArchive(t, w.store, "orders", nil, series("", 3, 5))
	o := w.restoring()
	release := make(chan struct{})
	slow := o
	slow.Target = &wreck{RestoreTarget: w.client, before: func(int, kafka.TopicPartition, []byte) error { <-release; return nil }}
	first := Restore(t.Context(), slow)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if list, err := w.archive().Restores(t.Context()); err == nil && len(list) == 1 || time.Now().After(deadline) {
			break
		}
	}
	w.restore(o, ExitLocked)
	close(release)
	wait(t, first, ExitDone)
}
