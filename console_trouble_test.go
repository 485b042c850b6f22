package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// alive says that a process has not ended; one that has ended and was not waited for has.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// dies waits for the end of a process.
func dies(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); alive(pid); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d does not end", pid)
		}
	}
}

// TestConsoleTerminalCloses closes the terminal while a job runs: the job is cancelled in an orderly way,
// the process ends, and nothing holds the archive.
func TestConsoleTerminalCloses(t *testing.T) {
	prepared(t)
	x := slowBackup(t)
	pid := x.pid()
	x.left = true
	x.must("kill-server")
	dies(t, pid)
	if out := mustRun(t, 0, "validation", "ledger-verify", "--batch", "--format", "json").out.String(); strings.Contains(out, "abandoned") {
		t.Errorf("the job was left without an end in the ledger:\n%s", out)
	}
	mustRun(t, 0, "backup", "--batch", "--backup-id", "slow")
}

// TestConsoleGoesOn stops the process and lets it go on: it draws everything anew.
func TestConsoleGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("a long story; left out with -short")
	}
	prepared(t)
	x := inTerminal(t, 80, 24)
	x.until("[1 Backups]", "1 run")
	pid := x.pid()
	signal := func(s syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	tty := strings.TrimSpace(x.must("display-message", "-p", "#{pane_tty}"))
	f, err := os.OpenFile(tty, os.O_WRONLY|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("\x1b[2J\x1b[Hsomebody else's text"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	x.until("somebody else's text")
	signal(syscall.SIGCONT)
	x.gone("somebody else's text")
	x.until("kustody", "[1 Backups]", "1 run", "? help")
	x.press("q")
	x.ends(0)
}

// TestConsoleToldTwice ends a console by two signals: it does not wait for its job, and puts the terminal back.
func TestConsoleToldTwice(t *testing.T) {
	prepared(t)
	x := slowBackup(t)
	pid := x.pid()
	for range 2 {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	screen := x.ends(130)
	if on := strings.TrimSpace(x.must("display-message", "-p", "#{alternate_on}")); on != "0" || strings.Contains(screen, "Backups") {
		t.Errorf("the terminal was not put back:\n%s", screen)
	}
}

// TestConsoleTerminals starts it on terminals of other kinds.
func TestConsoleTerminals(t *testing.T) {
	if testing.Short() {
		t.Skip("a long story; left out with -short")
	}
	prepared(t)
	for _, kind := range []string{"TERM=xterm-256color", "TERM=linux", "TERM=vt100", "TERM="} {
		x := inTerminal(t, 80, 24, kind)
		x.until("[1 Backups]", "1 run", "? help")
		x.press("3")
		x.until("[3 Evidence]")
		x.press("q")
		x.ends(0)
	}
	x := inTerminal(t, 200, 24, "TERM=dumb")
	x.until("TERM=dumb", "use --batch")
	x.ends(2)
}

// TestConsoleArchiveGoes removes the archive while it is looked at, and puts it back.
func TestConsoleArchiveGoes(t *testing.T) {
	if testing.Short() {
		t.Skip("a long story; left out with -short")
	}
	prepared(t)
	if err := os.CopyFS("kept", os.DirFS("archive")); err != nil {
		t.Fatal(err)
	}
	x := inTerminal(t, 120, 36)
	x.until("[1 Backups]", "orders-daily")
	if err := os.RemoveAll("archive"); err != nil {
		t.Fatal(err)
	}
	x.press("Enter")
	x.until("Backups › ", "Cannot read run ")
	x.press("Escape")
	x.until("[1 Backups]")
	x.press("R")
	x.until("cannot read the ", "500") // backups or reports: whichever answers last
	x.press("2")
	x.until("[2 Jobs]")
	x.press("3")
	x.until("[3 Evidence]")
	if err := os.CopyFS("archive", os.DirFS("kept")); err != nil {
		t.Fatal(err)
	}
	x.press("1")
	x.until("[1 Backups]")
	x.press("Enter")
	x.until("Backups › ", "payments-eu", "Signature   ✓ valid")
	x.press("C-c")
	x.ends(0)
}
