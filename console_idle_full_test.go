//go:build full

package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ticksPerSecond is what /proc counts CPU time in: 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// cpuTicks is the CPU time of a process so far, its own and the system's for it.
func cpuTicks(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat)[strings.LastIndexByte(string(stat), ')')+1:]) // the name may hold spaces
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		t.Fatal(err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		t.Fatal(err)
	}
	return user + system
}

// TestIdleConsoleCostsNothing looks at a console that nobody touches, on each section: it needs less than
// one hundredth of a core.
func TestIdleConsoleCostsNothing(t *testing.T) {
	prepared(t)
	x := inTerminal(t, 120, 36)
	x.until("[1 Backups]", "1 run")
	pid := x.pid()
	for _, key := range []string{"1", "2", "3", "4"} {
		x.press(key)
		x.until("[" + key + " ")
		x.until("no job running")
		time.Sleep(2 * time.Second) // what coming here cost is over
		if share := idleShare(t, pid); share >= 0.01 {
			t.Errorf("section %s: an idle console takes %.2f %% of a core", key, 100*share)
		}
	}
	x.press("q")
	x.ends(0)
}

// idleShare is the share of a core that a process takes. What else the machine does makes it seem larger and
// never smaller (caches, clock speed), so a second and a third look may correct the first.
func idleShare(t *testing.T, pid int) float64 {
	t.Helper()
	least := 1.0
	for try := 0; try < 3 && least >= 0.01; try++ {
		before, start := cpuTicks(t, pid), time.Now()
		time.Sleep(15 * time.Second)
		used, passed := float64(cpuTicks(t, pid)-before)/ticksPerSecond, time.Since(start).Seconds()
		t.Logf("%.2f s of CPU in %.0f s: %.2f %% of a core", used, passed, 100*used/passed)
		least = min(least, used/passed)
	}
	return least
}

// TestConsoleOffersTheDemo takes the first offer of a console without a configuration.
func TestConsoleOffersTheDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	x := inTerminal(t, 120, 36)
	x.until("Try the demo")
	x.press("d")
	x.until("folder")
	x.write("tried")
	x.press("Enter")
	x.until("demo-bank ●", "[1 Backups]", "54 runs", "read-write")
	x.press("b")
	x.until("› backup", "5 topics in scope")
	x.press("Enter")
	x.until("j-1 ", "exit 0")
	x.press("C-c")
	x.ends(0)
	if _, err := os.Stat("tried/kustody.toml"); err != nil {
		t.Error(err)
	}
}
