package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

const restoreTitle = "restore 3 topics from 20261120T020000Z-4f1c22ab as restore-0042.*"

// endings are the ways in which a job ends, by name.
var endings = map[string]func(f *fakeJob){
	"clean": func(f *fakeJob) {
		f.report = &evidence.Report{Overall: evidence.Passed, Level: evidence.LevelEveryRecord, Restore: evidence.Restore{Topics: make([]evidence.RestoredTopic, 3)}, Backup: evidence.Backup{Topics: 3}}
		f.end(engine.ExitDone, "done", func(s *engine.Summary) {
			s.Notes = []string{"retention of restore-0042.payments is two days short of seven years"}
			s.Facts = []engine.Field{engine.F("restore_id", "restore-0042"), engine.F("records", int64(6016831)), engine.F("bytes", int64(1058962256)),
				engine.F("report_id", "validation-3f9c21aa"), engine.F("report_sha256", "9f3c1b7a5502de91"), engine.F("backup_ms", int64(61_000)), engine.F("kept", false)}
		})
	},
	"findings": func(f *fakeJob) {
		f.report = &evidence.Report{Overall: evidence.Passed, Level: evidence.LevelCounts, Restore: evidence.Restore{Topics: make([]evidence.RestoredTopic, 3)}, Backup: evidence.Backup{Topics: 3}}
		f.end(engine.ExitFindings, "findings", func(s *engine.Summary) {
			s.Findings = []string{"payments/7: 3 offsets from 1200 on were lost by retention before they were captured; the backup of the day before does not hold them either", "slot 2026-W31 was missed"}
			s.Facts = []engine.Field{engine.F("records", int64(6016831))}
		})
	},
	"failed": func(f *fakeJob) {
		f.end(engine.ExitFailed, "failed", func(s *engine.Summary) {
			s.Error = "restore restore-0042.payments/7: send records from 88104 on: broker 3 does not answer: dial tcp 10.0.0.3:9092: i/o timeout"
			s.Facts = []engine.Field{engine.F("records", int64(3007216))}
		})
	},
	"cancelled": func(f *fakeJob) {
		f.end(engine.ExitCancelled, "cancelled", func(s *engine.Summary) { s.Error = "cancelled" })
	},
}

func TestJobFrames(t *testing.T) {
	golden(t, "job-running", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		d.watch(fakeRestore(44), restoreTitle)
		return d
	})
	golden(t, "job-2000", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		d.watch(fakeRestore(2000), restoreTitle)
		return d
	})
	golden(t, "job-frozen", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		d.watch(fakeRestore(44), restoreTitle)
		d.keys("f")
		return d
	})
	for name, end := range endings {
		golden(t, "job-"+name, func(w, h int, theme string) *driver {
			d := openJobs(t, w, h, theme)
			f := fakeRestore(44)
			d.watch(f, restoreTitle)
			end(f)
			d.poll()
			d.c.toast = nil
			return d
		})
	}
	golden(t, "job-cancel", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		d.watch(fakeRestore(44), restoreTitle)
		d.keys("c")
		return d
	})
	golden(t, "job-log", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		d.watch(fakeRestore(44), restoreTitle)
		d.keys("l")
		return d
	})
	golden(t, "job-partition", func(w, h int, theme string) *driver {
		d := openJobs(t, w, h, theme)
		d.watch(fakeRestore(44), restoreTitle)
		d.keys("enter")
		return d
	})
}

func TestTroubleComesFirst(t *testing.T) {
	f := newFakeJob("backup")
	f.snap.Phase, f.snap.Step, f.snap.Steps = "capture", 2, 3
	part := func(n int32, s engine.PartitionState, at int64) engine.PartitionProgress {
		return engine.PartitionProgress{Topic: "orders", Partition: n, State: s, Offset: at, End: 100}
	}
	list := []engine.PartitionProgress{part(0, engine.Waiting, 0), part(1, engine.Done, 100), part(2, engine.Running, 20), part(3, engine.Running, 60),
		part(4, engine.Running, 10), part(5, engine.Failed, 50)}
	list[4].Retrying, list[4].Retries = true, 2
	f.parts(list)
	d := openJobs(t, 120, 36, ThemeDark)
	d.watch(f, "back up")
	order := func() (out []int32) {
		s := d.c.screen().(*jobScreen)
		for _, i := range s.parts.shown {
			out = append(out, s.refs[i].Partition)
		}
		return out
	}
	if got, want := fmt.Sprint(order()), "[5 4 3 2 1 0]"; got != want {
		t.Errorf("partitions are shown in the order %s, want failed, retrying, running by percent, done, waiting: %s", got, want)
	}
	d.has("✗ failed", "! retrying", "✓ done", "· waiting", "OFFSET → TARGET", "20 → 100")

	d.keys("down down") // on orders/3, which is done now
	list[3].State, list[3].Offset = engine.Done, 100
	list[0].State = engine.Failed
	f.parts(list)
	d.poll()
	if l := d.lineWith("▸"); !strings.Contains(l, "100 → 100") || !strings.Contains(l, "  3  ") {
		t.Errorf("the cursor left the partition it was on: %s", l)
	}
	d.keys("g")
	list[0].State = engine.Waiting // it was first
	f.parts(list)
	d.poll()
	if l := d.lineWith("▸"); !strings.Contains(l, "✗ failed") || !strings.Contains(l, "  5  ") {
		t.Errorf("at the top the cursor does not stay on the first row: %s", l)
	}
	d.keys("s p")
	if got, want := fmt.Sprint(order()), "[0 1 2 3 4 5]"; got != want {
		t.Errorf("sorted by partition: %s, want %s", got, want)
	}
}

func TestPercentNeverGoesBack(t *testing.T) {
	f := fakeRestore(12)
	d := openJobs(t, 120, 36, ThemeDark)
	j := d.watch(f, restoreTitle)
	before := j.far.percent
	if before <= 0 {
		t.Fatal("the job has no percent to begin with")
	}
	more := append(f.snap.Partitions[:12:12], engine.PartitionProgress{Topic: "late", End: 10_000_000}) // more to do than was known
	f.parts(more)
	d.poll()
	if j.far.percent != before {
		t.Errorf("the percent went from %.1f to %.1f", before, j.far.percent)
	}
	f.snap.Phase, f.snap.Step = "groups", 4
	f.parts(nil)
	d.poll()
	if j.far.known {
		t.Errorf("the next step begins at %.1f percent", j.far.percent)
	}
	d.has("step 4 of 6: groups", "This step has no partitions")
}

func TestFreezeStopsThePictureAndNotTheJob(t *testing.T) {
	f := fakeRestore(12)
	d := openJobs(t, 120, 36, ThemeDark)
	d.watch(f, restoreTitle)
	d.keys("f")
	d.has("(frozen)", "frozen at 12:00:00", "f go on")
	was := d.lineWith(" Records")
	list := slices.Clone(f.snap.Partitions)
	for i := range list {
		list[i].Offset, list[i].Records, list[i].State = list[i].End, list[i].End, engine.Done
	}
	f.parts(list)
	f.say(0, engine.LevelError, "error", engine.F("message", "something new"))
	d.poll()
	d.has(was)
	d.lacks("something new")
	d.has("100%") // in the header, which is not frozen
	d.keys("f")
	d.has("something new")
	d.lacks("(frozen)", was)
	endings["clean"](f)
	d.keys("f")
	d.poll()
	d.has("has ended since this picture") // the summary does not come over a frozen picture
	d.keys("f")
	d.has("Done   exit 0: done and clean")
}

func TestCancelAsksWithAnotherKey(t *testing.T) {
	f := fakeRestore(12)
	d := openJobs(t, 80, 24, ThemeDark)
	j := d.watch(f, restoreTitle)
	d.keys("c")
	d.has("Cancel this job?", "What is written so far stays: 809,531 records", "start the restore again under the same id", "goes on where it stopped.")
	d.keys("c c enter")
	if f.cancelled != 0 {
		t.Fatal("the key that asks, or enter, answers as well")
	}
	d.keys("esc c y")
	if f.cancelled != 1 || !j.asked {
		t.Fatalf("cancelled %d times, want once", f.cancelled)
	}
	d.c.toast = nil
	d.has("! cancelling 3/6 restore", "1 job cancelling")
	d.keys("c")
	d.has("it was told to stop already")
	if d.c.dialog != nil || f.cancelled != 1 {
		t.Error("a cancelled job can be cancelled again")
	}
	endings["cancelled"](f)
	d.poll()
	d.c.toast = nil
	d.has("! Cancelled   exit 130: cancelled", "How to go on", "Start the restore again under the same id, restore-0042")
}

func TestEndedJobSaysEverything(t *testing.T) {
	for name, want := range map[string][]string{
		"clean":     {"✓ Done", "exit 0: done and clean", "✓ PASSED, every record compared", "Report written   validation-3f9c21aa", "1 note", "two days short", "6,016,831", "1m 01s"},
		"findings":  {"! Findings", "exit 3", "! PASSED, counts only", "2 findings", "does not hold them either", "slot 2026-W31 was missed"},
		"failed":    {"✗ Failed", "exit 1: failed", "dial tcp 10.0.0.3:9092: i/o", "How to go on", "under the same id"},
		"cancelled": {"! Cancelled", "exit 130", "What is written so far stays: "},
	} {
		f := fakeRestore(44)
		d := openJobs(t, 120, 36, ThemeDark)
		d.watch(f, restoreTitle)
		endings[name](f)
		d.poll()
		d.has(map[string]string{"clean": "✓ j-1 restore: done", "findings": "! j-1 restore: findings", "failed": "✗ j-1 restore: failed", "cancelled": "! j-1 restore: cancelled"}[name])
		d.c.toast = nil
		d.has(append(want, "11:56:29 → 12:00:00 UTC, took 3m 31s")...)
		d.keys("tab")
		d.has("! retrying", "as they were at the end")
		d.keys("tab")
		d.has(want[0])
	}
}

func TestLeavingTheScreenLeavesTheJob(t *testing.T) {
	f := fakeRestore(12)
	d := openJobs(t, 120, 36, ThemeDark)
	j := d.watch(f, restoreTitle)
	d.c.desk.Archive = nil // there is none to look at
	d.keys("esc 1")
	d.has("[1 Backups]", "1 job running  restore")
	f.snap.Phase = "groups"
	d.poll()
	if j.snap.Phase != "groups" || f.cancelled != 0 {
		t.Error("a job that is not in front is not followed any more")
	}
	endings["failed"](f)
	d.poll()
	d.has("no job running")
	d.keys("M")
	d.has("j-1 restore: failed")
}

func TestWhatAJobChangedIsReadAgain(t *testing.T) {
	f := fakeRestore(12)
	d := openJobs(t, 120, 36, ThemeDark)
	d.watch(f, restoreTitle)
	endings["clean"](f)
	d.poll()
	data := &d.c.data
	if !data.backups.stale || !data.reports.stale || !data.ledger.stale || !data.topics.stale {
		t.Error("what the job has changed counts as read")
	}
	if data.backups.asOf != testNow {
		t.Fatal("backups were read while nobody looks at them")
	}
	d.c.desk.Now = func() time.Time { return testNow.Add(time.Minute) }
	d.c.desk.Archive = nil // the reading is seen by its error
	d.keys("esc 1")
	if data.backups.stale || data.backups.err == nil {
		t.Error("backups are not read again when they come to the front")
	}

	check := newFakeJob("validate")
	d.watch(check, "check")
	check.end(engine.ExitDone, "done", nil)
	d.poll()
	if data.backups.stale {
		t.Error("a job that only reads makes the console read again")
	}
}

func TestCopyOfAJob(t *testing.T) {
	d := openJobs(t, 120, 36, ThemeDark)
	j := d.watch(fakeRestore(12), restoreTitle)
	if what, text := d.c.screen().(copier).copied(d.c); what != "the --batch line" || text != j.batch {
		t.Errorf("copied %s: %s", what, text)
	}
	j.batch = ""
	if _, text := d.c.screen().(copier).copied(d.c); text != j.ID() {
		t.Errorf("copied %s, want the job's id", text)
	}
}

func TestLogFiltersAndFollows(t *testing.T) {
	f := fakeRestore(44)
	f.say(5, engine.LevelInfo, "segment", engine.F("topic", "restore-0042.payments"), engine.F("partition", int32(7)), engine.F("records", int64(500)))
	d := openJobs(t, 80, 24, ThemeDark)
	d.watch(f, restoreTitle)
	d.lacks("segment") // many, and only in the full log
	d.keys("l")
	d.has("segment", "follows what comes")
	f.say(1, engine.LevelError, "error", engine.F("message", "line\x1b[2J\nbreak"))
	d.poll()
	d.has("✗ error", `line\x1b[2J; break`)
	if l := d.lineWith("▸"); !strings.Contains(l, "error") {
		t.Errorf("the log does not follow: %s", l)
	}
	d.keys("/retry enter")
	d.lacks("segment")
	d.keys("esc g n")
	if l := d.lineWith("▸"); !strings.Contains(l, "the leader has moved") {
		t.Errorf("n does not go to the first warning: %s", l)
	}
	f.say(0, engine.LevelInfo, "phase", engine.F("phase", "receipt"))
	d.poll()
	if l := d.lineWith("▸"); !strings.Contains(l, "the leader has moved") {
		t.Errorf("the log follows although the cursor is not at its end: %s", l)
	}
}

func TestHostileJob(t *testing.T) {
	evil := "\x1b[31mred\x07\u202eabc\u200b\nnext e\u0301 日本語 " + strings.Repeat("x", 300)
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		f := newFakeJob("backup")
		f.snap.Phase, f.snap.Step, f.snap.Steps = evil, 2, 3
		f.parts([]engine.PartitionProgress{{Topic: evil, Partition: 1 << 30, State: engine.Running, Offset: 1 << 61, End: 1 << 62, RecordsPerSecond: 1e17, Retries: 1 << 30, Records: 1 << 61},
			{Topic: evil + evil, State: engine.Failed, End: -5}})
		f.snap.RecordsPerSecond, f.snap.BytesPerSecond, f.snap.Left = 1e17, 1e18, 1<<62
		f.say(3, engine.LevelWarning, evil, engine.F(evil, evil), engine.F("message", evil))
		f.say(2, engine.LevelInfo, evil, engine.F("topic", evil), engine.F("partition", int32(1)))
		evilLock := engine.Holding{BackupID: evil, RestoreID: evil, Kind: evil, Job: evil, Who: evil, Host: evil, PID: 1 << 40, RunID: evil, Done: 5, Total: 3, Problem: evil}
		d := openJobs(t, size.x, size.y, ThemeDark, evilLock)
		j := d.watch(f, evil)
		j.again = evil
		for _, keys := range []string{"", "l", "esc enter", "esc c", "esc f", "f esc", "down enter", "esc 2"} {
			d.keys(keys)
			d.frame()
		}
		d.run(d.c.openJob(j))
		f.end(engine.ExitFailed, "failed", func(s *engine.Summary) {
			s.Error, s.Findings, s.Notes = evil, []string{evil}, []string{evil, ""}
			s.Facts = []engine.Field{engine.F(evil, evil), engine.F("report_id", evil), engine.F("list", []string{evil})}
		})
		d.poll()
		for range 12 {
			d.frame()
			d.keys("pgdown")
		}
		d.run(d.c.startArchiveCheck(evil, evil))
		d.frame()
	}
}

// TestJobsInASCII holds that a terminal without other characters sees everything, and every word whole.
func TestJobsInASCII(t *testing.T) {
	d := openJobs(t, 80, 24, ThemeNone, holdings...)
	d.c.theme = newTheme(ThemeNone, true)
	ascii := func() {
		t.Helper()
		if text := d.frame().Text(); strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
			t.Errorf("not only ASCII:\n%s", text)
		}
	}
	f := fakeRestore(44)
	d.watch(f, restoreTitle)
	ascii()
	d.has("!! retrying", "ok done", "!! warn  restore")
	d.keys("c y")
	d.c.toast = nil
	d.keys("esc")
	ascii()
	d.has("!! cancelling")
	endings["failed"](f)
	d.poll()
	d.c.toast = nil
	d.has("xx failed")
	d.keys("enter")
	ascii()
	d.has("xx Failed")
	d.keys("l")
	ascii()
}

func TestNothingIsBegunWhileQuitting(t *testing.T) {
	d := openJobs(t, 80, 24, ThemeDark)
	d.watch(fakeRestore(12), restoreTitle)
	d.keys("ctrl+c c :check", "space", "orders", "enter")
	d.has("check archive: not here: kustody quits as soon as its jobs have stopped")
	if d.c.cannotWrite() != quitsSoon {
		t.Error("a job that writes can be begun while the console quits")
	}
}

// TestLongLogGrows: a poll of a long log looks at what is new, also while a filter is on.
func TestLongLogGrows(t *testing.T) {
	d := openJobs(t, 120, 36, ThemeDark)
	f := fakeRestore(12)
	for i := range 5000 {
		f.say(1, engine.LevelInfo, "segment", engine.F("topic", "x"), engine.F("partition", int32(1)), engine.F("records", int64(i)))
	}
	d.watch(f, restoreTitle)
	d.keys("l", "/", "segment", "enter")
	log := d.c.screen().(*logScreen)
	looked := 0
	search := log.table.search
	log.table.search = func(r *logRow) string { looked++; return search(r) }
	for i := range 10 {
		f.say(1, engine.LevelInfo, "segment", engine.F("topic", "x"), engine.F("partition", int32(1)), engine.F("records", int64(i)))
		d.poll()
	}
	if looked != 10 {
		t.Errorf("%d lines were looked at for 10 new ones", looked)
	}
	d.has("5,010 of ", "▸ 11:59:59    info    segment  x/1: records 9 ")
}

// TestHowToGoOnCanBeTyped: a command line is shown as it has to be typed.
func TestHowToGoOnCanBeTyped(t *testing.T) {
	d := openJobs(t, 120, 36, ThemeDark)
	f := fakeRestore(12)
	j := d.watch(f, restoreTitle)
	j.again = j.batch
	f.end(engine.ExitFailed, "failed", nil)
	d.poll()
	d.has("kustody --batch --config prod.toml restore")
	d.lacks("Kustody --batch")
}
