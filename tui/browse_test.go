package tui

import (
	"context"
	"testing"
	"time"

	"kustody/engine"
	"kustody/engine/demo"
)

// browseDesk works on the stored demo year, and on a cluster that is not there.
func browseDesk(t testing.TB) Desk {
	t.Helper()
	year, err := demo.OpenYear(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { year.Close() })
	return Desk{Cluster: "demo-bank", Location: year.Location, BackupID: year.BackupID, Now: year.Now, ReadOnly: "started with --read-only",
		Archive:  func(context.Context) (engine.QueryOptions, error) { return year.Query(), nil },
		Evidence: func(context.Context) (engine.LedgerOptions, error) { return year.Ledger(), nil }}
}

func TestLook(t *testing.T) {
	start := time.Now()
	desk := browseDesk(t)
	t.Log("unpacked in", time.Since(start))
	for _, size := range []point{{120, 36}, {80, 24}} {
		d := drive(t, desk, size.x, size.y, ThemeDark)
		t.Log("\n" + d.frame().Text())
		for _, k := range []string{"enter", "tab", "esc enter", "down enter", "enter", "down enter", "x"} {
			d.keys(k)
			t.Log("\n" + d.frame().Text())
		}
	}
}
