package engine

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// drillWorld is a world with three topics, keys and a ledger.
type drillWorld struct {
	*world
	keys    archive.Keys
	witness *Witness
	at      time.Time // what jobs and ledger take for now
}

func newDrillWorld(t *testing.T) *drillWorld {
	t.Helper()
	d := &drillWorld{world: newWorld(t, embedded.Options{}), at: time.Date(2026, 11, 15, 2, 4, 0, 0, time.UTC)}
	priv, _, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.ParseSigner(priv)
	if err != nil {
		t.Fatal(err)
	}
	d.keys = archive.Keys{Signer: signer, Trusted: signer.PublicKey()}
	d.witness = d.openWitness(signer)
	d.topic("orders", 3, nil)
	d.topic("prices", 1, map[string]string{"cleanup.policy": "compact"})
	d.topic("empty", 2, nil)
	for p := range int32(3) {
		d.produce("orders", p, 1000*int(p), 300)
	}
	d.produce("prices", 0, 0, 120)
	return d
}

func (d *drillWorld) openWitness(signer *evidence.Signer) *Witness {
	d.t.Helper()
	l, err := evidence.Open(d.t.Context(), d.store, "evidence/", signer, evidence.LedgerOptions{Clock: func() time.Time { return d.at }})
	if err != nil {
		d.t.Fatal(err)
	}
	return &Witness{Ledger: l, Store: d.store, Prefix: "evidence/", Signer: signer, Series: evidence.SeriesSpec{Series: "b1"}}
}

// drilling are the options of a plain drill.
func (d *drillWorld) drilling() DrillOptions {
	return DrillOptions{Env: Env{Clock: func() time.Time { return d.at }}, Target: d.client, Store: d.store, Keys: d.keys, Witness: d.witness, BackupID: "b1",
		Backup:  BackupOptions{Source: d.client, Admin: d.admin, Topics: Selection{Include: []string{"*"}, Match: notOfDrills}},
		Restore: RestoreOptions{Admin: d.admin},
		Validation: ValidationOptions{Admin: d.admin, ReadBack: func() (IndependentReader, error) {
			return kafka.OpenReadBack(d.broker.Cluster(), kafka.ReadBackOptions{})
		}}}
}

func notOfDrills(name string, internal bool) bool {
	return !internal && !strings.HasPrefix(name, "drill-")
}

func (d *drillWorld) drill(o DrillOptions, want Exit) Summary {
	d.t.Helper()
	return wait(d.t, Drill(d.t.Context(), o), want)
}

// left are the topics of drills that are at the target.
func (d *drillWorld) left() []string {
	d.t.Helper()
	all, err := d.client.Topics(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	var names []string
	for _, t := range all {
		if strings.HasPrefix(t.Name, "drill-") {
			names = append(names, t.Name)
		}
	}
	return names
}

// story is what the ledger tells, an entry a word.
func (d *drillWorld) story() string {
	var words []string
	for _, e := range d.witness.Ledger.Entries() {
		word := string(e.Type)
		if e.Verdict != "" {
			word += ":" + string(e.Verdict)
		}
		if e.Closes {
			word += "."
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// verified checks the ledger and everything it names.
func (d *drillWorld) verified() *evidence.Verification {
	d.t.Helper()
	var objects []evidence.RootedKey
	err := d.store.List(d.t.Context(), "b1/", func(key string, _ int64) error {
		if strings.HasSuffix(key, "/manifest.json") || strings.Contains(key, "/restores/") && strings.HasSuffix(key, ".json") {
			objects = append(objects, evidence.RootedKey{Root: evidence.RootArchive, Key: key})
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	v, err := evidence.Verify(d.t.Context(), d.store, evidence.VerifyOptions{Prefix: "evidence/", PublicKey: d.keys.Trusted, Objects: objects,
		Stores: map[string]evidence.Store{evidence.RootArchive: d.store}})
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

func (d *drillWorld) teardown(id string) *archive.Teardown {
	d.t.Helper()
	doc, err := archive.Open(d.store, "b1", d.keys).Teardown(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return doc.Doc
}

func id(s Summary) string { v, _ := s.Get("drill_id").(string); return v }

// TestDrillProvesAndTearsDown: one command backs up, restores, compares, signs, and leaves nothing at the
// target; the ledger tells it as one job.
func TestDrillProvesAndTearsDown(t *testing.T) {
	d := newDrillWorld(t)
	long := strings.Repeat("n", 249)
	d.topic(long, 1, nil)
	d.produce(long, 0, 0, 5)
	s := d.drill(d.drilling(), ExitDone)
	if left := d.left(); len(left) > 0 {
		t.Errorf("topics are left: %q", left)
	}
	if got, want := d.story(), "genesis started backup:passed restore:passed report:passed restore:passed."; got != want {
		t.Errorf("the ledger tells\n%s\nnot\n%s", got, want)
	}
	if v := d.verified(); v.Worst() == evidence.Broken || v.Worst() == evidence.Finding {
		t.Errorf("the ledger: %v", v.Findings)
	}
	if n, _ := s.Get("restore_records").(int64); n != 1025 {
		t.Errorf("%v records were restored, not 1025", s.Get("restore_records"))
	}
	if down := d.teardown(id(s)); len(down.Topics) != 4 || down.Kept || down.Swept {
		t.Errorf("the record says %+v", down)
	}
	if _, err := archive.Open(d.store, "b1", d.keys).NewestReceipt(t.Context(), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a validation would take the receipt of topics that are gone: %v", err)
	}
	// Nothing is done twice: the next one is another drill of another run.
	again := d.drill(d.drilling(), ExitDone)
	if id(again) == id(s) || again.Get("run_id") == s.Get("run_id") {
		t.Errorf("drill %s, run %v again", id(again), again.Get("run_id"))
	}
}

// TestDrillFailsAndTearsDown: a check that fails is exit 3, and the topics go all the same.
func TestDrillFailsAndTearsDown(t *testing.T) {
	d := newDrillWorld(t)
	o := d.drilling()
	o.Validation.Scope = Selection{Include: []string{"orders", "ghost"}, Match: notOfDrills, Unmatched: func([]string) []string { return []string{"ghost"} }}
	s := d.drill(o, ExitFindings)
	if left := d.left(); len(left) > 0 {
		t.Errorf("topics are left: %q", left)
	}
	if got, want := d.story(), "genesis started backup:passed restore:passed report:failed restore:failed."; got != want {
		t.Errorf("the ledger tells\n%s\nnot\n%s", got, want)
	}
	d.teardown(id(s))
}

// TestDrillKeepsTopics: asked to, it leaves the topics for somebody to look at; the next drill does not
// take them for those of a dead one.
func TestDrillKeepsTopics(t *testing.T) {
	d := newDrillWorld(t)
	o := d.drilling()
	o.KeepTopics = true
	s := d.drill(o, ExitDone)
	if left := d.left(); len(left) != 3 {
		t.Errorf("the topics are %q", left)
	}
	if !d.teardown(id(s)).Kept {
		t.Error("the record does not say that they were kept")
	}
	rec, err := archive.Open(d.store, "b1", d.keys).NewestReceipt(t.Context(), "")
	if err != nil || rec.Doc.RestoreID != id(s) {
		t.Errorf("the newest receipt: %v, %v", rec.Doc, err)
	}
	d.drill(d.drilling(), ExitDone)
	if left := d.left(); len(left) != 3 {
		t.Errorf("after the next drill the topics are %q", left)
	}
}

// hooked is a target that something is done to.
type hooked struct {
	*kafka.Client
	append func()
	delete func(kafka.TopicID) error
}

func (h *hooked) Append(ctx context.Context, tp kafka.TopicPartition, raw []byte, timeout time.Duration) (kafka.Appended, error) {
	if h.append != nil {
		h.append()
	}
	return h.Client.Append(ctx, tp, raw, timeout)
}

func (h *hooked) DeleteTopic(ctx context.Context, id kafka.TopicID) error {
	if h.delete != nil {
		if err := h.delete(id); err != nil {
			return err
		}
	}
	return h.Client.DeleteTopic(ctx, id)
}

// TestDrillCancelled: cancelled in the middle of the restore it still cleans up, also when it was asked to
// keep the topics, and the ledger hears of it.
func TestDrillCancelled(t *testing.T) {
	d := newDrillWorld(t)
	var j *Job
	var once sync.Once
	ready := make(chan struct{})
	o := d.drilling()
	o.KeepTopics = true
	o.Target = &hooked{Client: d.client, append: func() { once.Do(func() { <-ready; j.Cancel() }) }}
	j = Drill(t.Context(), o)
	close(ready)
	s := wait(t, j, ExitCancelled)
	if left := d.left(); len(left) > 0 {
		t.Errorf("topics are left: %q", left)
	}
	d.teardown(id(s))
	if got, want := d.story(), "genesis started backup:passed restore:error restore:error."; got != want {
		t.Errorf("the ledger tells\n%s\nnot\n%s", got, want)
	}
}

// TestDrillSweepsAfterADeadOne: topics that a drill could not delete, or did not live to, are deleted by
// the next one: by their ids and nothing else.
func TestDrillSweepsAfterADeadOne(t *testing.T) {
	d := newDrillWorld(t)
	o := d.drilling()
	o.Target = &hooked{Client: d.client, delete: func(kafka.TopicID) error { return errors.New("no rights") }}
	dead := d.drill(o, ExitFindings)
	left := d.left()
	if len(left) != 3 || !slices.ContainsFunc(dead.Findings, func(f string) bool { return strings.Contains(f, "could not be deleted") }) {
		t.Fatalf("left %q, findings %q", left, dead.Findings)
	}
	// One of them goes, and another topic takes its name.
	if err := d.broker.DeleteTopic(left[0]); err != nil {
		t.Fatal(err)
	}
	d.topic(left[0], 1, nil)
	d.produce(left[0], 0, 0, 7)
	// A restore that somebody called so is none of a drill's.
	own := RestoreOptions{Target: d.client, Admin: d.admin, Store: d.store, Keys: d.keys, Witness: d.witness, BackupID: "b1", RestoreID: "drill-of-mine",
		Env: o.Env, Mapping: map[string]string{"orders": "drill-orders"}, Topics: Selection{Match: func(name string, _ bool) bool { return name == "orders" }}}
	wait(t, Restore(t.Context(), own), ExitDone)
	s := d.drill(d.drilling(), ExitDone)
	if got := d.left(); !slices.Equal(got, []string{left[0], "drill-orders"}) && !slices.Equal(got, []string{"drill-orders", left[0]}) {
		t.Errorf("left are %q", got)
	}
	if down := d.teardown(id(dead)); !down.Swept || len(down.Topics) != 3 {
		t.Errorf("the record says %+v", down)
	}
	if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "had died") }) {
		t.Errorf("notes %q", s.Notes)
	}
	if v := d.verified(); v.Count(evidence.Broken) > 0 || slices.ContainsFunc(v.Findings, func(f evidence.Found) bool { return strings.Contains(f.Sentence, "no ledger entry names") }) {
		t.Errorf("the ledger: %v", v.Findings)
	}
}

// TestDrillLeavesALivingOneAlone: what holds its lock is not swept.
func TestDrillLeavesALivingOneAlone(t *testing.T) {
	d := newDrillWorld(t)
	o := d.drilling()
	o.Target = &hooked{Client: d.client, delete: func(kafka.TopicID) error { return errors.New("later") }}
	alive := d.drill(o, ExitFindings)
	lock, err := archive.Open(d.store, "b1", d.keys).LockRestore(t.Context(), id(alive), storage.Holder{Who: "the other drill", Since: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	s := d.drill(d.drilling(), ExitDone)
	if left := d.left(); len(left) != 3 {
		t.Errorf("topics of a living drill were deleted; left are %q", left)
	}
	if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "is running") }) {
		t.Errorf("notes %q", s.Notes)
	}
	lock.Release()
	d.drill(d.drilling(), ExitDone)
	if left := d.left(); len(left) != 0 {
		t.Errorf("left are %q", left)
	}
}

// TestDrillRefusedByALock: while another job works on the archive the ledger hears nothing.
func TestDrillRefusedByALock(t *testing.T) {
	d := newDrillWorld(t)
	lock, err := archive.Open(d.store, "b1", d.keys).Store().Lock(t.Context(), archive.LockKey, storage.Holder{Who: "cron", Since: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	d.drill(d.drilling(), ExitLocked)
	if got := d.story(); got != "" {
		t.Errorf("the ledger tells %s", got)
	}
	lock.Release()
	d.drill(d.drilling(), ExitDone)
}

// TestDrillClosesBothSlots: one drill is the week's backup and the week's report; one that fails spoils
// both only if it did not get so far.
func TestDrillClosesBothSlots(t *testing.T) {
	d := newDrillWorld(t)
	d.witness.Series.Schedules = []evidence.ScheduleSpec{{Kind: evidence.SlotBackup, Cron: "weekly", From: d.at.Add(-time.Hour)}, {Kind: evidence.SlotReport, Cron: "weekly", From: d.at.Add(-time.Hour)}}
	for i := range d.witness.Series.Schedules {
		d.witness.Series.Schedules[i].ToleranceSeconds = 3600
	}
	d.drill(d.drilling(), ExitDone)
	d.at = d.at.Add(7 * 24 * time.Hour)
	o := d.drilling()
	o.Restore.Topics = Selection{Include: []string{"ghost"}, Match: func(string, bool) bool { return false }, Unmatched: func([]string) []string { return []string{"ghost"} }}
	d.drill(o, ExitUsage)
	got := map[string][]evidence.Verdict{}
	for _, s := range d.witness.Ledger.Slots(d.at) {
		got[s.Kind] = append(got[s.Kind], s.Verdict)
	}
	if !slices.Equal(got["backup"], []evidence.Verdict{"passed", "passed"}) || !slices.Equal(got["report"], []evidence.Verdict{"passed", "error"}) {
		t.Errorf("slots %v", got)
	}
}

// TestE19_deadDrillIsAbandoned: a drill of this machine that died is entered as abandoned by the next one,
// and that is a finding.
func TestE19_deadDrillIsAbandoned(t *testing.T) {
	d := newDrillWorld(t)
	j := &Job{id: "dead", clock: time.Now}
	j.log.init()
	dead, err := d.witness.start(t.Context(), j, "drill", map[string]string{"backup_id": "b1"})
	if err != nil {
		t.Fatal(err)
	}
	dead.run.Drop() // as far as the ledger can see, its process is gone
	d.drill(d.drilling(), ExitDone)
	if got, want := d.story(), "genesis started abandoned. started backup:passed restore:passed report:passed restore:passed."; got != want {
		t.Errorf("the ledger tells\n%s\nnot\n%s", got, want)
	}
	if v := d.verified(); v.Count(evidence.Finding) != 1 {
		t.Errorf("the ledger: %v", v.Findings)
	}
}
