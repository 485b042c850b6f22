package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// TestMain lets a test start this binary as a process that holds a lock until its input ends.
func TestMain(m *testing.M) {
	root := os.Getenv("ENGINE_HOLDS_LOCK_BELOW")
	if root == "" {
		os.Exit(m.Run())
	}
	store, err := storage.OpenFilesystem(root)
	if err == nil {
		_, err = archive.Open(store, "b1", archive.Keys{}).LockRestore(context.Background(), "r1", storage.Holder{Who: "alice", Job: "restore finish 0123"})
	}
	fmt.Println(os.Getpid(), err)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	os.Exit(0)
}

func held(t *testing.T, store storage.Store, id string, now time.Time) []Holding {
	t.Helper()
	list, err := Holders(t.Context(), QueryOptions{Store: store, BackupID: id}, now)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestHolders takes locks of several archives, and gives them back.
func TestHolders(t *testing.T) {
	start := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	clock := storage.NewManualClock(start)
	store := storage.NewMemory()
	store.SetClock(clock)
	store.SetLease(storage.LeaseOptions{TTL: time.Minute, Margin: 30 * time.Second})
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	lock := func(id, key string, h storage.Holder) *storage.Lock {
		t.Helper()
		l, err := archive.Open(store, id, archive.Keys{}).Store().Lock(t.Context(), key, h)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if err := store.Put(t.Context(), "evidence/ledger/0000000000.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if got := held(t, store, "", start); len(got) != 0 {
		t.Fatalf("nothing is held: %+v", got)
	}
	locks := []*storage.Lock{
		lock("a b", archive.LockKey, storage.Holder{Who: "cron", Host: host, PID: os.Getpid(), Job: "backup 77"}),
		lock("a b", archive.RestoreLockKey("r9"), storage.Holder{Who: "bob", Host: "elsewhere", PID: os.Getpid(), Job: "restore finish 78"}),
		lock("z", archive.RestoreLockKey("d1"), storage.Holder{Who: "eve", Host: host, PID: os.Getpid() + 1, Job: "nightly"}),
	}
	ends := start.Add(time.Minute)
	want := []Holding{
		{BackupID: "a b", Kind: "backup", Job: "77", Who: "cron", Host: host, PID: os.Getpid(), Since: start, Expires: ends, Here: true},
		{BackupID: "a b", RestoreID: "r9", Kind: "restore finish", Job: "78", Who: "bob", Host: "elsewhere", PID: os.Getpid(), Since: start, Expires: ends},
		{BackupID: "z", RestoreID: "d1", Job: "nightly", Who: "eve", Host: host, PID: os.Getpid() + 1, Since: start, Expires: ends},
	}
	for _, x := range []struct {
		id   string
		want []Holding
	}{{"", want}, {"a b", want[:2]}, {"z", want[2:]}, {"none", nil}} {
		got := held(t, store, x.id, start)
		if len(got) != len(x.want) {
			t.Fatalf("%q: %+v", x.id, got)
		}
		for i, h := range got {
			if h != x.want[i] {
				t.Errorf("got  %+v\nwant %+v", h, x.want[i])
			}
		}
	}
	if got := held(t, store, "z", ends); len(got) != 1 || !got[0].Expired {
		t.Errorf("a lease that has run out: %+v", got)
	}
	for _, l := range locks {
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if got := held(t, store, "", start); len(got) != 0 {
		t.Errorf("all were given back: %+v", got)
	}
}

// TestHoldersOfAnotherProcess: seen while it lives, and no longer.
func TestHoldersOfAnotherProcess(t *testing.T) {
	root := t.TempDir()
	store, err := storage.OpenFilesystem(root)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), "ENGINE_HOLDS_LOCK_BELOW="+root), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	said, err := bufio.NewReader(out).ReadString('\n')
	if pid := fmt.Sprint(cmd.Process.Pid); err != nil || said != pid+" <nil>\n" {
		t.Fatalf("the child said %q, %v", said, err)
	}
	got := held(t, store, "", time.Now())
	if len(got) != 1 {
		t.Fatalf("%+v", got)
	}
	h := got[0]
	if h.BackupID != "b1" || h.RestoreID != "r1" || h.Kind != "restore finish" || h.Job != "0123" || h.Who != "alice" || h.PID != cmd.Process.Pid || h.Here ||
		h.Since.IsZero() || !h.Expires.IsZero() || h.Expired || h.RunID != "" {
		t.Errorf("%+v", h)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := held(t, store, "", time.Now()); len(got) != 0 {
		t.Errorf("it has ended: %+v", got)
	}
}

// onDisk counts by every sidecar in the store what a run has captured.
func (w *world) onDisk(run string) (offsets int64) {
	w.t.Helper()
	a := w.archive()
	err := a.Store().List(w.t.Context(), "segments/", func(key string, _ int64) error {
		if !strings.HasSuffix(key, ".json") {
			return nil
		}
		d, err := a.Sidecar(w.t.Context(), key)
		if err == nil && d.Doc.RunID == run {
			offsets += int64(d.Doc.To - d.Doc.From)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return offsets
}

// TestHoldersSeeHowFar stops a backup at each of its segments and looks at it: first a full run, then an
// incremental one on top of it.
func TestHoldersSeeHowFar(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 2, nil)
	w.topic("empty", 1, nil)
	o := w.options()
	o.Workers, o.FetchBytes, o.Capture.SegmentMaxBytes, o.Capture.Compression = 1, 2<<10, 8<<10, "producer"
	o.Env.Operator = "ops"
	at := 0
	for run := range 2 {
		w.produce("a", 0, at, 700)
		w.produce("a", 1, at, 400)
		at += 1000
		arrived, goOn := make(chan bool), make(chan bool)
		w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, _ string) error {
			if op == storage.OpCommit {
				arrived <- true
				<-goOn
			}
			return nil
		}})
		job := Backup(t.Context(), o)
		ended := make(chan bool)
		go func() { _, _ = job.Wait(); close(ended) }()
		stops, last := 0, int64(-1)
		for running := true; running; {
			select {
			case <-ended:
				running = false
				continue
			case <-arrived:
			}
			got := held(t, w.store, "", time.Now())
			if len(got) != 1 {
				t.Fatalf("run %d: %+v", run, got)
			}
			h := got[0]
			if h.Kind != "backup" || h.Job != job.ID() || h.Who != "ops" || !h.Here || h.Problem != "" || h.Total != 1100 || h.Partitions != 3 || h.Done != w.onDisk(h.RunID) || h.Done <= last ||
				h.AsOf.IsZero() != (h.Done == 0) || h.PartitionsDone < 1 || h.PartitionsDone == 3 {
				t.Errorf("run %d, stop %d: %+v, and %d offsets are stored", run, stops, h, w.onDisk(h.RunID))
			}
			last = h.Done
			stops++
			goOn <- true
		}
		wait(t, job, ExitDone)
		w.store.SetFaults(storage.Faults{})
		if stops < 4 {
			t.Errorf("run %d had %d segments: the test shows little", run, stops)
		}
		if got := held(t, w.store, "", time.Now()); len(got) != 0 {
			t.Errorf("run %d has ended: %+v", run, got)
		}
	}
}

// TestHoldersOfADeadRun: a run that died is nobody's until the next backup takes it over, and then it is
// as far as it came. What cannot be read of it hides no holder.
func TestHoldersOfADeadRun(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 700)
	o := w.options()
	o.FetchBytes, o.Capture.SegmentMaxBytes, o.Capture.Compression = 2<<10, 8<<10, "producer"
	commits := 0
	w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, _ string) error {
		if op == storage.OpCommit {
			if commits++; commits == 3 {
				return errors.New("the process dies here")
			}
		}
		return nil
	}})
	w.backup(o, ExitFailed)
	w.store.SetFaults(storage.Faults{})
	if got := held(t, w.store, "", time.Now()); len(got) != 0 {
		t.Fatalf("a dead run is held: %+v", got)
	}
	// An older run, which was given up, came further than this one.
	old := w.archive().WritePartition(archive.PartitionOptions{RunID: "20200101T000000Z-aaaaaa", TopicID: w.broker.TopicID("a"), Topic: "a", Start: 690, Epoch: -1, MaxBytes: 1 << 20})
	raw := craft("", 690, embedded.Record{Value: []byte("x")})
	bh, err := batch.ParseHeader(raw)
	if err == nil {
		err = errors.Join(old.Append(t.Context(), raw, bh, archive.HeaderStats(bh), archive.Span{From: 690, To: 691}), old.Roll(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	lock, err := w.archive().Store().Lock(t.Context(), archive.LockKey, storage.Holder{Who: "another", Job: "backup 9"})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	h := held(t, w.store, "", time.Now())[0]
	if h.RunID == "" || h.Done == 0 || h.Done >= 700 || h.Done != w.onDisk(h.RunID) || h.Total != 700 || h.Partitions != 1 || h.PartitionsDone != 0 {
		t.Errorf("%+v", h)
	}
	for _, x := range []struct{ op, suffix, says string }{
		{"get", "plan.json", "not well"}, {"get", ".json", "not well"}, {"list", "segments/", "not well"}, {"stat", ".json", "not well"}, {"list dirs", "runs/", "not well"},
	} {
		w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
			if string(op) == x.op && strings.HasSuffix(key, x.suffix) {
				return errors.New("the store is not well")
			}
			return nil
		}})
		got := held(t, w.store, "", time.Now())
		if len(got) != 1 || got[0].Who != "another" || !strings.Contains(got[0].Problem, x.says) || got[0].Total != 0 {
			t.Errorf("%s of %s fails: %+v", x.op, x.suffix, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == storage.OpGet {
			cancel()
		}
		return nil
	}})
	if got, err := Holders(ctx, QueryOptions{Store: w.store}, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
	w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == storage.OpHolder {
			return errors.New("the store is not well")
		}
		return nil
	}})
	if _, err := Holders(t.Context(), QueryOptions{Store: w.store}, time.Now()); err == nil || !strings.Contains(err.Error(), "b1/lock") {
		t.Errorf("a lock that cannot be asked for: %v", err)
	}
}
