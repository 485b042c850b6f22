package tui

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shell runs a line in a folder.
func shell(t testing.TB, dir, line string) (string, bool) {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// asShown is a line for a shell as it stands on the screen, broken and indented.
func asShown(t testing.TB, command string, w int) string {
	t.Helper()
	var rows []string
	for _, l := range commandLines(command, w) {
		if l.width() > w {
			t.Errorf("in %d cells a line has %d: %q", w, l.width(), l.text())
		}
		rows = append(rows, l.text())
	}
	return strings.Join(rows, "\n")
}

// TestByHand runs every line that the screens show to check without this program, as it is shown, and
// looks that it notices what was changed.
func TestByHand(t *testing.T) {
	heavy(t)
	for _, tool := range []string{"openssl", "sha256sum", "jq", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("this machine lacks ", tool)
		}
	}
	var archive string
	desk := damagedYear(t, func(dir string) { archive = dir })
	key, err := os.ReadFile(filepath.Join(filepath.Dir(archive), "keys", "signing.pub.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(archive, "pub.pem"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	d := drive(t, desk, 120, 36, ThemeDark)
	d.keys("n", "n", "enter")
	r := d.c.screen().(*reportScreen).check.value
	lines := byHand(r.steps)
	if len(lines) != 2 {
		t.Errorf("the page of a report shows %q", lines)
	}
	named := 0
	for i := range r.steps {
		of := (&stepScreen{check: r, at: i}).byHand()
		if len(of) > 0 {
			named++
		}
		lines = append(lines, of...)
	}
	if named < 9 {
		t.Errorf("only %d of %d steps say how to do them by hand", named, len(r.steps))
	}
	d.keys(":")
	d.text("ledger 91")
	d.keys("enter")
	lines = append(lines, d.c.screen().(*entryScreen).byHand(d.c)...)
	for _, w := range []int{verificationWidth, 80, 120} {
		for _, line := range lines {
			shown := line
			if _, fits := breakCommand(line, w-3); fits {
				shown = asShown(t, line, w)
			} else if w >= 80 {
				t.Errorf("there is no room for %q in %d columns", line, w)
			}
			if out, ok := shell(t, archive, shown); !ok {
				t.Errorf("%s\n%s", shown, out)
			}
		}
	}
	edit(t, filepath.Join(archive, filepath.FromSlash(r.key)), func(b []byte) []byte { return append(b, ' ') })
	for _, line := range byHand(r.steps) {
		if out, ok := shell(t, archive, asShown(t, line, 120)); ok {
			t.Errorf("%s\ndoes not notice that the report was changed: %s", line, out)
		}
	}
}

// TestLocalFolder tells folders of this machine from stores elsewhere.
func TestLocalFolder(t *testing.T) {
	for location, want := range map[string]string{"file:///a b/c": "/a b/c", "/a/c": "/a/c", "package": "package", "s3://bucket/a": "", "": ""} {
		if got, local := localFolder(location); local != (want != "") || local && got != want {
			t.Errorf("%q is the folder %q, %v", location, got, local)
		}
	}
}

// TestBreakCommand: what is broken is the same to a shell.
func TestBreakCommand(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		command string
		w       int
		fits    bool
	}{
		{"printf '%s\\n' one two three four five", 14, true},
		{"printf '%s|' 'a name with spaces' b", 22, true},
		{"printf '%s|' 'a name with spaces' b", 12, false},
		{`printf '%s|' "$(printf '%s' a b c | cut -c1-2)" x`, 22, true},
		{"echo short", 80, true},
		{"echo /a/very/long/path/to/some/file /and/another/one-without-any-place-to-break x y", 16, true},
	} {
		want, _ := shell(t, dir, c.command)
		lines, fits := breakCommand(c.command, c.w)
		if fits != c.fits {
			t.Errorf("%q in %d: fits %v", c.command, c.w, fits)
		}
		shown := ""
		for i, l := range lines {
			if i > 0 {
				shown += "\n" + map[bool]string{false: "    "}[l.flush]
			}
			shown += l.text
			if fits && len(l.text) > c.w {
				t.Errorf("%q is longer than %d", l.text, c.w)
			}
		}
		if got, ok := shell(t, dir, shown); !ok || got != want {
			t.Errorf("%q in %d cells becomes %q and says %q, not %q", c.command, c.w, shown, got, want)
		}
	}
}

// TestByHandWithHostileNames: whoever names the folders of evidence gets nothing run by it, and nothing that a
// terminal acts on is pasted.
func TestByHandWithHostileNames(t *testing.T) {
	heavy(t)
	for _, tool := range []string{"openssl", "sha256sum", "jq", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("this machine lacks ", tool)
		}
	}
	for _, name := range []string{`a b'; touch pwned; '`, `$(touch pwned)"` + "`touch pwned`", "-rf", "a  b %s (c) #~&;|<>*?[x]{y}!", "é ☃"} {
		var archive string
		desk := damagedYear(t, func(dir string) {
			archive = dir
			if err := os.Rename(filepath.Join(dir, "evidence"), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		})
		key, err := os.ReadFile(filepath.Join(filepath.Dir(archive), "keys", "signing.pub.pem"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(archive, "pub.pem"), key, 0o600); err != nil {
			t.Fatal(err)
		}
		d := drive(t, desk, 120, 36, ThemeNone)
		d.keys("enter")
		r := d.c.screen().(*reportScreen).check.value
		if m, words := r.verdict(); m != markOK {
			t.Fatalf("evidence in a folder called %q is %s", name, words)
		}
		var lines []string
		for i := range r.steps {
			lines = append(lines, (&stepScreen{check: r, at: i}).byHand()...)
		}
		d.keys(":")
		d.text("ledger 91")
		d.keys("enter")
		lines = append(lines, d.c.screen().(*entryScreen).byHand(d.c)...)
		if len(lines) < 12 {
			t.Errorf("only %d lines", len(lines))
		}
		for _, line := range lines {
			if clean(line) != line && name != "é ☃" {
				t.Errorf("%q holds what a terminal acts on", line)
			}
			for _, text := range []string{line, asShown(t, line, 300), asShown(t, line, 160)} {
				if strings.Contains(text, "there is room for") {
					continue
				}
				if out, ok := shell(t, archive, text); !ok {
					t.Errorf("%s\n%s", text, out)
				}
			}
		}
		if _, err := os.Stat(filepath.Join(archive, "pwned")); err == nil {
			t.Errorf("a folder called %q had something run", name)
		}
		// What is wrong is noticed by the line that checks it.
		of := func(n int64) string {
			k, _ := entryKey(r.ledger, &r.ledger.Entries[n])
			return filepath.Join(archive, filepath.FromSlash(k))
		}
		for _, f := range []string{of(91), of(90), filepath.Join(archive, filepath.FromSlash(r.key)), of(r.entry.Sequence)} {
			edit(t, f, func(b []byte) []byte { return append(b, ' ') })
		}
		silent := 0
		for _, line := range lines {
			if _, ok := shell(t, archive, line); ok {
				silent++
			}
		}
		if silent > 5 { // document, key, place, verdict, and whatever else reads what did not change
			t.Errorf("%d of %d lines do not notice a change", silent, len(lines))
		}
	}
}
