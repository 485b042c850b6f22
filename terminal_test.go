package main

import (
	"bytes"
	"fmt"
	"kustody/evidence"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// terminal is the real program in a real terminal: a tmux server of its own.
type terminal struct {
	t    *testing.T
	dir  string // of the server's socket
	left bool   // the program has ended
}

// patience is how long a terminal is waited for. It bounds a failure, not a success.
const patience = 2 * time.Minute

// haveTmux says whether tmux is there. In CI it must be.
func haveTmux(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("tmux is missing in CI, where nothing may be left out")
		}
		t.Skip("LEFT OUT: tmux is not installed")
	}
}

// inTerminal starts the program in a terminal of w columns and h lines, in the present folder. A word
// with = before the first other one is put into its environment.
func inTerminal(t *testing.T, w, h int, words ...string) *terminal {
	t.Helper()
	haveTmux(t)
	dir, err := os.MkdirTemp("", "kt") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	named := filepath.Join(dir, program)
	if err := os.Symlink(exe, named); err != nil {
		t.Fatal(err)
	}
	line := "env -u NO_COLOR"
	for len(words) > 0 && strings.Contains(words[0], "=") {
		line, words = line+" "+evidence.ShellWord(words[0]), words[1:]
	}
	line += " " + evidence.ShellWord(named)
	for _, word := range words {
		line += " " + evidence.ShellWord(word)
	}
	term := &terminal{t: t, dir: dir}
	t.Cleanup(func() {
		if t.Failed() && !term.left {
			t.Logf("the screen at the end:\n%s", term.screen())
		}
		term.tmux("kill-server")
		os.RemoveAll(dir)
	})
	term.must("-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(w), "-y", strconv.Itoa(h), "-c", here, line+"; echo \"kustody ended with $?.\"; exec cat")
	term.must("set-option", "-g", "status", "off") // the bar would take a line
	term.size(w, h)
	return term
}

// tmux runs a command of tmux on the terminal's server.
func (x *terminal) tmux(args ...string) (string, error) {
	cmd := exec.Command("tmux", append([]string{"-u", "-L", "kustody"}, args...)...)
	cmd.Env = append(os.Environ(), "TMUX=", "TMUX_TMPDIR="+x.dir, "LC_ALL=C.UTF-8")
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("tmux %s: %w: %s", strings.Join(args, " "), err, &problem)
	}
	return out.String(), err
}

func (x *terminal) must(args ...string) string {
	x.t.Helper()
	out, err := x.tmux(args...)
	if err != nil {
		x.t.Fatal(err)
	}
	return out
}

// screen is what stands on the terminal now, without styles.
func (x *terminal) screen() string {
	out, err := x.tmux("capture-pane", "-p")
	if err != nil {
		return err.Error()
	}
	return out
}

// styled is the screen with the sequences that colour it.
func (x *terminal) styled() string { return x.must("capture-pane", "-e", "-p") }

// press sends keys, by the names that tmux has for them.
func (x *terminal) press(keys ...string) {
	x.t.Helper()
	x.must(append([]string{"send-keys", "--"}, keys...)...)
}

// write types a text.
func (x *terminal) write(text string) {
	x.t.Helper()
	x.must("send-keys", "-l", "--", text)
}

// size makes the window another size.
func (x *terminal) size(w, h int) {
	x.t.Helper()
	x.must("resize-window", "-x", strconv.Itoa(w), "-y", strconv.Itoa(h))
}

// until waits until the screen holds all of the texts, and gives it back.
func (x *terminal) until(texts ...string) string {
	x.t.Helper()
	return x.wait("the screen never showed all of "+fmt.Sprintf("%q", texts), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// gone waits until the screen holds a text no more.
func (x *terminal) gone(text string) string {
	x.t.Helper()
	return x.wait(fmt.Sprintf("the screen never lost %q", text), func(screen string) bool { return !strings.Contains(screen, text) })
}

func (x *terminal) wait(what string, ok func(screen string) bool) string {
	x.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		screen := x.screen()
		if ok(screen) {
			return screen
		}
		if time.Now().After(deadline) {
			x.left = true
			x.t.Fatalf("%s:\n%s", what, screen)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

var endLine = regexp.MustCompile(`kustody ended with (\d+)\.`)

// ends waits for the program's end and wants its exit code; it gives back what the terminal then shows.
func (x *terminal) ends(code int) string {
	x.t.Helper()
	screen := x.until("kustody ended with ")
	x.left = true
	if m := endLine.FindStringSubmatch(screen); m == nil || m[1] != strconv.Itoa(code) {
		x.t.Fatalf("it did not end with %d:\n%s", code, screen)
	}
	return screen
}

// pid is the program's process.
func (x *terminal) pid() int {
	x.t.Helper()
	shell := strings.TrimSpace(x.must("display-message", "-p", "#{pane_pid}"))
	out, err := os.ReadFile("/proc/" + shell + "/task/" + shell + "/children")
	if err != nil {
		x.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(out) + " none")[0])
	if err != nil {
		x.t.Fatalf("the shell %s has no child: %v", shell, err)
	}
	return pid
}

// fits wants the screen to fill the window.
func (x *terminal) fits(w, h int) {
	x.t.Helper()
	lines := strings.Split(strings.TrimSuffix(x.screen(), "\n"), "\n")
	if len(lines) != h {
		x.t.Errorf("%d lines on a screen of %d:\n%s", len(lines), h, strings.Join(lines, "\n"))
	}
}
