package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kustody/config"
	"kustody/engine"
	"kustody/evidence"
)

// inProcess is the program on buffers. Its streams may be replaced.
type inProcess struct {
	*app
	out, err bytes.Buffer
}

func newInProcess() *inProcess {
	p := &inProcess{app: newApp()}
	p.stdout, p.stderr, p.terminal, p.progressTerminal = &p.out, &p.err, false, false
	return p
}

// sandbox moves into a folder with the scripts' configurations and clusters. The tests that use it run
// one after the other.
func sandbox(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	source, target, err := clusters(t.Cleanup)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOURCE", source.Addrs()[0])
	t.Setenv("TARGET", target.Addrs()[0])
	for name, text := range configs {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// mustRun runs the program in this process and wants an exit code.
func mustRun(t *testing.T, want engine.Exit, args ...string) *inProcess {
	t.Helper()
	p := newInProcess()
	if got := p.run(t.Context(), args); got != want {
		t.Fatalf("kustody %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, want, &p.out, &p.err)
	}
	return p
}

// TestValidationText holds the text of a validation to the letter.
func TestValidationText(t *testing.T) {
	r := &evidence.Report{Overall: evidence.Passed, Level: evidence.LevelEveryRecord, DurationMS: 45, Checks: []evidence.Check{
		{Name: evidence.MessageCountCheck, Outcome: evidence.Passed, Detail: "3 topics; 2,841,293 messages expected, 2,841,293 restored; 0 discrepancies"},
		{Name: evidence.OffsetRangeCheck, Outcome: evidence.Passed, Detail: "9 partitions checked; 9 passed; 0 issues"}}}
	want := `=== Validation Results ===
Overall: PASSED
Checks: 2/2 passed, 0 failed, 0 skipped
Duration: 45ms
Level: every record compared

[PASSED] MessageCountCheck — 3 topics; 2,841,293 messages expected, 2,841,293 restored; 0 discrepancies
[PASSED] OffsetRangeCheck — 9 partitions checked; 9 passed; 0 issues

JSON evidence uploaded: evidence-reports/sox/validation-a1b2c3d4/2026/04/validation-a1b2c3d4.json
`
	key := "evidence-reports/sox/validation-a1b2c3d4/2026/04/validation-a1b2c3d4.json"
	if got := validationResults(r, key); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.Level, r.Checks[1].Outcome, r.Checks[1].Detail = evidence.LevelCounts, evidence.Indeterminate, "nothing\x1b[2J to\ncompare"
	for _, line := range []string{"Duration: 45ms\nLevel: counts only; contents were not compared\n", "Checks: 1/2 passed, 0 failed, 0 skipped, 1 indeterminate\n",
		"[INDETERMINATE] OffsetRangeCheck — nothing\\x1b[2J to; compare\n"} {
		if got := validationResults(r, key); !strings.Contains(got, line) {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
}

// TestProgressBar wants one line on a terminal, gone at the end, and none anywhere else.
func TestProgressBar(t *testing.T) {
	p := newInProcess()
	p.width = func() int { return 60 }
	b := p.newBar()
	start := time.Unix(1000, 0)
	snapshot := func(seconds, done int64) engine.Snapshot {
		return engine.Snapshot{Phase: "capture\x1b[2J", Now: start.Add(time.Duration(seconds) * time.Second), Records: done, Bytes: done * 100, Done: done, Total: 1000,
			RecordsPerSecond: 250.7, BytesPerSecond: 25_000, Left: 2400 * time.Millisecond,
			Partitions: []engine.PartitionProgress{{State: engine.Done}, {State: engine.Running}}}
	}
	b.draw(snapshot(0, 0))
	b.draw(snapshot(2, 500))
	b.clear()
	b.clear()
	lines := strings.Split(p.err.String(), "\r\x1b[K")
	if len(lines) != 4 || lines[0] != "" || lines[3] != "" {
		t.Fatalf("%q", lines)
	}
	if want := `capture\x1b[2J: 1/2 partitions, 250 records/s, 24.4 KiB/s, `; lines[2] != want {
		t.Errorf("got  %q\nwant %q", lines[2], want)
	}
	p.width = func() int { return 200 }
	if got := b.line(snapshot(2, 500)); !strings.HasSuffix(got, "24.4 KiB/s, 50 %, about 2s left") {
		t.Errorf("%q", got)
	}
	early := snapshot(2, 500) // nothing is known yet
	early.RecordsPerSecond, early.BytesPerSecond, early.Left = 0, 0, 0
	if got := b.line(early); !strings.HasSuffix(got, ": 1/2 partitions, 50 %") {
		t.Errorf("%q", got)
	}
}

// TestStatusLine shows the engine's numbers, and only those that are known.
func TestStatusLine(t *testing.T) {
	s := engine.Snapshot{Kind: "backup", Phase: "capture", Done: 2104551, Total: 4890112, RecordsPerSecond: 18204.9, BytesPerSecond: 1e6, Left: 153400 * time.Millisecond}
	e := statusOf(s)
	for key, want := range map[string]any{"records_per_second": int64(18204), "bytes_per_second": int64(1_000_000), "percent": 43.0, "seconds_left": int64(153), "phase": "capture"} {
		if got := e.Get(key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	e = statusOf(engine.Snapshot{Phase: "plan"})
	if e.Get("percent") != nil || e.Get("seconds_left") != nil || e.Get("records_per_second") != int64(0) {
		t.Errorf("%+v", e)
	}
}

// TestBarOnlyOnATerminal runs a slow backup with stderr as a terminal, in text and in JSON.
func TestBarOnlyOnATerminal(t *testing.T) {
	sandbox(t)
	for _, tc := range []struct {
		format   string
		terminal bool
		want     bool
	}{{"text", true, true}, {"text", false, false}, {"json", true, false}} {
		p := newInProcess()
		p.progressTerminal = tc.terminal
		slow := fmt.Sprintf("%s\n[backup]\nmax_bytes_per_second = 13000\n", strings.Replace(configs["plain.toml"], "orders-daily", fmt.Sprintf("slow-%s-%v", tc.format, tc.terminal), 1))
		if err := os.WriteFile("slow.toml", []byte(slow), 0o600); err != nil {
			t.Fatal(err)
		}
		if exit := p.run(t.Context(), []string{"backup", "--batch", "--config", "slow.toml", "--format", tc.format}); exit != 0 {
			t.Fatalf("exit %d\n%s", exit, &p.err)
		}
		if got := strings.Contains(p.err.String(), "\r\x1b[K"); got != tc.want {
			t.Errorf("%s, terminal %v: bar drawn %v, want %v: %q", tc.format, tc.terminal, got, tc.want, &p.err)
		}
		if strings.ContainsAny(p.out.String(), "\r\x1b") {
			t.Errorf("%s: stdout moves the cursor: %q", tc.format, &p.out)
		}
	}
}

// TestNoColour wants no escape anywhere, whatever the environment says.
func TestNoColour(t *testing.T) {
	sandbox(t)
	for _, args := range [][]string{{"--no-color"}, nil} {
		p := mustRun(t, 0, append([]string{"backup", "--batch", "--config", "plain.toml"}, args...)...)
		if strings.Contains(p.out.String()+p.err.String(), "\x1b") {
			t.Errorf("%v: an escape in %q", args, p.out.String())
		}
	}
	t.Setenv("NO_COLOR", "1")
	if a := newApp(); a.command() == nil || !a.noColor {
		t.Error("NO_COLOR is not heard")
	}
}

// TestStatusLines wants a status as often as was asked, and none for 0.
func TestStatusLines(t *testing.T) {
	sandbox(t)
	slow := strings.Replace(configs["plain.toml"], "orders-daily", "slow", 1) + "[backup]\nmax_bytes_per_second = 13000\n"
	for i, tc := range []struct {
		progress string
		least    int
	}{{"20ms", 3}, {"0", 0}, {"1h", 0}} {
		if err := os.WriteFile("slow.toml", []byte(strings.Replace(slow, "slow", fmt.Sprintf("slow-%d", i), 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		p := mustRun(t, 0, "backup", "--batch", "--config", "slow.toml", "--format", "json", "--progress", tc.progress)
		n := strings.Count(p.out.String(), `"type":"status"`)
		if n < tc.least || tc.least == 0 && n > 0 {
			t.Errorf("--progress %s: %d status lines", tc.progress, n)
		}
	}
}

// TestClosedPipe closes stdout before the job begins: the job must not notice.
func TestClosedPipe(t *testing.T) {
	sandbox(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"json", "text"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		id := "closed-" + format
		cmd := exec.Command(exe, "backup", "--batch", "--config", "plain.toml", "--format", format, "--backup-id", id, "--progress", "1ms")
		cmd.Args[0] = "kustody"
		cmd.Stdout, cmd.Stderr = w, w
		err = cmd.Run()
		w.Close()
		if err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if found, _ := filepath.Glob("archive/" + id + "/runs/*/manifest.json"); len(found) != 1 {
			t.Errorf("%s: %d manifests", format, len(found))
		}
	}
}

// stuck is a stdout that takes nothing until it is let go.
type stuck struct {
	release chan struct{}
	seen    io.Writer
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.release
	return s.seen.Write(b)
}

// TestSlowPipe lets nobody read: the engine finishes all the same, and no line is lost.
func TestSlowPipe(t *testing.T) {
	sandbox(t)
	p := newInProcess()
	pipe := &stuck{release: make(chan struct{}), seen: &p.out}
	p.stdout = pipe
	ended := make(chan engine.Exit, 1)
	go func() {
		ended <- p.run(context.Background(), []string{"backup", "--batch", "--config", "plain.toml", "--format", "json", "--progress", "1ms"})
	}()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if found, _ := filepath.Glob("archive/orders-daily/runs/*/manifest.json"); len(found) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the job waits for its reader")
		}
		time.Sleep(5 * time.Millisecond)
	}
	select {
	case <-ended:
		t.Fatal("it ended with nobody reading")
	default:
	}
	close(pipe.release)
	if exit := <-ended; exit != 0 {
		t.Errorf("exit %d", exit)
	}
	lines := strings.Split(strings.TrimSpace(p.out.String()), "\n")
	for i, line := range lines {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil || e["seq"] != float64(i) {
			t.Fatalf("line %d: %v: %s", i, err, line)
		}
	}
	if !strings.Contains(lines[len(lines)-1], `"type":"summary"`) {
		t.Error("the last line is no summary")
	}
}

// TestSecondSignalEndsAtOnce blocks the program on a pipe that nobody reads: the first signal ends the
// job, but not the program, which has lines left to write; the second ends it.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	sandbox(t)
	if err := os.WriteFile("slow.toml", []byte(configs["plain.toml"]+"[backup]\nmax_bytes_per_second = 200\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A pipe holds 64 KiB, some 250 lines. Where the machine needs longer for them, the first signal is enough.
	for wait := time.Second; wait <= 8*time.Second; wait *= 2 {
		if signalsUntilEnd(t, wait) == 2 {
			return
		}
	}
	t.Error("one signal ended a program that could not write")
}

// signalsUntilEnd starts a backup whose output nobody reads, waits, and counts the signals it takes to
// end it with exit code 130.
func signalsUntilEnd(t *testing.T, wait time.Duration) int {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(exe, "backup", "--batch", "--config", "slow.toml", "--format", "json", "--progress", "1ms")
	cmd.Args[0], cmd.Stdout = program, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	time.Sleep(wait)
	for n := 1; n <= 2; n++ {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		patience := 500 * time.Millisecond
		if n == 2 {
			patience = 10 * time.Second
		}
		var exit *exec.ExitError
		select {
		case err := <-ended:
			if !errors.As(err, &exit) || exit.ExitCode() != 130 {
				t.Fatalf("after %d signals it ended with %v", n, err)
			}
			return n
		case <-time.After(patience):
		}
	}
	cmd.Process.Kill()
	t.Fatal("two signals did not end it")
	return 0
}

func TestNearest(t *testing.T) {
	verbs := []string{"backup", "restore", "list", "describe", "validate", "validation", "version", "check"}
	for typed, want := range map[string]string{"backp": "backup", "bakcup": "backup", "retsore": "restore", "lst": "list", "validat": "validate", "vers": "version",
		"CHECK": "check", "xyz": "", "": "", "frobnicate": "", "l": ""} {
		if got := nearest(typed, verbs); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

func TestHarmlessJSON(t *testing.T) {
	for _, s := range []string{"plain", "ünïcode", "a\u202eb\u200b\u009bc\u007f", "\U000e0001", "\x00\x1b\n"} {
		body, err := json.Marshal(map[string]string{"k": s})
		if err != nil {
			t.Fatal(err)
		}
		out := harmlessJSON(body)
		if regexp.MustCompile("[\x00-\x1f\x7f\u0080-\u009f\u200b\u202e\U000e0001]").Match(out) {
			t.Errorf("%q: %q", s, out)
		}
		var back map[string]string
		if err := json.Unmarshal(out, &back); err != nil || back["k"] != s {
			t.Errorf("%q came back as %q, %v", s, back["k"], err)
		}
	}
}

// TestWindowFlags lays flags over the configured window.
func TestWindowFlags(t *testing.T) {
	sandbox(t)
	mustRun(t, 0, "backup", "--batch", "--config", "plain.toml")
	for _, tc := range []struct {
		from, to string
		want     float64
	}{
		{"2026-11-20T00:30:00Z", "2026-11-20T01:15:00Z", 225}, // 45 of each partition: the record at the end is out
		{"1795132800000", "1795132800001", 5},
		{"2026-11-20T01:30:00+01:00", "", 350},
		{"", "2026-11-20T00:01:00Z", 5},
		{"2026-11-20T00:30:00Z", "+45m", 225},
		{"0", "+20778d", 500}, // a flag takes any number of milliseconds
	} {
		args := []string{"restore", "--batch", "--config", "plain.toml", "--dry-run", "--format", "json"}
		if tc.from != "" {
			args = append(args, "--from", tc.from)
		}
		if tc.to != "" {
			args = append(args, "--to", tc.to)
		}
		if got := factOf(t, mustRun(t, 0, args...).out.String(), "plan", "records"); got != tc.want {
			t.Errorf("%s to %s: %v records, want %v", tc.from, tc.to, got, tc.want)
		}
	}
	mustRun(t, 2, "restore", "--batch", "--config", "plain.toml", "--from", "2026-11-20T00:30:00")
}

// TestWindowLaidOver reads both ends together, with what is configured.
func TestWindowLaidOver(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ms := func(text string) int64 {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return at.UnixMilli()
	}
	var c config.Config
	c.TimeZone = "Europe/Berlin"
	c.Restore.TimeWindowStart = config.At(ms("2026-11-20T00:30:00Z"))
	for _, tc := range []struct {
		from, to   string
		start, end int64
	}{
		{"", "+45m", ms("2026-11-20T00:30:00Z"), ms("2026-11-20T01:15:00Z")},
		{"yesterday 22:00", "09:00", ms("2026-11-19T21:00:00Z"), ms("2026-11-20T08:00:00Z")},
		{"-3h", "now", ms("2026-11-20T09:00:00Z"), ms("2026-11-20T12:00:00Z")},
		{"-1", "1000", -1, 1000},
	} {
		w, err := window(&c, tc.from, tc.to, now)
		if err != nil || w.Start == nil || w.End == nil || int64(*w.Start) != tc.start || int64(*w.End) != tc.end {
			t.Errorf("%q to %q: %v, %v", tc.from, tc.to, w, err)
		}
	}
	c.Restore.TimeWindowEnd = config.At(math.MaxInt64)
	if w, err := window(&c, "", "", now); err != nil || int64(*w.End) != math.MaxInt64 {
		t.Error(w, err)
	}
	for _, tc := range []struct{ from, to, want string }{
		{"soon", "", "--from: "}, {"", "soon", "--to: "}, {"", "2026-11-20T00:30:00Z", "--to: the window is empty"},
	} {
		if _, err := window(&c, tc.from, tc.to, now); err == nil || !strings.HasPrefix(err.Error(), tc.want) || engine.ExitCode(err) != engine.ExitUsage {
			t.Errorf("%q to %q: %v", tc.from, tc.to, err)
		}
	}
	c.Restore.TimeWindowEnd = config.At(0)
	if _, err := window(&c, "now", "", now); err == nil || !strings.HasPrefix(err.Error(), "restore.time_window_end: the window is empty") {
		t.Error(err)
	}
}

// factOf is a field of the first line of a type.
func factOf(t *testing.T, lines, kind, field string) any {
	t.Helper()
	for _, line := range strings.Split(lines, "\n") {
		var e map[string]any
		if json.Unmarshal([]byte(line), &e) == nil && e["type"] == kind {
			return e[field]
		}
	}
	t.Fatalf("no %s in\n%s", kind, lines)
	return nil
}
