package engine

import (
	"context"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
)

// Description is what `describe` prints: the chain of custody of one run. Keys of objects count from
// the storage location.
type Description struct {
	BackupID        string                  `json:"backup_id"`
	RunID           string                  `json:"run_id"`
	CreatedAt       time.Time               `json:"created_at"`
	CreatedBy       string                  `json:"created_by"`
	StartedAt       time.Time               `json:"started_at"`
	SourceCluster   string                  `json:"source_cluster"`
	SourceClusterID string                  `json:"source_cluster_id"`
	Checksum        string                  `json:"checksum"` // of the manifest
	Signature       evidence.SignatureState `json:"signature"`
	StorageLocation string                  `json:"storage_location"`
	Encryption      string                  `json:"encryption"`
	RetentionPolicy string                  `json:"retention_policy"`
	Tool            archive.Tool            `json:"tool"`
	ConfigSHA256    string                  `json:"config_sha256"`
	Previous        *archive.Previous       `json:"previous"`
	Runs            []ChainRun              `json:"runs"` // whose records the run's are, the oldest first
	Compression     string                  `json:"compression"`
	Inspect         string                  `json:"inspect"`
	Generation      string                  `json:"generation"`
	Statistics      archive.Statistics      `json:"statistics"` // of the run alone
	Records         int64                   `json:"records"`    // of all its runs together
	Bytes           int64                   `json:"bytes"`
	Topics          []DescribedTopic        `json:"topics"`
	Missing         []string                `json:"missing_topics"`
	Vanished        []string                `json:"vanished_topics"`
	Groups          int                     `json:"consumer_groups"`
	Findings        []string                `json:"findings"`
	Notes           []string                `json:"notes"`
	Restores        []DescribedRestore      `json:"restores"`
	Checksums       map[string]string       `json:"checksums"`  // object to sha256
	Signatures      map[string]string       `json:"signatures"` // object to the object that signs it
}

// ChainRun is one run of a chain.
type ChainRun struct {
	RunID          string    `json:"run_id"`
	CreatedAt      time.Time `json:"created_at"`
	ManifestSHA256 string    `json:"manifest_sha256"`
}

// DescribedTopic is one incarnation of a topic, across the chain.
type DescribedTopic struct {
	Name       string          `json:"name"`
	ID         string          `json:"topic_id"`
	Current    bool            `json:"current"` // the run itself captured it
	FirstRun   string          `json:"first_run"`
	Compacted  bool            `json:"compacted"`
	Partitions int             `json:"partitions"`
	Segments   int             `json:"segments"`
	Records    int64           `json:"records"`
	Bytes      int64           `json:"bytes"`
	Gaps       []archive.Range `json:"gaps"`
}

// DescribedRestore is a restore of the archive that was done.
type DescribedRestore struct {
	RestoreID     string    `json:"restore_id"`
	RunID         string    `json:"run_id"`
	TargetCluster string    `json:"target_cluster"`
	StartedAt     time.Time `json:"started_at"`
	FinishedAt    time.Time `json:"finished_at"`
	Records       int64     `json:"records"`
	ReceiptSHA256 string    `json:"receipt_sha256"`
}

// DescribeBackup reads the chain of a run and everything that belongs to it, but no segment.
func DescribeBackup(ctx context.Context, o QueryOptions) (*Description, error) {
	a := archive.Open(o.Store, o.BackupID, archive.Keys{Trusted: o.Trusted})
	view, err := a.View(ctx, o.RunID)
	if err != nil {
		return nil, err
	}
	return describe(ctx, o, a, view)
}

// describe is DescribeBackup of a chain that was read.
func describe(ctx context.Context, o QueryOptions, a *archive.Archive, view *archive.View) (*Description, error) {
	m := view.Run.Doc
	d := &Description{BackupID: m.BackupID, RunID: m.RunID, CreatedAt: m.CreatedAt, CreatedBy: m.CreatedBy, StartedAt: m.StartedAt,
		SourceCluster: clusterName(m.Source), SourceClusterID: m.Source.Observed, Checksum: "sha256:" + view.Run.SHA256, Signature: signatureState(a),
		StorageLocation: o.Store.URL(), Encryption: "none (the storage decides)", RetentionPolicy: "none (a directory does not lock objects)",
		Tool: m.Tool, Previous: m.Previous, Compression: m.Compression, Inspect: m.Inspect, Generation: m.Generation, Statistics: m.Statistics,
		Missing: texts(m.Missing), Vanished: texts(m.Vanished), Findings: texts(m.Findings), Notes: texts(m.Notes),
		Restores: []DescribedRestore{}, Checksums: map[string]string{}, Signatures: map[string]string{}}
	plan, err := a.Plan(ctx, m.RunID)
	if err != nil {
		return nil, err
	}
	d.ConfigSHA256, d.Groups = plan.Doc.ConfigSHA256, len(plan.Doc.Groups)
	d.sum(a, plan.Key, plan.SHA256)
	d.chain(a, view)
	if err := d.restores(ctx, a); err != nil {
		return nil, err
	}
	return d, d.signatures(ctx, a)
}

func (d *Description) sum(a *archive.Archive, key, sha256 string) { d.Checksums[a.Dir+key] = sha256 }

// chain enters the runs and the topics that they add up to.
func (d *Description) chain(a *archive.Archive, view *archive.View) {
	for _, m := range view.Chain {
		d.Runs = append(d.Runs, ChainRun{m.Doc.RunID, m.Doc.CreatedAt, m.SHA256})
		d.sum(a, m.Key, m.SHA256)
		d.sum(a, archive.PlanKey(m.Doc.RunID), m.Doc.PlanSHA256)
	}
	d.Topics = make([]DescribedTopic, 0, len(view.Topics))
	for _, t := range view.Topics {
		out := DescribedTopic{Name: t.Name, ID: t.ID.String(), Current: t.Current, FirstRun: t.FirstRun, Compacted: t.Compacted,
			Partitions: len(t.Parts), Gaps: []archive.Range{}}
		for _, p := range t.Parts {
			out.Segments += len(p.Segments)
			out.Records += p.Records
			out.Bytes += p.Bytes
			out.Gaps = append(out.Gaps, p.Gaps...)
			for _, s := range p.Segments {
				d.sum(a, s.Key, s.SHA256)
				d.sum(a, archive.SidecarKey(s.Key), s.SidecarSHA256)
			}
		}
		d.Records += out.Records
		d.Bytes += out.Bytes
		d.Topics = append(d.Topics, out)
	}
}

// restores lists the restores that have a receipt.
func (d *Description) restores(ctx context.Context, a *archive.Archive) error {
	list, err := a.Restores(ctx)
	if err != nil {
		return err
	}
	for _, r := range list {
		if !r.Done {
			continue
		}
		rec, err := a.Receipt(ctx, r.ID)
		if err != nil {
			return err
		}
		d.Restores = append(d.Restores, DescribedRestore{RestoreID: r.ID, RunID: rec.Doc.RunID, TargetCluster: clusterName(rec.Doc.Target),
			StartedAt: rec.Doc.StartedAt, FinishedAt: rec.Doc.FinishedAt, Records: rec.Doc.Records, ReceiptSHA256: rec.SHA256})
		d.sum(a, rec.Key, rec.SHA256)
		d.sum(a, archive.JournalKey(r.ID), rec.Doc.JournalSHA256)
	}
	return nil
}

// signatures names the signature of every object that has one. Its name follows from the object's
// hash, so one listing is enough.
func (d *Description) signatures(ctx context.Context, a *archive.Archive) error {
	there := map[string]bool{}
	err := a.Store().List(ctx, "", func(key string, _ int64) error {
		if strings.HasSuffix(key, ".sig") {
			there[a.Dir+key] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for key, sum := range d.Checksums {
		base, ok := strings.CutSuffix(key, ".json")
		if !ok || len(sum) < 16 {
			continue // segments are signed through their sidecars
		}
		if sig := base + "." + sum[:16] + ".sig"; there[sig] {
			d.Signatures[key] = sig
		}
	}
	return nil
}
