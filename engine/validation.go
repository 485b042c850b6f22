package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
)

// ValidationTarget is what a validation asks of the cluster that was restored into. It writes nothing.
type ValidationTarget interface {
	ClusterID(ctx context.Context) (string, error)
	TopicExists(ctx context.Context, name string, id kafka.TopicID) (kafka.Existence, error)
	Offsets(ctx context.Context, q kafka.OffsetQuery, tps []kafka.TopicPartition) (map[kafka.TopicPartition]kafka.Offset, error)
	Read(tp kafka.TopicPartition, o kafka.ReadOptions) *kafka.Reader
}

// ValidationAdmin tells where consumer groups stand.
type ValidationAdmin interface {
	GroupOffsets(ctx context.Context, group string) ([]kafka.GroupOffset, error)
}

// IndependentReader reads records through another client than the one that wrote them. It is for one
// goroutine at a time.
type IndependentReader interface {
	Partitions(ctx context.Context, ranges []kafka.Range, fn func(i int, r *kafka.ReadRecord) error) error
	Close()
}

// ValidationOptions is what a validation needs. Target, ReadBack, Store and BackupID must be set, Admin
// where consumer groups were moved.
type ValidationOptions struct {
	Env      Env
	Target   ValidationTarget
	Admin    ValidationAdmin
	ReadBack func() (IndependentReader, error) // opens one; a worker each
	Store    storage.Store
	Keys     archive.Keys
	Witness  *Witness // nil: no report is written
	// BinarySHA256 is the digest of the running program (ExecutableSHA256); "" is said in the report.
	BinarySHA256 string

	BackupID        string
	RestoreID       string // "": the newest restore of the backup into this cluster
	DeclaredCluster string // what the configuration calls the target
	ConfigSHA256    string
	Checks          *Checks   // nil: all
	Scope           Selection // topics that must have a verdict, by source names; zero: all the backup's plan names
	Workers         int       // independent readers at once; default: the cores
}

func (o ValidationOptions) withDefaults() ValidationOptions {
	o.Env = o.Env.withDefaults()
	if o.Checks == nil {
		o.Checks = AllChecks()
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0) // a librdkafka handle fills about one core
	}
	return o
}

// validation is one validation under way.
type validation struct {
	ValidationOptions
	job     *Job
	archive *archive.Archive
	watch   *watch
	began   time.Time

	receipt archive.Document[archive.Receipt]
	view    *archive.View
	plan    archive.Document[archive.Plan]

	read     *targetRead // nil: the target was not read
	patience patience
	checks   []evidence.Check
	tally    evidence.Integrity
	coverage []string
	except   []string
	earlier  []string // reports that used this restore before
	stale    bool
	broken   []error
	report   *evidence.Report
	stored   *evidence.StoredReport
	summary  Summary
}

// Validation asks whether what a restore wrote is what was captured: it runs the checks against the
// restored cluster, and writes the report.
func Validation(ctx context.Context, o ValidationOptions) *Job {
	o = o.withDefaults()
	return start(ctx, "validation", o.Env, func(ctx context.Context, j *Job) (Summary, error) {
		return runValidation(ctx, j, o)
	})
}

// runValidation is one validation, from the receipt to the ledger's entry.
func runValidation(ctx context.Context, j *Job, o ValidationOptions) (Summary, error) {
	v := newValidation(j, o)
	if err := o.Checks.check(); err != nil {
		return v.summary, err
	}
	resolved := v.resolve(ctx)
	begin := v.subject()
	begin["config_sha256"] = o.ConfigSHA256
	watch, err := o.Witness.start(ctx, j, "validation", begin)
	if err != nil {
		return v.summary, errors.Join(resolved, err)
	}
	v.watch = watch
	if resolved == nil {
		resolved = v.execute(ctx)
	}
	if resolved != nil {
		return v.summary, errors.Join(resolved, watch.fail(ctx, evidence.TypeReport, v.subject(), resolved))
	}
	return v.summary, watch.close(ctx, v.closing())
}

func newValidation(j *Job, o ValidationOptions) *validation {
	return &validation{ValidationOptions: o, job: j, archive: archive.Open(o.Store, o.BackupID, o.Keys), began: o.Env.now()}
}

// subject is what the ledger calls this validation.
func (v *validation) subject() map[string]string {
	s := map[string]string{"backup_id": v.BackupID}
	if v.receipt.Doc != nil {
		s["run_id"], s["restore_id"], s["receipt_sha256"] = v.receipt.Doc.RunID, v.receipt.Doc.RestoreID, v.receipt.SHA256
	}
	if v.stored != nil {
		s["report_id"] = v.report.ReportID
	}
	return s
}

// closing is the ledger's entry of a validation that came to a verdict.
func (v *validation) closing() closing {
	c := closing{Type: evidence.TypeReport, Verdict: evidence.VerdictFailed, Subject: v.subject(), Detail: string(v.report.Overall) + ", " + string(v.report.Level)}
	if v.report.Overall == evidence.Passed {
		c.Verdict = evidence.VerdictPassed
		if v.stale {
			c.Verdict = evidence.VerdictStale
		}
	}
	if v.stored != nil {
		c.Files = append(c.Files, v.stored.File.In(evidence.RootEvidence))
		if v.stored.SignatureFile != nil {
			c.Files = append(c.Files, v.stored.SignatureFile.In(evidence.RootEvidence))
		}
	}
	return c
}

// resolve finds the receipt and what it rests on. It writes nothing.
func (v *validation) resolve(ctx context.Context) error {
	v.job.phase("plan")
	cluster, err := v.Target.ClusterID(ctx)
	if err != nil {
		return fmt.Errorf("ask the target cluster for its id: %w", err)
	}
	if err := v.findReceipt(ctx, cluster); err != nil {
		return err
	}
	rec := v.receipt.Doc
	if v.view, err = v.archive.View(ctx, rec.RunID); err != nil {
		return err
	}
	if v.view.Run.SHA256 != rec.ManifestSHA256 {
		return &archive.BrokenError{Key: v.view.Run.Key, Err: fmt.Errorf("its sha256 is %s; the receipt of restore %s says %s", v.view.Run.SHA256, rec.RestoreID, rec.ManifestSHA256)}
	}
	if v.plan, err = v.archive.Plan(ctx, rec.RunID); err != nil {
		return err
	}
	if v.plan.SHA256 != v.view.Run.Doc.PlanSHA256 {
		return &archive.BrokenError{Key: v.plan.Key, Err: fmt.Errorf("its sha256 is %s; the manifest says %s", v.plan.SHA256, v.view.Run.Doc.PlanSHA256)}
	}
	j, err := v.archive.Journal(ctx, rec.RestoreID)
	if err == nil && j.SHA256 != rec.JournalSHA256 {
		err = &archive.BrokenError{Key: j.Key, Err: fmt.Errorf("its sha256 is %s; the receipt says %s", j.SHA256, rec.JournalSHA256)}
	}
	if err != nil {
		return err
	}
	if why := rec.Contradicts(j.Doc); why != "" {
		return &archive.BrokenError{Key: v.receipt.Key, Err: errors.New(why)}
	}
	return v.checkFilters()
}

// findReceipt takes the receipt that is named, or the newest of this backup and cluster.
func (v *validation) findReceipt(ctx context.Context, cluster string) error {
	if err := v.archive.There(ctx); errors.Is(err, archive.ErrNoArchive) {
		return err
	}
	var err error
	if v.RestoreID == "" {
		v.receipt, err = v.archive.NewestReceipt(ctx, cluster)
	} else {
		v.receipt, err = v.archive.Receipt(ctx, v.RestoreID)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && v.RestoreID != "":
		v.receipt.Doc = nil
		return problem(ExitUsage, "let the restore end first; the command that began it goes on with it", "restore %s of %s has no receipt", v.RestoreID, v.BackupID)
	case errors.Is(err, fs.ErrNotExist):
		v.receipt.Doc = nil
		return problem(ExitUsage, "restore it first; there is nothing to compare", "%w", err)
	case err != nil:
		v.receipt.Doc = nil
		return err
	}
	if got := v.receipt.Doc.Target.Observed; got != cluster {
		return problem(ExitUsage, "correct target", "restore %s went into cluster %s, and these brokers are %s", v.receipt.Doc.RestoreID, got, cluster)
	}
	return nil
}

// checkFilters holds the topics that checks are limited to against what was restored.
func (v *validation) checkFilters() error {
	var restored []string
	for _, t := range v.receipt.Doc.Topics {
		restored = append(restored, t.Source)
	}
	if m := v.Checks.MessageCount; m != nil && !m.Topics.all() {
		if err := checkTopics("checks.message_count.topics", m.Topics, restored); err != nil {
			return err
		}
	}
	if c := v.Checks.Content; c != nil && !c.Topics.all() {
		return checkTopics("checks.content.topics", c.Topics, restored)
	}
	return nil
}

// execute asks the questions and writes the report.
func (v *validation) execute(ctx context.Context) error {
	v.history()
	rec := v.receipt.Doc
	v.job.Info("plan", F("restore_id", rec.RestoreID), F("run_id", rec.RunID), F("topics", len(rec.Topics)), F("records", rec.Records), F("checks", v.Checks.Names()))
	if err := v.ask(ctx); err != nil {
		return err
	}
	v.job.phase("report")
	if err := v.putReport(ctx); err != nil {
		return err
	}
	v.conclude()
	return nil
}

// ask runs the checks in the order of reports.
func (v *validation) ask(ctx context.Context) error {
	steps := []struct {
		on  bool
		run func(context.Context) error
	}{
		{v.Checks.ArchiveIntegrity, v.archiveIntegrity},
		{v.Checks.Capture, v.capture},
		{v.Checks.MessageCount != nil || v.Checks.OffsetRange || v.Checks.Content != nil, v.readTarget},
		{v.Checks.MessageCount != nil, v.messageCount},
		{v.Checks.OffsetRange, v.offsetRange},
		{v.Checks.Content != nil, v.content},
		{v.Checks.ConsumerGroupOffsets, v.groupOffsets},
		{v.Checks.Scope, v.scope},
	}
	for _, s := range steps {
		if !s.on {
			continue
		}
		if err := s.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// answer enters a check that is done.
func (v *validation) answer(c evidence.Check, since time.Time) {
	c.StartedAt, c.DurationMS = since, v.Env.now().Sub(since).Milliseconds()
	if n := len(c.Problems); n > mostProblems {
		c.Problems = append(c.Problems[:mostProblems:mostProblems], fmt.Sprintf("and %d more", n-mostProblems))
	}
	for i := range c.Problems {
		c.Problems[i] = Sanitize(c.Problems[i])
	}
	v.checks = append(v.checks, c)
	level := LevelInfo
	if c.Outcome == evidence.Failed || c.Outcome == evidence.Indeterminate {
		level = LevelWarning
	}
	v.job.emit(level, "check", F("check", c.Name), F("outcome", string(c.Outcome)), F("detail", c.Detail), F("problems", c.Problems),
		F("message", fmt.Sprintf("[%s] %s — %s", c.Outcome, c.Name, c.Detail)))
}

// mostProblems bounds the sentences of one check.
const mostProblems = 50

// history looks up what the ledger knows of this restore and of the slot this validation is for.
func (v *validation) history() {
	if v.watch == nil {
		return
	}
	seen := map[string]bool{}
	for _, e := range v.Witness.Ledger.Entries() {
		id := e.Subject["report_id"]
		if e.Type == evidence.TypeReport && e.Subject["receipt_sha256"] == v.receipt.SHA256 && id != "" && !seen[id] {
			seen[id] = true
			v.earlier = append(v.earlier, id)
		}
	}
	if slot := v.watch.run.Slot(evidence.SlotReport); slot != nil {
		v.stale = !slot.InPeriod(v.receipt.Doc.StartedAt)
	}
}
