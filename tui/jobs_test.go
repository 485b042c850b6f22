package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/evidence"
)

// someJobs are three jobs: one that has ended clean, one with findings, one at work.
func someJobs(d *driver) (restore *fakeJob) {
	d.c.section = sectionJobs // the list of backups is not what is looked at
	for i, name := range []string{"clean", "findings"} {
		f := fakeRestore(12)
		f.kind = [...]string{"backup", "drill"}[i]
		d.run(d.c.begin(&job{work: f, title: f.kind + " of prod-eu"}))
		endings[name](f)
		d.poll()
	}
	restore = fakeRestore(44)
	d.run(d.c.begin(&job{work: restore, title: restoreTitle}))
	d.poll()
	d.c.toast = nil
	return restore
}

func TestJobsFrames(t *testing.T) {
	golden(t, "jobs", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme, holdings...)
		someJobs(d)
		d.keys("2")
		return d
	})
	golden(t, "jobs-empty", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		d.keys("2")
		return d
	})
	golden(t, "jobs-lock", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme, holdings...)
		d.keys("2 enter")
		return d
	})
	golden(t, "jobs-quit", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		someJobs(d)
		d.keys("2 q")
		return d
	})
	golden(t, "check", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		d.c.desk.BackupID = "prod-eu"
		d.keys(":check enter down")
		return d
	})
	golden(t, "offers", func(w, h int, theme string) *driver {
		return drive(t, Desk{Offers: someOffers(nil)}, w, h, theme)
	})
}

func TestJobsListsLocksOfOthersOnce(t *testing.T) {
	d := openJobs(t, 120, 36, ThemeDark, holdings...)
	someJobs(d)
	d.keys("2")
	text := d.frame().Text()
	if a, b, e := strings.Index(text, "j-3"), strings.Index(text, "j-2"), strings.Index(text, "j-1"); a < 0 || a > b || b > e {
		t.Errorf("the newest job does not come first:\n%s", text)
	}
	d.has("✓ done", "! 2 findings", "! retrying", "Locks of other processes, as of 12:00:00 UTC", "ci@runner-14", "8812", "31%", "12 of 44", "2 locks of others")
	if s := d.c.screen().(*jobsScreen); len(s.others.rows) != 2 {
		t.Errorf("%d locks of others, want 2: our own is not one", len(s.others.rows))
	}
	d.keys("down down down") // past the last own job
	if l := d.lineWith("▸"); !strings.Contains(l, "ci@runner-14") {
		t.Errorf("the cursor does not go on to the locks of others: %s", l)
	}
	d.keys("enter")
	d.has("lock of prod-eu", "31,000 of 100,000", "Ends", "with its process", "1h 00m ago", "whether it is stuck cannot be seen")
	d.keys("c")
	d.has("only the process that holds it can stop the job")
	d.c.holders = func(context.Context, engine.QueryOptions, time.Time) ([]engine.Holding, error) { return nil, nil }
	d.keys("esc R")
	d.has("nobody holds this lock any more")
	d.keys("esc esc g enter")
	d.has("Jobs › j-3 " + restoreTitle)
}

func TestJobsLooksAgain(t *testing.T) {
	d := openJobs(t, 120, 36, ThemeDark)
	looked := 0
	d.c.holders = func(context.Context, engine.QueryOptions, time.Time) ([]engine.Holding, error) {
		looked++
		if looked == 3 {
			return nil, errors.New("the store does not answer")
		}
		return holdings[:1], nil
	}
	var later []tea.Msg
	d.c.after = func(wait time.Duration, msg tea.Msg) tea.Cmd {
		if wait == lookEvery {
			later = append(later, msg)
		}
		return nil
	}
	next := func() {
		t.Helper()
		if len(later) == 0 {
			t.Fatal("it does not look again")
		}
		msg := later[len(later)-1]
		later = nil
		d.send(msg)
	}
	d.keys("2")
	if looked != 1 {
		t.Fatalf("looked %d times on entering", looked)
	}
	next()
	next() // fails
	d.has("cannot read the locks", "the store does not answer")
	d.c.toast = nil
	d.has("could not look again", "ci@runner-14")
	next()
	if looked != 3 {
		t.Errorf("looked %d times, want 3: after a failure only R does", looked)
	}
	d.keys("R")
	if looked != 4 {
		t.Error("R does not look again")
	}
	d.keys("esc 3")
	next()
	if looked != 4 || len(later) != 0 {
		t.Error("it goes on looking although it is not in front")
	}
}

func TestJobCommands(t *testing.T) {
	d := openJobs(t, 120, 36, ThemeDark)
	d.keys(":job", "space", "1", "enter")
	d.has(`no job "1": no job has been started`)
	f := someJobs(d)
	d.keys(":job", "space", "j-2", "enter")
	d.has("Jobs › j-2 drill of prod-eu")
	d.keys(":cancel", "space", "1", "enter")
	d.has("j-1 has ended already")
	d.keys(":cancel enter") // the only one that runs
	d.has("Cancel this job?", "j-3")
	d.keys("y")
	if f.cancelled != 1 {
		t.Error("the job was not cancelled")
	}
	d.keys(":job", "space", "9", "enter")
	d.has(`no job "9": there are j-1 to j-3`)
}

func TestQuitAsks(t *testing.T) {
	d := openJobs(t, 80, 24, ThemeDark)
	quits := func(keys string) bool {
		t.Helper()
		quit := false
		for _, k := range strings.Fields(keys) {
			quit = quit || isQuit(d.c.take(namedOr(k)))
		}
		return quit
	}
	a, b := fakeRestore(12), fakeRestore(12)
	d.run(d.c.begin(&job{work: a, title: "first"}))
	d.run(d.c.begin(&job{work: b, title: "second"}))
	d.keys("2")
	if quits("q") {
		t.Fatal("it quits while jobs run")
	}
	d.has("2 jobs are running", "j-1 first", "j-2 second", "c cancel and quit when stopped")
	if quits("q ctrl+c esc") || a.cancelled+b.cancelled != 0 {
		t.Fatal("what asked answers as well")
	}
	d.lacks("2 jobs are running")
	if quits("ctrl+c c") || a.cancelled != 1 || b.cancelled != 1 {
		t.Fatalf("cancelled %d and %d times, want once each", a.cancelled, b.cancelled)
	}
	d.has("2 jobs cancelling, quits then")
	if quits("ctrl+c esc") {
		t.Fatal("a second ctrl+c quits without a question")
	}
	endings["cancelled"](a)
	if isQuit(d.c.take(pollMsg{})) {
		t.Fatal("it quits while one of two jobs still stops")
	}
	endings["cancelled"](b)
	if !isQuit(d.c.take(pollMsg{})) {
		t.Error("it does not quit once the jobs have stopped")
	}
	if !quits("q") {
		t.Error("without a job it does not quit")
	}
}

func TestQuitAtOnce(t *testing.T) {
	d := openJobs(t, 80, 24, ThemeDark)
	d.watch(fakeRestore(12), restoreTitle)
	d.keys("ctrl+c c ctrl+c")
	d.has("Still cancelling", "A lock in a folder", "ends with this process", "y leave at once")
	if !isQuit(d.c.take(namedOr("y"))) {
		t.Fatal("it does not leave at once")
	}
	if refuseQuit(d.c, tea.QuitMsg{}) != (tea.QuitMsg{}) {
		t.Error("the quit that was answered is refused")
	}
}

func TestStopCancelsWithoutAQuestion(t *testing.T) {
	d := openJobs(t, 80, 24, ThemeDark)
	f := fakeRestore(12)
	d.watch(f, restoreTitle)
	patience := false
	d.c.after = func(wait time.Duration, msg tea.Msg) tea.Cmd {
		patience = patience || wait == stopPatience
		return nil
	}
	d.keys("ctrl+c") // its question is in the way
	if isQuit(d.c.take(stopMsg{})) || f.cancelled != 1 || d.c.dialog != nil {
		t.Fatalf("told to end, it does not cancel (%d times) and wait", f.cancelled)
	}
	if !patience {
		t.Error("it would wait for ever")
	}
	if !isQuit(d.c.take(stopMsg{})) || !d.c.forced {
		t.Error("it does not end after having waited long enough")
	}

	d = openJobs(t, 80, 24, ThemeDark)
	f = fakeRestore(12)
	d.watch(f, restoreTitle)
	d.keys("ctrl+c c")
	if isQuit(d.c.take(stopMsg{})) {
		t.Error("told to end while it quits already, it does not wait for the job")
	}
}

// isQuit says whether a command, or one of those it is made of, quits.
func isQuit(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	switch m := cmd().(type) {
	case tea.QuitMsg:
		return true
	case tea.BatchMsg:
		for _, x := range m {
			if isQuit(x) {
				return true
			}
		}
	}
	return false
}

func namedOr(k string) tea.KeyPressMsg {
	if m, known := namedKeys[k]; known {
		return m
	}
	return tea.KeyPressMsg{Code: rune(k[0]), Text: k}
}

func TestTerminalProgress(t *testing.T) {
	for env, want := range map[string]bool{"TERM_PROGRAM=ghostty": true, "TERM_PROGRAM=WezTerm": true, "TERM_PROGRAM=iTerm.app": true, "TERM_PROGRAM=rio": true,
		"WT_SESSION=5": true, "TERM_PROGRAM=Apple_Terminal": false, "TERM=xterm": false} {
		key, value, _ := strings.Cut(env, "=")
		if got := showsProgress(func(k string) string { return map[string]string{key: value}[k] }); got != want {
			t.Errorf("with %s: %v", env, got)
		}
	}
	d := openJobs(t, 80, 24, ThemeDark)
	f := fakeRestore(44)
	d.watch(f, restoreTitle)
	d.c.bars = false
	if d.c.View().ProgressBar != nil {
		t.Error("a terminal that does not show progress gets it")
	}
	d.c.bars = true
	if b := d.c.View().ProgressBar; b == nil || b.State != tea.ProgressBarWarning || b.Value != 49 {
		t.Errorf("retrying at 49 percent: %+v", b)
	}
	f.snap.Partitions[0].State = engine.Failed
	d.poll()
	if b := d.c.View().ProgressBar; b.State != tea.ProgressBarError {
		t.Errorf("with a partition that failed: %+v", b)
	}
	endings["failed"](f)
	d.poll()
	if d.c.View().ProgressBar != nil {
		t.Error("progress is shown although the job has ended")
	}
}

// await polls until no job runs.
func (d *driver) await() {
	d.t.Helper()
	for _, j := range d.c.jobs {
		select {
		case <-j.Done():
		case <-time.After(2 * time.Minute):
			d.t.Fatalf("%s does not end", j.label())
		}
	}
	d.poll()
	if len(d.c.runningJobs()) > 0 {
		d.t.Fatal("a job that has ended counts as running")
	}
}

// TestChecksAreJobs runs the jobs that only read on the stored year, in a console that may not write.
func TestChecksAreJobs(t *testing.T) {
	year, desk := storedYear(t), yearDesk(t)
	desk.Command = "kustody --batch" // nothing is configured
	trusted, err := evidence.LoadPublicKey(year.PublicKeyPath)
	if err != nil {
		t.Fatal(err)
	}
	desk.Archive = func(context.Context) (engine.QueryOptions, error) {
		q := year.Query()
		q.Trusted = trusted // which knows its file, unlike the stored one
		return q, nil
	}
	d := drive(t, desk, 120, 36, ThemeDark)
	d.keys(":check enter")
	d.has("How deep shall it look?", "● Sizes and sidecars", "checked with the trusted key", year.BackupID)
	if _, line := d.c.screen().(copier).copied(d.c); line != "kustody --batch validate --path file:///demo/archive --backup-id "+year.BackupID+" --public-key "+shellQuote(trusted.File()) {
		t.Errorf("as a batch line: %s", line)
	}
	d.keys("d")
	d.has("● Deep", "segments of")
	d.keys("enter")
	d.await()
	d.c.toast = nil
	d.has("j-1 check "+year.BackupID+", every segment", "✓ Done", "exit 0", "signatures            checked")
	if !strings.Contains(d.c.jobs[0].batch, " --deep ") {
		t.Errorf("the batch line of a deep check: %s", d.c.jobs[0].batch)
	}

	d.keys(":verify enter")
	d.await()
	d.c.toast = nil
	d.has("j-2 verify all evidence", "! Findings", "reports")
	if v := d.c.verified; v == nil || v.Ledger == nil || len(v.Reports) == 0 || d.c.verifiedAt != year.Now() {
		t.Errorf("what was found is not kept: %+v at %s", v, d.c.verifiedAt)
	}
	if d.c.data.backups.stale {
		t.Error("a job that only reads makes the console read again")
	}
	d.keys("2")
	d.has("validate", "verify")
}

func TestCheckThatCannotBegin(t *testing.T) {
	d := openJobs(t, 80, 24, ThemeDark)
	d.keys(":check enter")
	d.has("which one? Name it: :check ARCHIVE")
	d.c.desk.Archive = func(context.Context) (engine.QueryOptions, error) {
		return engine.QueryOptions{}, errors.New("access denied")
	}
	d.keys(":check", "space", "orders", "enter")
	d.has("Cannot read the archive in s3://kvault/prod-eu", "access denied", "R try again")
	d.keys("esc enter")
	if len(d.c.jobs) != 0 {
		t.Error("a job was begun on an archive that cannot be opened")
	}
	d.keys("esc esc :verify enter")
	d.has("no evidence was named")
}

// someOffers are what a console without a configuration offers.
func someOffers(take func(context.Context, string) (Desk, error)) []Offer {
	return []Offer{
		{Key: "d", Title: "Make a demo", Text: "A year of weekly drills on made-up records, in the folder kustody-demo. Nothing else is touched.", Take: take,
			Progress: func() string { return "making the demo: week 12 of 52" }},
		{Key: "e", Title: "Open an evidence folder", Text: "Reports and a ledger that somebody gave you. Nothing in it is changed.", Ask: "folder", Take: take},
		{Key: "c", Title: "Write a configuration", Text: "kustody.toml in this folder, with every key and what it means.", Take: take},
	}
}

func TestOffersLeadToADesk(t *testing.T) {
	var asked []string
	offers := someOffers(func(_ context.Context, typed string) (Desk, error) {
		asked = append(asked, typed)
		if typed == "/nowhere" {
			return Desk{}, &engine.Problem{Err: errors.New("there is no folder /nowhere"), Hint: "name one that is there"}
		}
		return Desk{Cluster: "found", Location: "file:///there", Warnings: []string{"a warning"}, Now: func() time.Time { return testNow }}, nil
	})
	d := drive(t, Desk{Offers: offers}, 80, 24, ThemeDark)
	d.c.data.reports = loader[*engine.ReportList]{has: true}
	d.has("Make a demo", "Open an evidence folder", "Write a configuration")
	d.keys("e")
	d.keys("enter") // nothing typed: nothing happens
	d.text("/nowhere")
	d.has("folder: /nowhere")
	d.keys("enter")
	d.has("Open an evidence folder: that did not work.", "there is no folder /nowhere", "name one that is there")
	d.keys("down up e")
	d.text("/here is it")
	d.keys("esc")
	d.has("1 Backups") // esc leaves the input only
	d.keys("e")
	d.text("/here")
	d.keys("enter")
	d.has("found ●", "[1 Backups]", "no archive was named")
	if strings.Join(asked, " ") != "/nowhere /here" {
		t.Errorf("taken with %q", asked)
	}
	if d.c.data.reports.has {
		t.Error("reports of the desk before are there still")
	}
	d.keys("esc M")
	d.has("a warning")
}

func TestOfferIsGivenUp(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	gone := make(chan struct{})
	d.c.desk.Offers = someOffers(func(ctx context.Context, _ string) (Desk, error) {
		<-ctx.Done()
		close(gone)
		return Desk{Cluster: "late"}, nil
	})
	d.c.startScreens()
	d.c.toast = nil
	cmd := d.c.take(namedOr("d")) // not carried out yet: it is under way
	d.has("making the demo: week 12 of 52", "esc gives it up")
	d.keys("d")
	d.has("it is being done")
	d.keys("esc esc")
	d.lacks("week 12")
	d.run(cmd)
	<-gone
	d.lacks("late")
}

// BenchmarkJob2000Partitions is one look of the console at a job with 2,000 partitions: its numbers, what
// was said since, the table in order, and the picture. The engine has no other reader to wait for: what
// one look costs is what a console takes from it.
func BenchmarkJob2000Partitions(b *testing.B) {
	f := fakeRestore(2000)
	d := openJobs(b, 120, 36, ThemeDark)
	d.watch(f, restoreTitle)
	list := f.snap.Partitions
	start := time.Now()
	n := 0
	for b.Loop() {
		for i := range 500 { // as many as a busy job moves between two looks
			p := &list[(n*500+i)%len(list)]
			p.Offset = min(p.Offset+97, p.End)
		}
		f.say(0, engine.LevelInfo, "partition_done", engine.F("topic", "restore-0042.payments"), engine.F("partition", int32(n)), engine.F("records", int64(n)))
		f.snap.Partitions = append([]engine.PartitionProgress(nil), list...)
		d.c.polling = true
		d.c.take(pollMsg{})
		d.c.View()
		n++
	}
	look := float64(time.Since(start).Nanoseconds()) / float64(n)
	begin := time.Now()
	const times = 2000
	for range times {
		f.snap.Partitions = append([]engine.PartitionProgress(nil), list...) // what Snapshot does for its caller
		_ = f.Snapshot()
	}
	alone := float64(time.Since(begin).Nanoseconds()) / times
	b.ReportMetric(look/1e6, "ms/look")
	b.ReportMetric(look/alone, "x/snapshot")
	b.ReportMetric(100*look/float64(pollEvery.Nanoseconds()), "%core")
}
