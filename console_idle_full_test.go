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

// idles wants a console that nobody touches to need less than one hundredth of a core.
func idles(t *testing.T, what string, pid int) {
	t.Helper()
	time.Sleep(2 * time.Second) // what coming here cost is over
	share := idleShare(t, pid)
	t.Logf("%s: %.2f %% of a core", what, 100*share)
	if share >= 0.01 {
		t.Errorf("%s: an idle console takes %.2f %% of a core", what, 100*share)
	}
}

// TestIdleConsoleCostsNothing looks at a console that nobody touches: on each section, with a filter, on
// deeper screens, and on a job that has ended.
func TestIdleConsoleCostsNothing(t *testing.T) {
	prepared(t)
	x := inTerminal(t, 120, 36)
	x.until("[1 Backups]", "1 run")
	pid := x.pid()
	for _, key := range []string{"1", "2", "3", "4"} {
		x.press(key)
		x.until("[" + key + " ")
		x.until("no job running")
		idles(t, "section "+key, pid)
	}
	x.press("/")
	x.write("orders")
	x.until("/orders")
	idles(t, "a filter that is being typed", pid)
	x.press("Enter")
	x.until("filter orders")
	idles(t, "a filter", pid)
	x.press("1")
	x.until("[1 Backups]")
	x.press("a")
	x.until("enter start")
	x.press("Enter")
	x.until("› j-1 ", "exit 0")
	idles(t, "a job that has ended", pid)
	x.press("l")
	x.until("› log")
	idles(t, "its log", pid)
	x.press("1")
	x.until("[1 Backups]")
	x.press("r")
	x.until("● Topics")
	x.press("C-a")
	x.press("Enter")
	x.until("● Window", "counted exactly")
	idles(t, "a form", pid)
	x.press("C-c") // what was filled in is not lost without a question
	x.until("Leave this restore?", "leave kustody")
	x.press("y")
	x.ends(0)
}

// TestIdleEvidenceCostsNothing looks at evidence that nobody touches.
func TestIdleEvidenceCostsNothing(t *testing.T) {
	prepared(t)
	mustRun(t, 0, "restore", "--batch")
	mustRun(t, 0, "validation", "run", "--batch")
	x := inTerminal(t, 120, 36, "--evidence", "archive", "--public-key", "keys/signing.pub.pem")
	x.until("[3 Evidence]", "every record")
	pid := x.pid()
	idles(t, "--evidence", pid)
	x.press("Enter")
	x.until("genuine and unchanged")
	idles(t, "a report", pid)
	x.press("C-c")
	x.ends(0)
}

// TestManyKeysCostNoMemory presses 5,000 keys, and then as many again: what the console holds does not
// grow with them.
func TestManyKeysCostNoMemory(t *testing.T) {
	prepared(t)
	x := inTerminal(t, 120, 36)
	x.until("[1 Backups]", "1 run")
	pid := x.pid()
	held := func() int {
		t.Helper()
		for range 250 {
			x.press("2", "3", "j", "k", "4", "j", "p", "p", "1", "R", "j", "k", "?", "x", "M", "j", "1", "1", "2", "1")
		}
		time.Sleep(3 * time.Second)
		body, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
		if err != nil {
			t.Fatal(err)
		}
		pages, err := strconv.Atoi(strings.Fields(string(body))[1])
		if err != nil {
			t.Fatal(err)
		}
		return pages * os.Getpagesize() >> 20
	}
	first, second := held(), held()
	t.Logf("%d MiB after 5,000 keys, %d after 10,000", first, second)
	if second > first+first/4+16 {
		t.Errorf("it holds %d MiB after 5,000 keys, and %d after 10,000", first, second)
	}
	x.press("C-c")
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
