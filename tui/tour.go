package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Tour goes through a console without a terminal: for pictures of it, and for tests. Commands run at once,
// and time does not pass by itself. It is for one goroutine.
type Tour struct {
	c       *console
	pending []pendingMsg // what was to come later
}

// pendingMsg is a message that was scheduled.
type pendingMsg struct {
	after time.Duration
	msg   tea.Msg
}

// NewTour opens a console on a desk, in a screen of so many columns and rows, at a place.
func NewTour(ctx context.Context, desk Desk, look Look, columns, rows int, at Place) *Tour {
	look.Quiet = true
	t := &Tour{c: newConsole(ctx, desk, look)}
	t.c.after = func(d time.Duration, msg tea.Msg) tea.Cmd {
		t.pending = append(t.pending, pendingMsg{d, msg})
		return nil
	}
	t.c.w, t.c.h = columns, rows
	t.c.openAt(at)
	t.run(t.c.arrive())
	return t
}

// run carries a command out, and what comes of it.
func (t *Tour) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch m := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, x := range m {
			t.run(x)
		}
	default:
		t.send(m)
	}
}

func (t *Tour) send(m tea.Msg) { t.run(t.c.take(m)) }

// Later lets what was scheduled happen, once each: the poll of running jobs, a count after a pause in the
// typing. The clock in the first line is left out.
func (t *Tour) Later() {
	due := t.pending
	t.pending = nil
	for _, p := range due {
		if _, clock := p.msg.(clockMsg); !clock {
			t.send(p.msg)
		}
	}
}

// Press presses keys by their names, as in "down down enter / ord". A word that names no key is typed
// letter by letter; "space" is the space bar.
func (t *Tour) Press(words ...string) {
	for _, w := range strings.Fields(strings.Join(words, " ")) {
		if k, known := keyNamed(w); known {
			t.send(k)
			continue
		}
		t.Type(w)
	}
}

// Type types text, spaces included.
func (t *Tour) Type(text string) {
	for _, r := range text {
		t.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// Watched is a job that a tour can show; *engine.Job is one.
type Watched = work

// Watch takes a job in, as if it had been started in the console, and opens its screen.
func (t *Tour) Watch(title, batch string, w Watched) {
	j := &job{work: w, title: title, batch: batch}
	t.run(t.c.begin(j))
	t.run(t.c.openJob(j))
}

// Content is the present frame as a terminal takes it.
func (t *Tour) Content() string { return t.Frame().content() }

// Paste pastes text, as a terminal tells it.
func (t *Tour) Paste(text string) { t.send(tea.PasteMsg{Content: text}) }

// Resize gives the screen another size.
func (t *Tour) Resize(columns, rows int) { t.send(tea.WindowSizeMsg{Width: columns, Height: rows}) }

// Frame is what is shown now.
func (t *Tour) Frame() Frame {
	f, _ := t.c.picture()
	return f
}

// Shows fails unless the screen shows every text.
func (t *Tour) Shows(texts ...string) error {
	shown := t.Frame().Text()
	for _, x := range texts {
		if !strings.Contains(shown, x) {
			return fmt.Errorf("the screen does not show %q:\n%s", x, shown)
		}
	}
	return nil
}

// namedKeys are the keys that have no letter.
var namedKeys = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "space": {Code: ' ', Text: " "}, "backspace": {Code: tea.KeyBackspace},
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
	"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
}

// keyNamed is a key by its name: one of those without a letter, or anything behind ctrl+, alt+ or shift+.
func keyNamed(name string) (tea.KeyPressMsg, bool) {
	if k, known := namedKeys[name]; known {
		return k, true
	}
	for prefix, mod := range map[string]tea.KeyMod{"ctrl+": tea.ModCtrl, "alt+": tea.ModAlt, "shift+": tea.ModShift} {
		rest, has := strings.CutPrefix(name, prefix)
		if !has || rest == "" {
			continue
		}
		k, known := namedKeys[rest]
		if !known {
			k = tea.KeyPressMsg{Code: []rune(rest)[0]}
		}
		k.Mod, k.Text = k.Mod|mod, ""
		return k, true
	}
	return tea.KeyPressMsg{}, false
}
