package tui

import (
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestTypedConfirmation(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	done := 0
	ask := func() {
		d.c.dialog = confirmTyped("This writes into a topic that is in use", "orders.v2", "start restore", func() tea.Cmd { done++; return nil }, say("Records already there stay."))
	}
	ask()
	d.has("This writes into a topic", "Type the name to go on: orders.v2", "esc no")
	d.keys("enter")
	d.send(tea.PasteMsg{Content: "orders.v2"})
	d.keys("enter")
	if done != 0 || d.c.dialog == nil {
		t.Fatal("enter, and a pasted name, must not answer it")
	}
	d.keys("orders.v", "enter")
	if done != 0 {
		t.Fatal("a part of the name answered it")
	}
	d.keys("2", "enter")
	if done != 1 || d.c.dialog != nil {
		t.Errorf("the name was typed, and it was done %d times", done)
	}
	ask()
	d.keys("q", "esc")
	if done != 1 || d.c.dialog != nil {
		t.Error("esc is the way out, and does nothing")
	}
}

func TestCommandBar(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	d.keys(":", "evi", "tab", "enter")
	if d.c.section != sectionEvidence || d.c.command != nil {
		t.Errorf("section %d", d.c.section)
	}
	d.keys(":", "nonsense", "enter")
	d.has("there is no command nonsense")
	d.keys("esc", ":", "up")
	if got := d.c.command.field.value(); got != "evidence" && got != "evidence " {
		t.Errorf("up recalls %q", got)
	}
	d.keys("esc", ":", "quit", "enter")
	d.keys(":", "backspace")
	if d.c.command != nil {
		t.Error("backspace on an empty line leaves it")
	}
}

func TestQuitWithoutJobs(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	cmd := d.c.press(keyOf('q'))
	if cmd == nil {
		t.Fatal("q does nothing")
	}
	if _, quits := cmd().(tea.QuitMsg); !quits {
		t.Error("q does not quit")
	}
}

func TestTooSmall(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	for _, size := range []point{{59, 24}, {80, 15}, {1, 1}, {52, 14}} {
		d.send(tea.WindowSizeMsg{Width: size.x, Height: size.y})
		f := d.frame()
		if size.x > 40 && f.Text()[:10] != "80×24 nee"[:10] {
			t.Errorf("%v: %q", size, f.Text())
		}
	}
	d.send(tea.WindowSizeMsg{Width: 60, Height: 16})
	d.has("kustody", "1 Backups")
}
