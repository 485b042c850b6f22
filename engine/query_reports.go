package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"kustody/evidence"
	"kustody/storage"
)

// reportForm finds reports under any prefix: <id>/<yyyy>/<mm>/<id>.json.
var reportForm = regexp.MustCompile(`^(.*/)?(validation-[0-9a-f]{8})/\d{4}/\d{2}/(validation-[0-9a-f]{8})\.json$`)

// ledgerForm finds ledgers under any prefix, by their entries: one that lost its first is still there.
var ledgerForm = regexp.MustCompile(`^(.*/)?ledger/\d{10}\.json$`)

// ReportList is what `validation evidence-list` prints.
type ReportList struct {
	StorageLocation string         `json:"storage_location"`
	Reports         []ReportItem   `json:"reports"` // the oldest first
	Ledgers         []string       `json:"ledgers"` // folders
	Broken          []BrokenObject `json:"broken"`
	Checked         bool           `json:"-"` // against a trusted key; those that do not verify are broken
}

// ReportItem is one report as it lies in the store.
type ReportItem struct {
	ReportID     string                  `json:"report_id"`
	Key          string                  `json:"key"`
	SignatureKey string                  `json:"signature_key"` // "" when there is none
	SHA256       string                  `json:"sha256"`
	Size         int64                   `json:"size"`
	Signature    evidence.SignatureState `json:"signature"`
	GeneratedAt  time.Time               `json:"generated_at"`
	Overall      evidence.Outcome        `json:"overall"`
	Level        evidence.Level          `json:"level"`
	BackupID     string                  `json:"backup_id"`
	RunID        string                  `json:"run_id"`
	RestoreID    string                  `json:"restore_id"`
	Series       string                  `json:"series"`
	Slot         *evidence.SlotRef       `json:"slot"`
	Stale        bool                    `json:"stale"`
	Topics       int                     `json:"topics"`        // restored and looked at
	BackupTopics int                     `json:"backup_topics"` // of the run
	Records      int64                   `json:"records"`       // restored

	TimeToRestoreMS   int64  `json:"time_to_restore_ms"`
	NewestRecordAgeMS *int64 `json:"newest_record_age_ms"` // when the restore began; nil: no record was restored
}

// StoredReport says where the files of one report lie.
type StoredReport struct {
	ReportID     string
	Key          string
	SignatureKey string // "" when there is none
}

// evidenceTree is what a listing shows of reports and ledgers.
type evidenceTree struct {
	reports []StoredReport
	ledgers []string
	keys    map[string]bool // of signatures
}

// lookForEvidence walks everything below a store: evidence may lie under any prefix.
func lookForEvidence(ctx context.Context, store storage.Store) (*evidenceTree, error) {
	t := &evidenceTree{keys: map[string]bool{}}
	err := store.List(ctx, "", func(key string, _ int64) error {
		if m := reportForm.FindStringSubmatch(key); m != nil && m[2] == m[3] {
			t.reports = append(t.reports, StoredReport{ReportID: m[2], Key: key})
		} else if m := ledgerForm.FindStringSubmatch(key); m != nil {
			if !slices.Contains(t.ledgers, m[1]) {
				t.ledgers = append(t.ledgers, m[1])
			}
		} else if strings.HasSuffix(key, ".sig") {
			t.keys[key] = true
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for evidence in %s: %w", store.URL(), err)
	}
	for i := range t.reports {
		if sig := evidence.ReportSignatureKey(t.reports[i].Key); t.keys[sig] {
			t.reports[i].SignatureKey = sig
		}
	}
	return t, nil
}

// ListReports reads every report below a store, wherever it lies. What does not verify is listed as
// broken and is no error.
func ListReports(ctx context.Context, o QueryOptions) (*ReportList, error) {
	tree, err := lookForEvidence(ctx, o.Store)
	if err != nil {
		return nil, err
	}
	list := &ReportList{StorageLocation: o.Store.URL(), Reports: []ReportItem{}, Ledgers: []string{}, Broken: []BrokenObject{}, Checked: o.Trusted != nil}
	for _, prefix := range tree.ledgers {
		list.Ledgers = append(list.Ledgers, prefix+"ledger/")
	}
	for _, r := range tree.reports {
		item, err := readReport(ctx, o, r)
		var bad *unbelievable
		if errors.As(err, &bad) {
			list.Broken = append(list.Broken, BrokenObject{r.Key, bad.Error()})
			continue
		}
		if err != nil {
			return nil, err
		}
		if o.BackupID == "" || item.BackupID == o.BackupID {
			list.Reports = append(list.Reports, *item)
		}
	}
	slices.SortStableFunc(list.Reports, func(a, b ReportItem) int { return a.GeneratedAt.Compare(b.GeneratedAt) })
	return list, nil
}

// unbelievable says why a report is not what it should be.
type unbelievable struct{ why error }

func (e *unbelievable) Error() string { return e.why.Error() }

// readReport reads one report, and verifies it if a key is trusted.
func readReport(ctx context.Context, o QueryOptions, r StoredReport) (*ReportItem, error) {
	body, sig, err := FetchReport(ctx, o.Store, r)
	if err != nil {
		return nil, err
	}
	state := evidence.SignatureNotChecked
	rep, err := evidence.ParseReport(body)
	if o.Trusted != nil {
		state = evidence.SignatureValid
		var v *evidence.ReportVerification
		if v, err = evidence.VerifyReport(body, sig, o.Trusted, evidence.ReportPlace{Key: r.Key}); v != nil {
			rep = v.Report
		}
	}
	if err != nil {
		return nil, &unbelievable{err}
	}
	return r.item(rep, body, state), nil
}

// item is the report as it lies there, with what it says of itself.
func (r StoredReport) item(rep *evidence.Report, body []byte, state evidence.SignatureState) *ReportItem {
	return &ReportItem{ReportID: rep.ReportID, Key: r.Key, SignatureKey: r.SignatureKey, SHA256: evidence.Digest(body), Size: int64(len(body)), Signature: state,
		GeneratedAt: rep.GeneratedAt, Overall: rep.Overall, Level: rep.Level, BackupID: rep.Backup.BackupID, RunID: rep.Backup.RunID,
		RestoreID: rep.Restore.RestoreID, Series: rep.Series, Slot: rep.Slot, Stale: rep.Stale,
		Topics: len(rep.Restore.Topics), BackupTopics: rep.Backup.Topics, Records: rep.Restore.Records,
		TimeToRestoreMS: rep.Restore.TimeToRestoreMS, NewestRecordAgeMS: rep.Restore.NewestRecordAgeMS}
}

// FindReport finds a report by its id anywhere below a store; an error with exit code 10 if it is not
// there, another one if two places claim to have it.
func FindReport(ctx context.Context, store storage.Store, id string) (StoredReport, error) {
	tree, err := lookForEvidence(ctx, store)
	if err != nil {
		return StoredReport{}, err
	}
	var found []StoredReport
	for _, r := range tree.reports {
		if r.ReportID == id {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return StoredReport{}, NoArchive("there is no report %q below %s (it holds %d)", id, store.URL(), len(tree.reports))
	case 1:
		return found[0], nil
	}
	return StoredReport{}, problem(ExitBroken, "an id is never used twice", "report %s lies at %s and at %s", id, found[0].Key, found[1].Key)
}

// FetchReport reads the exact bytes of a report and of its signature, which is nil where there is none.
func FetchReport(ctx context.Context, store storage.Store, r StoredReport) (body, sig []byte, err error) {
	if body, err = storage.ReadAll(ctx, store, r.Key, evidence.MaxDocument); err != nil {
		return nil, nil, fmt.Errorf("read report %s: %w", r.Key, err)
	}
	if r.SignatureKey == "" {
		return body, nil, nil
	}
	sig, err = storage.ReadAll(ctx, store, r.SignatureKey, 1<<16)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("read signature %s: %w", r.SignatureKey, err)
	}
	return body, sig, nil
}
