package tui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

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
