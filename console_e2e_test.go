package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestConsoleOpensAndCloses opens help, the sections, resizes at any time, and leaves.
func TestConsoleOpensAndCloses(t *testing.T) {
	prepared(t)
	x := inTerminal(t, 120, 36)
	x.until("kustody  production ●", "[1 Backups]", "orders-daily", "? help")
	x.press("?")
	x.until("Keys: Backups", "any key closes this")
	x.press("Escape")
	for key, want := range map[string]string{"2": "[2 Jobs]", "3": "[3 Evidence]", "4": "[4 Topics]", "1": "[1 Backups]"} {
		x.press(key)
		x.until(want)
	}
	x.press("1")
	x.until("[1 Backups]")
	for _, size := range [][2]int{{60, 16}, {200, 50}, {80, 24}, {120, 36}} {
		x.size(size[0], size[1])
		x.until("[1 Backups]", "2026-")
		x.fits(size[0], size[1])
	}
	x.size(40, 10)
	x.until("80×24 needed, this is 40×10")
	x.size(120, 36)
	x.until("[1 Backups]")
	x.press("Enter")
	x.until("Backups › ")
	x.press("Escape")
	x.until("[1 Backups]")
	x.press("q")
	if screen := x.ends(0); strings.Contains(screen, "Backups") {
		t.Errorf("the screen was not put back:\n%s", screen)
	}
}

// TestConsoleWithoutATerminal is refused; TestScripts has the same for pipes.
func TestConsoleEndsByKeysAndSignals(t *testing.T) {
	prepared(t)
	x := inTerminal(t, 80, 24)
	x.until("[1 Backups]")
	x.press("C-c")
	x.ends(0)
	x = inTerminal(t, 80, 24)
	x.until("[1 Backups]")
	p, err := os.FindProcess(x.pid())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	x.ends(130)
}

// colour is a sequence that sets one: bold, faint, underline and reverse are none.
var colour = regexp.MustCompile(`\x1b\[(?:[0-9;:]*[;:])?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:[;:][0-9;:]*)?m`)

// TestConsoleColours wants colours where they may be, and none with NO_COLOR, whatever its value.
func TestConsoleColours(t *testing.T) {
	prepared(t)
	for _, tc := range []struct {
		words []string
		want  bool
	}{{nil, true}, {[]string{"NO_COLOR=yes"}, false}, {[]string{"NO_COLOR=0"}, false}, {[]string{"--no-color"}, false}, {[]string{"--theme", "none"}, false}, {[]string{"NO_COLOR=", "--theme", "light"}, true}} {
		x := inTerminal(t, 120, 36, tc.words...)
		x.until("[1 Backups]", "orders-daily")
		if got := colour.FindString(x.styled()); (got != "") != tc.want {
			t.Errorf("%q: colour %q, want %v", tc.words, got, tc.want)
		}
		x.press("q")
		x.ends(0)
	}
	x := inTerminal(t, 120, 36, "--ascii")
	screen := x.until("[1 Backups]", "orders-daily")
	if i := strings.IndexFunc(screen, func(r rune) bool { return r > '~' }); i >= 0 {
		t.Errorf("--ascii shows %q", screen[i:min(len(screen), i+20)])
	}
}

// TestConsoleOffers shows what there is to do without a configuration.
func TestConsoleOffers(t *testing.T) {
	prepared(t)
	if err := os.Remove("kustody.toml"); err != nil {
		t.Fatal(err)
	}
	x := inTerminal(t, 80, 24)
	x.until("Try the demo", "Look into evidence", "Begin a configuration")
	x.press("n")
	x.until("wrote ", "kustody.toml")
	if _, err := os.Stat("kustody.toml"); err != nil {
		t.Error(err)
	}
	x.press("C-c")
	x.ends(0)
}

// digests are the sha256 of everything below a folder, and the modes and names of folders.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out[name] = info.Mode().String()
		if info.Mode().IsRegular() {
			body, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			out[name] += fmt.Sprintf(" %x %s", sha256.Sum256(body), info.ModTime())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unchanged wants two listings to be the same.
func unchanged(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, was := range before {
		if is, there := after[name]; !there || is != was {
			t.Errorf("%s was %s and is %q", name, was, is)
		}
	}
	for name := range after {
		if _, there := before[name]; !there {
			t.Errorf("%s is new", name)
		}
	}
}
