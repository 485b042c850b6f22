package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// init lets scripts run the real program.
func init() {
	runTests = func(m *testing.M) { testscript.Main(m, map[string]func(){program: main}) }
}

// TestScripts runs every script that no other test runs, each against two clusters of its own.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	runScripts(t, slices.DeleteFunc(files, func(name string) bool { return rowScript.MatchString(filepath.Base(name)) })...)
}

// rowScript matches the scripts of the casebook's rows.
var rowScript = regexp.MustCompile(`^[a-z][0-9]{2}_`)

// TestC12_MissingTopicsAreNoEmptyBackup runs backups of topics that are not there.
func TestC12_MissingTopicsAreNoEmptyBackup(t *testing.T) {
	runScripts(t, "testdata/script/c12_missing_topic.txtar")
}

// TestE08_NothingIsVerifiedWithoutAKey looks for the word.
func TestE08_NothingIsVerifiedWithoutAKey(t *testing.T) {
	runScripts(t, "testdata/script/e08_no_key.txtar")
}

// TestH04_NamesAreShownHarmless gives groups, archives and arguments hostile names.
func TestH04_NamesAreShownHarmless(t *testing.T) {
	runScripts(t, "testdata/script/h04_names.txtar")
}

// TestH05_ConfigurationsThatCannotBeUsed wants a sentence for each.
func TestH05_ConfigurationsThatCannotBeUsed(t *testing.T) {
	runScripts(t, "testdata/script/h05_config.txtar")
}

func runScripts(t *testing.T, files ...string) {
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      exits,
			"example":    runExamples,
			"jsonlines":  jsonLinesHold,
			"jsonobject": jsonObjectHolds,
			"produce":    produceMore,
			"hold":       holdLock,
			"interrupt":  interrupt,
			"flip":       flipBit,
			"setreport":  setReport,
			"harmless":   harmlessOutput,
			"hostile":    makeHostile,
		},
	})
}

// setUpScript starts a source with records and an empty target, and writes configurations for both.
func setUpScript(env *testscript.Env) error {
	source, target, err := clusters(env.Defer)
	if err != nil {
		return err
	}
	env.Values["source"], env.Values["target"] = source, target
	env.Setenv("SOURCE", source.Addrs()[0])
	env.Setenv("TARGET", target.Addrs()[0])
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
	for name, text := range configs {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// exits CODE PROGRAM ARGS... runs a program and wants its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// runExamples VERB... runs every example of the help of a verb, as a shell would. The made-up report
// id stands for $REPORT, and the demo's year is a short one here.
func runExamples(ts *testscript.TestScript, neg bool, args []string) {
	cmd, _, err := newApp().command().Find(args)
	ts.Check(err)
	for _, line := range exampleLines(cmd) {
		if strings.Contains(line, "jq ") && !haveJQ() {
			ts.Logf("left out, because jq is not installed: %s", line)
			continue
		}
		line = strings.ReplaceAll(line, "validation-a1b2c3d4", ts.Getenv("REPORT"))
		line = strings.ReplaceAll(line, "demo --batch", "demo --weeks 5 --batch")
		ts.Check(ts.Exec("sh", "-c", line))
	}
}

// haveJQ says whether jq is there. In CI it must be.
func haveJQ() bool {
	_, err := exec.LookPath("jq")
	if err != nil && os.Getenv("CI") != "" {
		panic("jq is missing in CI, where nothing may be left out")
	}
	return err == nil
}

func exampleLines(cmd *cobra.Command) []string {
	var lines []string
	for _, line := range strings.Split(cmd.Example, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestEveryVerbHasAnExampleThatRuns wants every example in some script.
func TestEveryVerbHasAnExampleThatRuns(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var scripts []byte
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, text...)
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		name := strings.TrimPrefix(cmd.CommandPath(), "kustody")
		switch {
		case strings.HasPrefix(name, " completion"), strings.HasPrefix(name, " help"):
			return // cobra's own
		case len(exampleLines(cmd)) == 0:
			t.Errorf("kustody%s has no example", name)
		case !bytes.Contains(scripts, []byte("\nexample"+name+"\n")):
			t.Errorf("no script runs the example of kustody%s", name)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newApp().command())
}

// jsonLinesHold EXIT wants every line of the last stdout to be a fact, and the last to be the summary
// with this exit code.
func jsonLinesHold(ts *testscript.TestScript, neg bool, args []string) {
	out := strings.TrimSuffix(ts.ReadFile("stdout"), "\n")
	lines := strings.Split(out, "\n")
	job := ""
	for i, line := range lines {
		var e struct {
			V    int       `json:"v"`
			Seq  *int      `json:"seq"`
			Time time.Time `json:"time"`
			Type string    `json:"type"`
			Job  string    `json:"job"`
			Exit *int      `json:"exit"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			ts.Fatalf("line %d is no JSON: %v\n%s", i, err, line)
		}
		if e.V != 1 || e.Seq == nil || *e.Seq != i || e.Time.IsZero() || e.Type == "" || e.Job == "" || (job != "" && job != e.Job) {
			ts.Fatalf("line %d: %s", i, line)
		}
		job = e.Job
		if last := i == len(lines)-1; last != (e.Type == "summary") {
			ts.Fatalf("line %d of %d is a %s", i, len(lines), e.Type)
		}
		if e.Type == "summary" && (e.Exit == nil || strconv.Itoa(*e.Exit) != args[0]) {
			ts.Fatalf("the summary's exit is not %s: %s", args[0], line)
		}
	}
}

// jsonObjectHolds wants the last stdout to be one JSON object.
func jsonObjectHolds(ts *testscript.TestScript, neg bool, args []string) {
	var v map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &v); err != nil {
		ts.Fatalf("stdout is no JSON object: %v", err)
	}
	for _, key := range args {
		if _, ok := v[key]; !ok {
			ts.Fatalf("the object has no %s", key)
		}
	}
}

// produceMore CLUSTER TOPIC PARTITION N produces n more records.
func produceMore(ts *testscript.TestScript, neg bool, args []string) {
	b := ts.Value(args[0]).(*embedded.Broker)
	p, err := strconv.Atoi(args[2])
	ts.Check(err)
	n, err := strconv.Atoi(args[3])
	ts.Check(err)
	_, err = b.Produce(args[1], int32(p), records(n, firstRecord)...)
	ts.Check(err)
}

// holdLock DIR BACKUP_ID holds the lock of an archive until the script ends.
func holdLock(ts *testscript.TestScript, neg bool, args []string) {
	store, err := storage.OpenFilesystem(ts.MkAbs(args[0]))
	ts.Check(err)
	a := archive.Open(store, args[1], archive.Keys{})
	lock, err := a.Store().Lock(context.Background(), archive.LockKey, storage.Holder{Who: "somebody", Host: "elsewhere", Job: "backup 1", Since: time.Now()})
	ts.Check(err)
	ts.Defer(func() { lock.Release() })
}

// interrupt TEXT ARGS... runs kustody, sends it SIGINT when its output holds the text, and wants exit
// code 130. What it printed is in interrupted.out.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	cmd := exec.Command(programIn(ts.Getenv("PATH")), args[1:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "SOURCE=" + ts.Getenv("SOURCE"), "TARGET=" + ts.Getenv("TARGET")}
	out, err := os.Create(ts.MkAbs("interrupted.out"))
	ts.Check(err)
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(ts.ReadFile("interrupted.out"), args[0]) {
		select {
		case err := <-ended:
			ts.Fatalf("it ended before it said %q: %v\n%s", args[0], err, ts.ReadFile("interrupted.out"))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			ts.Fatalf("it never said %q:\n%s", args[0], ts.ReadFile("interrupted.out"))
		}
	}
	ts.Check(cmd.Process.Signal(syscall.SIGINT))
	var exit *exec.ExitError
	select {
	case err = <-ended:
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		ts.Fatalf("it did not end:\n%s", ts.ReadFile("interrupted.out"))
	}
	if !errors.As(err, &exit) || exit.ExitCode() != 130 {
		ts.Fatalf("it ended with %v, want exit code 130:\n%s", err, ts.ReadFile("interrupted.out"))
	}
}

// programIn is where testscript has put the program.
func programIn(path string) string {
	for _, dir := range filepath.SplitList(path) {
		if name := filepath.Join(dir, "kustody"); fileExists(name) {
			return name
		}
	}
	return "kustody"
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// flipBit GLOB flips one bit in the middle of the first file that matches.
func flipBit(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("nothing matches %s", args[0])
	}
	data, err := os.ReadFile(found[0])
	ts.Check(err)
	data[len(data)/2] ^= 1
	ts.Check(os.Chmod(found[0], 0o600))
	ts.Check(os.WriteFile(found[0], data, 0o600))
}

// setReport DIR sets $REPORT to the id of the newest report below a folder.
func setReport(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "validation-*", "*", "*", "validation-*.json"))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("there is no report below %s", args[0])
	}
	ts.Setenv("REPORT", strings.TrimSuffix(filepath.Base(found[len(found)-1]), ".json"))
}

// hostileName moves the cursor, sets a title, turns the direction of writing, and breaks the line.
const hostileName = "evil\x1b[2J\x1b]0;x\a\u202e\u2066\u200b\u009b31m\r\nkustody: all is well"

// makeHostile DIR gives the source a consumer group, and a store an unfinished archive, of that name.
func makeHostile(ts *testscript.TestScript, neg bool, args []string) {
	admin, err := kafka.OpenAdmin(context.Background(), ts.Value("source").(*embedded.Broker).Cluster())
	ts.Check(err)
	defer admin.Close()
	ts.Check(admin.CommitGroup(context.Background(), hostileName, []kafka.GroupOffset{{Topic: "orders", Partition: 0, Offset: 5}}))
	store, err := storage.OpenFilesystem(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(store.Put(context.Background(), storage.EscapeName(hostileName)+"/"+archive.PlanKey("r1"), []byte("\x1b[2J")))
	// a manifest that is no JSON: its error quotes what it found
	ts.Check(store.Put(context.Background(), storage.EscapeName(hostileName)+"/"+archive.ManifestKey("r0"), []byte("{\"format\":1,\"kind\":\""+`\u001b[2J\u202e`+"\"}")))
}

// harmlessOutput wants nothing in the last stdout and stderr that a terminal would act on.
func harmlessOutput(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range []string{"stdout", "stderr"} {
		for i, r := range ts.ReadFile(name) {
			if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff) {
				ts.Fatalf("%s holds %U at byte %d", name, r, i)
			}
		}
	}
}
