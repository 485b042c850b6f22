package main

import (
	"context"

	"kustody/engine"
	"kustody/tui"
)

// work starts jobs as the verbs of --batch do: through the same functions, with the same options.
func (d *desk) work() *tui.Work {
	c := d.first.cfg
	w := &tui.Work{Backup: d.startBackup, Plan: d.plan, Restore: d.startRestore, Drill: d.startDrill, Validation: d.startValidation,
		Target: clusterName(c.Target), Production: c.Target.Production}
	if sameCluster(c.Source, c.Target) {
		w.Target, w.Production = sourceName(c), c.Target.Production || c.Source.Production
	}
	// A configuration that no restore can begin with says so when one is begun.
	w.Defaults, _ = d.first.restoreRequest(restoreFlags{})
	w.Defaults.Topics = c.Restore.Topics.Include
	if len(w.Defaults.Topics) == 0 && len(c.Restore.Topics.Exclude) > 0 {
		w.Defaults.Topics = []string{"*"}
	}
	// The key that jobs sign with is looked at now: what is to be said of it should be said before a job.
	if err := d.first.loadKeys(d.at.publicKey, true); err != nil {
		d.warn("no job can be started: " + err.Error())
	}
	d.first.signer = nil // what looks does not sign
	return w
}

// start begins a job with a session of its own, which is closed after it. ctx is for the beginning; the job
// outlives it.
func (d *desk) start(verb, backupID string, begin func(s *session) (*engine.Job, error)) (*engine.Job, error) {
	s, err := d.session(verb, backupID)
	if err != nil {
		return nil, err
	}
	job, err := begin(s)
	if err != nil {
		s.close()
		return nil, err
	}
	for _, w := range d.warnings() {
		job.Warn("warning", engine.F("message", w))
	}
	go func() {
		<-job.Done()
		s.close()
	}()
	return job, nil
}

func (d *desk) startBackup(ctx context.Context, r tui.BackupRequest) (*engine.Job, error) {
	return d.start("backup", r.BackupID, func(s *session) (*engine.Job, error) {
		o, err := s.openBackup(ctx, r)
		if err != nil {
			return nil, err
		}
		return engine.Backup(context.WithoutCancel(ctx), o), nil
	})
}

// plan resolves a restore; it writes nothing.
func (d *desk) plan(ctx context.Context, r tui.RestoreRequest) (*engine.RestorePlan, error) {
	s, err := d.session("restore", r.BackupID)
	if err != nil {
		return nil, err
	}
	defer s.close()
	o, err := s.openRestore(ctx, r, true)
	if err != nil {
		return nil, err
	}
	return engine.PlanRestore(ctx, o)
}

func (d *desk) startRestore(ctx context.Context, r tui.RestoreRequest) (*engine.Job, error) {
	return d.start("restore", r.BackupID, func(s *session) (*engine.Job, error) {
		o, err := s.openRestore(ctx, r, false)
		if err != nil {
			return nil, err
		}
		return engine.Restore(context.WithoutCancel(ctx), o), nil
	})
}

func (d *desk) startDrill(ctx context.Context, r tui.DrillRequest) (*engine.Job, error) {
	return d.start("drill", r.BackupID, func(s *session) (*engine.Job, error) {
		o, err := s.openDrill(ctx, r)
		if err != nil {
			return nil, err
		}
		return engine.Drill(context.WithoutCancel(ctx), o), nil
	})
}

func (d *desk) startValidation(ctx context.Context, r tui.ValidationRequest) (*engine.Job, error) {
	return d.start("validation", r.BackupID, func(s *session) (*engine.Job, error) {
		o, err := s.openValidation(ctx, r)
		if err != nil {
			return nil, err
		}
		return engine.Validation(context.WithoutCancel(ctx), o), nil
	})
}
