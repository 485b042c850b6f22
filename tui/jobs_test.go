package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
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
