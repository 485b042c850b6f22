package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kustody/config"
	"kustody/engine"
	"kustody/engine/archive"
	"kustody/tui"
)

// shown is what the console was opened on.
type shown struct {
	desk tui.Desk
	look tui.Look
	at   tui.Place
}

// opened runs the program as on a terminal, and gives back what the console was opened on.
func opened(t *testing.T, args ...string) shown {
	t.Helper()
	got, p, exit := tryOpen(t, args...)
	if exit != engine.ExitDone || got == nil {
		t.Fatalf("kustody %s: exit %d, opened %v\n%s%s", strings.Join(args, " "), exit, got != nil, &p.out, &p.err)
	}
	return *got
}

func tryOpen(t *testing.T, args ...string) (*shown, *inProcess, engine.Exit) {
	t.Helper()
	p := newInProcess()
	p.terminal = true
	var got *shown
	p.show = func(_ context.Context, desk tui.Desk, look tui.Look, at tui.Place) error {
		got = &shown{desk, look, at}
		return nil
	}
	exit := p.run(t.Context(), args)
	return got, p, exit
}

// refuses wants a store that cannot be written to.
func refuses(t *testing.T, what string, q engine.QueryOptions) {
	t.Helper()
	if err := q.Store.Put(t.Context(), "planted/by-a-test", []byte("x")); err == nil {
		t.Errorf("%s can be written to", what)
	}
	if w, err := q.Store.Create(t.Context(), "planted/by-a-test"); err == nil {
		w.Abort()
		t.Errorf("%s can be written to piece by piece", what)
	}
}

// prepared is a sandbox with keys, a backup and a restore of a window in it.
func prepared(t *testing.T) {
	t.Helper()
	sandbox(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	mustRun(t, 0, "keygen", "--out", "keys/signing.pem")
	mustRun(t, 0, "backup", "--batch")
}

// TestVerbsOpenTheConsole opens the console by every verb that has a place in it, filled in.
func TestVerbsOpenTheConsole(t *testing.T) {
	prepared(t)
	ms := func(text string) *archive.Int64 {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		v := archive.Int64(at.UnixMilli())
		return &v
	}
	window := archive.Window{Start: ms("2026-11-20T00:30:00Z"), End: ms("2026-11-20T01:15:00Z")}
	for _, tc := range []struct {
		args string
		want tui.Place
	}{
		{"", tui.Place{}},
		{"backup --full --max-bytes-per-second 1MiB", tui.Place{Verb: "backup", BackupID: "orders-daily", Backup: tui.BackupRequest{BackupID: "orders-daily", Full: true, MaxBytesPerSecond: 1 << 20}}},
		{"backup --backup-id other", tui.Place{Verb: "backup", BackupID: "other", Backup: tui.BackupRequest{BackupID: "other"}}},
		{"restore --topic or* --topic audit-log --from 2026-11-20T00:30:00Z --to +45m --restore-id r1 --map orders=o2 --allow-existing o2 --groups --max-bytes-per-second 5",
			tui.Place{Verb: "restore", BackupID: "orders-daily", Restore: tui.RestoreRequest{BackupID: "orders-daily", RestoreID: "r1", Topics: []string{"audit-log", "orders"}, Window: window,
				Mapping: map[string]string{"orders": "o2"}, AllowTopics: []string{"o2"}, Groups: true, MaxBytesPerSecond: 5}}},
		{"restore", tui.Place{Verb: "restore", BackupID: "orders-daily", Restore: tui.RestoreRequest{BackupID: "orders-daily"}}},
		{"drill --topic orders --from 2026-11-20T00:30:00Z --to 2026-11-20T01:15:00Z --keep-topics",
			tui.Place{Verb: "drill", BackupID: "orders-daily", Drill: tui.DrillRequest{BackupID: "orders-daily", Topics: []string{"orders"}, Window: window, KeepTopics: true}}},
		{"validation run --restore-id r1", tui.Place{Verb: "validation", BackupID: "orders-daily", Validation: tui.ValidationRequest{BackupID: "orders-daily", RestoreID: "r1"}}},
		{"list", tui.Place{Verb: "list"}},
		{"list --path archive", tui.Place{Verb: "list"}},
		{"describe --run latest", tui.Place{Verb: "describe", BackupID: "orders-daily"}},
		{"describe --path archive --backup-id orders-daily --run x", tui.Place{Verb: "describe", BackupID: "orders-daily", RunID: "x"}},
		{"validate --run x", tui.Place{Verb: "describe", BackupID: "orders-daily", RunID: "x"}},
		{"validate --path archive", tui.Place{Verb: "list"}},
		{"validation evidence-list", tui.Place{Verb: "evidence"}},
		{"validation ledger-verify", tui.Place{Verb: "ledger"}},
	} {
		got := opened(t, strings.Fields(tc.args)...)
		if !reflect.DeepEqual(got.at, tc.want) {
			t.Errorf("kustody %s opens\n%+v, want\n%+v", tc.args, got.at, tc.want)
		}
		if len(got.desk.Warnings) > 0 || len(got.desk.Offers) > 0 {
			t.Errorf("kustody %s: warnings %q, %d offers", tc.args, got.desk.Warnings, len(got.desk.Offers))
		}
		if byFolder := strings.Contains(tc.args, "--path"); byFolder != (got.desk.Work == nil) || byFolder != (got.desk.ReadOnly != "") || byFolder != (got.desk.Source == nil) {
			t.Errorf("kustody %s: work %v, read-only %q, source %v", tc.args, got.desk.Work != nil, got.desk.ReadOnly, got.desk.Source != nil)
		}
		q, err := got.desk.Archive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		refuses(t, "the archive of kustody "+tc.args, q)
		if list, err := engine.ListBackups(t.Context(), q); err != nil || tc.want.BackupID != "other" && len(list.Backups) != 1 {
			t.Errorf("kustody %s: %v, %v", tc.args, list, err)
		}
	}
}

// TestNoPlaceInTheConsole names the verbs that need --batch, and what cannot be opened.
func TestNoPlaceInTheConsole(t *testing.T) {
	prepared(t)
	for args, want := range map[string]string{
		"check":                         "the console has no place for check; use --batch",
		"restore finish --restore-id r": "the console has no place for restore finish; use --batch",
		"validation evidence-get":       "the console has no place for validation evidence-get; use --batch",
		"--theme purple":                "--theme cannot be \"purple\"",
		"--head 5":                      "--head: ",
		"--as-of noon":                  "--as-of cannot be \"noon\"",
		"--evidence archive --config x": "with --evidence no configuration is read",
		"--evidence nowhere":            "nowhere",
		"list --path nowhere":           "nowhere",
		"--config nowhere.toml":         "nowhere.toml",
		"restore --from noon":           "--from: ",
		"restore --map x":               "--map \"x\" has no =",
		"--public-key nowhere.pem":      "--public-key",
		"validation evidence-verify":    "--report is missing",
		"validation evidence-verify --report keys/signing.pem": "does not lie in one",
		"backup --max-bytes-per-second 0":                      "would not end",
		"--batch --read-only backup":                           "kustody backup writes, and --read-only was given",
		"--batch --read-only demo --dir x":                     "kustody demo writes",
		"demo --read-only":                                     "kustody demo writes",
		"keygen --read-only --out x.pem":                       "kustody keygen writes",
	} {
		got, p, exit := tryOpen(t, strings.Fields(args)...)
		if got != nil || exit == engine.ExitDone || !strings.Contains(p.err.String(), want) {
			t.Errorf("kustody %s: opened %v, exit %d: %s", args, got != nil, exit, &p.err)
		}
	}
	mustRun(t, 0, "--batch", "--read-only", "list", "--path", "archive")
}

// TestReadOnlyDesk wants nothing that could write.
func TestReadOnlyDesk(t *testing.T) {
	prepared(t)
	got := opened(t, "--read-only")
	if got.desk.Work != nil || got.desk.ReadOnly != "started with --read-only" {
		t.Errorf("work %v, read-only %q", got.desk.Work != nil, got.desk.ReadOnly)
	}
	q, err := got.desk.Archive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, "the archive", q)
	o, err := got.desk.Evidence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, "the evidence", engine.QueryOptions{Store: o.Store})
	refuses(t, "the evidence's archive", engine.QueryOptions{Store: o.Archive})
	c, done, err := got.desk.Source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	refuses(t, "the archive beside the source", c.Query)
	cover, err := engine.DescribeCoverage(t.Context(), c)
	if err != nil || len(cover.Topics) != 3 || cover.RunID == "" || !cover.Topics[0].Captured {
		t.Errorf("%+v, %v", cover, err)
	}
}

// TestEvidenceDesk opens a folder of evidence beside a configuration that cannot be read: it is not looked at.
func TestEvidenceDesk(t *testing.T) {
	prepared(t)
	mustRun(t, 0, "restore", "--batch")
	mustRun(t, 0, "validation", "run", "--batch")
	if err := os.Rename("kustody.toml", "elsewhere.toml"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("kustody.toml", []byte("this is no configuration"), 0o600); err != nil {
		t.Fatal(err)
	}
	reports, err := filepath.Glob("archive/evidence/*/*/*/validation-*.json")
	if err != nil || len(reports) != 1 {
		t.Fatal(reports, err)
	}
	id := strings.TrimSuffix(filepath.Base(reports[0]), ".json")
	for _, tc := range []struct {
		args    string
		archive bool
		want    tui.Place
	}{
		{"--evidence archive --public-key keys/signing.pub.pem", true, tui.Place{Verb: "evidence"}},
		{"--evidence archive/evidence --public-key keys/signing.pub.pem", false, tui.Place{Verb: "evidence"}},
		{"--evidence archive/evidence --path archive --public-key keys/signing.pub.pem", true, tui.Place{Verb: "evidence"}},
		{"validation evidence-verify --report " + reports[0] + " --public-key keys/signing.pub.pem", false, tui.Place{Verb: "report", ReportID: id}},
		{"validation evidence-verify --report " + reports[0] + " --public-key keys/signing.pub.pem --ledger archive", true, tui.Place{Verb: "report", ReportID: id}},
		{"validation ledger-verify --path archive --public-key keys/signing.pub.pem --as-of last", true, tui.Place{Verb: "ledger"}},
		{"validation ledger-verify --config elsewhere.toml --path archive/evidence", true, tui.Place{Verb: "ledger"}},
	} {
		got := opened(t, strings.Fields(tc.args)...)
		if !reflect.DeepEqual(got.at, tc.want) || (got.desk.Archive != nil) != tc.archive {
			t.Errorf("kustody %s: opens %+v, archive %v", tc.args, got.at, got.desk.Archive != nil)
		}
		if byFolder := !strings.Contains(tc.args, "--config"); byFolder && (got.desk.Work != nil || got.desk.Source != nil || got.desk.ReadOnly == "") {
			t.Errorf("kustody %s: something can be started or connected to", tc.args)
		}
		o, err := got.desk.Evidence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		refuses(t, "the evidence", engine.QueryOptions{Store: o.Store})
		v, err := engine.VerifyLedger(t.Context(), o)
		if err != nil || v.Count("broken") > 0 || len(v.Entries) == 0 {
			t.Errorf("kustody %s: %v, %+v", tc.args, err, v)
		}
		if last := strings.Contains(tc.args, "last"); last != o.AsOf.IsZero() {
			t.Errorf("kustody %s: as of %s", tc.args, o.AsOf)
		}
	}
	got := opened(t, "--evidence", "archive", "--genesis", "aa", "--head", "1:"+strings.Repeat("0", 64))
	if o, err := got.desk.Evidence(t.Context()); err != nil || o.Genesis != "aa" || !strings.HasPrefix(o.Head, "1:") || o.PublicKey != nil {
		t.Errorf("%+v, %v", o, err)
	}
}

// finishes wants a job to begin, and to end well.
func finishes(t *testing.T, what string, job *engine.Job, err error) engine.Summary {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	s, err := job.Wait()
	if err != nil || s.Exit != engine.ExitDone {
		t.Fatalf("%s: exit %d, %v", what, s.Exit, err)
	}
	return s
}

// TestDeskWorks starts every kind of job as the console does.
func TestDeskWorks(t *testing.T) {
	prepared(t)
	d := opened(t).desk
	// Nothing that is written into the file now may turn a job elsewhere, and no context that ends with a
	// page may end a job.
	if err := os.WriteFile("kustody.toml", []byte("no configuration any more"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	job, err := d.Work.Backup(ctx, tui.BackupRequest{BackupID: "orders-daily", Full: true})
	cancel()
	finishes(t, "backup", job, err)
	start := archive.Int64(firstRecord + 30*60_000)
	r := tui.RestoreRequest{BackupID: "orders-daily", RestoreID: "r1", Topics: []string{"orders"}, Window: archive.Window{Start: &start}, Mapping: map[string]string{"orders": "o2"}}
	plan, err := d.Work.Plan(t.Context(), r)
	if err != nil || plan.Records != 210 || len(plan.Topics) != 1 || plan.Topics[0].Target != "o2" {
		t.Fatalf("%+v, %v", plan, err)
	}
	job, err = d.Work.Restore(t.Context(), r)
	finishes(t, "restore", job, err)
	r.RestoreID, r.Window = "r2", archive.Window{}
	if plan, err = d.Work.Plan(t.Context(), r); err != nil || len(plan.Conflicts) != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	r.AllowTopics = []string{"o2"}
	if plan, err = d.Work.Plan(t.Context(), r); err != nil || len(plan.Conflicts) != 0 || plan.Records != 300 {
		t.Fatalf("%+v, %v", plan, err)
	}
	job, err = d.Work.Validation(t.Context(), tui.ValidationRequest{BackupID: "orders-daily", RestoreID: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := job.Wait(); job.Report() == nil {
		t.Errorf("a validation without a report: %+v", s)
	}
	job, err = d.Work.Drill(t.Context(), tui.DrillRequest{BackupID: "orders-daily"})
	finishes(t, "drill", job, err)
	if _, err := d.Work.Plan(t.Context(), tui.RestoreRequest{BackupID: "nothing"}); engine.ExitCode(err) != engine.ExitNoArchive {
		t.Errorf("a restore of an archive that is not there: %v", err)
	}
}

// TestDeskSaysWhereItIs names clusters, places and warnings.
func TestDeskSaysWhereItIs(t *testing.T) {
	prepared(t)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile("it's.toml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`backup_id = "orders-${DATE}"
time_zone = "Europe/Berlin"
source = { bootstrap_servers = ["a:1"], topics = ["x"], production = true }
target = { bootstrap_servers = ["b:1"] }
metrics = { enabled = true }
[storage]
path = "archive"
prefix = "deep/"
access_key_id = "AKIAMARKER"
secret_access_key = "MARKER"
[restore]
topics = ["one", "two"]
run = "r9"
restore_id = "rr"
topic_mapping = { one = "uno" }
time_window_start = "2026-11-20T00:30:00Z"
max_bytes_per_second = 77
[console]
theme = "light"
ascii = true
time_zone = "Asia/Tokyo"
`)
	day := func() string { return "orders-" + time.Now().UTC().Format("20060102") }
	begun := day()
	got := opened(t, "--config", "it's.toml")
	d, w := got.desk, got.desk.Work
	if d.Cluster != "a:1" || !d.Production || w.Target != "b:1" || w.Production || d.Zone.String() != "Asia/Tokyo" || got.look != (tui.Look{Theme: "light", ASCII: true}) {
		t.Errorf("%+v, %+v, %+v", d, w, got.look)
	}
	if d.Command != `kustody --batch --config 'it'\''s.toml'` || d.Location != "archive/deep" || d.BackupID != begun && d.BackupID != day() {
		t.Errorf("command %q, location %q, archive %q", d.Command, d.Location, d.BackupID)
	}
	if len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "metrics") {
		t.Errorf("warnings %q", d.Warnings)
	}
	r := w.Defaults
	if r.RunID != "r9" || r.RestoreID != "rr" || !slices.Equal(r.Topics, []string{"one", "two"}) || r.Mapping["one"] != "uno" || r.Window.Start == nil || r.Window.End != nil || r.Groups || r.MaxBytesPerSecond != 0 {
		t.Errorf("defaults %+v", r)
	}
	if got := opened(t, "--config", "it's.toml", "--theme", "dark"); got.look.Theme != "dark" {
		t.Errorf("%+v", got.look)
	}
	if got := opened(t, "--config", "it's.toml", "--theme", "dark", "--no-color"); got.look.Theme != tui.ThemeNone {
		t.Errorf("%+v", got.look)
	}
	write(`source = { bootstrap_servers = ["a:1", "b:1"], topics = ["x"], cluster = "C", production = true }
target = { bootstrap_servers = ["b:1"] }
[restore]
topics = ["one*"]
[storage]
bucket = "b"
prefix = "p/"
secret_access_key = "MARKER"
access_key_id = "AKIA"
[evidence]
public_keys = ["keys/signing.pub.pem"]
[evidence.signing]
private_key_path = "nowhere.pem"
[backup]
source_cluster_id = "bank"
`)
	d = opened(t, "--config", "it's.toml").desk
	if d.Cluster != "bank" || d.Work.Target != "bank" || !d.Work.Production || d.Location != "s3://b/p" || !slices.Equal(d.Work.Defaults.Topics, []string{"one*"}) {
		t.Errorf("%+v, %+v", d, d.Work)
	}
	if len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "nowhere.pem") {
		t.Errorf("warnings %q", d.Warnings)
	}
	var problem *engine.Problem
	if _, err := d.Archive(t.Context()); !errors.As(err, &problem) || problem.Exit != engine.ExitUsage {
		t.Errorf("an archive on S3: %v", err)
	}
	if got := opened(t, "--config", "it's.toml", "--path", "my archive").desk; got.Command != `kustody --batch --config 'it'\''s.toml' --path 'my archive'` || got.Location != "my archive" {
		t.Errorf("%+v", got)
	}
}

// TestOffersWithoutAConfiguration takes the offers that need no broker.
func TestOffersWithoutAConfiguration(t *testing.T) {
	prepared(t)
	if err := os.Remove("kustody.toml"); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, "backup"); len(got.desk.Offers) != 3 || got.at.Verb != "" || got.desk.Work != nil {
		t.Errorf("%d offers, %+v", len(got.desk.Offers), got.at)
	}
	if got := opened(t, "--read-only"); len(got.desk.Offers) != 1 || got.desk.ReadOnly != "started with --read-only" {
		t.Errorf("read-only offers %+v", got.desk.Offers)
	}
	t.Setenv(config.EnvFile, "nowhere.toml")
	if got, _, exit := tryOpen(t); got != nil || exit != engine.ExitUsage {
		t.Errorf("a configuration that is named and not there: exit %d", exit)
	}
	t.Setenv(config.EnvFile, "")
	d := opened(t, "--public-key", "keys/signing.pub.pem").desk
	offer := func(title string) tui.Offer {
		i := slices.IndexFunc(d.Offers, func(o tui.Offer) bool { return strings.Contains(o.Title, title) })
		if i < 0 {
			t.Fatalf("no offer %s", title)
		}
		return d.Offers[i]
	}
	got, err := offer("evidence").Take(t.Context(), "archive")
	if err != nil || got.Work != nil || len(got.Offers) > 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	if o, err := got.Evidence(t.Context()); err != nil || o.PublicKey == nil {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := offer("evidence").Take(t.Context(), "nowhere"); err == nil {
		t.Error("a folder that is not there is opened")
	}
	got, err = offer("configuration").Take(t.Context(), "")
	if err != nil || got.Work != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "kustody.toml") {
		t.Fatalf("%+v, %v", got, err)
	}
	if text, err := os.ReadFile("kustody.toml"); err != nil || string(text) != config.Example() {
		t.Error("the example is not what was written", err)
	}
	if err := os.WriteFile("kustody.toml", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := offer("configuration").Take(t.Context(), ""); err == nil {
		t.Error("a configuration is written over")
	}
	if text, _ := os.ReadFile("kustody.toml"); string(text) != "mine" {
		t.Error("a configuration was written over")
	}
}
