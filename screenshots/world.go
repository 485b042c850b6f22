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
		Source: func(ctx context.Context) (engine.CoverageOptions, func(), error) {
			o, err := w.stored.Coverage(ctx)
			return o, func() {}, err
		},
		Work: &tui.Work{Target: "demo-bank", Plan: w.plan},
	}
}

// auditor is someone's who got a folder and a public key.
func (w *world) auditor() tui.Desk {
	d := w.desk()
	d.Cluster, d.Work, d.Source = "", nil, nil
	d.ReadOnly = "opened with --evidence"
	return d
}

// empty is the desk of somebody who has no configuration yet.
func (w *world) empty() tui.Desk {
	nothing := func(context.Context, string) (tui.Desk, error) { return w.desk(), nil }
	return tui.Desk{Now: w.stored.Now, Zone: time.UTC, ReadOnly: "there is no configuration yet", Offers: []tui.Offer{
		{Key: "d", Title: "The demo", Text: "a year of backups and proofs on made-up data, without a cluster, in under a minute", Ask: "folder", Take: nothing},
		{Key: "e", Title: "An evidence folder", Text: "look at reports and a ledger, and verify them; nothing is written", Ask: "folder", Take: nothing},
		{Key: "c", Title: "A new configuration", Text: "write a commented ./kustody.toml to fill in", Take: nothing},
	}}
}

// report is the newest report of the stored year.
func (w *world) report(ctx context.Context) (engine.ReportItem, error) {
	list, err := engine.ListReports(ctx, engine.QueryOptions{Store: w.stored.Query().Store, Trusted: w.stored.Trusted})
	if err != nil {
		return engine.ReportItem{}, err
	}
	return list.Reports[len(list.Reports)-1], nil
}

// berlin shows that local time is not UTC.
func berlin() *time.Location {
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return time.UTC
	}
	return z
}
