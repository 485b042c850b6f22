package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
)

// FinishOptions is what `restore finish` needs. All but Env, Keys and Witness must be set.
type FinishOptions struct {
	Env     Env
	Target  RestoreTarget
	Admin   RestoreAdmin
	Store   storage.Store
	Keys    archive.Keys
	Witness *Witness

	BackupID  string
	RestoreID string
	DryRun    bool // say what would happen, and set nothing
}

// finisher sets the captured configs of the topics of one restore.
type finisher struct {
	env     Env
	target  RestoreTarget
	admin   RestoreAdmin
	archive *archive.Archive
	job     *Job
	summary *Summary
	dryRun  bool
}

// finishTopic is what finishing does to one topic.
type finishTopic struct {
	name     string
	id       kafka.TopicID
	set      map[string]string
	unset    []string
	expiring int64
	said     []string
}

// FinishRestore sets the configs that a restore left open to their captured values, and says first how
// many of the restored records the broker will then delete.
func FinishRestore(ctx context.Context, o FinishOptions) *Job {
	o.Env = o.Env.withDefaults()
	return start(ctx, "restore finish", o.Env, func(ctx context.Context, j *Job) (Summary, error) {
		var s Summary
		f := &finisher{env: o.Env, target: o.Target, admin: o.Admin, archive: archive.Open(o.Store, o.BackupID, o.Keys), job: j, summary: &s, dryRun: o.DryRun}
		err := f.run(ctx, o)
		return s, err
	})
}

// run finds the receipt, and applies.
func (f *finisher) run(ctx context.Context, o FinishOptions) error {
	f.job.phase("plan")
	rec, err := f.archive.Receipt(ctx, o.RestoreID)
	if errors.Is(err, fs.ErrNotExist) {
		return problem(ExitUsage, "let the restore end first; the command that began it goes on with it", "restore %s of %s has no receipt", o.RestoreID, o.BackupID)
	}
	if err != nil {
		return err
	}
	id, err := f.target.ClusterID(ctx)
	if err != nil {
		return fmt.Errorf("ask the target cluster for its id: %w", err)
	}
	if id != rec.Doc.Target.Observed {
		return problem(ExitUsage, "correct target", "restore %s went into cluster %s, and these brokers are %s", o.RestoreID, rec.Doc.Target.Observed, id)
	}
	if f.dryRun {
		return f.apply(ctx, rec)
	}
	lock, err := f.archive.LockRestore(ctx, o.RestoreID, f.env.holder(f.job, "restore finish"))
	if err != nil {
		return err
	}
	defer lock.Release()
	subject := map[string]string{"backup_id": o.BackupID, "restore_id": o.RestoreID, "action": "finish"}
	watch, err := o.Witness.start(ctx, f.job, "restore", subject)
	if err != nil {
		return err
	}
	if err := f.apply(ctx, rec); err != nil {
		return errors.Join(err, watch.fail(ctx, evidence.TypeRestore, subject, err))
	}
	fin, err := f.archive.Finish(ctx, o.RestoreID)
	if err != nil {
		return errors.Join(err, watch.fail(ctx, evidence.TypeRestore, subject, err))
	}
	file := evidence.File{Key: f.archive.Dir + fin.Key, SHA256: fin.SHA256, Size: fin.Size}
	return watch.close(ctx, closing{Type: evidence.TypeRestore, Verdict: verdictOf(f.summary.Exit), Subject: subject,
		Files: []ledgerFile{file.In(evidence.RootArchive)}})
}

// applyConfigs is finishing at the end of a restore.
func (r *restore) applyConfigs(ctx context.Context, rec archive.Document[archive.Receipt]) error {
	r.job.phase("finish")
	f := &finisher{env: r.Env, target: r.Target, admin: r.Admin, archive: r.archive, job: r.job, summary: &r.summary}
	return f.apply(ctx, rec)
}

// apply says what will be deleted, sets the configs, and writes it down.
func (f *finisher) apply(ctx context.Context, rec archive.Document[archive.Receipt]) error {
	if done, err := f.archive.Finish(ctx, rec.Doc.RestoreID); err == nil {
		f.summary.Notes = append(f.summary.Notes, fmt.Sprintf("the configs of restore %s were set already, %s", rec.Doc.RestoreID, done.Doc.CreatedAt.Format("2006-01-02 15:04:05Z")))
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	topics, err := f.plan(ctx, rec.Doc)
	if err != nil {
		return err
	}
	doc := &archive.Finish{RestoreID: rec.Doc.RestoreID, CreatedBy: f.env.Operator, Tool: f.env.Tool, Receipt: rec.SHA256}
	var expiring int64
	for _, t := range topics {
		f.announce(t)
		expiring += t.expiring
		done := archive.FinishTopic{Target: t.name, TargetID: t.id, Applied: map[string]string{}, Expiring: t.expiring}
		maps.Copy(done.Applied, t.set)
		for _, name := range t.unset {
			done.Applied[name] = ""
		}
		doc.Topics = append(doc.Topics, done)
	}
	f.summary.fact("finished_topics", len(topics))
	f.summary.fact("expiring_records", expiring)
	if f.dryRun {
		f.summary.Notes = append(f.summary.Notes, "dry run: nothing was set")
		return nil
	}
	for _, t := range topics {
		if err := f.admin.SetConfigs(ctx, t.name, t.set, t.unset); err != nil {
			return err
		}
	}
	doc.CreatedAt = f.env.now()
	_, err = f.archive.PutFinish(ctx, doc)
	return err
}

func (f *finisher) announce(t finishTopic) {
	f.job.Info("finish", F("topic", t.name), F("set", slices.Sorted(maps.Keys(t.set))), F("unset", t.unset), F("expiring", t.expiring))
	for _, s := range t.said {
		f.job.Warn("warning", F("message", s))
		f.summary.Notes = append(f.summary.Notes, s)
	}
}

// plan resolves what is set on each topic that the restore made. Topics that were there before carry
// their own configs and are left alone.
func (f *finisher) plan(ctx context.Context, rec *archive.Receipt) ([]finishTopic, error) {
	facts, note, err := askBrokers(ctx, f.target, f.admin)
	if err != nil {
		return nil, err
	}
	if note != "" {
		f.summary.Notes = append(f.summary.Notes, note)
	}
	view, err := f.archive.View(ctx, rec.RunID)
	if err != nil {
		return nil, err
	}
	var out []finishTopic
	for _, t := range rec.Topics {
		if !t.Created || len(t.HeldOpen) == 0 {
			continue
		}
		ft, err := f.planTopic(ctx, t)
		if err != nil {
			return nil, err
		}
		if err := f.expire(ctx, &ft, t, rec, view, facts); err != nil {
			return nil, err
		}
		out = append(out, ft)
	}
	return out, nil
}

// planTopic looks whether the topic is the one that was restored, and what can be set on it.
func (f *finisher) planTopic(ctx context.Context, t archive.ReceiptTopic) (finishTopic, error) {
	ft := finishTopic{name: t.Target, id: t.TargetID, set: map[string]string{}, unset: []string{}}
	e, err := f.target.TopicExists(ctx, t.Target, t.TargetID)
	if err != nil {
		return ft, fmt.Errorf("look for topic %s: %w", t.Target, err)
	}
	if e != kafka.Exists {
		return ft, problem(ExitFailed, "nothing was set", "topic %s (%s), which was restored, is %s", t.Target, t.TargetID, e)
	}
	found, err := f.target.Topics(ctx, t.Target)
	if err != nil {
		return ft, err
	}
	replicas := 0
	for _, p := range found[0].Partitions {
		replicas = max(replicas, p.Replicas)
	}
	for _, name := range slices.Sorted(maps.Keys(t.HeldOpen)) {
		value := t.HeldOpen[name]
		switch {
		case name == "min.insync.replicas" && (value == "" || intOr(value, 0) > int64(replicas)):
			ft.said = append(ft.said, fmt.Sprintf("topic %s: %s stays as it is: with %d replicas nobody could write to the topic", t.Target, name, replicas))
		case value == "":
			ft.unset = append(ft.unset, name)
		default:
			ft.set[name] = value
		}
	}
	return ft, nil
}

// expire says which restored records the captured configs will cost. By age they are counted; by size
// they are estimated from the bytes written.
func (f *finisher) expire(ctx context.Context, ft *finishTopic, t archive.ReceiptTopic, rec *archive.Receipt, view *archive.View, facts brokerFacts) error {
	effective := func(name, otherwise string) string {
		if v, ok := ft.set[name]; ok {
			return v
		}
		return otherwise
	}
	policy := effective("cleanup.policy", "delete")
	if slices.Contains(ft.unset, "cleanup.policy") {
		policy = facts.cleanup
	}
	if strings.Contains(policy, "compact") {
		ft.said = append(ft.said, fmt.Sprintf("topic %s: cleanup.policy becomes %s: of records with the same key only the last will stay, and records without a key will go", t.Target, policy))
	}
	if !strings.Contains(policy, "delete") {
		return nil
	}
	age, size := int64(-1), int64(-1)
	if _, ok := t.HeldOpen["retention.ms"]; ok {
		age = intOr(effective("retention.ms", ""), facts.retentionMs)
	}
	if _, ok := t.HeldOpen["retention.bytes"]; ok {
		size = intOr(effective("retention.bytes", ""), facts.retentionSize)
	}
	byAge, err := f.older(ctx, t, rec, view, age)
	if err != nil {
		return err
	}
	bySize := beyond(t, size)
	if ft.expiring = max(byAge, bySize); ft.expiring > 0 {
		ft.said = append(ft.said, fmt.Sprintf("topic %s: the broker will delete about %d of the restored records: %d are older than retention.ms allows, and retention.bytes has no room for about %d",
			t.Target, ft.expiring, byAge, bySize))
	}
	return nil
}

// older counts the restored records that are older than a retention in milliseconds.
func (f *finisher) older(ctx context.Context, t archive.ReceiptTopic, rec *archive.Receipt, view *archive.View, age int64) (int64, error) {
	if age < 0 {
		return 0, nil
	}
	limit := archive.Int64(f.env.now().UnixMilli() - age)
	w := archive.Window{Start: rec.Window.Start, End: &limit}
	if rec.Window.End != nil && *rec.Window.End < limit {
		w.End = rec.Window.End
	}
	vt, ok := view.ByID(t.SourceID)
	if !ok {
		return 0, fmt.Errorf("run %s no longer shows topic %s (%s)", rec.RunID, t.Source, t.SourceID)
	}
	var n int64
	for i := range vt.Parts {
		p := RestorePartition{view: &vt.Parts[i]}
		if err := p.count(ctx, f.archive, w); err != nil {
			return 0, fmt.Errorf("count what will expire: %w", err)
		}
		n += p.Records
	}
	return n, nil
}

// beyond estimates how many restored records do not fit a retention in bytes.
func beyond(t archive.ReceiptTopic, size int64) int64 {
	var n int64
	for _, p := range t.Partitions {
		if size >= 0 && p.Bytes > size {
			n += int64(float64(p.Records) * float64(p.Bytes-size) / float64(p.Bytes))
		}
	}
	return n
}
