package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/storage"
)

// tearDownPatience is how long a drill that was cancelled may take to clean up behind itself.
const tearDownPatience = 2 * time.Minute

// tearDown deletes the topics that this drill made, by their ids, and writes down that they are gone.
// What could not be deleted is a finding, and the next drill tries again.
func (d *drill) tearDown(ctx context.Context, complete bool) error {
	if d.restore == nil || d.restore.plan == nil {
		return nil
	}
	d.job.phase("tear-down")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tearDownPatience)
	defer cancel()
	topics := d.made()
	if d.restore.journal.Doc == nil {
		d.unknown(ctx, topics)
	}
	if len(topics) == 0 {
		return nil
	}
	record := archive.Teardown{RestoreID: d.id, Topics: topics}
	if d.KeepTopics && complete {
		record.Kept = true
		d.summary.Notes = append(d.summary.Notes, fmt.Sprintf("%d restored topics were kept, as asked; delete them by hand: %s", len(topics), topicList(topics)))
	} else if left := d.deleteTopics(ctx, topics); len(left) > 0 {
		d.summary.find("%d restored topics could not be deleted, the next drill will try again: %s", len(left), topicList(left))
		return nil
	}
	if n := len(d.restore.plan.Groups); n > 0 && !record.Kept {
		d.summary.Notes = append(d.summary.Notes, fmt.Sprintf("%s of the drill lost their offsets with the topics; brokers forget the empty groups some minutes later", plural(n, "consumer group")))
	}
	d.summary.fact("kept", record.Kept)
	return d.putTeardown(ctx, &record)
}

// made lists the topics of this drill: as its journal names them, or, if it did not get so far, those
// that it saw itself create.
func (d *drill) made() []archive.TornTopic {
	if j := d.restore.journal.Doc; j != nil {
		return tornTopics(j)
	}
	var topics []archive.TornTopic
	for _, t := range d.restore.plan.Topics {
		if !t.Exists && !t.TargetID.IsZero() {
			topics = append(topics, archive.TornTopic{Topic: t.Target, TopicID: t.TargetID})
		}
	}
	return topics
}

// unknown finds topics that have a name of this drill, and whose ids it never learned: it ended between
// making them and writing its journal. They are told, and not deleted.
func (d *drill) unknown(ctx context.Context, known []archive.TornTopic) {
	there, err := d.Target.Topics(ctx)
	if err != nil {
		d.summary.find("topics whose names begin with %s. may be left at the target: %v", d.id, err)
		return
	}
	for _, t := range there {
		if strings.HasPrefix(t.Name, d.id+".") && !slices.ContainsFunc(known, func(k archive.TornTopic) bool { return k.TopicID == t.ID }) {
			d.summary.find("topic %s (%s) is left: the drill ended before it had written down that it made it; delete it by hand", t.Name, t.ID)
		}
	}
}

// tornTopics are the topics that a journal says its restore created.
func tornTopics(j *archive.Journal) []archive.TornTopic {
	topics := []archive.TornTopic{}
	for _, t := range j.Topics {
		if t.Created && !t.TargetID.IsZero() {
			topics = append(topics, archive.TornTopic{Topic: t.Target, TopicID: t.TargetID})
		}
	}
	return topics
}

// deleteTopics deletes topics by id and returns those that may still be there. One that is gone already
// is no trouble, and one that has its name by now is not touched.
func (d *drill) deleteTopics(ctx context.Context, topics []archive.TornTopic) (left []archive.TornTopic) {
	for _, t := range topics {
		err := d.Target.DeleteTopic(ctx, t.TopicID)
		switch {
		case err == nil:
			d.job.Info("topic_deleted", F("topic", t.Topic), F("topic_id", t.TopicID.String()))
		case errors.Is(err, fs.ErrNotExist):
			d.job.Info("topic_gone", F("topic", t.Topic), F("topic_id", t.TopicID.String()))
		default:
			d.job.Warn("topic_left", F("topic", t.Topic), F("topic_id", t.TopicID.String()), F("error", err.Error()),
				F("message", fmt.Sprintf("topic %s (%s) is left: %v", t.Topic, t.TopicID, err)))
			left = append(left, t)
		}
	}
	return left
}

// putTeardown writes the record of a drill's end. The ledger will name it.
func (d *drill) putTeardown(ctx context.Context, record *archive.Teardown) error {
	record.CreatedAt, record.CreatedBy, record.Tool = d.Env.now(), d.Env.Operator, d.Env.Tool
	f, err := d.archive.PutTeardown(ctx, record)
	if err != nil {
		return fmt.Errorf("write down what became of the topics of drill %s: %w", record.RestoreID, err)
	}
	f.Key = d.archive.Dir + f.Key
	d.records = append(d.records, f)
	return nil
}

// sweep deletes what drills left that died. A drill is known by its journal, and lives while it holds
// its lock. Trouble with it is a finding and keeps no drill from running.
func (d *drill) sweep(ctx context.Context) {
	d.job.phase("sweep")
	err := d.sweepDead(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	d.summary.find("what earlier drills left could not be looked through: %v", err)
	d.summary.Exit = worst(d.summary.Exit, exitOf(err))
}

func (d *drill) sweepDead(ctx context.Context) error {
	list, err := d.archive.Restores(ctx)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(r archive.Restore) bool {
		return r.TornDown || !r.Begun || !archive.IsDrillID(r.ID) || r.ID == d.id
	})
	if len(list) == 0 {
		return nil
	}
	cluster, err := d.Target.ClusterID(ctx)
	if err != nil {
		return fmt.Errorf("ask the target cluster for its id: %w", err)
	}
	var errs []error
	for _, r := range list {
		errs = append(errs, d.sweepOne(ctx, r.ID, cluster))
	}
	return errors.Join(errs...)
}

// sweepOne deletes the topics of one earlier drill, if it was one, into this cluster, and is dead.
func (d *drill) sweepOne(ctx context.Context, id, cluster string) error {
	j, err := d.archive.Journal(ctx, id)
	if err != nil {
		return err
	}
	if !j.Doc.Drill || j.Doc.Target.Observed != cluster {
		return nil
	}
	lock, err := d.archive.LockRestore(ctx, id, d.Env.holder(d.job, "drill"))
	var held *storage.HeldError
	if errors.As(err, &held) {
		d.summary.Notes = append(d.summary.Notes, fmt.Sprintf("drill %s is running; its topics are left alone", id))
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Release()
	if _, err := d.archive.Teardown(ctx, id); !errors.Is(err, fs.ErrNotExist) {
		return err // it ended just now
	}
	topics := tornTopics(j.Doc)
	if left := d.deleteTopics(ctx, topics); len(left) > 0 {
		d.summary.find("%d topics of drill %s, which died, could not be deleted: %s", len(left), id, topicList(left))
		return nil
	}
	d.summary.Notes = append(d.summary.Notes, fmt.Sprintf("drill %s had died; %d topics of it were deleted: %s", id, len(topics), topicList(topics)))
	return d.putTeardown(ctx, &archive.Teardown{RestoreID: id, Swept: true, Topics: topics})
}

// topicList names topics with the ids that tell them from others of the same name, a few of them.
func topicList(topics []archive.TornTopic) string {
	const most = 5
	var words []string
	for _, t := range topics[:min(most, len(topics))] {
		words = append(words, fmt.Sprintf("%s (%s)", t.Topic, t.TopicID))
	}
	if n := len(topics) - most; n > 0 {
		words = append(words, fmt.Sprintf("and %d more", n))
	}
	return joinWords(words)
}

var _ DrillTarget = (*kafka.Client)(nil)
