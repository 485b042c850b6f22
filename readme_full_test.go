//go:build full

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kustody/engine/demo"
)

// reportID is what changes from one demo to the next in the README's commands.
var reportID = regexp.MustCompile(`validation-[0-9a-f]{8}`)

// TestReadmeCommandsRun runs every command of the README that works on the demo's directory, as it
// stands there but for the report's id, and holds the lines shown behind it against what it printed
// where those do not depend on chance.
func TestReadmeCommandsRun(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d, err := demo.Run(t.Context(), demo.Options{Dir: filepath.Join(dir, "demo"), Out: func(string) {}, Weeks: 6})
	if err != nil {
		t.Fatal(err)
	}
	id := reportID.FindString(d.Report)
	bin := filepath.Dir(buildBinary(t))
	ran := 0
	lines := strings.Split(string(readme), "\n")
	for i, line := range lines {
		command, ok := strings.CutPrefix(line, "    $ ")
		if !ok || !strings.Contains(command, "demo/") && !strings.Contains(command, "report.json") || strings.Contains(command, "<") {
			continue
		}
		command = reportID.ReplaceAllString(command, id)
		if strings.HasPrefix(command, "kustody ") && !strings.Contains(command, "--batch") {
			opensConsole(t, dir, strings.Fields(command)[1:])
			ran++
			continue
		}
		if strings.HasPrefix(command, "openssl") { // the month of the report does not change
			command = strings.ReplaceAll(command, "demo/", filepath.Join(dir, "demo")+"/")
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-o", "pipefail", "-c", command)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		out, err := cmd.Output()
		want := 0
		if strings.Contains(command, "ledger-verify") {
			want = 3 // one week failed, one was missed
		}
		if got := exitOf(err); got != want {
			t.Errorf("%s: exit %d, not %d: %v\n%s", command, got, want, err, out)
		}
		checkShown(t, command, lines[i+1:], string(out))
		ran++
	}
	if ran < 8 {
		t.Errorf("only %d commands of the README were run", ran)
	}
}

// opensConsole runs a command without --batch as its reader would: in a terminal, until it is left.
func opensConsole(t *testing.T, dir string, args []string) {
	t.Helper()
	t.Chdir(dir)
	x := inTerminal(t, 120, 36, args...)
	x.until("kustody", "? help", "slots due")
	x.press("q")
	x.ends(0)
}

func exitOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// checkShown looks for each shown line in the output, digits and hex aside.
func checkShown(t *testing.T, command string, shown []string, out string) {
	t.Helper()
	got := blur(out)
	for _, line := range shown {
		text, ok := strings.CutPrefix(line, "    ")
		if !ok {
			return
		}
		if text == "…" {
			continue
		}
		if !strings.Contains(got, blur(text)) {
			t.Errorf("%s\nthe README shows %q, and it printed\n%s", command, text, out)
		}
	}
}

var chance = regexp.MustCompile(`validation-[0-9a-f]{8}|[0-9][0-9,.:TZ\-]*( ?(ms|s|MiB|KiB)\b)?`)

// blur takes out of a text what differs from one demo to the next.
func blur(text string) string { return chance.ReplaceAllString(text, "#") }
