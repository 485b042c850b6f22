package engine

import (
	"context"
	"fmt"
	"strings"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
)

// RestorePlan is what a restore will do, resolved from archive and target before anything is written.
// The dry run prints it, the console shows it.
type RestorePlan struct {
	RestoreID      string          `json:"restore_id"`
	BackupID       string          `json:"backup_id"`
	RunID          string          `json:"run_id"`
	ManifestSHA256 string          `json:"manifest_sha256"`
	Target         archive.Cluster `json:"target_cluster"`
	Window         archive.Window  `json:"window"`
	OffsetHeaders  bool            `json:"include_offset_headers"`
	Repartition    string          `json:"repartition,omitempty"`
	Topics         []RestoreTopic  `json:"topics"`
	Groups         []RestoreGroup  `json:"consumer_groups"`
	ACLs           []archive.ACL   `json:"acls"` // as they will be made
	Records        int64           `json:"records"`
	Bytes          int64           `json:"bytes"`     // of the segments that are read
	Conflicts      []string        `json:"conflicts"` // each one refuses the restore
	Warnings       []string        `json:"warnings"`  // what will end as a finding if it stays so
	Notes          []string        `json:"notes"`
	Digest         string          `json:"digest"`            // of what is restored into what, without the ids made for it
	Resumes        bool            `json:"resumes,omitempty"` // a restore with this plan began and did not end
	Done           bool            `json:"done,omitempty"`    // a restore with this plan is complete

	view    *archive.View
	journal archive.Document[archive.Journal] // of the restore that is resumed
	marks   map[sourcePartition][]int64       // committed offsets to translate, sorted
}

// sourcePartition names a partition of the source.
type sourcePartition struct {
	topic     string
	partition int32
}

// RestoreTopic is one topic of a plan.
type RestoreTopic struct {
	Source            string             `json:"source"`
	SourceID          kafka.TopicID      `json:"source_topic_id"`
	Target            string             `json:"target"`
	TargetID          kafka.TopicID      `json:"target_topic_id"` // zero: it will be made
	Exists            bool               `json:"exists"`
	Adopted           bool               `json:"adopted,omitempty"` // made, empty, by an earlier attempt at this restore
	Holds             int64              `json:"-"`                 // records that are in the target topic already
	Occupied          bool               `json:"-"`                 // it holds records and nobody allowed to add to them: one of the conflicts
	Partitions        int                `json:"partitions"`        // of the target
	ReplicationFactor int                `json:"replication_factor"`
	Configs           map[string]string  `json:"configs"`   // that will be set
	HeldOpen          map[string]string  `json:"held_open"` // captured value of each config that stands open; "" means default
	MaxBatchBytes     int64              `json:"max_batch_bytes"`
	Records           int64              `json:"records"`
	Bytes             int64              `json:"bytes"`
	Parts             []RestorePartition `json:"source_partitions"`

	named bool // the target's name was not made from the restore's id
	view  *archive.ViewTopic
}

// RestorePartition is one source partition of a plan.
type RestorePartition struct {
	Partition    int32         `json:"partition"`
	Records      int64         `json:"records"` // that lie in the window: exact
	Bytes        int64         `json:"bytes"`
	MinTimestamp archive.Int64 `json:"min_timestamp"` // of the records that are restored
	MaxTimestamp archive.Int64 `json:"max_timestamp"`

	view *archive.ViewPart
}

// RestoreGroup is a consumer group whose offsets will be translated.
type RestoreGroup struct {
	Source  string                `json:"source"`
	Target  string                `json:"target"`
	Offsets []archive.GroupOffset `json:"offsets"`         // on restored topics, by their source names
	Error   string                `json:"error,omitempty"` // why there is nothing to translate
}

func (p *RestorePlan) partitions() int {
	n := 0
	for _, t := range p.Topics {
		n += t.Partitions
	}
	return n
}

// Segments is how many segments a restore by this plan reads. A plan that was not made by PlanRestore has
// none.
func (p *RestorePlan) Segments() int {
	n := 0
	for _, t := range p.Topics {
		for _, part := range t.Parts {
			if part.view == nil {
				continue
			}
			for _, s := range part.view.Segments {
				if newSieve(p.Window, s).segment(s) != leave {
					n++
				}
			}
		}
	}
	return n
}

func (p *RestorePlan) conflict(format string, args ...any) {
	p.Conflicts = append(p.Conflicts, fmt.Sprintf(format, args...))
}

func (p *RestorePlan) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// PlanRestore resolves what a restore would do and writes nothing. What keeps it from running stands
// in Conflicts and is no error.
func PlanRestore(ctx context.Context, o RestoreOptions) (*RestorePlan, error) {
	o = o.withDefaults()
	return planRestore(ctx, o, archive.Open(o.Store, o.BackupID, o.Keys))
}

func planRestore(ctx context.Context, o RestoreOptions, a *archive.Archive) (*RestorePlan, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	view, err := a.View(ctx, o.RunID)
	if err != nil {
		return nil, err
	}
	p := &RestorePlan{BackupID: o.BackupID, RunID: view.Run.Doc.RunID, ManifestSHA256: view.Run.SHA256, Window: o.Window,
		OffsetHeaders: o.OffsetHeaders, Repartition: o.Repartition, view: view, ACLs: []archive.ACL{}, Groups: []RestoreGroup{},
		Conflicts: []string{}, Warnings: []string{}, Notes: []string{}}
	p.Target.Declared = o.DeclaredCluster
	if p.Target.Observed, err = o.Target.ClusterID(ctx); err != nil {
		return nil, fmt.Errorf("ask the target cluster for its id: %w", err)
	}
	if p.RestoreID = o.RestoreID; p.RestoreID == "" {
		p.RestoreID = archive.NewRestoreID(o.Env.now())
	}
	if err := p.chooseTopics(o); err != nil {
		return nil, err
	}
	if err := p.chooseGroups(ctx, o, a); err != nil {
		return nil, err
	}
	if err := p.digest(o); err != nil {
		return nil, err
	}
	if err := p.findJournal(ctx, o, a); err != nil {
		return nil, err
	}
	if p.Done {
		return p, nil
	}
	if err := p.count(ctx, o, a); err != nil {
		return nil, err
	}
	if p.Resumes {
		return p, nil // the target was judged when the journal was put, and holds our own records now
	}
	return p, p.judgeTarget(ctx, o, a)
}

// check refuses options that contradict each other.
func (o RestoreOptions) check() error {
	if o.RestoreID != "" {
		if err := archive.ValidID(o.RestoreID); err != nil {
			return problem(ExitUsage, "correct restore_id", "%w", err)
		}
	}
	if o.Repartition != "" && o.Repartition != "murmur2" && o.Repartition != "round_robin" {
		return problem(ExitUsage, "use murmur2 or round_robin", "unknown repartition %q", o.Repartition)
	}
	if w := o.Window; w.Start != nil && w.End != nil && *w.Start >= *w.End {
		return problem(ExitUsage, "the window includes its start and not its end", "the time window from %d to %d is empty", *w.Start, *w.End)
	}
	return nil
}

// restoreDigest is what makes two restores the same: everything that decides what is written where,
// and nothing that was made up for one attempt.
type restoreDigest struct {
	BackupID       string         `json:"backup_id"`
	RunID          string         `json:"run_id"`
	ManifestSHA256 string         `json:"manifest_sha256"`
	Cluster        string         `json:"target_cluster"`
	Window         archive.Window `json:"window"`
	OffsetHeaders  bool           `json:"include_offset_headers"`
	Repartition    string         `json:"repartition"`
	Replication    int            `json:"replication_factor"`
	Topics         []digestTopic  `json:"topics"`
	Groups         []RestoreGroup `json:"consumer_groups"`
	CopyACLs       bool           `json:"copy_acls"`
	ApplyConfigs   bool           `json:"apply_configs"`
}

type digestTopic struct {
	Source     string        `json:"source"`
	SourceID   kafka.TopicID `json:"source_topic_id"`
	Target     string        `json:"target"`
	Partitions int           `json:"partitions"`
}

// digest computes the plan's digest.
func (p *RestorePlan) digest(o RestoreOptions) error {
	d := restoreDigest{BackupID: p.BackupID, RunID: p.RunID, ManifestSHA256: p.ManifestSHA256, Cluster: p.Target.Observed,
		Window: p.Window, OffsetHeaders: p.OffsetHeaders, Repartition: p.Repartition, Replication: o.ReplicationFactor,
		Groups: p.Groups, CopyACLs: o.CopyACLs, ApplyConfigs: o.ApplyConfigs}
	for _, t := range p.Topics {
		dt := digestTopic{Source: t.Source, SourceID: t.SourceID, Target: t.Target}
		if p.Repartition != "" { // else the source's own number, which is in the manifest
			dt.Partitions = t.Partitions
		}
		if !t.named {
			dt.Target = "restore-<id>." + t.Source
		}
		d.Topics = append(d.Topics, dt)
	}
	body, err := evidence.Encode(d)
	if err != nil {
		return fmt.Errorf("encode the restore's plan: %w", err)
	}
	p.Digest = evidence.Digest(body)
	return nil
}

// joinWords makes one sentence of several findings.
func joinWords(words []string) string { return strings.Join(words, "; ") }
