package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"kustody/engine/archive"
	"kustody/storage"
)

// ValidateOptions is what checking an archive needs. Store and BackupID must be set.
type ValidateOptions struct {
	Env   Env
	Store storage.Store
	Keys  archive.Keys // Trusted nil: signatures are not checked, and that is said

	BackupID string
	RunID    string // only this run and what it rests on; "": every run of the id
	Deep     bool   // read, hash and decode every segment; else their sizes and sidecars
	Workers  int    // segments read at once; default twice the cores
}

func (o ValidateOptions) withDefaults() ValidateOptions {
	o.Env = o.Env.withDefaults()
	if o.Workers <= 0 {
		o.Workers = 2 * runtime.GOMAXPROCS(0)
	}
	return o
}

// Validate checks an archive against its own documents and their signatures: plans, manifests and their
// chain, sidecars, segments, the account of every offset, journals and receipts. Whatever does not
// verify ends as a finding that names the object, and exit code 4.
func Validate(ctx context.Context, o ValidateOptions) *Job {
	o = o.withDefaults()
	return start(ctx, "validate", o.Env, func(ctx context.Context, j *Job) (Summary, error) {
		a := newAuditor(archive.Open(o.Store, o.BackupID, o.Keys), j, o.Deep, o.Workers)
		err := a.whole(ctx, o.RunID)
		return a.summarise(o), err
	})
}

// whole checks every run, or one.
func (a *auditor) whole(ctx context.Context, run string) error {
	a.job.phase("documents")
	runs, err := a.archive.Runs(ctx)
	if err != nil {
		return err
	}
	if run, err = a.choose(runs, run); err != nil {
		return err
	}
	if run != "" {
		err = a.chain(ctx, run)
	} else {
		err = a.runs(ctx, runs)
	}
	if err != nil {
		return err
	}
	if err := a.restores(ctx, run); err != nil {
		return err
	}
	a.job.phase("segments")
	if err := a.segments(ctx); err != nil {
		return err
	}
	if run != "" {
		return nil // what no run names belongs to none
	}
	a.job.phase("strays")
	return a.strays(ctx)
}

// choose finds the run that is asked for. Without any finished run there is no archive.
func (a *auditor) choose(runs []archive.Run, run string) (string, error) {
	finished := ""
	for _, r := range runs {
		if r.Finished {
			finished = r.ID
		}
		if r.Finished && r.ID == run {
			return run, nil
		}
	}
	switch {
	case finished == "":
		return "", fmt.Errorf("%w: %s has no finished run in %s", archive.ErrNoArchive, a.archive.BackupID, a.archive.Store().URL())
	case run == "latest":
		return finished, nil
	case run != "":
		return "", fmt.Errorf("%w: %s has no finished run %s", archive.ErrNoArchive, a.archive.BackupID, run)
	}
	return "", nil
}

// mostBroken bounds how many broken objects a summary lists; all are counted.
const mostBroken = 100

// summarise says what was found.
func (a *auditor) summarise(o ValidateOptions) Summary {
	var s Summary
	s.fact("backup_id", o.BackupID)
	s.fact("runs", a.runCount)
	s.fact("objects", a.tally.ObjectsExpected)
	s.fact("verified", a.tally.ObjectsVerified)
	s.fact("broken", len(a.broken))
	s.fact("bytes", a.tally.BytesVerified)
	s.fact("records", a.records)
	s.fact("deep", a.deep)
	s.fact("signatures", map[bool]string{true: "checked", false: "not checked"}[a.archive.Trusts()])
	s.Notes = append(s.Notes, a.notes...)
	if !a.archive.Trusts() {
		s.Notes = append(s.Notes, "signatures not checked: no public key is trusted (--public-key)")
	}
	if !a.deep {
		s.Notes = append(s.Notes, "segments were not read: only that they are there, in their size (--deep reads, hashes and decodes them)")
	}
	for i, err := range a.broken {
		if i == mostBroken {
			s.find("and %d more", len(a.broken)-i)
			break
		}
		s.find("%s", err)
	}
	if len(a.broken) > 0 {
		s.Exit = worst(s.Exit, ExitBroken)
	}
	return s
}

// isBroken says that an error is about something stored, and not about reading it.
func isBroken(err error) bool {
	var broken *archive.BrokenError
	return errors.As(err, &broken)
}
