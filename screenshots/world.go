package main

import (
	"context"
	"os"
	"time"

	"kustody/engine"
	"kustody/engine/demo"
	"kustody/tui"
)

// world is what the pictures are of: the stored year, opened for reading.
type world struct {
	dir    string
	stored *demo.Stored
}

func openWorld() (*world, error) {
	dir, err := os.MkdirTemp("", "kustody-screenshots-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir}
	if w.stored, err = demo.OpenYear(dir); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) close() {
	if w.stored != nil {
		w.stored.Close()
	}
	os.RemoveAll(w.dir)
}

// desk is an engineer's: archive, evidence, and jobs that may be asked for.
func (w *world) desk() tui.Desk {
	return tui.Desk{
		Cluster: "demo-bank", Location: demo.StoredLocation, BackupID: w.stored.BackupID, Command: "kustody --batch --config demo/kustody.toml",
		Now: w.stored.Now, Zone: berlin(),
		Archive:  func(context.Context) (engine.QueryOptions, error) { return w.stored.Query(), nil },
		Evidence: func(context.Context) (engine.LedgerOptions, error) { return w.stored.Ledger(), nil },
		Work:     &tui.Work{Target: "demo-bank"},
	}
}

// auditor is someone's who got a folder and a public key.
func (w *world) auditor() tui.Desk {
	d := w.desk()
	d.Cluster, d.Work, d.Archive = "", nil, nil
	d.ReadOnly = "opened with --evidence"
	return d
}

// berlin shows that local time is not UTC.
func berlin() *time.Location {
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return time.UTC
	}
	return z
}
