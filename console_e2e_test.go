package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
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
	x.gone("Keys: Backups") // a key that follows at once would be one with alt
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

// TestConsoleEndsByKeysAndSignals ends a console without jobs by ctrl+c, which is its own wish, and by a signal, which is not.
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

// slowBackup opens the console on a backup that takes minutes, and starts it. The limit is a flag, so that
// it comes through the wizard.
func slowBackup(t *testing.T) *terminal {
	t.Helper()
	x := inTerminal(t, 120, 36, "backup", "--backup-id", "slow", "--max-bytes-per-second", "200")
	x.until("› backup", "offsets to take", "enter start")
	x.press("Enter")
	x.until("1 job running", "› j-1 ", "c cancel")
	return x
}

// TestConsoleAsksBeforeItQuits leaves a job running while it looks elsewhere, asks before it quits, and
// ends a job in an orderly way.
func TestConsoleAsksBeforeItQuits(t *testing.T) {
	prepared(t)
	x := slowBackup(t)
	x.press("1")
	x.until("[1 Backups]", "1 job running")
	x.press("q")
	x.until("is running", "cancel and quit")
	x.press("Escape")
	x.gone("cancel and quit")
	x.until("1 job running")
	x.press("C-c")
	x.until("cancel and quit")
	x.press("c")
	x.ends(0)
	mustRun(t, 0, "backup", "--batch", "--backup-id", "slow") // what was cancelled goes on
}

// TestConsoleEndsWithItsJobs sends a signal while a job runs: the job is cancelled in an orderly way, and
// the exit code says so.
func TestConsoleEndsWithItsJobs(t *testing.T) {
	prepared(t)
	x := slowBackup(t)
	p, err := os.FindProcess(x.pid())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	x.ends(130)
	mustRun(t, 0, "backup", "--batch", "--backup-id", "slow")
	out := mustRun(t, 0, "validation", "ledger-verify", "--batch", "--format", "json").out.String()
	if strings.Contains(out, "abandoned") {
		t.Errorf("the cancelled job was left without an end in the ledger:\n%s", out)
	}
}

// TestConsoleReadOnlyWritesNothing goes everywhere and presses everything that would write.
func TestConsoleReadOnlyWritesNothing(t *testing.T) {
	prepared(t)
	mustRun(t, 0, "restore", "--batch")
	mustRun(t, 0, "validation", "run", "--batch")
	for _, words := range [][]string{{"--read-only"}, {"--evidence", "archive", "--public-key", "keys/signing.pub.pem"}} {
		before := digests(t, ".")
		x := inTerminal(t, 120, 36, words...)
		x.until("read-only", "? help")
		x.press("1")
		x.until("[1 Backups]", "1 run")
		for _, key := range []string{"b", "r", "v"} {
			x.press(key)
			x.until("not here: ")
			x.press("Escape")
			x.gone("not here: ")
		}
		x.press("a") // a check of the archive only reads
		x.until("enter start", "it only reads")
		x.press("Enter")
		x.until("› j-1 ", "exit 0")
		x.press("1")
		x.until("[1 Backups]")
		x.press("Enter")
		x.until("Backups › ", "orders")
		x.press("Enter")
		x.press("Enter")
		x.press("Enter")
		x.press("3")
		x.until("[3 Evidence]", "every record")
		x.press("Enter")
		x.until("Verification", "genuine and unchanged")
		x.press("3")
		x.until("[3 Evidence]")
		x.press("V")
		x.until("› j-2 ", "verified")
		x.press("L")
		x.press("4")
		x.until("[4 Topics]")
		x.press("2")
		x.until("[2 Jobs]", "j-2")
		x.write(":restore now")
		x.press("Enter")
		x.until("not here: ")
		x.press("Escape")
		x.gone("not here: ")
		x.press("C-c")
		x.ends(0)
		unchanged(t, before, digests(t, "."))
	}
	x := inTerminal(t, 80, 24, "backup", "--read-only")
	x.until("not here: started with --read-only")
	x.press("C-c")
	x.ends(0)
}

// TestConsoleOnTheDemo is the main job by hand: back up, restore a window of three topics, run a drill, open
// its report, verify it, and find the gap in the year.
func TestConsoleOnTheDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("a long story; left out with -short")
	}
	t.Chdir(t.TempDir())
	x := inTerminal(t, 120, 36, "demo", "--weeks", "5")
	x.until("demo-bank ●", "[1 Backups]", "7 runs")

	x.press("b")
	x.until("› backup", "what is new", "5 topics in scope")
	x.press("Enter")
	x.until("j-1 ", "Done", "exit 0")

	x.press("1")
	x.until("[1 Backups]", "8 runs")
	x.press("r")
	x.until("› restore", "0 of 5 topics marked")
	for i, topic := range []string{"transactions", "ledger-entries", "settlements"} {
		x.press("/")
		x.write(topic)
		x.press("Enter")
		x.gone("audit-log")
		x.press("Space")
		x.until(fmt.Sprintf("Topics (%d)", i+1))
		x.press("Escape")
		x.until("audit-log")
	}
	x.press("Enter")
	x.until("● Window", "From", "To")
	x.write("00:30")
	x.press("Tab")
	x.write("+45m")
	x.until("2026-11-20T00:30:00Z", "2026-11-20T01:15:00Z", "all 3 topics")
	x.press("Enter")
	x.until("● Target", "new topics")
	x.press("Enter")
	x.until("● Review", "into 3 topics", "enter start")
	x.press("Enter")
	x.until("j-2 restore 3 topics", "Done", "receipt sha256")

	x.press("1")
	x.until("[1 Backups]")
	x.press("v")
	x.until("› drill", "Topics (5)")
	x.press("Enter")
	x.until("● Window", "counted exactly")
	x.press("Enter")
	x.until("● Review", "delete again", "enter start")
	x.press("Enter")
	x.until("j-3 drill", "PASSED, every record compared", "open the report")
	x.press("Enter")
	x.until("› validation-", "genuine and unchanged", "entry 44 names this file", "Check it without this program")

	x.press("3")
	x.until("[3 Evidence]", "1 missed", "MISSED")
	x.press("n")
	x.until("▸ 2026-11-08 02:00  no report", "Nothing closed it")
	x.press("Enter")
	x.until("› missed", "No report for the slot due 2026-11-08 02:00 UTC", "The chain is unbroken as given to you")
	x.press("Escape")
	x.until("[3 Evidence]")
	x.press("V")
	x.until("verify all evidence", "exit 3", "was missed")
	x.press("C-c")
	x.ends(0)
	auditorLooks(t)
}

// auditorLooks is the path of somebody who got a folder and a public key: the year, the gap, the failed week,
// its retest. Nothing is written, and nothing is connected to.
func auditorLooks(t *testing.T) {
	t.Helper()
	before := digests(t, ".")
	x := inTerminal(t, 120, 36, "--evidence", "demo/archive/evidence", "--public-key", "demo/keys/signing.pub.pem", "--as-of", "2026-11-20T13:00:00Z")
	x.until("[3 Evidence]", "read-only", "5 slots due", "1 failed", "1 missed")
	x.press("n")
	x.until("▸ 2026-11-08 02:00  no report")
	x.press("n")
	x.until("▸ 2026-10-25 02:00")
	x.press("Enter")
	x.until("› 2026-10-25 02:00", "genuine and unchanged", "FAILED")
	x.press("]")
	x.until("again › validation-", "genuine and unchanged", "PASSED, every record compared")
	x.press("1")
	x.until("[1 Backups]", "no archive")
	x.press("4")
	x.until("[4 Topics]", "No cluster was named")
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", x.pid()))
	if err != nil || len(fds) == 0 {
		t.Fatal(fds, err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "socket:") {
			t.Errorf("a console on a folder holds a socket open: %s", to)
		}
	}
	x.press("C-c")
	x.ends(0)
	unchanged(t, before, digests(t, "."))
}
