package archive

import (
	"time"

	"kustody/kafka"
)

// Window is the half-open range [Start, End) of record timestamps in milliseconds. Nil is open.
type Window struct {
	Start *Int64 `json:"start"`
	End   *Int64 `json:"end"`
}

// All says that the window leaves nothing out.
func (w Window) All() bool { return w.Start == nil && w.End == nil }

// Contains says whether a timestamp lies in the window.
func (w Window) Contains(ms int64) bool {
	return (w.Start == nil || ms >= int64(*w.Start)) && (w.End == nil || ms < int64(*w.End))
}

// Misses says that no timestamp of [min, max] lies in the window.
func (w Window) Misses(min, max int64) bool {
	return (w.Start != nil && max < int64(*w.Start)) || (w.End != nil && min >= int64(*w.End))
}

// Covers says that every timestamp of [min, max] lies in the window.
func (w Window) Covers(min, max int64) bool { return w.Contains(min) && w.Contains(max) }

// Journal is journal.json: what a restore set out to do, put before its first record. With it a later
// process goes on exactly where a dead one stopped, under the same producer ids.
type Journal struct {
	Format         int            `json:"format"`
	Kind           string         `json:"kind"`
	RestoreID      string         `json:"restore_id"`
	BackupID       string         `json:"backup_id"`
	RunID          string         `json:"run_id"`
	ManifestSHA256 string         `json:"manifest_sha256"`
	PlanSHA256     string         `json:"plan_sha256"` // digest of the restore's plan without ids made for it
	CreatedAt      time.Time      `json:"created_at"`
	CreatedBy      string         `json:"created_by"`
	Tool           Tool           `json:"tool"`
	Target         Cluster        `json:"target_cluster"`
	Window         Window         `json:"window"`
	OffsetHeaders  bool           `json:"include_offset_headers"`
	Repartition    string         `json:"repartition,omitempty"` // "", murmur2, round_robin
	Drill          bool           `json:"drill,omitempty"`       // its topics are deleted when it ends, or by the next drill
	Topics         []JournalTopic `json:"topics"`
}

// JournalTopic is one topic of a restore.
type JournalTopic struct {
	Source        string             `json:"source"`
	SourceID      kafka.TopicID      `json:"source_topic_id"`
	Target        string             `json:"target"`
	TargetID      kafka.TopicID      `json:"target_topic_id"`
	Created       bool               `json:"created"` // by this restore; else it existed and is never altered
	MaxBatchBytes int64              `json:"max_batch_bytes"`
	Configs       map[string]string  `json:"configs"`   // set on the target
	HeldOpen      map[string]string  `json:"held_open"` // captured value of each config that stands open; "" means default
	Partitions    []JournalPartition `json:"partitions"`
}

// JournalPartition is one target partition: who produces into it, from where.
type JournalPartition struct {
	Partition     int32 `json:"partition"` // of the target
	ProducerID    Int64 `json:"producer_id"`
	ProducerEpoch int16 `json:"producer_epoch"`
	Start         Int64 `json:"start"` // the target's end offset before the first record
}

// Receipt is receipt.json: what a restore did. Validation reads it; nothing is typed again.
type Receipt struct {
	Format         int            `json:"format"`
	Kind           string         `json:"kind"`
	RestoreID      string         `json:"restore_id"`
	BackupID       string         `json:"backup_id"`
	RunID          string         `json:"run_id"`
	ManifestSHA256 string         `json:"manifest_sha256"`
	JournalSHA256  string         `json:"journal_sha256"`
	StartedAt      time.Time      `json:"started_at"` // the journal's time: a resumed restore counts from its beginning
	FinishedAt     time.Time      `json:"finished_at"`
	CreatedBy      string         `json:"created_by"`
	Tool           Tool           `json:"tool"`
	Target         Cluster        `json:"target_cluster"`
	Window         Window         `json:"window"`
	OffsetHeaders  bool           `json:"include_offset_headers"`
	Repartition    string         `json:"repartition,omitempty"`
	Records        int64          `json:"records"`
	Bytes          int64          `json:"bytes"`
	Topics         []ReceiptTopic `json:"topics"`
	Groups         []MovedGroup   `json:"consumer_groups"`
	Exceptions     []string       `json:"exceptions"` // what was not written verbatim, and why, with counts
	Findings       []string       `json:"findings"`
}

// ReceiptTopic is one restored topic.
type ReceiptTopic struct {
	Source     string             `json:"source"`
	SourceID   kafka.TopicID      `json:"source_topic_id"`
	Target     string             `json:"target"`
	TargetID   kafka.TopicID      `json:"target_topic_id"`
	Created    bool               `json:"created"`
	HeldOpen   map[string]string  `json:"held_open"`
	Partitions []ReceiptPartition `json:"partitions"`
}

// ReceiptPartition is one target partition: [Start, End) holds exactly Records records.
type ReceiptPartition struct {
	Partition int32   `json:"partition"`
	Start     Int64   `json:"start"`
	End       Int64   `json:"end"`
	Records   int64   `json:"records"`
	Bytes     int64   `json:"bytes"`                   // of the batches that were written
	Rewritten int64   `json:"rewritten_records"`       // decoded and encoded again
	Stamped   int64   `json:"log_append_time_records"` // came back as CreateTime of the append time
	Map       []Piece `json:"map"`
}

// Piece maps one segment into the target: inside it, the kept records follow each other.
type Piece struct {
	Segment     string `json:"segment"`
	Partition   int32  `json:"source_partition"`
	FirstSource Int64  `json:"first_source"` // offset of the first kept record
	FirstTarget Int64  `json:"first_target"`
	Kept        int64  `json:"kept"`
}

// MovedGroup is a consumer group whose committed offsets were translated.
type MovedGroup struct {
	Source  string        `json:"source"`
	Target  string        `json:"target"`
	Offsets []MovedOffset `json:"offsets"`
	Error   string        `json:"error,omitempty"`
}

// MovedOffset is one translated offset.
type MovedOffset struct {
	SourceTopic     string `json:"source_topic"`
	SourcePartition int32  `json:"source_partition"`
	SourceOffset    Int64  `json:"source_offset"`
	TargetTopic     string `json:"target_topic"`
	TargetPartition int32  `json:"target_partition"`
	TargetOffset    Int64  `json:"target_offset"`
	AtEnd           bool   `json:"at_end,omitempty"` // no restored record at or after the committed one
	Metadata        string `json:"metadata,omitempty"`
}

// Finish is finish.json: the captured configs were set after a restore.
type Finish struct {
	Format    int           `json:"format"`
	Kind      string        `json:"kind"`
	BackupID  string        `json:"backup_id"`
	RestoreID string        `json:"restore_id"`
	CreatedAt time.Time     `json:"created_at"`
	CreatedBy string        `json:"created_by"`
	Tool      Tool          `json:"tool"`
	Receipt   string        `json:"receipt_sha256"`
	Topics    []FinishTopic `json:"topics"`
}

// FinishTopic is what was set on one target topic. It is a list entry and no map's, since topics may
// have names that differ in case alone, and such keys are refused in signed documents.
type FinishTopic struct {
	Target   string            `json:"target"`
	TargetID kafka.TopicID     `json:"target_topic_id"`
	Applied  map[string]string `json:"applied"`          // "" is the cluster's default
	Expiring int64             `json:"expiring_records"` // that the broker then deletes, as said before
}
