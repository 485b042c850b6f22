package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
)

// findJournal looks for a restore with this plan that began before. One that is complete, and whose
// topics are still there, makes the new one needless; one that is not will be gone on with.
func (p *RestorePlan) findJournal(ctx context.Context, o RestoreOptions, a *archive.Archive) error {
	list, err := a.Restores(ctx)
	if err != nil {
		return err
	}
	slices.Reverse(list) // the newest first
	for _, r := range list {
		if o.RestoreID != "" && r.ID != o.RestoreID {
			continue
		}
		j, err := a.Journal(ctx, r.ID)
		var broken *archive.BrokenError
		if errors.As(err, &broken) && o.RestoreID == "" {
			// Never gone on with; and no reason to refuse restores that have nothing to do with it.
			p.Warnings = append(p.Warnings, fmt.Sprintf("restore %s is left alone, its journal cannot be trusted: %v", r.ID, err))
			continue
		}
		if err != nil {
			return fmt.Errorf("look for an unfinished restore: %w", err)
		}
		if j.Doc.PlanSHA256 != p.Digest {
			if o.RestoreID != "" {
				return problem(ExitUsage, "choose another restore_id, or repeat the command that began it", "restore %s exists and has another plan", r.ID)
			}
			continue
		}
		found, err := p.takeJournal(ctx, o, j, r.Done)
		if found || err != nil {
			return err
		}
	}
	return nil
}

// takeJournal makes the plan that of a restore that began before, if its topics are all still there.
func (p *RestorePlan) takeJournal(ctx context.Context, o RestoreOptions, j archive.Document[archive.Journal], done bool) (bool, error) {
	for _, t := range j.Doc.Topics {
		e, err := o.Target.TopicExists(ctx, t.Target, t.TargetID)
		if err != nil {
			return false, fmt.Errorf("look for topic %s of restore %s: %w", t.Target, j.Doc.RestoreID, err)
		}
		if e == kafka.Unsure {
			return false, problem(ExitFailed, "try again when the cluster is well", "the brokers do not agree whether topic %s of restore %s is there", t.Target, j.Doc.RestoreID)
		}
		if e != kafka.Exists {
			p.note("restore %s had the same plan, and its topic %s (%s) is gone: this is a new restore", j.Doc.RestoreID, t.Target, t.TargetID)
			if o.RestoreID != "" {
				return false, problem(ExitFailed, "use another restore_id", "restore %s cannot go on: its topic %s is gone", o.RestoreID, t.Target)
			}
			return false, nil
		}
	}
	if len(j.Doc.Topics) != len(p.Topics) {
		return false, &archive.BrokenError{Key: j.Key, Err: errors.New("does not name the topics of its plan")}
	}
	p.RestoreID, p.journal, p.Done, p.Resumes = j.Doc.RestoreID, j, done, !done
	for i, t := range j.Doc.Topics {
		x := &p.Topics[i]
		if t.SourceID != x.SourceID || t.MaxBatchBytes <= 0 {
			return false, &archive.BrokenError{Key: j.Key, Err: fmt.Errorf("names topic %s where its plan has %s", t.Source, x.Source)}
		}
		x.Target, x.TargetID, x.Exists = t.Target, t.TargetID, true
		x.Configs, x.HeldOpen, x.MaxBatchBytes = t.Configs, t.HeldOpen, t.MaxBatchBytes
	}
	return true, nil
}

// alreadyDone answers a restore that is complete.
func (r *restore) alreadyDone(ctx context.Context) (bool, error) {
	rec, err := r.archive.Receipt(ctx, r.plan.RestoreID)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.journal, err = r.archive.Journal(ctx, r.plan.RestoreID); err != nil {
		return false, err
	}
	if rec.Doc.JournalSHA256 != r.journal.SHA256 {
		return false, &archive.BrokenError{Key: rec.Key, Err: errors.New("belongs to another journal than the one beside it")}
	}
	r.job.Info("already_done", F("restore_id", r.plan.RestoreID), F("message", "restore "+r.plan.RestoreID+" is complete already; nothing was written"))
	r.summary.Notes = append(r.summary.Notes, "restore "+r.plan.RestoreID+" was complete already")
	r.conclude(rec)
	if r.ApplyConfigs {
		return true, r.applyConfigs(ctx, rec)
	}
	return true, nil
}

// stored names the documents of this restore for the ledger, as far as they are there.
func (r *restore) stored(ctx context.Context) ([]ledgerFile, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var files []ledgerFile
	add := func(key, sum string, size int64, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files = append(files, evidence.File{Key: r.archive.Dir + key, SHA256: sum, Size: size}.In(evidence.RootArchive))
		return err
	}
	id := r.plan.RestoreID
	j, err := r.archive.Journal(ctx, id)
	if err := add(j.Key, j.SHA256, j.Size, err); err != nil {
		return nil, err
	}
	rec, err := r.archive.Receipt(ctx, id)
	if err := add(rec.Key, rec.SHA256, rec.Size, err); err != nil {
		return nil, err
	}
	fin, err := r.archive.Finish(ctx, id)
	if err := add(fin.Key, fin.SHA256, fin.Size, err); err != nil {
		return nil, err
	}
	return files, nil
}

// begin makes topics and journal, or takes the journal of the restore that is gone on with.
func (r *restore) begin(ctx context.Context) error {
	if r.plan.Resumes {
		r.journal, r.resumed = r.plan.journal, true
		r.job.Info("resume", F("restore_id", r.plan.RestoreID), F("message", "going on with restore "+r.plan.RestoreID+", which has not finished"))
		return nil
	}
	r.job.phase("topics")
	for i := range r.plan.Topics {
		if err := r.makeTopic(ctx, &r.plan.Topics[i]); err != nil {
			return err
		}
	}
	if err := r.copyACLs(ctx); err != nil {
		return err
	}
	return r.putJournal(ctx)
}

// makeTopic creates a target topic, and waits until its brokers know it.
func (r *restore) makeTopic(ctx context.Context, t *RestoreTopic) error {
	if t.Exists {
		return nil
	}
	err := r.Admin.CreateTopic(ctx, kafka.NewTopic{Name: t.Target, Partitions: t.Partitions, Replication: t.ReplicationFactor, Configs: t.Configs})
	if err != nil {
		return err
	}
	if t.TargetID, err = r.awaitTopic(ctx, t.Target, t.Partitions); err != nil {
		return fmt.Errorf("wait for topic %s, which was created: %w", t.Target, err)
	}
	r.job.Info("topic_created", F("topic", t.Target), F("topic_id", t.TargetID.String()), F("partitions", t.Partitions),
		F("replication_factor", t.ReplicationFactor), F("held_open", slices.Sorted(maps.Keys(t.HeldOpen))))
	return nil
}

// awaitPatience is how long brokers may take to learn of a topic that was just made.
const awaitPatience = time.Minute

// awaitTopic waits until the brokers agree on a new topic and every partition has a leader that knows it.
func (r *restore) awaitTopic(ctx context.Context, name string, partitions int) (kafka.TopicID, error) {
	deadline := time.Now().Add(awaitPatience)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		id, err := r.topicReady(ctx, name, partitions)
		if err == nil || time.Now().After(deadline) {
			return id, err
		}
		select {
		case <-ctx.Done():
			return id, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (r *restore) topicReady(ctx context.Context, name string, partitions int) (kafka.TopicID, error) {
	found, err := r.Target.Topics(ctx, name)
	if err != nil {
		return kafka.TopicID{}, err
	}
	t := found[0]
	if len(t.Partitions) != partitions {
		return t.ID, fmt.Errorf("it has %d partitions, not %d", len(t.Partitions), partitions)
	}
	if e, err := r.Target.TopicExists(ctx, name, t.ID); err != nil || e != kafka.Exists {
		return t.ID, errors.Join(fmt.Errorf("the brokers call it %s", e), err)
	}
	_, err = askOffsets(ctx, r.Target, t) // asks every leader
	return t.ID, err
}

// putJournal freezes who writes what from where. From here on every record is written under the
// producer id it names: one for the whole restore, as brokers count sequences by partition.
func (r *restore) putJournal(ctx context.Context) error {
	producer, err := r.Target.InitProducer(ctx)
	if err != nil {
		return err
	}
	p := r.plan
	j := &archive.Journal{RestoreID: p.RestoreID, RunID: p.RunID, ManifestSHA256: p.ManifestSHA256, PlanSHA256: p.Digest,
		CreatedAt: r.Env.now(), CreatedBy: r.Env.Operator, Tool: r.Env.Tool, Target: p.Target, Window: p.Window,
		OffsetHeaders: p.OffsetHeaders, Repartition: p.Repartition, Drill: r.drill}
	for _, t := range p.Topics {
		jt := archive.JournalTopic{Source: t.Source, SourceID: t.SourceID, Target: t.Target, TargetID: t.TargetID,
			Created: !t.Exists || t.Adopted, MaxBatchBytes: t.MaxBatchBytes, Configs: t.Configs, HeldOpen: t.HeldOpen}
		ends, err := r.ends(ctx, t)
		if err != nil {
			return err
		}
		for n := range t.Partitions {
			jt.Partitions = append(jt.Partitions, archive.JournalPartition{Partition: int32(n), ProducerID: archive.Int64(producer.ID),
				ProducerEpoch: producer.Epoch, Start: archive.Int64(ends[int32(n)])})
		}
		j.Topics = append(j.Topics, jt)
	}
	if _, err := r.archive.PutJournal(ctx, j); err != nil {
		return err
	}
	r.journal, err = r.archive.Journal(ctx, p.RestoreID)
	return err
}

// ends asks where the partitions of a target topic end now.
func (r *restore) ends(ctx context.Context, t RestoreTopic) (map[int32]int64, error) {
	var tps []kafka.TopicPartition
	for n := range t.Partitions {
		tps = append(tps, kafka.TopicPartition{Topic: t.Target, ID: t.TargetID, Partition: int32(n)})
	}
	at, err := r.Target.Offsets(ctx, kafka.HighWatermark, tps)
	if err != nil {
		return nil, fmt.Errorf("ask for the ends of topic %s: %w", t.Target, err)
	}
	ends := map[int32]int64{}
	for tp, o := range at {
		ends[tp.Partition] = o.Offset
	}
	return ends, nil
}
