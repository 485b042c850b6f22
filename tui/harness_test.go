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
	*Tour
	t testing.TB
}

// drive opens a console on a desk, as Init would.
func drive(t testing.TB, desk Desk, w, h int, theme string) *driver {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	if desk.Now == nil {
		desk.Now = func() time.Time { return testNow }
	}
	return &driver{NewTour(ctx, desk, Look{Theme: theme}, w, h, Place{}), t}
}

// keys presses keys by their names.
func (d *driver) keys(words ...string) { d.Press(words...) }

// text types text, spaces included.
func (d *driver) text(s string) { d.Type(s) }

// frame draws, and holds that every line is exactly as wide as the screen and harmless.
func (d *driver) frame() Frame {
	d.t.Helper()
	f := d.Frame()
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
		d := reach(size.x, size.y, ThemeDark)
		for _, theme := range goldenThemes {
			t.Run(fmt.Sprintf("%s/%dx%d/%s", name, size.x, size.y, theme), func(t *testing.T) {
				d.c.theme = newTheme(theme, d.c.theme.ascii) // as when the terminal tells its background
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

func keyOf(r rune) tea.KeyPressMsg { return tea.KeyPressMsg{Code: r, Text: string(r)} }

// heavy leaves a test out of the run under the race detector (go test -short): it verifies the year again and
// again in one goroutine, where there is nothing for the detector to find.
func heavy(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("verifies much in one goroutine; left out with -short")
	}
}
