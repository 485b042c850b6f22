package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/storage"
)

// QueryOptions say what is asked. Queries read, and take no lock; they may run beside any job.
type QueryOptions struct {
	Store    storage.Store
	Trusted  *evidence.PublicKey // nil: signatures are not checked
	BackupID string              // of a list: "" lists every archive
	RunID    string              // "" or latest: the newest run
}

// BackupList is what `list` prints.
type BackupList struct {
	StorageLocation string          `json:"storage_location"`
	Backups         []BackupItem    `json:"backups"`    // every finished run, the oldest first
	Unfinished      []UnfinishedRun `json:"unfinished"` // the next backup goes on with these
	Broken          []BrokenObject  `json:"broken"`
}

// BackupItem is one finished run.
type BackupItem struct {
	BackupID        string                  `json:"backup_id"`
	RunID           string                  `json:"run_id"`
	CreatedAt       time.Time               `json:"created_at"`
	CreatedBy       string                  `json:"created_by"`
	StartedAt       time.Time               `json:"started_at"`
	SourceCluster   string                  `json:"source_cluster"`    // as declared, else as observed
	SourceClusterID string                  `json:"source_cluster_id"` // as observed
	Statistics      archive.Statistics      `json:"statistics"`
	Previous        string                  `json:"previous_run_id"` // the run whose end this one began at; "" for the first
	Chain           int                     `json:"chain"`
	Complete        bool                    `json:"complete"`
	Checksum        string                  `json:"checksum"` // of the manifest
	Signature       evidence.SignatureState `json:"signature"`
	Findings        []string                `json:"findings"`
}

// UnfinishedRun is a run with a plan and no manifest.
type UnfinishedRun struct {
	BackupID string `json:"backup_id"`
	RunID    string `json:"run_id"`
}

// BrokenObject is a stored object that cannot be believed.
type BrokenObject struct {
	Key     string `json:"key"`
	Problem string `json:"problem"`
}

// ListBackups reads every manifest below a store. What does not verify is listed as broken and is no
// error, so that one bad object hides no good one.
func ListBackups(ctx context.Context, o QueryOptions) (*BackupList, error) {
	list := &BackupList{StorageLocation: o.Store.URL(), Backups: []BackupItem{}, Unfinished: []UnfinishedRun{}, Broken: []BrokenObject{}}
	ids := []string{o.BackupID}
	if o.BackupID == "" {
		var err error
		if ids, err = archive.List(ctx, o.Store); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		if err := list.add(ctx, archive.Open(o.Store, id, archive.Keys{Trusted: o.Trusted})); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list.Backups, func(a, b BackupItem) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.BackupID+"/"+a.RunID, b.BackupID+"/"+b.RunID)
	})
	return list, nil
}

// add lists the runs of one archive.
func (l *BackupList) add(ctx context.Context, a *archive.Archive) error {
	runs, err := a.Runs(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if !r.Finished {
			l.Unfinished = append(l.Unfinished, UnfinishedRun{a.BackupID, r.ID})
			continue
		}
		m, err := a.Manifest(ctx, r.ID)
		var broken *archive.BrokenError
		if errors.As(err, &broken) {
			l.Broken = append(l.Broken, BrokenObject{a.Dir + broken.Key, broken.Err.Error()})
			continue
		}
		if err != nil {
			return err
		}
		l.Backups = append(l.Backups, backupItem(a, m))
	}
	return nil
}

func backupItem(a *archive.Archive, m archive.Document[archive.Manifest]) BackupItem {
	d := m.Doc
	previous := ""
	if d.Previous != nil {
		previous = d.Previous.RunID
	}
	return BackupItem{BackupID: d.BackupID, RunID: d.RunID, CreatedAt: d.CreatedAt, CreatedBy: d.CreatedBy, StartedAt: d.StartedAt,
		SourceCluster: clusterName(d.Source), SourceClusterID: d.Source.Observed, Statistics: d.Statistics, Previous: previous, Chain: d.Chain, Complete: d.Complete,
		Checksum: "sha256:" + m.SHA256, Signature: signatureState(a), Findings: texts(d.Findings)}
}

// clusterName is what people call a cluster.
func clusterName(c archive.Cluster) string {
	if c.Declared != "" {
		return c.Declared
	}
	return c.Observed
}

// signatureState is what is known of the signature of every document that an archive has handed out: it
// hands out none that fails.
func signatureState(a *archive.Archive) evidence.SignatureState {
	if a.Trusts() {
		return evidence.SignatureValid
	}
	return evidence.SignatureNotChecked
}

// texts is a list that JSON shows as a list also when it is empty.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// NoArchive says in a sentence that a place holds nothing under a backup id. Its exit code is 10.
func NoArchive(format string, args ...any) error {
	return &Problem{Exit: ExitNoArchive, Err: fmt.Errorf(format, args...)}
}
