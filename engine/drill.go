package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
)

// DrillTarget is what a drill restores into: a restore's target whose topics can be deleted again.
type DrillTarget interface {
	RestoreTarget
	DeleteTopic(ctx context.Context, id kafka.TopicID) error
}

// DrillOptions is what a drill needs. Target, Store, BackupID, and the members of Backup, Restore and
// Validation that name clusters must be set. What stands here holds for all three parts, whatever they
// say of it.
type DrillOptions struct {
	Env      Env
	Target   DrillTarget
	Store    storage.Store
	Keys     archive.Keys
	Witness  *Witness
	BackupID string

	Backup BackupOptions // Repeat is left out
	// Restore says which topics and which window. The drill chooses names, for topics and groups both; it
	// makes all of them, and takes no ACLs along.
	Restore    RestoreOptions
	Validation ValidationOptions
	KeepTopics bool // leave the restored topics where they are, unless the drill does not get to its end
}

// drill is one drill under way.
type drill struct {
	DrillOptions
	id      string // of its restore
	runID   string // of its backup
	job     *Job
	archive *archive.Archive
	restore *restore        // nil before it began
	records []evidence.File // of topics that are gone: its own, and those of dead drills
	summary Summary
}

// Drill proves that what is backed up can be restored: a backup, a restore into fresh topics, the
// comparison of every record, evidence, and the topics deleted again. It is one job with one start in
// the ledger; its parts and its end are entered as they come. A failed check does not keep it from
// tearing down, and neither does Cancel.
func Drill(ctx context.Context, o DrillOptions) *Job {
	o = o.withDefaults()
	return start(ctx, "drill", o.Env, func(ctx context.Context, j *Job) (Summary, error) {
		d := &drill{DrillOptions: o, id: archive.NewDrillID(o.Env.now()), job: j, archive: archive.Open(o.Store, o.BackupID, o.Keys)}
		err := d.run(ctx)
		return d.summary, err
	})
}

func (o DrillOptions) withDefaults() DrillOptions {
	o.Env = o.Env.withDefaults()
	b, r, v := &o.Backup, &o.Restore, &o.Validation
	b.Env, b.Store, b.Keys, b.BackupID = o.Env, o.Store, o.Keys, o.BackupID
	r.Env, r.Store, r.Keys, r.BackupID = o.Env, o.Store, o.Keys, o.BackupID
	v.Env, v.Store, v.Keys, v.BackupID = o.Env, o.Store, o.Keys, o.BackupID
	v.Target = o.Target
	b.Repeat = 0
	r.Target, r.drill = o.Target, true
	r.Mapping, r.AllowTopics, r.AllowExisting, r.NoCreate = nil, nil, false, false
	r.CopyACLs, r.ApplyConfigs, r.DryRun = false, false, false
	*b, *r, *v = b.withDefaults(), r.withDefaults(), v.withDefaults()
	return o
}

// drillGroup is the name of the group that a drill translates a captured group's offsets into: a real
// one at the target is never touched.
func (d *drill) drillGroup(name string) string { return d.id + "." + name }

// run locks, enters the start, works, tears down, and enters the end.
func (d *drill) run(ctx context.Context) error {
	if err := d.free(ctx); err != nil {
		return err
	}
	lock, err := d.archive.LockRestore(ctx, d.id, d.Env.holder(d.job, "drill"))
	if err != nil {
		return err
	}
	defer lock.Release()
	watch, err := d.Witness.start(ctx, d.job, "drill", d.subject())
	if err != nil {
		return err
	}
	d.summary.fact("backup_id", d.BackupID)
	d.summary.fact("drill_id", d.id)
	err = d.parts(ctx, d.Witness.within(watch))
	complete := err == nil
	if terr := d.tearDown(ctx, complete); terr != nil {
		err = errors.Join(err, terr)
	}
	return errors.Join(err, watch.close(ctx, d.closing(err)))
}

// free asks whether a backup could begin now. The drill that comes while another job works is refused
// before the ledger hears of it, as a backup is: it would spoil the slot of the one that works.
func (d *drill) free(ctx context.Context) error {
	h, held, err := d.archive.Store().Holder(ctx, archive.LockKey)
	if err == nil && held {
		err = &storage.HeldError{Key: d.archive.Dir + archive.LockKey, Holder: h}
	}
	if err != nil {
		return fmt.Errorf("lock archive %s: %w", d.BackupID, err)
	}
	return nil
}

// subject is what the ledger calls this drill.
func (d *drill) subject() map[string]string {
	s := map[string]string{"backup_id": d.BackupID, "restore_id": d.id}
	if d.Backup.ConfigSHA256 != "" {
		s["config_sha256"] = d.Backup.ConfigSHA256
	}
	if d.runID != "" {
		s["run_id"] = d.runID
	}
	return s
}

// closing is the last entry of a drill: how it ended, and the record of what became of its topics.
func (d *drill) closing(err error) closing {
	c := closing{Type: evidence.TypeRestore, Verdict: verdictOf(d.summary.Exit), Subject: d.subject()}
	c.Subject["action"] = "tear-down"
	for _, f := range d.records {
		c.Files = append(c.Files, f.In(evidence.RootArchive))
	}
	if err != nil {
		c.Verdict, c.Detail = evidence.VerdictError, brief(err)
	}
	return c
}

// parts runs what a drill is made of, each part only after the one before it came to its end.
func (d *drill) parts(ctx context.Context, w *Witness) error {
	d.sweep(ctx)
	for _, part := range []struct {
		name string
		run  func(context.Context, *Witness) (Summary, error)
	}{{"backup", d.backup}, {"restore", d.restoreFresh}, {"validation", d.validate}} {
		d.job.Info("part", F("part", part.name))
		began := d.Env.now()
		s, err := part.run(ctx, w)
		d.add(part.name, s, d.Env.now().Sub(began))
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// add takes a part's summary into the drill's own. Facts that several parts state are told apart by the
// part's name.
func (d *drill) add(part string, s Summary, took time.Duration) {
	d.job.Info("part_done", append([]Field{F("part", part), F("exit", int(s.Exit)), F("duration_ms", took.Milliseconds())}, s.Facts...)...)
	d.summary.Exit = worst(d.summary.Exit, s.Exit)
	d.summary.fact(part+"_ms", took.Milliseconds())
	for _, f := range s.Facts {
		switch {
		case f.Key == "records" || f.Key == "bytes" || f.Key == "topics" || f.Key == "partitions" || f.Key == "resumed":
			d.summary.fact(part+"_"+f.Key, f.Value)
		case d.summary.Get(f.Key) == nil:
			d.summary.fact(f.Key, f.Value)
		}
	}
	d.summary.Findings = append(d.summary.Findings, s.Findings...)
	d.summary.Notes = append(d.summary.Notes, s.Notes...)
}

func (d *drill) backup(ctx context.Context, w *Witness) (Summary, error) {
	o := d.Backup
	o.Witness = w
	s, err := runBackup(ctx, d.job, o)
	d.runID, _ = s.Get("run_id").(string)
	return s, err
}

func (d *drill) restoreFresh(ctx context.Context, w *Witness) (Summary, error) {
	o := d.Restore
	o.Witness, o.RestoreID, o.RunID = w, d.id, d.runID
	if groups := o.Groups; groups != nil {
		o.Groups = func(id string) (string, bool) {
			target, ok := groups(id)
			return d.drillGroup(target), ok
		}
	}
	d.restore = newRestore(d.job, o)
	err := d.restore.run(ctx)
	return d.restore.summary, err
}

func (d *drill) validate(ctx context.Context, w *Witness) (Summary, error) {
	o := d.Validation
	o.Witness, o.RestoreID = w, d.id
	return runValidation(ctx, d.job, o)
}
