package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
)

// RestoreTarget is what a restore writes records to: the data plane of a cluster. Read is asked for one
// batch when a restore goes on after a dead one.
type RestoreTarget interface {
	ClusterID(ctx context.Context) (string, error)
	Brokers(ctx context.Context) ([]kafka.Broker, error)
	Topics(ctx context.Context, names ...string) ([]kafka.Topic, error)
	TopicExists(ctx context.Context, name string, id kafka.TopicID) (kafka.Existence, error)
	Offsets(ctx context.Context, q kafka.OffsetQuery, tps []kafka.TopicPartition) (map[kafka.TopicPartition]kafka.Offset, error)
	Read(tp kafka.TopicPartition, o kafka.ReadOptions) *kafka.Reader
	InitProducer(ctx context.Context) (kafka.Producer, error)
	Append(ctx context.Context, tp kafka.TopicPartition, raw []byte, timeout time.Duration) (kafka.Appended, error)
}

// RestoreAdmin is what a restore changes besides records: the control plane of the target cluster.
type RestoreAdmin interface {
	Configs(ctx context.Context, topics []string) (map[string][]kafka.Config, error)
	BrokerConfigs(ctx context.Context, id int32) ([]kafka.Config, error)
	CreateTopic(ctx context.Context, t kafka.NewTopic) error
	SetConfigs(ctx context.Context, topic string, set map[string]string, unset []string) error
	CreateACLs(ctx context.Context, acls []kafka.ACL) error
	Groups(ctx context.Context) ([]kafka.Group, error)
	CommitGroup(ctx context.Context, group string, offsets []kafka.GroupOffset) error
	GroupOffsets(ctx context.Context, group string) ([]kafka.GroupOffset, error)
}

// RestoreOptions is what a restore needs. Target, Admin, Store and BackupID must be set.
type RestoreOptions struct {
	Env     Env
	Target  RestoreTarget
	Admin   RestoreAdmin
	Store   storage.Store
	Keys    archive.Keys
	Witness *Witness

	BackupID        string
	RunID           string // "" or latest: the newest run
	RestoreID       string // "": one is made, or that of an unfinished restore with the same plan is taken
	DeclaredCluster string // what the configuration calls the target
	ConfigSHA256    string

	Topics       Selection                // by source names
	Incarnations map[string]kafka.TopicID // source name to an older incarnation; else the newest
	Mapping      map[string]string        // source name to target name
	Window       archive.Window

	NoCreate      bool // topics that are missing at the target are an error
	AllowExisting bool // topics that hold records may be written to
	// AllowTopics are target names for which the same was said one by one (the console has them typed).
	AllowTopics       []string
	ReplicationFactor int // of topics that are made; 0: as captured, capped to the brokers there are

	OffsetHeaders bool                                     // add the original offset, partition and timestamp as headers
	Repartition   string                                   // "", murmur2 or round_robin
	Partitions    func(source string) int                  // with Repartition: partitions of the target; 0: as captured
	CopyACLs      bool                                     // ACLs of the restored topics and groups
	Groups        func(id string) (target string, ok bool) // consumer groups whose offsets are translated; nil: none
	ApplyConfigs  bool                                     // set the captured configs at the end, as `restore finish` does

	MaxBytesPerSecond int64         // of the whole job; 0: no limit
	Workers           int           // partitions restored at once; default 8
	AppendTimeout     time.Duration // until an answer to one batch must have come, tries included; default 2 min
	DryRun            bool          // plan only

	drill bool // part of a drill, which holds the restore's lock and deletes its topics afterwards
}

func (o RestoreOptions) withDefaults() RestoreOptions {
	o.Env = o.Env.withDefaults()
	if o.Workers <= 0 {
		// A produce request waits for the slowest in-sync replica: it takes more partitions than cores to
		// keep brokers busy, and each costs three batches of memory.
		o.Workers = 8
	}
	if o.AppendTimeout <= 0 {
		o.AppendTimeout = 2 * time.Minute
	}
	return o
}

// restore is one restore under way.
type restore struct {
	RestoreOptions
	job     *Job
	archive *archive.Archive
	plan    *RestorePlan
	journal archive.Document[archive.Journal]
	resumed bool
	pace    *pace
	moved   []archive.MovedGroup
	summary Summary
}

// Restore writes what a run captured into topics of the target cluster, every record once and in
// order, and leaves a receipt. The same call goes on with a restore that died.
func Restore(ctx context.Context, o RestoreOptions) *Job {
	o = o.withDefaults()
	return start(ctx, "restore", o.Env, func(ctx context.Context, j *Job) (Summary, error) {
		r := newRestore(j, o)
		err := r.run(ctx)
		return r.summary, err
	})
}

func newRestore(j *Job, o RestoreOptions) *restore {
	return &restore{RestoreOptions: o, job: j, archive: archive.Open(o.Store, o.BackupID, o.Keys), pace: newPace(o.MaxBytesPerSecond)}
}

// run is one restore from plan to receipt.
func (r *restore) run(ctx context.Context) error {
	r.job.phase("plan")
	plan, err := planRestore(ctx, r.RestoreOptions, r.archive)
	if err != nil {
		return err
	}
	r.plan = plan
	r.announce()
	if r.DryRun {
		r.summary.Notes = append(r.summary.Notes, "dry run: nothing was written")
		for _, c := range plan.Conflicts {
			r.summary.find("%s", c)
		}
		return nil
	}
	if len(plan.Conflicts) > 0 {
		return problem(ExitUsage, "nothing was written", "the restore is refused: %s", joinWords(plan.Conflicts))
	}
	if r.drill {
		return r.witnessed(ctx)
	}
	lock, err := r.archive.LockRestore(ctx, plan.RestoreID, r.Env.holder(r.job, "restore"))
	if err != nil {
		return err
	}
	defer lock.Release()
	return r.witnessed(ctx)
}

// witnessed enters the beginning into the ledger, works, and enters the end.
func (r *restore) witnessed(ctx context.Context) error {
	subject := map[string]string{"backup_id": r.BackupID, "run_id": r.plan.RunID, "restore_id": r.plan.RestoreID}
	begin := maps.Clone(subject)
	begin["plan_sha256"], begin["config_sha256"] = r.plan.Digest, r.ConfigSHA256
	watch, err := r.Witness.start(ctx, r.job, "restore", begin)
	if err != nil {
		return err
	}
	err = r.execute(ctx)
	end := closing{Type: evidence.TypeRestore, Subject: subject}
	var ferr error
	// What lies in the tree and is named by no entry would be a finding: the journal is named even when
	// the restore failed.
	if end.Files, ferr = r.stored(ctx); ferr != nil {
		err = errors.Join(err, ferr)
	}
	end.Verdict = verdictOf(r.summary.Exit)
	if err != nil {
		end.Verdict, end.Detail = evidence.VerdictError, brief(err)
		err = r.howToGoOn(err)
	}
	return errors.Join(err, watch.close(ctx, end))
}

// howToGoOn tells the operator what is there and what to do.
func (r *restore) howToGoOn(err error) error {
	if r.drill {
		return fmt.Errorf("the restore of drill %s has not finished: %w", r.plan.RestoreID, err)
	}
	if r.journal.Doc == nil {
		var made []string
		for _, t := range r.plan.Topics {
			if !t.Exists && !t.TargetID.IsZero() {
				made = append(made, t.Target)
			}
		}
		if len(made) > 0 {
			return fmt.Errorf("restore %s has written no record; topics %s were made and are empty: %w", r.plan.RestoreID, strings.Join(made, ", "), err)
		}
		return fmt.Errorf("restore %s has written no record: %w", r.plan.RestoreID, err)
	}
	there := ""
	if s := r.job.Snapshot(); s.Phase == "restore" {
		there = fmt.Sprintf("; %d of %d records are there", s.Done, s.Total)
	}
	var foreign *ForeignError
	var gone *kafka.DeletedError
	if errors.As(err, &foreign) || errors.As(err, &gone) {
		return fmt.Errorf("restore %s has not finished, and cannot go on%s: %w", r.plan.RestoreID, there, err)
	}
	return fmt.Errorf("restore %s has not finished (the same command goes on where it stopped%s): %w", r.plan.RestoreID, there, err)
}

// execute does what the plan says.
func (r *restore) execute(ctx context.Context) error {
	// Whoever had the lock before may have finished meanwhile.
	done, err := r.alreadyDone(ctx)
	if done || err != nil {
		return err
	}
	if err := r.begin(ctx); err != nil {
		return err
	}
	r.job.phase("restore")
	parts, err := r.produce(ctx)
	if err != nil {
		return err
	}
	if err := r.sameTopics(ctx); err != nil {
		return err
	}
	r.job.phase("groups")
	if err := r.moveGroups(ctx, parts); err != nil {
		return err
	}
	r.job.phase("receipt")
	receipt, err := r.putReceipt(ctx, parts)
	if err != nil {
		return err
	}
	if !r.ApplyConfigs {
		return nil
	}
	return r.applyConfigs(ctx, receipt)
}

// announce enters the plan as a fact and into the summary.
func (r *restore) announce() {
	p := r.plan
	r.job.Info("plan", F("restore_id", p.RestoreID), F("run_id", p.RunID), F("digest", p.Digest), F("topics", len(p.Topics)),
		F("partitions", p.partitions()), F("records", p.Records), F("bytes", p.Bytes), F("resumes", p.Resumes))
	for _, t := range p.Topics {
		r.job.Info("topic", F("topic", t.Source), F("target", t.Target), F("partitions", t.Partitions), F("records", t.Records), F("bytes", t.Bytes), F("exists", t.Exists))
	}
	for _, n := range p.Notes {
		r.job.Info("note", F("message", n))
	}
	for _, w := range p.Warnings {
		r.job.Warn("warning", F("message", w))
	}
	for _, c := range p.Conflicts {
		r.job.Warn("conflict", F("message", c))
	}
	s := &r.summary
	s.fact("backup_id", r.BackupID)
	s.fact("run_id", p.RunID)
	s.fact("restore_id", p.RestoreID)
	s.fact("target_cluster", p.Target.Observed)
	s.fact("topics", len(p.Topics))
	s.fact("partitions", p.partitions())
	s.Notes = append(s.Notes, p.Notes...)
}
