package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"
)

const deadPID = 1 << 30 // beyond any pid_max: no such process

// world is a ledger under one clock, as several jobs see it.
type world struct {
	t     *testing.T
	ctx   context.Context
	st    *memStore
	clock *hand
	s     *Signer
}

func newWorld(t *testing.T, now string) *world {
	return &world{t: t, ctx: context.Background(), st: newMem(), clock: at(now), s: testSigner(t)}
}

// open opens the ledger as a process of its own would.
func (w *world) open() *Ledger {
	w.t.Helper()
	l, err := Open(w.ctx, w.st, "e/", w.s, LedgerOptions{Clock: w.clock.clock, Operator: "ci", Host: "runner", PID: deadPID})
	must(w.t, err)
	return l
}

// weekly is due on Sundays at 02:00 UTC, and may be three hours late.
func weekly() SeriesSpec {
	return SeriesSpec{Series: "weekly", Schedules: []ScheduleSpec{{Kind: SlotReport, Cron: "0 2 * * 0", Zone: "UTC", ToleranceSeconds: 3 * 3600}},
		Include: []string{"transactions", "ledger-*"}, Checks: []string{MessageCountCheck}, RetentionDays: 2555}
}

func (w *world) start(job string) *Run {
	w.t.Helper()
	l := w.open()
	r, err := l.Start(w.ctx, Job{ID: job, Series: "weekly", Closes: []string{SlotReport}, Subject: map[string]string{"config_sha256": Digest(nil)}})
	must(w.t, err)
	return r
}

// report runs a job that puts a report and closes with a verdict.
func (w *world) report(job string, verdict Verdict) *Run {
	w.t.Helper()
	r := w.start(job)
	rep := sampleReport()
	rep.ReportID, rep.GeneratedAt, rep.Ledger = "", w.clock.clock(), ptr(r.Ref())
	if verdict != VerdictPassed && verdict != VerdictStale {
		rep.Checks[0].Outcome = Failed
	}
	rep.Stale = verdict == VerdictStale
	rep.Seal()
	stored, err := PutReport(w.ctx, w.st, "e/", rep, w.s)
	must(w.t, err)
	_, err = r.Close(w.ctx, Closing{Type: TypeReport, Verdict: verdict, Subject: map[string]string{"report_id": rep.ReportID},
		Files: []RootedFile{stored.File.In(RootEvidence), stored.SignatureFile.In(RootEvidence)}})
	must(w.t, err)
	return r
}

func (w *world) verify(o VerifyOptions) *Verification {
	w.t.Helper()
	o.Prefix = "e/"
	if o.PublicKey == nil {
		o.PublicKey = w.s.PublicKey()
	}
	v, err := Verify(w.ctx, w.st, o)
	must(w.t, err)
	return v
}

// wantFound fails unless there is a finding of this severity that says all parts.
func (v *Verification) wantFound(t *testing.T, s Severity, parts ...string) {
	t.Helper()
	for _, f := range v.Findings {
		all := f.Severity == s
		for _, part := range parts {
			all = all && strings.Contains(f.String(), part)
		}
		if all {
			return
		}
	}
	t.Errorf("no %s says %q; there is %v", s, parts, v.Findings)
}

func (v *Verification) wantClean(t *testing.T) {
	t.Helper()
	for _, f := range v.Findings {
		if f.Severity != Note {
			t.Errorf("%s: %s", f.Severity, f)
		}
	}
}

// verdicts of the slots in words: "11-22 passed, 11-29 missed".
func (w *world) verdicts(until string) string {
	var words []string
	for _, s := range w.open().Slots(utc(until)) {
		words = append(words, s.Due.Format("01-02")+" "+string(s.Verdict))
	}
	return strings.Join(words, ", ")
}

func (w *world) types() string {
	var types []string
	for _, e := range w.open().Entries() {
		types = append(types, string(e.Type))
	}
	return strings.Join(types, " ")
}

// begin makes genesis on a Monday.
func begin(t *testing.T) *world {
	w := newWorld(t, "2026-11-16 09:00")
	_, err := w.open().EnsureSeries(w.ctx, weekly())
	must(t, err)
	return w
}

func TestAYearOfWeeks(t *testing.T) {
	w := begin(t)
	for week := range 52 {
		w.clock.set("2026-11-22 02:00")
		w.clock.add(time.Duration(week) * 7 * 24 * time.Hour)
		w.report(fmt.Sprintf("job%d", week), VerdictPassed)
	}
	head := w.open().Head()
	v := w.verify(VerifyOptions{AsOf: w.clock.clock(), Head: head.String(), GenesisSHA256: w.open().Entries()[0].SHA256})
	if len(v.Findings) != 0 || len(v.Slots) != 52 || len(v.Entries) != 105 || v.Objects != 104 {
		t.Errorf("%v, %d slots, %d entries, %d objects", v.Findings, len(v.Slots), len(v.Entries), v.Objects)
	}
	for _, s := range v.Slots {
		if s.Verdict != VerdictPassed || len(s.Attempts) != 1 || s.Attempts[0].ReportID == "" {
			t.Errorf("slot %+v", s)
		}
	}
	if v.Summary() != "the chain is genuine and unbroken (105 entries), nothing is missing; time is the signer's" {
		t.Error(v.Summary())
	}
}

func TestSlotVerdicts(t *testing.T) {
	tests := []struct {
		name string
		do   func(*world)
		want string
	}{
		{"passed", func(w *world) { w.clock.set("2026-11-22 02:01"); w.report("a", VerdictPassed) }, "11-22 passed"},
		{"early, within the tolerance", func(w *world) { w.clock.set("2026-11-21 23:30"); w.report("a", VerdictPassed) }, "11-22 passed"},
		{"too early", func(w *world) { w.clock.set("2026-11-21 22:30"); w.report("a", VerdictPassed) }, "11-22 open"},
		{"late", func(w *world) { w.clock.set("2026-11-25 02:01"); w.report("a", VerdictPassed) }, "11-22 late"},
		{"begun in time, done late", func(w *world) {
			w.clock.set("2026-11-22 04:59")
			r := w.start("a")
			w.clock.add(time.Hour)
			_, err := r.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictPassed})
			must(w.t, err)
		}, "11-22 late"},
		{"failed", func(w *world) { w.clock.set("2026-11-22 02:01"); w.report("a", VerdictFailed) }, "11-22 failed"},
		{"error", func(w *world) { w.clock.set("2026-11-22 02:01"); w.report("a", VerdictError) }, "11-22 error"},
		{"the first verdict counts", func(w *world) {
			w.clock.set("2026-11-22 02:01")
			w.report("a", VerdictFailed)
			w.report("b", VerdictPassed)
		}, "11-22 failed"},
		{"also when the first passed", func(w *world) {
			w.clock.set("2026-11-22 02:01")
			w.report("a", VerdictPassed)
			w.report("b", VerdictFailed)
		}, "11-22 passed"},
		{"missed", func(w *world) { w.clock.set("2026-11-29 02:01"); w.report("a", VerdictPassed) }, "11-22 missed, 11-29 passed"},
		{"done after the next was due", func(w *world) {
			w.clock.set("2026-11-28 20:00")
			r := w.start("a")
			w.clock.set("2026-11-29 02:00")
			_, err := r.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictPassed})
			must(w.t, err)
		}, "11-22 missed, 11-29 open"},
		{"a restore closes nothing", func(w *world) {
			w.clock.set("2026-11-22 02:01")
			_, err := w.start("a").Close(w.ctx, Closing{Type: TypeRestore, Verdict: VerdictPassed})
			must(w.t, err)
		}, "11-22 open"},
		{"a job that dies in its backup fails the report", func(w *world) {
			w.clock.set("2026-11-22 02:01")
			_, err := w.start("a").Close(w.ctx, Closing{Type: TypeBackup, Verdict: VerdictError})
			must(w.t, err)
		}, "11-22 error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := begin(t)
			tt.do(w)
			until := w.clock.clock().Format("2006-01-02 15:04")
			if until < "2026-11-22 02:00" {
				until = "2026-11-22 02:00"
			}
			if got := w.verdicts(until); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestMissedSlotsAreEnteredByTheNextRun(t *testing.T) {
	w := begin(t)
	w.clock.set("2026-12-07 09:00") // three Sundays later
	v := w.verify(VerifyOptions{AsOf: w.clock.clock()})
	v.wantFound(t, Finding, "2026-11-22", "nobody has entered that yet")
	v.wantFound(t, Finding, "2026-12-06", "overdue")
	w.report("a", VerdictPassed)
	if got := w.types(); got != "genesis slot_missed started report" {
		t.Errorf("entries %s", got)
	}
	if got := w.verdicts("2026-12-07"); got != "11-22 missed, 11-29 missed, 12-06 late" {
		t.Error(got)
	}
	v = w.verify(VerifyOptions{AsOf: w.clock.clock()})
	v.wantFound(t, Finding, "2026-11-29", "was missed (entered by entry 1)")
	if n := v.Count(Finding); n != 3 || v.Worst() != Finding {
		t.Errorf("%d findings, worst %s: %v", n, v.Worst(), v.Findings)
	}
}

func TestManyMissedSlots(t *testing.T) {
	w := newWorld(t, "2026-01-01")
	spec := weekly()
	spec.Schedules = []ScheduleSpec{{Kind: SlotReport, Cron: "hourly", Zone: "UTC", ToleranceSeconds: 600}}
	_, err := w.open().EnsureSeries(w.ctx, spec)
	must(t, err)
	w.clock.set("2026-03-01 00:30") // 59 days: 1416 hours, the last of them still open
	w.report("a", VerdictPassed)
	missed := 0
	for _, e := range w.open().Entries() {
		if e.Type == TypeSlotMissed {
			missed += len(e.Slots)
		}
	}
	if got := w.types(); got != "genesis slot_missed slot_missed slot_missed started report" || missed != 1416 {
		t.Errorf("%s, %d missed", got, missed)
	}
}

// E17: a clock that went back does not date anything to another week; a few milliseconds do no harm.
func TestE17_ClockBehindTheLastEntry(t *testing.T) {
	w := begin(t)
	w.clock.set("2026-11-22 02:05")
	w.report("a", VerdictPassed)
	w.clock.set("2026-11-22 02:01")
	r := w.report("b", VerdictPassed) // four minutes: within the tolerance
	if got := r.Started().Time; !got.Equal(utc("2026-11-22 02:05")) {
		t.Errorf("entry dated %s, want the time of the one before", got)
	}
	w.clock.set("2026-11-22 01:59")
	_, err := w.open().Start(w.ctx, Job{ID: "c", Series: "weekly"})
	var clock *ClockError
	if !errors.As(err, &clock) {
		t.Fatalf("err = %v, want a *ClockError", err)
	}
	wantError(t, err, "6m0s before", "set the clock right")
	w.verify(VerifyOptions{}).wantClean(t)
}

// E19: a failing run that is killed before it writes anything leaves a trace, and running again until it
// is green does not change the slot's verdict.
func TestE19_KilledAndRunAgainUntilGreen(t *testing.T) {
	w := begin(t)
	w.clock.set("2026-11-22 02:00")
	w.start("killed").Drop() // the process is gone; nothing was written after its start
	v := w.verify(VerifyOptions{})
	v.wantFound(t, Finding, "entry 1", "never closed")

	l := w.open()
	alive := func(Sealed) bool { return true }
	r, err := l.Start(w.ctx, Job{ID: "meanwhile", Series: "weekly", Alive: alive})
	must(t, err)
	r.Drop()
	if got := w.types(); got != "genesis started started" {
		t.Fatalf("a living job was called dead: %s", got)
	}

	w.clock.add(time.Minute)
	w.report("failed", VerdictFailed) // enters both dead ones first
	w.clock.add(time.Minute)
	w.report("green", VerdictPassed)
	if got := w.types(); got != "genesis started started abandoned abandoned started report started report" {
		t.Errorf("entries %s", got)
	}
	v = w.verify(VerifyOptions{})
	v.wantFound(t, Finding, "entry 3", "entry 1", "abandoned", "killed")
	v.wantFound(t, Finding, "2026-11-22", "failed")
	v.wantFound(t, Note, "3 attempts")
	if s := v.Slots[0]; s.Verdict != VerdictFailed || len(s.Attempts) != 3 || !s.Attempts[0].Abandoned || s.Attempts[2].Verdict != VerdictPassed {
		t.Errorf("slot %+v", s)
	}
}

func TestWhoIsAlive(t *testing.T) {
	w := begin(t)
	l := w.open()
	yes, no := func(Sealed) bool { return true }, func(Sealed) bool { return false }
	tests := []struct {
		name string
		host string
		pid  int
		ask  func(Sealed) bool
		want bool
	}{
		{"this machine, no such process", "runner", deadPID + 1, nil, false},
		{"this machine, no such process, but the lock is held", "runner", deadPID + 1, yes, true},
		{"this machine, a process", "runner", 1, no, true},
		{"another machine, unknown", "elsewhere", deadPID, nil, true},
		{"another machine, no lock", "elsewhere", deadPID, no, false},
		{"another machine, lock held", "elsewhere", deadPID, yes, true},
	}
	for _, tt := range tests {
		if got := l.alive(Sealed{Entry: Entry{Job: "other", Host: tt.host, PID: tt.pid}}, tt.ask); got != tt.want {
			t.Errorf("%s: alive %v", tt.name, got)
		}
	}
	w.clock.set("2026-11-22 02:00")
	r := w.start("mine")
	if !l.alive(r.Started(), no) {
		t.Error("a running job of this process is called dead")
	}
	r.Drop()
	if l.alive(r.Started(), no) {
		t.Error("a dropped job is called alive")
	}
}

// A job that was taken for dead (a paused process) cannot close afterwards.
func TestAbandonedJobCannotClose(t *testing.T) {
	w := begin(t)
	w.clock.set("2026-11-22 02:00")
	paused := w.start("paused")
	running.Delete("paused") // as another process sees it
	w.report("other", VerdictFailed)
	_, err := paused.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictPassed})
	var closed *ClosedError
	if !errors.As(err, &closed) || closed.By.Type != TypeAbandoned {
		t.Fatalf("err = %v", err)
	}
	if got := w.verdicts("2026-11-22 02:00"); got != "11-22 failed" {
		t.Error(got)
	}
	done := w.report("again", VerdictPassed)
	if _, err := done.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictPassed}); !errors.As(err, &closed) {
		t.Errorf("closed twice: %v", err)
	}
}

// E20: narrowing the schedule or the scope in the configuration makes no miss vanish.
func TestE20_NarrowedScheduleOrScope(t *testing.T) {
	w := begin(t)
	w.clock.set("2026-12-02 09:00") // missed 11-22, and 11-29 is overdue
	spec := weekly()
	spec.Schedules[0].Cron = "monthly"
	spec.Schedules[0].From = utc("2026-01-01") // as if it had always been so
	spec.Include = []string{"transactions"}
	changed, err := w.open().EnsureSeries(w.ctx, spec)
	must(t, err)
	if changed.Type != TypeConfigChanged || !strings.Contains(changed.Detail, "monthly") || !strings.Contains(changed.Detail, "scope: [transactions ledger-*] → [transactions]") {
		t.Errorf("entry %s: %s", changed.Type, changed.Detail)
	}
	if again, err := w.open().EnsureSeries(w.ctx, spec); err != nil || again != nil {
		t.Errorf("the same configuration again made %v, %v", again, err)
	}
	w.clock.set("2027-01-10 09:00")
	if got := w.verdicts("2027-01-10"); got != "11-22 missed, 11-29 missed, 01-01 open" {
		t.Error(got)
	}
	v := w.verify(VerifyOptions{AsOf: w.clock.clock()})
	v.wantFound(t, Finding, "2026-11-22", "missed")
	v.wantFound(t, Finding, "2026-11-29", "missed")
	v.wantFound(t, Finding, "2027-01-01", "overdue")
	v.wantFound(t, Note, "entry 1", "weekly", "monthly")

	spec.Schedules = nil
	_, err = w.open().EnsureSeries(w.ctx, spec)
	must(t, err)
	w.clock.set("2027-06-01 00:00")
	if got := w.verdicts("2027-06-01"); got != "11-22 missed, 11-29 missed, 01-01 open" {
		t.Errorf("without a schedule: %s", got)
	}
}

func TestScheduleAnnouncedForLater(t *testing.T) {
	w := begin(t)
	spec := weekly()
	spec.Schedules[0].Cron, spec.Schedules[0].From = "0 5 * * 0", utc("2026-12-01")
	_, err := w.open().EnsureSeries(w.ctx, spec)
	must(t, err)
	var got []string
	for _, s := range w.open().Slots(utc("2026-12-13")) {
		got = append(got, s.Due.Format("01-02T15"))
	}
	if strings.Join(got, " ") != "11-22T02 11-29T02 12-06T05" {
		t.Error(got)
	}
}

// E24: a validation of an old restore does not pass the slot.
func TestE24_StaleRestore(t *testing.T) {
	w := begin(t)
	w.clock.set("2026-11-22 02:00")
	r := w.start("a")
	slot := r.Slot(SlotReport)
	if slot == nil || !slot.PeriodStart.Equal(utc("2026-11-21 23:00")) || !slot.PeriodEnd.Equal(utc("2026-11-28 23:00")) {
		t.Fatalf("slot %+v", slot)
	}
	if slot.InPeriod(utc("2026-11-15 02:00")) || !slot.InPeriod(utc("2026-11-22 02:00")) || slot.InPeriod(utc("2026-11-29 02:00")) {
		t.Error("a restore of another week counts")
	}
	_, err := r.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictStale})
	must(t, err)
	w.report("again", VerdictPassed)
	if got := w.verdicts("2026-11-22 02:00"); got != "11-22 stale" {
		t.Error(got)
	}
	w.verify(VerifyOptions{}).wantFound(t, Finding, "stale", "not started in its period")
}

func TestDrillClosesBothSlots(t *testing.T) {
	w := newWorld(t, "2026-11-16 09:00")
	spec := weekly()
	spec.Schedules = append(spec.Schedules, ScheduleSpec{Kind: SlotBackup, Cron: "daily", Zone: "Europe/Berlin", ToleranceSeconds: 3600})
	l := w.open()
	_, err := l.EnsureSeries(w.ctx, spec)
	must(t, err)
	w.clock.set("2026-11-22 01:30") // 02:30 in Berlin
	r, err := l.Start(w.ctx, Job{ID: "drill", Series: "weekly", Closes: []string{SlotBackup, SlotReport}})
	must(t, err)
	if len(r.Slots()) != 2 || !r.Slot(SlotBackup).Due.Equal(utc("2026-11-22 01:00")) || !r.Slot(SlotReport).Due.Equal(utc("2026-11-22 02:00")) {
		t.Fatalf("slots %+v", r.Slots())
	}
	_, err = r.Record(w.ctx, Closing{Type: TypeBackup, Verdict: VerdictPassed, Subject: map[string]string{"run_id": "x"}})
	must(t, err)
	_, err = r.Record(w.ctx, Closing{Type: TypeRestore, Verdict: VerdictPassed})
	must(t, err)
	ref := r.Ref()
	if ref.HeadSequence != l.Head().Sequence || ref.HeadSHA256 != l.Head().SHA256 || ref.StartedSequence != r.Started().Sequence {
		t.Errorf("ref %+v", ref)
	}
	_, err = r.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictFailed})
	must(t, err)
	want := map[string]Verdict{SlotBackup: VerdictPassed, SlotReport: VerdictFailed}
	for _, s := range l.Slots(w.clock.clock()) {
		if s.Due.Format(time.DateOnly) == "2026-11-22" && s.Verdict != want[s.Kind] {
			t.Errorf("%s is %s", s.Kind, s.Verdict)
		}
	}
}

func TestStartNeedsItsSeries(t *testing.T) {
	w := begin(t)
	_, err := w.open().Start(w.ctx, Job{Series: "other"})
	wantError(t, err, `no series "other"`)
	r, err := w.open().Start(w.ctx, Job{Series: "weekly"})
	must(t, err)
	for _, c := range []Closing{{Type: TypeReport}, {Type: TypeReport, Verdict: VerdictLate}, {Type: TypeGenesis, Verdict: VerdictPassed}} {
		if _, err := r.Close(w.ctx, c); err == nil {
			t.Errorf("closed with %+v", c)
		}
	}
	r.Drop()
}

func TestEnsureSeriesRefuses(t *testing.T) {
	w := newWorld(t, "2026-11-16")
	for _, bend := range []func(*SeriesSpec){
		func(s *SeriesSpec) { s.Series = "" },
		func(s *SeriesSpec) { s.Schedules[0].Kind = "drill" },
		func(s *SeriesSpec) { s.Schedules[0].Cron = "often" },
		func(s *SeriesSpec) { s.Schedules[0].Zone = "Mars" },
		func(s *SeriesSpec) { s.Schedules = append(s.Schedules, s.Schedules[0]) },
	} {
		spec := weekly()
		bend(&spec)
		if _, err := w.open().EnsureSeries(w.ctx, spec); err == nil {
			t.Errorf("accepted %+v", spec)
		}
	}
	if len(w.st.objects) != 0 {
		t.Errorf("something was put: %v", w.st.order)
	}
}

// Sixteen processes append at once: each entry lands, the chain does not fork.
func TestAppendRace(t *testing.T) {
	w := begin(t)
	w.clock.set("2026-11-22 02:00")
	const jobs = 16
	var all sync.WaitGroup
	errs := make([]error, jobs)
	for i := range jobs {
		l := w.open()
		all.Go(func() {
			r, err := l.Start(w.ctx, Job{Series: "weekly", Closes: []string{SlotReport}})
			if err == nil {
				_, err = r.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictPassed})
			}
			errs[i] = err
		})
	}
	all.Wait()
	must(t, errors.Join(errs...))
	v := w.verify(VerifyOptions{})
	v.wantClean(t)
	if len(v.Entries) != 1+2*jobs || len(v.Slots) != 1 || len(v.Slots[0].Attempts) != jobs {
		t.Errorf("%d entries, slots %+v", len(v.Entries), v.Slots)
	}
}

// Two runs race to genesis: one makes it, the other goes on from it.
func TestGenesisRace(t *testing.T) {
	w := newWorld(t, "2026-11-16 09:00")
	first, second := w.open(), w.open()
	_, err := first.EnsureSeries(w.ctx, weekly())
	must(t, err)
	other := weekly()
	other.Series = "other"
	e, err := second.EnsureSeries(w.ctx, other)
	must(t, err)
	if e.Type != TypeConfigChanged || e.Sequence != 1 || len(second.Entries()) != 2 {
		t.Errorf("%s %d", e.Type, e.Sequence)
	}
	w.verify(VerifyOptions{}).wantClean(t)
}

// E23 for the ledger: whatever put the process dies at, the ledger verifies, and the next job goes on.
func TestE23_LedgerDiesBetweenPuts(t *testing.T) {
	total := 0
	for puts := 0; ; puts++ {
		w := begin(t)
		before := len(w.st.order)
		w.clock.set("2026-11-29 02:00") // one slot to be entered as missed first
		w.st.allowed = puts
		l := w.open()
		r, err := l.Start(w.ctx, Job{ID: "dies", Series: "weekly", Closes: []string{SlotReport}})
		if err == nil {
			_, err = r.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictPassed})
			r.Drop()
		}
		if err != nil && !errors.Is(err, errDead) {
			t.Fatalf("after %d puts: %v", puts, err)
		}
		w.st.allowed = -1
		if v := w.verify(VerifyOptions{}); v.Worst() == Broken {
			t.Errorf("after %d puts: %v", puts, v.Findings)
		}
		w.clock.add(time.Minute)
		w.report("next", VerdictPassed)
		v := w.verify(VerifyOptions{})
		if v.Worst() == Broken || w.verdicts("2026-11-29 02:00") != "11-22 missed, 11-29 passed" {
			t.Errorf("after %d puts: %s %v", puts, w.verdicts("2026-11-29 02:00"), v.Findings)
		}
		if err == nil {
			total = puts + before
			break
		}
	}
	if total != 8 { // genesis, slot_missed, started, report: each a signature and a body
		t.Errorf("the job made %d puts", total)
	}
}

func TestOpenRefuses(t *testing.T) {
	w := begin(t)
	_, err := Open(w.ctx, w.st, "e/", nil, LedgerOptions{})
	wantError(t, err, "no signing key")
	priv, _, err := GenerateKey()
	must(t, err)
	other, err := ParseSigner(priv)
	must(t, err)
	var broken *BrokenError
	if _, err = Open(w.ctx, w.st, "e/", other, LedgerOptions{}); !errors.As(err, &broken) {
		t.Errorf("another key: %v", err)
	}
	w.clock.set("2026-11-22 02:00")
	w.report("a", VerdictPassed)
	delete(w.st.objects, LedgerKey("e/", 1))
	if _, err = Open(w.ctx, w.st, "e/", w.s, LedgerOptions{}); !errors.As(err, &broken) || broken.Sequence != 1 {
		t.Errorf("a hole: %v", err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		t.Error("a hole must not look like a ledger that is not there")
	}
}

func TestHead(t *testing.T) {
	h := Head{Sequence: 7, SHA256: Digest(nil)}
	got, err := ParseHead(h.String())
	must(t, err)
	if got != h {
		t.Errorf("%v", got)
	}
	for _, text := range []string{"", "7", "7:", ":" + h.SHA256, "-1:" + h.SHA256, "7:" + h.SHA256[1:], "7:" + strings.Repeat("g", 64)} {
		if _, err := ParseHead(text); err == nil {
			t.Errorf("%q is a head", text)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add(readFile(f, "testdata/golden/0000000000.json"))
	f.Add([]byte(`{"format":1,"kind":"ledger_entry","sequence":0}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseEntry(data)
		if err != nil {
			return
		}
		first, err := Encode(e)
		must(t, err)
		again, err := ParseEntry(first)
		must(t, err)
		second, err := Encode(again)
		must(t, err)
		if string(first) != string(second) {
			t.Errorf("%q changes meaning when written again", data)
		}
	})
}

func FuzzParseHead(f *testing.F) {
	f.Add("7:" + Digest(nil))
	f.Fuzz(func(t *testing.T, text string) {
		if h, err := ParseHead(text); err == nil {
			if again, err := ParseHead(h.String()); err != nil || again != h {
				t.Errorf("%q → %v → %v", text, h, again)
			}
		}
	})
}
