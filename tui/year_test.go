package tui

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"kustody/engine"
	"kustody/engine/demo"
)

// year is the stored year of the demo, unpacked once for all tests; tests must not write to it.
var year struct {
	once   sync.Once
	dir    string
	stored *demo.Stored
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if year.stored != nil {
		year.stored.Close()
	}
	if year.dir != "" {
		os.RemoveAll(year.dir)
	}
	os.Exit(code)
}

// storedYear opens the stored year.
func storedYear(t testing.TB) *demo.Stored {
	t.Helper()
	year.once.Do(func() {
		if year.dir, year.err = os.MkdirTemp("", "kustody-year-"); year.err == nil {
			year.stored, year.err = demo.OpenYear(year.dir)
		}
	})
	if year.err != nil {
		t.Fatal(year.err)
	}
	return year.stored
}

// yearDesk is a desk on the stored year: archive and evidence, no cluster, and nothing that writes.
func yearDesk(t testing.TB) Desk {
	t.Helper()
	s := storedYear(t)
	return Desk{Cluster: "demo-bank", Location: demo.StoredLocation, BackupID: s.Query().BackupID, ReadOnly: "started with --read-only",
		Command: "kustody --batch --config demo/kustody.toml", Now: s.Now, Zone: time.UTC,
		Archive:  func(context.Context) (engine.QueryOptions, error) { return s.Query(), nil },
		Evidence: func(context.Context) (engine.LedgerOptions, error) { return s.Ledger(), nil }}
}

func TestYearOfBackups(t *testing.T) {
	d := drive(t, yearDesk(t), 120, 36, ThemeDark)
	d.has("demo-weekly", "54 runs", "every record")
	d.Resize(80, 24)
	d.has("54 runs", "every record")
}
