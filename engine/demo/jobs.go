package demo

import (
	"context"
	"fmt"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/kafka"
)

func (d *demo) backupOptions() engine.BackupOptions {
	return engine.BackupOptions{Env: d.env, Source: d.client, Admin: d.admin, Store: d.store, Keys: d.keys, Witness: d.witness,
		BackupID: backupID, DeclaredCluster: clusterName, Topics: selection(scope), SkipACLs: true, Groups: ownGroup}
}

// ownGroup leaves out the groups that restores made.
func ownGroup(id string) bool {
	for _, g := range groups {
		if g.id == id {
			return true
		}
	}
	return false
}

func (d *demo) restoreOptions(w archive.Window) engine.RestoreOptions {
	return engine.RestoreOptions{Env: d.env, Target: d.client, Admin: d.admin, Store: d.store, Keys: d.keys, Witness: d.witness,
		BackupID: backupID, DeclaredCluster: clusterName, Window: w}
}

func (d *demo) validationOptions() engine.ValidationOptions {
	return engine.ValidationOptions{Env: d.env, Target: d.client, Admin: d.admin, Store: d.store, Keys: d.keys, Witness: d.witness,
		ReadBack: func() (engine.IndependentReader, error) {
			return kafka.OpenReadBack(d.broker.Cluster(), kafka.ReadBackOptions{MaxQueuedBytes: 8 << 20})
		},
		BinarySHA256: d.BinarySHA256, BackupID: backupID, DeclaredCluster: clusterName, Scope: selection(scope)}
}

func (d *demo) drillOptions(w archive.Window) engine.DrillOptions {
	return engine.DrillOptions{Env: d.env, Target: d.client, Store: d.store, Keys: d.keys, Witness: d.witness, BackupID: backupID,
		Backup: d.backupOptions(), Restore: d.restoreOptions(w), Validation: d.validationOptions()}
}

// expect waits for a job and wants it to end as it should. That holds for the failure of the year too:
// a check that does not fail on a changed target would be no check.
func expect(j *engine.Job, want engine.Exit) (engine.Summary, error) {
	s, err := j.Wait()
	if s.Exit == want {
		return s, nil
	}
	return s, fmt.Errorf("the %s ended with exit %d where %d was to come (findings %q): %w", s.Kind, s.Exit, want, s.Findings, errOr(err))
}

func errOr(err error) error {
	if err == nil {
		return fmt.Errorf("no error")
	}
	return err
}

// text is a fact of a summary that is a string.
func text(s engine.Summary, key string) string {
	v, _ := s.Get(key).(string)
	return v
}

// receipt reads what a restore did.
func (d *demo) receipt(ctx context.Context, id string) (*archive.Receipt, error) {
	doc, err := archive.Open(d.store, backupID, d.keys).Receipt(ctx, id)
	return doc.Doc, err
}

// forget deletes the topics that a restore made, as somebody would who is done with them.
func (d *demo) forget(ctx context.Context, r *archive.Receipt) error {
	for _, t := range r.Topics {
		if err := d.client.DeleteTopic(ctx, t.TargetID); err != nil {
			return err
		}
	}
	return nil
}
