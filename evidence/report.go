package evidence

import "time"

// KindReport is the "kind" of a report.
const KindReport = "report"

// Report is the evidence of one validation. It is written once and signed as the exact bytes of the
// file. Fill it, call Seal, then PutReport.
type Report struct {
	Format      int       `json:"format"`
	Kind        string    `json:"kind"`
	ReportID    string    `json:"report_id"` // validation-<8 hex>, never used twice
	GeneratedAt time.Time `json:"generated_at"`
	Tool        Tool      `json:"tool"`

	Overall     Outcome  `json:"overall"` // computed by Seal
	Level       Level    `json:"level"`
	LevelRemark string   `json:"level_remark"` // computed by Seal
	Coverage    []string `json:"coverage"`     // what was not verified
	NotProved   []string `json:"not_proved"`   // what no report can prove (NotProved)
	Exceptions  []string `json:"exceptions"`   // what differs by design, with counts
	Findings    []string `json:"findings"`
	Notes       []string `json:"notes"`
	DurationMS  int64    `json:"duration_ms"`

	Backup    Backup    `json:"backup"`
	Restore   Restore   `json:"restore"`
	Checks    []Check   `json:"checks"`
	Integrity Integrity `json:"integrity"`

	Retention          Retention          `json:"retention"`
	ComplianceMappings map[string]Mapping `json:"compliance_mappings"` // computed by Seal

	Key    *KeyRef    `json:"key"`    // nil: not signed
	Ledger *LedgerRef `json:"ledger"` // nil: no ledger
	Series string     `json:"series"`
	Slot   *SlotRef   `json:"slot"` // nil: no schedule
	// Stale says that the restore was not started in the slot's period: the slot does not pass with it.
	Stale       bool     `json:"stale"`
	TriggeredBy Declared `json:"triggered_by"`
	Operator    Declared `json:"operator"`
}

// Tool says which program wrote a document.
type Tool struct {
	Name         string `json:"name"`
	Version      string `json:"version"`
	Commit       string `json:"commit"`
	BinarySHA256 string `json:"binary_sha256"`
}

// Backup says what was to be proved restorable.
type Backup struct {
	BackupID          string         `json:"backup_id"`
	RunID             string         `json:"run_id"`
	ManifestSHA256    string         `json:"manifest_sha256"`
	ManifestSignature SignatureState `json:"manifest_signature"`
	SourceCluster     ClusterRef     `json:"source_cluster"`
	FinishedAt        time.Time      `json:"finished_at"`
	Topics            int            `json:"topics"`
	Partitions        int            `json:"partitions"`
	Records           int64          `json:"records"`
	Bytes             int64          `json:"bytes"`
}

// ClusterRef names a cluster: as the configuration calls it, and as it calls itself.
type ClusterRef struct {
	Declared string `json:"declared"`
	Observed string `json:"observed"`
}

// Restore says what was compared with the backup, and how long it took to get there.
type Restore struct {
	RestoreID        string         `json:"restore_id"`
	ReceiptSHA256    string         `json:"receipt_sha256"`
	ReceiptSignature SignatureState `json:"receipt_signature"`
	TargetCluster    ClusterRef     `json:"target_cluster"`
	WindowStartMS    *Int64         `json:"window_start_ms"` // nil: open
	WindowEndMS      *Int64         `json:"window_end_ms"`
	StartedAt        time.Time      `json:"started_at"`
	FinishedAt       time.Time      `json:"finished_at"`
	TimeToRestoreMS  int64          `json:"time_to_restore_ms"` // computed by Seal
	Records          int64          `json:"records"`
	Bytes            int64          `json:"bytes"`
	// NewestRecordMS is the timestamp of the newest restored record, and NewestRecordAgeMS how old it
	// was when the restore began (computed by Seal); nil when no record was restored.
	NewestRecordMS    *Int64          `json:"newest_record_ms"`
	NewestRecordAgeMS *int64          `json:"newest_record_age_ms"`
	Topics            []RestoredTopic `json:"topics"`
	EarlierReports    []string        `json:"earlier_reports"` // ids of reports that used this restore before
	Exceptions        []string        `json:"exceptions"`      // what was not written verbatim, and why, with counts
}

// RestoredTopic is one topic of the restore and the incarnation it was restored into.
type RestoredTopic struct {
	Source        string   `json:"source"`
	SourceTopicID string   `json:"source_topic_id"`
	Target        string   `json:"target"`
	TopicID       string   `json:"topic_id"`  // of the target, 32 hex digits
	HeldOpen      []string `json:"held_open"` // configs that do not have their captured value yet
	Partitions    int      `json:"partitions"`
	Records       int64    `json:"records"`
}

// Integrity counts what was recomputed. ChecksumsValid follows from it and is never set by hand.
type Integrity struct {
	ObjectsExpected int64 `json:"objects_expected"`
	ObjectsVerified int64 `json:"objects_verified"` // read, hashed, equal
	ObjectsFailed   int64 `json:"objects_failed"`
	BytesVerified   int64 `json:"bytes_verified"`
	BatchesVerified int64 `json:"batches_verified"` // CRC-32C recomputed and equal
	RecordsCompared int64 `json:"records_compared"`
	// RecordsByRawReader counts records which the independent client cannot read truly, and for which
	// the raw reader decided.
	RecordsByRawReader int64 `json:"records_by_raw_reader"`
	// ChecksumsValid is nil when no checksum was computed, and true only when every expected object
	// was verified.
	ChecksumsValid *bool `json:"checksums_valid"`
}

// KeyRef says which key signs the document.
type KeyRef struct {
	KeyID       string `json:"key_id"`
	Fingerprint string `json:"fingerprint"` // sha256 of the public key's SubjectPublicKeyInfo in DER
}

// Ref describes the key for a document that it signs. A nil key gives nil.
func (p *PublicKey) Ref() *KeyRef {
	if p == nil {
		return nil
	}
	return &KeyRef{KeyID: p.KeyID(), Fingerprint: p.Fingerprint()}
}

// LedgerRef is a place in the ledger: the entry that the job's start made, and the newest entry seen.
type LedgerRef struct {
	StartedSequence int64  `json:"started_sequence"`
	HeadSequence    int64  `json:"head_sequence"`
	HeadSHA256      string `json:"head_sha256"`
}

// Declared is something a person or a configuration said and nobody checked.
type Declared struct {
	Value  string `json:"value"`
	Source string `json:"source"` // "self-declared"
}

// SelfDeclared marks a value as somebody's word.
func SelfDeclared(value string) Declared { return Declared{Value: value, Source: "self-declared"} }

// NotProved lists what no report can prove, for Report.NotProved.
func NotProved() []string {
	return []string{
		"that the job ran at all, if the holder of the key made up its report",
		"that the source cluster is the one it is said to be",
		"that one hand does not hold two keys",
		"that there were no trials outside the ledger",
		"that the holder of the key has not rebuilt the ledger: only a head kept beyond his reach shows it",
		"the time, which is the signer's own clock",
	}
}

// Seal computes everything in the report that follows from the rest of it: verdict, level remark,
// times, integrity and compliance mappings. Call it last.
func (r *Report) Seal() {
	r.Format, r.Kind = Format, KindReport
	r.GeneratedAt = Time(r.GeneratedAt)
	r.Backup.FinishedAt = Time(r.Backup.FinishedAt)
	r.Restore.StartedAt, r.Restore.FinishedAt = Time(r.Restore.StartedAt), Time(r.Restore.FinishedAt)
	r.Overall = OverallOf(r.Checks)
	r.LevelRemark = r.Level.Remark()
	r.Restore.TimeToRestoreMS = r.Restore.FinishedAt.Sub(r.Restore.StartedAt).Milliseconds()
	if r.Restore.NewestRecordMS != nil {
		age := r.Restore.StartedAt.UnixMilli() - int64(*r.Restore.NewestRecordMS)
		r.Restore.NewestRecordAgeMS = &age
	}
	r.Integrity.ChecksumsValid = r.Integrity.valid()
	r.ComplianceMappings = ComplianceMappings(r.Checks, r.Level, r.Retention)
	if r.NotProved == nil {
		r.NotProved = NotProved()
	}
	r.fillEmpty()
}

// fillEmpty turns nil lists into empty ones, so that documents say [] and not null.
func (r *Report) fillEmpty() {
	for _, list := range []*[]string{&r.Coverage, &r.NotProved, &r.Exceptions, &r.Findings, &r.Notes, &r.Restore.EarlierReports, &r.Restore.Exceptions} {
		if *list == nil {
			*list = []string{}
		}
	}
	if r.Restore.Topics == nil {
		r.Restore.Topics = []RestoredTopic{}
	}
	for i := range r.Restore.Topics {
		if r.Restore.Topics[i].HeldOpen == nil {
			r.Restore.Topics[i].HeldOpen = []string{}
		}
	}
	if r.Checks == nil {
		r.Checks = []Check{}
	}
	for i := range r.Checks {
		r.Checks[i].fillEmpty()
	}
}

func (i Integrity) valid() *bool {
	if i.ObjectsVerified+i.ObjectsFailed == 0 {
		return nil
	}
	ok := i.ObjectsFailed == 0 && i.ObjectsVerified == i.ObjectsExpected
	return &ok
}
