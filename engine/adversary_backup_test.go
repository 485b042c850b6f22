package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// TestE23_runThatDiedBetweenPlansSignatureAndPlan: what a process leaves that died between the two puts
// of its plan is a signature of nothing. The next backup must not take it for a run to finish.
func TestE23_runThatDiedBetweenPlansSignatureAndPlan(t *testing.T) {
	p := newProof(t, embedded.Options{Topics: map[string]int32{"a": 1}})
	p.produce("a", 0, 0, 50)
	o := p.options()
	o.Env, o.Keys = p.env(), p.keys()
	for range 2 { // as the first run of an archive, and behind a finished one
		p.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
			if op == storage.OpPut && strings.HasSuffix(key, "/plan.json") {
				return errors.New("the process dies here")
			}
			return nil
		}})
		if _, err := Backup(t.Context(), o).Wait(); err == nil {
			t.Fatal("the plan was put")
		}
		p.store.SetFaults(storage.Faults{})
		p.breakLock()
		p.backup(o, ExitDone)
		p.produce("a", 0, 50, 50)
	}
	v, err := archive.Open(p.store, "b1", p.keys()).View(t.Context(), "latest")
	if err != nil || v.Topics[0].Parts[0].Records != 100 {
		t.Fatalf("the archive does not hold what was there: %v", err)
	}
}

// TestE25_loserPutsNoSidecar: a run whose lock was taken over by another makes nothing durable any more:
// a sidecar of its own beside those of the other, with the same number, would stop whoever resumes.
func TestE25_loserPutsNoSidecar(t *testing.T) {
	w := newWorld(t, embedded.Options{Topics: map[string]int32{"a": 1}})
	w.produce("a", 0, 0, 300)
	clock := storage.NewManualClock(time.Now())
	w.store.SetClock(clock)
	taken := false
	w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == storage.OpCreate && !taken { // the process is paused here for ten minutes
			taken = true
			clock.Advance(10 * time.Minute)
			if _, err := w.archive().Store().Lock(t.Context(), archive.LockKey, storage.Holder{Who: "another"}); err != nil {
				return err
			}
		}
		return nil
	}})
	o := w.options()
	o.FetchBytes = 1 << 10
	o.MaxBytesPerSecond = 4 << 10 // so that the loss is noticed while it works
	s, err := Backup(t.Context(), o).Wait()
	if err == nil || !taken {
		t.Fatalf("the loser of the lock ended with exit %d", s.Exit)
	}
	if keys := w.keys(); strings.Contains(keys, "/segments/") {
		t.Errorf("the loser left a checkpoint:\n%s", keys)
	}
}

// TestC15_lostBeforeTheFirstLook: of a partition, and of a topic made anew, that came after the run before,
// everything should have been captured. What the source deleted before it was is a gap, not silence.
func TestC15_lostBeforeTheFirstLook(t *testing.T) {
	w := newWorld(t, embedded.Options{Topics: map[string]int32{"a": 1, "again": 1}})
	w.produce("a", 0, 0, 30)
	w.produce("again", 0, 0, 30)
	w.backup(w.options(), ExitDone)
	if err := w.grow("a", 2); err != nil {
		t.Fatal(err)
	}
	if err := w.broker.DeleteTopic("again"); err != nil {
		t.Fatal(err)
	}
	w.topic("again", 1, nil)
	w.produce("a", 1, 0, 40)
	w.produce("again", 0, 0, 40)
	for topic, partition := range map[string]int32{"a": 1, "again": 0} {
		if err := w.broker.DeleteRecords(topic, partition, 25); err != nil {
			t.Fatal(err)
		}
	}
	s := w.backup(w.options(), ExitFindings)
	for _, want := range []string{"a/1: offsets 0 to 25 are lost", "again/0: offsets 0 to 25 are lost"} {
		if !strings.Contains(strings.Join(s.Findings, "\n"), want) {
			t.Errorf("findings %q, want %s", s.Findings, want)
		}
	}
	w.same("a", 2)
	w.same("again", 1)
	w.backup(w.options(), ExitDone)
}
