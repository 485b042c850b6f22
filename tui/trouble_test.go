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

// hold is a function of a desk that answers when it is told to, or when nobody waits any longer.
type hold struct {
	begun, ended int
	answer       chan error
}

func (h *hold) archive(ctx context.Context) (engine.QueryOptions, error) {
	h.begun++
	defer func() { h.ended++ }()
	select {
	case err := <-h.answer:
		return engine.QueryOptions{}, err
	case <-ctx.Done():
		return engine.QueryOptions{}, ctx.Err()
	}
}

// pend carries out what ends at once, and gives back what waits.
func pend(c *console, cmd tea.Cmd) []<-chan tea.Msg {
	if cmd == nil {
		return nil
	}
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	select {
	case m := <-done:
		switch x := m.(type) {
		case nil:
			return nil
		case tea.BatchMsg:
			var out []<-chan tea.Msg
			for _, sub := range x {
				out = append(out, pend(c, sub)...)
			}
			return out
		default:
			return pend(c, c.take(x))
		}
	case <-time.After(20 * time.Millisecond): // it hangs, as it should
		return []<-chan tea.Msg{done}
	}
}

// TestHangingStore: what hangs is given up with esc, read again with R, and never holds the console up.
func TestHangingStore(t *testing.T) {
	h := &hold{answer: make(chan error)}
	d := drive(t, Desk{Cluster: "prod-eu", Location: "s3://kvault"}, 80, 24, ThemeDark)
	d.c.desk.Archive = h.archive
	d.c.data.backups, d.c.toast = loader[*engine.BackupList]{}, nil
	wait := pend(d.c, d.c.press(keyOf('R')))
	for range 10 {
		wait = append(wait, pend(d.c, d.c.press(keyOf('R')))...)
	}
	if len(wait) != 1 || h.begun != 1 {
		t.Fatalf("%d readings were begun, and %d are waited for", h.begun, len(wait))
	}
	d.has("reading the backups in s3://kvault")
	d.keys("esc")
	d.has("Cannot read the backups in s3://kvault", "the wait for it was given up", "R try again")
	d.send(<-wait[0]) // too late
	if h.ended != 1 || d.c.waits() {
		t.Error("it is waited for still")
	}
	d.has("the wait for it was given up")
	wait = pend(d.c, d.c.press(keyOf('R')))
	h.answer <- errors.New("no such bucket")
	d.send(<-wait[0])
	d.has("no such bucket")
}

// TestLeftWhileReading: what a screen reads ends when it is left, and its answer does nothing.
func TestLeftWhileReading(t *testing.T) {
	h := &hold{answer: make(chan error)}
	d := drive(t, yearDesk(t), 80, 24, ThemeDark)
	archive := d.c.desk.Archive
	d.c.desk.Archive = h.archive
	wait := pend(d.c, d.c.press(namedOr("enter")))
	d.has("Backups › 2026", "reading run")
	d.keys("esc")
	d.has("[1 Backups]")
	d.send(<-wait[0])
	d.has("[1 Backups]")
	d.lacks("cannot read", "canceled")
	d.c.desk.Archive = archive
	d.keys("enter")
	d.has("transactions")
}

// TestTooSmallTakesNoKeys: what cannot be seen cannot be done.
func TestTooSmallTakesNoKeys(t *testing.T) {
	desk, k := wizardDesk(t)
	d := drive(t, desk(), 80, 24, ThemeDark)
	d.keys("b")
	d.c.data.topics = loader[*engine.Coverage]{value: aCoverage(), has: true, asOf: testNow}
	d.run(d.c.screen().enter(d.c))
	d.has("enter start")
	for _, size := range []point{{59, 24}, {80, 15}, {1, 1}} {
		d.Resize(size.x, size.y)
		d.keys("enter")
		d.frame()
	}
	if len(k.backups) != 0 {
		t.Fatal("a backup was started on a screen that did not show it")
	}
	d.Resize(80, 24)
	d.keys("enter")
	if len(k.backups) != 1 {
		t.Error("it cannot be started any more")
	}
	d.Resize(40, 10)
	d.has("80×24 needed, this is 40×10", "ctrl+c quits")
}

// TestFilterIsSeen: while a filter is typed the footer offers no letters, and no message lies over it.
func TestFilterIsSeen(t *testing.T) {
	for _, at := range []string{"1", "3", "M"} {
		d := drive(t, yearDesk(t), 80, 24, ThemeDark)
		d.keys(at)
		d.c.note(badNews, "something went wrong")
		d.keys("/", "2026")
		d.has(" /2026", "enter done", "esc leave")
		d.lacks("something went wrong   M", "n problem", "q quit", "y copy")
		d.keys("enter")
		d.has("something went wrong   M all messages")
		d.keys("esc")
		d.has("filter 2026")
	}
}

// TestCommandFromForm: a command that leaves a filled-in form reads what the screen below needs.
func TestCommandFromForm(t *testing.T) {
	desk, _ := wizardDesk(t)
	d := drive(t, desk(), 80, 24, ThemeDark)
	d.keys("r", "ctrl+a")
	d.c.data.backups.stale = true
	d.keys(":run", "space", "20261120T1130", "enter")
	d.has("What was filled in is lost")
	d.keys("y")
	d.has("Backups › 20261120T113000Z")
	if d.c.waits() {
		t.Error("something is waited for that nobody reads")
	}
}

// TestSlowBeginning: a job whose beginning takes long is not lost when the console quits meanwhile.
func TestSlowBeginning(t *testing.T) {
	for _, fails := range []bool{false, true} {
		desk, k := wizardDesk(t)
		begins := make(chan struct{})
		k.refuse = map[bool]error{true: errors.New("the target does not answer")}[fails]
		drill := k.Drill
		k.Drill = func(ctx context.Context, r DrillRequest) (*engine.Job, error) {
			<-begins
			return drill(ctx, r)
		}
		d := drive(t, desk(), 80, 24, ThemeDark)
		d.keys("v", "enter", "enter")
		wait := pend(d.c, d.c.press(namedOr("enter")))
		d.has("starting …")
		if isQuit(d.c.press(namedOr("ctrl+c"))) {
			t.Fatal("it quits while a job begins")
		}
		d.has("A job is being started")
		d.keys("c")
		close(begins)
		cmd := d.c.take(<-wait[0])
		if fails {
			if !isQuit(cmd) {
				t.Error("it does not quit though the job never began")
			}
			continue
		}
		if len(d.c.jobs) != 1 || !d.c.jobs[0].asked {
			t.Fatal("the job was not told to stop")
		}
		<-d.c.jobs[0].Done()
		if !isQuit(d.c.take(pollMsg{})) {
			t.Error("it does not quit when the job has ended")
		}
	}
}

// TestLongNameIsTyped: a name that has to be typed is shown whole.
func TestLongNameIsTyped(t *testing.T) {
	name := strings.Repeat("orders.of-every_kind.", 12)[:249]
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		d := drive(t, Desk{}, size.x, size.y, ThemeDark)
		done := false
		d.c.dialog = confirmTyped("This writes into a topic that is in use", name, "start restore", func() tea.Cmd { done = true; return nil },
			say("77 records already in "+name+" stay; 16 are appended."), say("This cannot be undone."))
		shown := strings.NewReplacer("│", "", " ", "", "\n", "").Replace(d.frame().Text())
		if strings.Count(shown, name) < 1 {
			t.Errorf("at %d×%d the name cannot be read:\n%s", size.x, size.y, d.frame().Text())
		}
		d.has("start restore", "esc no")
		d.text(name)
		d.has("start restore", "esc no")
		d.keys("enter")
		if !done {
			t.Error("the name was not taken")
		}
	}
}

// TestThousandsOfFindings: what is drawn of a list of sentences is bounded, and says that there are more.
func TestThousandsOfFindings(t *testing.T) {
	var many []string
	for i := range 20_000 {
		many = append(many, "finding "+itoa(i)+": "+strings.Repeat("words of it ", 9))
	}
	few := func(what string, lines []line) {
		t.Helper()
		text := ""
		for _, l := range lines {
			text += l.text() + "\n"
		}
		if len(lines) > 3000 || !strings.Contains(text, "19,500 more") {
			t.Errorf("%s: %d lines are drawn in every frame", what, len(lines))
		}
	}
	d := openJobs(t, 120, 36, ThemeDark)
	f := fakeRestore(12)
	j := d.watch(f, restoreTitle)
	f.end(engine.ExitFindings, "findings", func(s *engine.Summary) { s.Findings = many })
	d.poll()
	few("the end of a job", summaryText(d.c, j, 120))
	d.frame()
	few("a plan", planLines(d.c, &engine.RestorePlan{Warnings: many}, 120))
	r := backupRow{item: engine.BackupItem{BackupID: "prod-eu", RunID: "20261120T000000Z-aa0002", Findings: many}}
	s := newBackupsScreen(d.c)
	s.table.set([]backupRow{r})
	if n := len(s.aside(d.c, 41, 30)); n > 1000 {
		t.Errorf("a preview of 30 lines begins with %d", n)
	}
}

// TestNothingIsAnswered: functions of a desk that give back neither a result nor an error end nothing.
func TestNothingIsAnswered(t *testing.T) {
	desk, k := wizardDesk(t)
	k.Plan = func(context.Context, RestoreRequest) (*engine.RestorePlan, error) { return nil, nil }
	k.Drill = func(context.Context, DrillRequest) (*engine.Job, error) { return nil, nil }
	d := drive(t, desk(), 120, 36, ThemeDark)
	d.keys("r", "ctrl+a", "enter", "enter", "enter")
	d.has("Cannot read what the restore would do.", "no plan was made, and no reason was given")
	d.keys("esc", "y", "v", "enter", "enter", "enter")
	d.has("start the drill: no job was begun, and no reason was given")
}
