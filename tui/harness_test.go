package tui

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

var updateGolden = flag.Bool("update", false, "write the golden frames anew")

// testNow is the moment at which test consoles stand unless their desk says otherwise.
var testNow = time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)

// driver drives a console without a terminal: commands run at once, and nothing happens by itself.
type driver struct {
	t testing.TB
	c *console
}

// drive opens a console on a desk, as Init would.
func drive(t testing.TB, desk Desk, w, h int, theme string) *driver {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	if desk.Now == nil {
		desk.Now = func() time.Time { return testNow }
	}
	d := &driver{t, newConsole(ctx, desk, Look{Theme: theme, Quiet: true})}
	d.c.after = func(time.Duration, tea.Msg) tea.Cmd { return nil } // time does not pass by itself
	d.c.w, d.c.h = w, h
	d.run(d.c.arrive())
	return d
}

// run carries a command out, and what comes of it.
func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch m := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, x := range m {
			d.run(x)
		}
	default:
		d.run(d.c.take(m))
	}
}

// send gives the console a message.
func (d *driver) send(m tea.Msg) { d.run(d.c.take(m)) }

// keys presses keys by their names, as in "down down enter /ord"; a word that names no key is typed.
func (d *driver) keys(words ...string) {
	d.t.Helper()
	for _, w := range strings.Fields(strings.Join(words, " ")) {
		if k, known := namedKeys[w]; known {
			d.send(k)
			continue
		}
		for _, r := range w {
			d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

// text types text, spaces included.
func (d *driver) text(s string) {
	for _, r := range s {
		d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

var namedKeys = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
	"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
	"backspace": {Code: tea.KeyBackspace}, "space": {Code: ' ', Text: " "}, "ctrl+a": {Code: 'a', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl},
	"ctrl+d": {Code: 'd', Mod: tea.ModCtrl}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+z": {Code: 'z', Mod: tea.ModCtrl}, "ctrl+n": {Code: 'n', Mod: tea.ModCtrl},
	"alt+up": {Code: tea.KeyUp, Mod: tea.ModAlt}, "alt+down": {Code: tea.KeyDown, Mod: tea.ModAlt},
	"alt+pgup": {Code: tea.KeyPgUp, Mod: tea.ModAlt}, "alt+pgdown": {Code: tea.KeyPgDown, Mod: tea.ModAlt},
}

// frame draws, and holds that every line is exactly as wide as the screen and harmless.
func (d *driver) frame() Frame {
	d.t.Helper()
	f, _ := d.c.picture()
	checkFrame(d.t, f)
	return f
}

func checkFrame(t testing.TB, f Frame) {
	t.Helper()
	lines := strings.Split(f.Text(), "\n")
	if len(lines) != f.Height {
		t.Errorf("the frame has %d lines, the screen %d", len(lines), f.Height)
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n != f.Width {
			t.Errorf("line %d is %d cells wide, the screen %d: %q", i+1, n, f.Width, l)
		}
		if clean(l) != l {
			t.Errorf("line %d holds what a terminal acts on: %q", i+1, l)
		}
	}
}

// has fails unless the frame shows every text.
func (d *driver) has(texts ...string) {
	d.t.Helper()
	shown := d.frame().Text()
	for _, x := range texts {
		if !strings.Contains(shown, x) {
			d.t.Errorf("the screen does not show %q:\n%s", x, shown)
		}
	}
}

// lacks fails if the frame shows any of the texts.
func (d *driver) lacks(texts ...string) {
	d.t.Helper()
	shown := d.frame().Text()
	for _, x := range texts {
		if strings.Contains(shown, x) {
			d.t.Errorf("the screen shows %q:\n%s", x, shown)
		}
	}
}

// sizes and themes of the golden frames.
var (
	goldenSizes  = []point{{120, 36}, {80, 24}}
	goldenThemes = []string{ThemeDark, ThemeLight, ThemeNone}
)

// golden compares a screen with its stored frames, in both sizes and all themes. reach opens the console
// and goes to the screen.
func golden(t *testing.T, name string, reach func(w, h int, theme string) *driver) {
	t.Helper()
	for _, size := range goldenSizes {
		for _, theme := range goldenThemes {
			t.Run(fmt.Sprintf("%s/%dx%d/%s", name, size.x, size.y, theme), func(t *testing.T) {
				d := reach(size.x, size.y, theme)
				d.t = t
				compareGolden(t, fmt.Sprintf("%s.%dx%d.%s", name, size.x, size.y, theme), describeFrame(d.frame()))
			})
		}
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "frames", name+".golden")
	if *updateGolden {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./tui -update", err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is drawn now (go test ./tui -update writes it anew, then look at the change):\n%s", path, got)
	}
}

// describeFrame is a frame as text, and then its styles, line by line.
func describeFrame(f Frame) string {
	var b strings.Builder
	for _, l := range strings.Split(f.Text(), "\n") {
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	b.WriteString("--- styles\n")
	for i, l := range f.Lines() {
		at := 0
		var parts []string
		for _, x := range l {
			n := ansi.StringWidth(x.Text)
			if look := lookOf(x); look != "" {
				parts = append(parts, fmt.Sprintf("%d-%d %s", at+1, at+n, look))
			}
			at += n
		}
		if len(parts) > 0 {
			fmt.Fprintf(&b, "%d: %s\n", i+1, strings.Join(parts, ", "))
		}
	}
	return b.String()
}

func lookOf(x Cells) string {
	var words []string
	if x.Colour != "" {
		words = append(words, x.Colour)
	}
	for _, a := range []struct {
		on   bool
		word string
	}{{x.Bold, "bold"}, {x.Faint, "faint"}, {x.Reverse, "reverse"}, {x.Underline, "underline"}} {
		if a.on {
			words = append(words, a.word)
		}
	}
	return strings.Join(words, " ")
}
