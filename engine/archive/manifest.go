package archive

import (
	"time"

	"kustody/kafka"
)

// Absent counts the offsets of a range that hold no record to capture. With the records they add up
// to the length of the range, to the offset.
type Absent struct {
	Markers   int64 `json:"marker"`               // transaction markers
	Aborted   int64 `json:"aborted"`              // offsets of aborted batches
	Compacted int64 `json:"compacted (inferred)"` // holes under a compact policy
}

// Total is the number of absent offsets.
func (a Absent) Total() int64 { return a.Markers + a.Aborted + a.Compacted }

// Plus is the sum of both.
func (a Absent) Plus(b Absent) Absent {
	return Absent{a.Markers + b.Markers, a.Aborted + b.Aborted, a.Compacted + b.Compacted}
}

// upTo is as much of them as n offsets can be.
func (a Absent) upTo(n int64) Absent {
	var out Absent
	for _, x := range []struct{ from, to *int64 }{{&a.Markers, &out.Markers}, {&a.Aborted, &out.Aborted}, {&a.Compacted, &out.Compacted}} {
		*x.to = min(*x.from, max(n, 0))
		n -= *x.to
	}
	return out
}

// Segment says what one segment object holds. From and To are the offsets it accounts for: To-From is
// its records and its absent offsets together. A sidecar is a Segment with where it belongs.
type Segment struct {
	Key             string `json:"key"` // below the archive's folder
	SHA256          string `json:"sha256"`
	Size            int64  `json:"size"`
	From            Int64  `json:"from"`
	To              Int64  `json:"to"`
	BaseOffset      Int64  `json:"base_offset"`
	LastOffset      Int64  `json:"last_offset"`
	Records         int64  `json:"records"`
	Batches         int64  `json:"batches"`
	LargestBatch    int64  `json:"largest_batch"` // in bytes: a topic whose max.message.bytes is smaller refuses it
	Absent          Absent `json:"absent"`
	MinTimestamp    Int64  `json:"min_timestamp"`
	MaxTimestamp    Int64  `json:"max_timestamp"`
	TimestampsExact bool   `json:"timestamps_exact"` // false: taken from batch headers (inspect = batches)
	LogAppendTime   int64  `json:"log_append_time_records"`
	LastEpoch       int32  `json:"last_leader_epoch"`
}

// Sidecar is the document beside a segment: the durable checkpoint of its partition. Nothing counts
// as captured before the store has taken it.
type Sidecar struct {
	Format    int           `json:"format"`
	Kind      string        `json:"kind"`
	BackupID  string        `json:"backup_id"`
	RunID     string        `json:"run_id"`
	TopicID   kafka.TopicID `json:"topic_id"`
	Topic     string        `json:"topic"`
	Partition int32         `json:"partition"`
	// Sequence counts the segments of this partition in this run from 0. A later one supersedes what
	// earlier ones hold at or after its From (the source was rewritten in between).
	Sequence int `json:"sequence"`
	Segment
}

// Manifest is manifest.json: what a run captured.
type Manifest struct {
	Format      int             `json:"format"`
	Kind        string          `json:"kind"`
	BackupID    string          `json:"backup_id"`
	RunID       string          `json:"run_id"`
	CreatedAt   time.Time       `json:"created_at"` // = finished
	CreatedBy   string          `json:"created_by"`
	StartedAt   time.Time       `json:"started_at"`
	Tool        Tool            `json:"tool"`
	PlanSHA256  string          `json:"plan_sha256"`
	Previous    *Previous       `json:"previous"`
	Chain       int             `json:"chain"`    // runs since the last complete manifest, this one included
	Complete    bool            `json:"complete"` // lists the segments of the whole chain; readers stop here
	Source      Cluster         `json:"source_cluster"`
	Compression string          `json:"compression"`
	Inspect     string          `json:"inspect"`
	Generation  string          `json:"generation"` // proved, unproved (broker without topic ids in fetch)
	Statistics  Statistics      `json:"statistics"`
	Topics      []ManifestTopic `json:"topics"`
	Missing     []string        `json:"missing_topics"`
	Vanished    []string        `json:"vanished_topics"`
	Findings    []string        `json:"findings"` // what made the run incomplete, in words
	Notes       []string        `json:"notes"`
}

// Statistics are the sums of one run.
type Statistics struct {
	Topics     int   `json:"topics"`
	Partitions int   `json:"partitions"`
	Segments   int   `json:"segments"`
	Records    int64 `json:"records"`
	Bytes      int64 `json:"bytes"` // of segment objects
	Gaps       int64 `json:"gaps"`  // offsets lost
	HeldBack   int64 `json:"held_back"`
}

// ManifestTopic is one incarnation of a topic in a manifest.
type ManifestTopic struct {
	Name              string              `json:"name"`
	ID                kafka.TopicID       `json:"topic_id"`
	Full              bool                `json:"full"`
	Carried           bool                `json:"carried,omitempty"` // not captured by this run; listed because the manifest is complete
	Deleted           bool                `json:"deleted,omitempty"` // vanished while it was being captured
	Compacted         bool                `json:"compacted"`
	ReplicationFactor int                 `json:"replication_factor"`
	Configs           map[string]string   `json:"configs"`
	Partitions        []ManifestPartition `json:"partitions"`
}

// ManifestPartition is what a run captured of one partition. Segments, gaps and tail together account
// for every offset of [Start, End).
type ManifestPartition struct {
	Partition int32   `json:"partition"`
	Start     Int64   `json:"start"`
	End       Int64   `json:"end"` // where the next run begins
	HeldBack  int64   `json:"held_back,omitempty"`
	LastEpoch int32   `json:"last_leader_epoch"`
	Records   int64   `json:"records"`
	Bytes     int64   `json:"bytes"`
	Segments  []Held  `json:"segments"`
	Gaps      []Range `json:"gaps"`
	Tail      Absent  `json:"tail"` // absent offsets after the last segment
	Cuts      []Cut   `json:"cuts,omitempty"`
	Absent    Absent  `json:"absent"` // all of them, tail included
}

// Held is a segment as a manifest holds it: with its sidecar's hash and the run that wrote it.
type Held struct {
	Segment
	SidecarSHA256 string `json:"sidecar_sha256"`
	RunID         string `json:"run_id"`
}

// Cut takes the end off an earlier segment: the source was rewritten from To on (unclean election). The
// one without a key, before the others, takes it off the account: a tail or a gap may lie there.
type Cut struct {
	Key     string `json:"key"`     // "": no segment's
	To      Int64  `json:"to"`      // offsets at or after it no longer count
	Records int64  `json:"records"` // records that are left of it
}
