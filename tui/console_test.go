package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
)

// TestEmptyDesk opens the console on nothing.
func TestEmptyDesk(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	d.has("kustody", "[1 Backups]", "no archive was named")
	d.keys("?")
	d.has("Keys: Backups", "not here")
	d.keys("esc", ":", "ev")
	d.has("evidence")
}

// TestTypedTextIsSeen: no message lies over a filter or a search while it is typed, wherever it is typed.
func TestTypedTextIsSeen(t *testing.T) {
	d := drive(t, yearDesk(t), 80, 24, ThemeDark)
	d.c.data.topics = loader[*engine.Coverage]{value: aCoverage(), has: true, asOf: testNow}
	for _, keys := range []string{"1", "enter", "G enter", "enter", "enter", "enter", "3", "L", "4", "M", "3 3 V", "l", "2"} {
		d.keys(keys)
		d.await()
		d.c.toast = nil
		name := d.c.screen().name(d.c)
		actionsAreSane(t, d)
		d.keys("/", "zq")
		if x, ok := d.c.screen().(capturer); keys == "3 3 V" { // the summary of a job has nothing to filter
			continue
		} else if !ok || !x.capturing() {
			t.Errorf("%s: / begins no filter", name)
			continue
		}
		d.c.note(badNews, "something happened")
		if shown := d.c.stateLine().text(); !strings.Contains(shown, "/zq") {
			t.Errorf("%s: a message lies over what is typed: %q", name, shown)
		}
		d.keys("backspace backspace esc")
	}
	typed, _ := wizardDesk(t)
	d = drive(t, typed(), 80, 24, ThemeDark)
	d.keys("r / zq")
	d.c.note(badNews, "something happened")
	if shown := d.c.stateLine().text(); !strings.Contains(shown, "/zq") {
		t.Errorf("the topics of a restore: a message lies over what is typed: %q", shown)
	}
}

// TestWheel: lists and texts move by it, both ways, and only as far as they reach.
func TestWheel(t *testing.T) {
	d := drive(t, yearDesk(t), 80, 24, ThemeDark)
	down, up := tea.MouseWheelMsg{Button: tea.MouseWheelDown}, tea.MouseWheelMsg{Button: tea.MouseWheelUp}
	d.send(down)
	s := d.c.screen().(*backupsScreen)
	if s.table.cursor != wheelLines {
		t.Errorf("the wheel moved a list to row %d", s.table.cursor)
	}
	d.send(up)
	d.send(up)
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelLeft})
	if s.table.cursor != 0 {
		t.Errorf("and back to row %d", s.table.cursor)
	}
	d.keys("enter tab")
	d.frame()
	d.send(down)
	if top := d.c.screen().(*custodyScreen).text.top; top != wheelLines {
		t.Errorf("the wheel moved a text to line %d", top)
	}
}
