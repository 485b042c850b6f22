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
		before, start := cpuTicks(t, pid), time.Now()
		time.Sleep(15 * time.Second)
		used, passed := float64(cpuTicks(t, pid)-before)/ticksPerSecond, time.Since(start).Seconds()
		t.Logf("section %s: %.2f s of CPU in %.0f s, %.2f %% of a core", key, used, passed, 100*used/passed)
		if used/passed >= 0.01 {
			t.Errorf("section %s: an idle console takes %.2f %% of a core", key, 100*used/passed)
		}
	}
	x.press("q")
	x.ends(0)
}
