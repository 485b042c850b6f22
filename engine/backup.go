package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
)

// Source is what a backup reads records from: the data plane of a cluster.
type Source interface {
	ClusterID(ctx context.Context) (string, error)
	Topics(ctx context.Context, names ...string) ([]kafka.Topic, error)
	Offsets(ctx context.Context, q kafka.OffsetQuery, tps []kafka.TopicPartition) (map[kafka.TopicPartition]kafka.Offset, error)
	Read(tp kafka.TopicPartition, o kafka.ReadOptions) *kafka.Reader
	OpenTransactions(ctx context.Context) ([]kafka.Transaction, error)
}

// SourceAdmin is what a backup reads besides records: the control plane of a cluster.
type SourceAdmin interface {
	Configs(ctx context.Context, topics []string) (map[string][]kafka.Config, error)
	Groups(ctx context.Context) ([]kafka.Group, error)
	ACLs(ctx context.Context) ([]kafka.ACL, error)
}

// BackupOptions is what a backup needs. Source, Admin, Store and BackupID must be set.
type BackupOptions struct {
	Env     Env
	Source  Source
	Admin   SourceAdmin
	Store   storage.Store
	Keys    archive.Keys
	Witness *Witness

	BackupID        string
	DeclaredCluster string // what the configuration calls the source
	ConfigSHA256    string // digest of the configuration
	Topics          Selection
	Capture         archive.Capture // Include and Exclude are filled from Topics

	WarnMissing       bool // a topic that is asked for and not there is a finding, not an error
	SkipGroups        bool
	Groups            func(id string) bool // nil: all
	SkipACLs          bool
	Full              bool          // every topic in full
	TransactionGrace  time.Duration // an open transaction older than this is a finding; default 15 min
	Workers           int           // partitions captured at once; default twice the cores
	FetchBytes        int32         // per fetch; default 4 MiB; a worker holds two
	MaxBytesPerSecond int64         // of the whole job; 0: no limit
	Repeat            time.Duration // continuous mode: time between the starts of two runs; 0: one run
}

func (o BackupOptions) withDefaults() BackupOptions {
	o.Env = o.Env.withDefaults()
	if o.TransactionGrace == 0 {
		o.TransactionGrace = 15 * time.Minute
	}
	if o.Workers <= 0 {
		o.Workers = 2 * runtime.GOMAXPROCS(0)
	}
	if o.FetchBytes <= 0 {
		o.FetchBytes = 4 << 20
	}
	c := &o.Capture
	c.Include, c.Exclude = o.Topics.Include, o.Topics.Exclude
	if c.Compression == "" {
		c.Compression = "auto"
	}
	if c.Inspect == "" {
		c.Inspect = "records"
	}
	if c.SegmentMaxBytes <= 0 {
		c.SegmentMaxBytes = 128 << 20
	}
	return o
}

// backup is one run under way.
type backup struct {
	BackupOptions
	job     *Job
	archive *archive.Archive
	lock    *storage.Lock
	head    archive.Document[archive.Manifest] // Doc nil: first run
	view    *archive.View                      // of head; nil: first run
	draft   *archive.Plan                      // what prepare made; plan is it once it is stored
	plan    archive.Document[archive.Plan]
	resumed bool
	summary Summary
}

// Backup captures what the plan freezes: it locks the archive, plans, or takes the plan of a run that
// died, streams every partition into segments, and puts the manifest last. In continuous mode it
// repeats runs until it is cancelled, which is then its proper end.
func Backup(ctx context.Context, o BackupOptions) *Job {
	o = o.withDefaults()
	return start(ctx, "backup", o.Env, func(ctx context.Context, j *Job) (Summary, error) {
		var before Summary
		for {
			began := time.Now()
			s, err := runBackup(ctx, j, o)
			s.after(before)
			if o.Repeat == 0 || err != nil {
				return s, err
			}
			j.Info("run_done", s.Facts...)
			before = s
			select {
			case <-ctx.Done():
				return s, nil
			case <-time.After(o.Repeat - time.Since(began)): // at once, if the run took longer
			}
		}
	})
}

// mostFindings is how many findings of earlier runs a continuous job still tells at its end. All of
// them stand in the manifests.
const mostFindings = 100

// after takes over what runs before this one found: a continuous job that lost records once does not
// end clean because its last run did.
func (s *Summary) after(before Summary) {
	s.Findings = append(before.Findings[:len(before.Findings):len(before.Findings)], s.Findings...)
	s.Findings = s.Findings[max(0, len(s.Findings)-mostFindings):]
	s.Exit = worst(before.Exit, s.Exit)
}

// runBackup is one run from lock to manifest.
func runBackup(ctx context.Context, j *Job, o BackupOptions) (Summary, error) {
	b := &backup{BackupOptions: o, job: j, archive: archive.Open(o.Store, o.BackupID, o.Keys)}
	lock, err := b.archive.Store().Lock(ctx, archive.LockKey, b.Env.holder(j, "backup"))
	if err != nil {
		return b.summary, fmt.Errorf("lock archive %s: %w", o.BackupID, err)
	}
	b.lock = lock
	defer lock.Release()
	ctx, stop := endWith(ctx, lock)
	defer stop()
	b.draft, err = b.prepare(ctx)
	watch, werr := o.Witness.start(ctx, j, "backup", b.subject())
	if werr != nil {
		return b.summary, errors.Join(err, werr)
	}
	var file evidence.File
	if err == nil {
		file, err = b.execute(ctx)
	}
	if err != nil && context.Cause(ctx) == errLockLost {
		err = errors.Join(errLockLost, err)
	}
	if err != nil {
		return b.summary, errors.Join(err, watch.fail(ctx, evidence.TypeBackup, b.subject(), err))
	}
	err = watch.close(ctx, closing{Type: evidence.TypeBackup, Verdict: verdictOf(b.summary.Exit), Subject: b.subject(),
		Files: []ledgerFile{b.inStore(b.planFile()).In(evidence.RootArchive), b.inStore(file).In(evidence.RootArchive)}})
	return b.summary, err
}

// subject is what the ledger calls this run.
func (b *backup) subject() map[string]string {
	s := map[string]string{"backup_id": b.BackupID, "config_sha256": b.ConfigSHA256}
	if b.draft != nil {
		s["run_id"] = b.draft.RunID
	}
	if b.plan.Doc != nil {
		s["plan_sha256"] = b.plan.SHA256
	}
	return s
}

// planFile is the plan as a file. The manifest pins it too, but the ledger names all that a job put.
func (b *backup) planFile() evidence.File {
	return evidence.File{Key: b.plan.Key, SHA256: b.plan.SHA256, Size: b.plan.Size}
}

// inStore names a file by its key in the store, not in the archive's folder.
func (b *backup) inStore(f evidence.File) evidence.File {
	f.Key = b.archive.Dir + f.Key
	return f
}

// prepare finds the head of the chain and makes the plan, or takes that of a run that died. It writes
// nothing: the ledger hears of the run first.
func (b *backup) prepare(ctx context.Context) (*archive.Plan, error) {
	b.job.phase("plan")
	runs, err := b.archive.Runs(ctx)
	if err != nil {
		return nil, err
	}
	// Only "there is none" starts a chain. Any other trouble with reading the old one ends the job here.
	b.view, err = b.archive.View(ctx, "latest")
	if err != nil && !errors.Is(err, archive.ErrNoArchive) {
		return nil, err
	}
	if b.view != nil {
		b.head = b.view.Run
	}
	if id, ok := archive.Unfinished(runs); ok {
		return b.takeOver(ctx, id)
	}
	last := ""
	if len(runs) > 0 {
		last = runs[len(runs)-1].ID
	}
	return b.makePlan(ctx, archive.NewRunID(b.Env.now(), last))
}

// freeze puts the plan. From here on the run will be finished under its own id and its own ends.
func (b *backup) freeze(ctx context.Context) error {
	if b.resumed {
		return nil
	}
	if _, err := b.archive.PutPlan(ctx, b.draft); err != nil {
		return err
	}
	d, err := b.archive.Plan(ctx, b.draft.RunID)
	b.plan = d
	return err
}

// takeOver reads the plan of a run that died and checks that it still fits the chain and the cluster.
func (b *backup) takeOver(ctx context.Context, run string) (*archive.Plan, error) {
	d, err := b.archive.Plan(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("take over run %s, which has not finished: %w", run, err)
	}
	prev, head := d.Doc.Previous, b.head
	if (prev == nil) != (head.Doc == nil) || (prev != nil && (prev.RunID != head.Doc.RunID || prev.ManifestSHA256 != head.SHA256)) {
		return nil, &archive.BrokenError{Key: d.Key, Err: errors.New("the unfinished run does not follow the newest finished one")}
	}
	if err := b.sameCluster(ctx, d.Doc.Source.Observed); err != nil {
		return nil, err
	}
	b.plan, b.resumed = d, true
	b.Capture = d.Doc.Capture
	b.job.Info("resume", F("run_id", run), F("message", "going on with run "+run+", which has not finished"))
	return d.Doc, nil
}

// sameCluster refuses to mix two clusters in one chain.
func (b *backup) sameCluster(ctx context.Context, want string) error {
	got, err := b.Source.ClusterID(ctx)
	if err != nil {
		return fmt.Errorf("ask the cluster for its id: %w", err)
	}
	if want != got {
		return problem(ExitUsage, "use another backup_id for another cluster", "archive %s holds cluster %s, and these brokers are %s", b.BackupID, want, got)
	}
	return nil
}

// execute captures and puts the manifest.
func (b *backup) execute(ctx context.Context) (evidence.File, error) {
	if err := b.freeze(ctx); err != nil {
		return evidence.File{}, err
	}
	parts, err := b.capture(ctx)
	if err != nil {
		return evidence.File{}, b.howToGoOn(err)
	}
	b.job.phase("manifest")
	m, err := b.manifest(ctx, parts)
	if err != nil {
		return evidence.File{}, err
	}
	// Whoever lost the lock puts no manifest: another job may have gone on with this run.
	if err := b.lock.Check(ctx); err != nil {
		return evidence.File{}, fmt.Errorf("the archive's lock is lost, no manifest is put: %w", err)
	}
	f, err := b.archive.PutManifest(ctx, m)
	if err != nil {
		return evidence.File{}, err
	}
	b.summarise(m, f)
	return f, nil
}

// howToGoOn tells the operator that nothing is lost.
func (b *backup) howToGoOn(err error) error {
	return fmt.Errorf("run %s has not finished (the next backup goes on with it): %w", b.plan.Doc.RunID, err)
}

func (b *backup) summarise(m *archive.Manifest, f evidence.File) {
	s := &b.summary
	s.fact("backup_id", b.BackupID)
	s.fact("run_id", m.RunID)
	s.fact("manifest", b.archive.Dir+f.Key)
	s.fact("manifest_sha256", f.SHA256)
	s.fact("topics", m.Statistics.Topics)
	s.fact("partitions", m.Statistics.Partitions)
	s.fact("segments", m.Statistics.Segments)
	s.fact("records", m.Statistics.Records)
	s.fact("bytes", m.Statistics.Bytes)
	s.fact("resumed", b.resumed)
	for _, x := range m.Findings {
		s.find("%s", x)
	}
	s.Notes = append(s.Notes, m.Notes...)
}

// endWith ends a context when a lock is lost: whoever holds it now must not meet a second writer.
func endWith(ctx context.Context, lock *storage.Lock) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		select {
		case <-lock.Lost():
			cancel(errLockLost)
		case <-stopped:
		}
	}()
	return ctx, func() { close(stopped); cancel(nil) }
}

var errLockLost = errors.New("the archive's lock was lost to another job")

// holder says who holds a lock.
func (e Env) holder(j *Job, verb string) storage.Holder {
	return storage.Holder{Who: e.Operator, Host: e.Host, Job: verb + " " + j.ID(), PID: os.Getpid(), Since: e.now()}
}
