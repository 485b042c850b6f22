package demo

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
)

// visitor is what a process has open that works on a live demo from outside, by what lies in its directory
// and the broker's address alone.
type visitor struct {
	live   *Live
	env    engine.Env
	client *kafka.Client
	admin  *kafka.Admin
	store  *storage.Filesystem
	keys   archive.Keys
}

func visit(t *testing.T, l *Live, clock func() time.Time) *visitor {
	t.Helper()
	v := &visitor{live: l, env: engine.Env{Clock: clock, Operator: "visitor", Host: "demo-host"}, store: open(t, l.Result)}
	signer, err := evidence.LoadSigner(l.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	v.keys = archive.Keys{Signer: signer, Trusted: publicKey(t, l.Result)}
	if v.client, err = kafka.Open(t.Context(), v.cluster()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.client.Close)
	if v.admin, err = kafka.OpenAdmin(t.Context(), v.cluster()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.admin.Close)
	return v
}

func (v *visitor) cluster() kafka.Cluster { return kafka.Cluster{BootstrapServers: v.live.Brokers} }

// witness opens the ledger anew, as each batch process does.
func (v *visitor) witness(t *testing.T) *engine.Witness {
	t.Helper()
	l, err := evidence.Open(t.Context(), v.store, evidencePrefix, v.keys.Signer, evidence.LedgerOptions{Clock: v.env.Clock, Operator: "visitor", Host: "demo-host"})
	if err != nil {
		t.Fatal(err)
	}
	w := *v.live.d.witness
	w.Ledger, w.Store = l, v.store
	return &w
}

func (v *visitor) backup(t *testing.T) engine.BackupOptions {
	return engine.BackupOptions{Env: v.env, Source: v.client, Admin: v.admin, Store: v.store, Keys: v.keys, Witness: v.witness(t),
		BackupID: backupID, DeclaredCluster: clusterName, Topics: selection(scope), SkipACLs: true, Groups: ownGroup}
}

func (v *visitor) restore(t *testing.T, topic string, w archive.Window) engine.RestoreOptions {
	return engine.RestoreOptions{Env: v.env, Target: v.client, Admin: v.admin, Store: v.store, Keys: v.keys, Witness: v.witness(t),
		BackupID: backupID, DeclaredCluster: clusterName, Topics: selection([]string{topic}), Window: w}
}

func (v *visitor) drill(t *testing.T) engine.DrillOptions {
	r := v.restore(t, "settlements", archive.Window{})
	r.Topics = engine.Selection{}
	return engine.DrillOptions{Env: v.env, Target: v.client, Store: v.store, Keys: v.keys, Witness: v.witness(t), BackupID: backupID,
		Backup: v.backup(t), Restore: r, Validation: engine.ValidationOptions{Env: v.env, Target: v.client, Admin: v.admin, Store: v.store, Keys: v.keys,
			Witness: v.witness(t), BackupID: backupID, DeclaredCluster: clusterName, Scope: selection(scope),
			ReadBack: func() (engine.IndependentReader, error) {
				return kafka.OpenReadBack(v.cluster(), kafka.ReadBackOptions{MaxQueuedBytes: 8 << 20})
			}}}
}

// startLive makes a small year and leaves it running.
func startLive(t *testing.T, trickle time.Duration) *Live {
	t.Helper()
	l, err := Start(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "demo"), Weeks: minWeeks, Payments: minPayments, Host: "demo-host", Trickle: trickle})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// done waits for a job that must end clean.
func done(t *testing.T, j *engine.Job) engine.Summary {
	t.Helper()
	s, err := j.Wait()
	if err != nil || s.Exit != engine.ExitDone {
		t.Fatalf("the %s ended with exit %d, findings %q: %v", s.Kind, s.Exit, s.Findings, err)
	}
	return s
}

// TestDemoLiveTakesJobs: while a demo lives, backup, restore and drill of another process work on it, take
// its trickle along, and their evidence follows on the year's in one unbroken ledger.
func TestDemoLiveTakesJobs(t *testing.T) {
	l := startLive(t, 20*time.Millisecond)
	if now := l.Now(); now.Before(Now()) || l.Now().Before(now) {
		t.Errorf("the live demo begins at %s, its year ends at %s", now, Now())
	}
	v := visit(t, l, l.Now)
	written := func() int64 {
		n := int64(0)
		for _, tp := range topics {
			for p := range tp.partitions {
				n += l.d.broker.Info(tp.name, p).HighWatermark
			}
		}
		return n
	}
	for before := written(); written() < before+100; {
		time.Sleep(5 * time.Millisecond)
	}
	list, err := engine.ListBackups(t.Context(), engine.QueryOptions{Store: v.store, Trusted: v.keys.Trusted})
	if err != nil || len(list.Backups) != l.Runs || len(list.Broken) != 0 {
		t.Fatalf("%d backups, %d broken, %v; the year made %d", len(list.Backups), len(list.Broken), err, l.Runs)
	}
	if n, _ := done(t, engine.Backup(t.Context(), v.backup(t))).Get("records").(int64); n < 20 {
		t.Errorf("the backup took %d records that the trickle wrote", n)
	}
	end := archive.Int64(l.Now().UnixMilli())
	begin := archive.Int64(Now().UnixMilli())
	s := done(t, engine.Restore(t.Context(), v.restore(t, "transactions", archive.Window{Start: &begin, End: &end})))
	if n, _ := s.Get("records").(int64); n < 2 {
		t.Errorf("the window after the year holds %d payments", n)
	}
	done(t, engine.Drill(t.Context(), v.drill(t)))
	check, err := engine.VerifyLedger(t.Context(), engine.LedgerOptions{Store: v.store, PublicKey: v.keys.Trusted, Genesis: l.Genesis, Head: l.Head.String(), AsOf: l.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range check.Findings {
		if f.Severity == evidence.Broken {
			t.Error(f)
		}
	}
	if len(check.Entries) <= l.Entries {
		t.Errorf("the ledger has %d entries, as many as before", len(check.Entries))
	}
	if i := slices.IndexFunc(check.Entries, func(e evidence.Sealed) bool { return e.Host != "demo-host" }); i >= 0 {
		t.Errorf("entry %d names host %q", i, check.Entries[i].Host)
	}
}

// TestDemoLiveRefusesAnEarlierClock: a job whose clock is not the demo's, and stands before the end of its
// year, would date its evidence before what is there already.
func TestDemoLiveRefusesAnEarlierClock(t *testing.T) {
	l := startLive(t, 0)
	v := visit(t, l, func() time.Time { return Now().Add(-time.Hour) })
	_, err := engine.Backup(t.Context(), v.backup(t)).Wait()
	var early *evidence.ClockError
	if !errors.As(err, &early) {
		t.Errorf("a backup an hour before the last entry: %v", err)
	}
}

// TestDemoLiveEnds: Close ends the trickle and everything that was open, more than once; a cancelled context
// ends the trickle and nothing else.
func TestDemoLiveEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := Start(ctx, Options{Dir: t.TempDir(), Weeks: minWeeks, Payments: minPayments, Trickle: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-l.stopped
	v := visit(t, l, l.Now)
	done(t, engine.Backup(t.Context(), v.backup(t)))
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := kafka.Open(t.Context(), v.cluster()); err == nil {
		c.Close()
		t.Error("the broker answers after Close")
	}
}

// TestDemoPaymentsScale: a year of the usual size is what it always was, and a smaller one is smaller in
// every week.
func TestDemoPaymentsScale(t *testing.T) {
	for _, tc := range []struct{ payments, week, want int }{{600, 0, 600}, {600, 51, 1008}, {60, 0, 60}, {60, 50, 100}, {12, 0, 12}, {12, 51, 20}} {
		if got := (Options{Payments: tc.payments}).payments(tc.week); got != tc.want {
			t.Errorf("week %d of a year that begins with %d payments has %d, not %d", tc.week, tc.payments, got, tc.want)
		}
	}
	if _, err := (Options{Dir: "x", Payments: minPayments - 1}).withDefaults(); err == nil {
		t.Error("a year with hardly any payments is taken")
	}
}
