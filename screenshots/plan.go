package main

import (
	"context"
	"slices"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/tui"
)

// plan is what a restore of the stored year would do in a cluster that has none of its topics: counts and
// sizes are read from the archive.
func (w *world) plan(ctx context.Context, r tui.RestoreRequest) (*engine.RestorePlan, error) {
	q := w.stored.Query()
	q.RunID = r.RunID
	run, err := engine.OpenRun(ctx, q)
	if err != nil {
		return nil, err
	}
	wanted := func(name string) bool { return len(r.Topics) == 0 || slices.Contains(r.Topics, name) }
	counts, err := run.Count(ctx, wanted, r.Window)
	if err != nil {
		return nil, err
	}
	p := &engine.RestorePlan{RestoreID: r.RestoreID, BackupID: run.BackupID, RunID: run.RunID, Window: r.Window,
		Target: archive.Cluster{Declared: "demo-bank", Observed: "demo-bank"}}
	for _, c := range counts {
		target := r.Mapping[c.Topic]
		if target == "" {
			target = "restore-" + p.RestoreID + "." + c.Topic
		}
		t := engine.RestoreTopic{Source: c.Topic, Target: target, Partitions: c.Partitions, ReplicationFactor: 3, Records: c.Records, Bytes: c.Bytes,
			HeldOpen: map[string]string{"retention.ms": "604800000"}}
		p.Topics = append(p.Topics, t)
		p.Records += c.Records
		p.Bytes += c.Bytes
	}
	return p, nil
}
