package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"kustody/engine/archive"
	"kustody/tui"
)

// TestBatchLinesSayTheSame writes what the console asks as the flags of --batch, and reads them back through
// the program: over a configuration that says nothing, and over one that says otherwise.
func TestBatchLinesSayTheSame(t *testing.T) {
	prepared(t)
	said := configs["kustody.toml"] + `
[restore]
topics = ["orders", "/^pay/"]
topic_mapping = { orders = "configured", payments-eu = "configured-2" }
time_window_start = "2026-11-20T00:10:00Z"
time_window_end = "2026-11-20T00:20:00Z"
consumer_groups = true
restore_id = "configured"
run = "20200101T000000Z-000000"
max_bytes_per_second = "50MiB"
`
	if err := os.WriteFile("said.toml", []byte(said), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(minute, ms int64) *archive.Int64 {
		v := archive.Int64(firstRecord + minute*60_000 + ms)
		return &v
	}
	restores := []tui.RestoreRequest{
		{BackupID: "orders-daily", Topics: []string{"orders"}},
		{BackupID: "orders-daily", Topics: []string{"audit-log", "orders", "payments-eu"}, Groups: true, RestoreID: "r-1", Window: archive.Window{Start: at(30, 1)},
			Mapping: map[string]string{"orders": "a.b_c-d", "audit-log": "x"}, AllowTopics: []string{"x", "a.b_c-d"}, MaxBytesPerSecond: 12345},
		{BackupID: "orders-daily", Topics: []string{"payments-eu"}, Window: archive.Window{End: at(75, 0)}, Mapping: map[string]string{"payments-eu": "p"}},
		{BackupID: "orders-daily", Topics: []string{"orders"}, Window: archive.Window{Start: at(0, 0), End: at(0, 7)}},
	}
	drills := []tui.DrillRequest{
		{BackupID: "orders-daily"},
		{BackupID: "orders-daily", Topics: []string{"orders", "audit-log"}, Window: archive.Window{Start: at(1, 0), End: at(2, 0)}, KeepTopics: true},
		{BackupID: "orders-daily", Window: archive.Window{End: at(2, 999)}},
	}
	for _, name := range []string{"kustody.toml", "said.toml"} {
		w := opened(t, "--config", name).desk.Work
		read := func(args []string) tui.Place {
			t.Helper()
			return opened(t, append(args, "--config", name)...).at
		}
		for _, r := range restores {
			if got := read(r.Over(w.Defaults)).Restore; !reflect.DeepEqual(got, r) {
				t.Errorf("%s: %q reads as\n%+v, want\n%+v", name, r.Over(w.Defaults), got, r)
			}
		}
		for _, r := range drills {
			if got := read(r.Over(w.Defaults)).Drill; !reflect.DeepEqual(got, r) {
				t.Errorf("%s: %q reads as\n%+v, want\n%+v", name, r.Over(w.Defaults), got, r)
			}
		}
		for _, r := range []tui.BackupRequest{{BackupID: "orders-daily"}, {BackupID: "o.2", Full: true, MaxBytesPerSecond: 1 << 40}} {
			if got := read(r.Args()).Backup; got != r {
				t.Errorf("%s: %q reads as %+v", name, r.Args(), got)
			}
		}
		for _, r := range []tui.ValidationRequest{{BackupID: "orders-daily"}, {BackupID: "x", RestoreID: "r-1"}} {
			if got := read(r.Args()).Validation; got != r {
				t.Errorf("%s: %q reads as %+v", name, r.Args(), got)
			}
		}
	}
	// Where nothing is configured, nothing needs to be taken away.
	if line := strings.Join(restores[0].Over(tui.RestoreRequest{}), " "); line != "restore --backup-id orders-daily --topic orders" {
		t.Error(line)
	}
}
