package archive

import (
	"time"

	"kustody/kafka"
)

// Tool says which program wrote a document.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

// Cluster names a cluster: as the configuration calls it, and as it calls itself.
type Cluster struct {
	Declared string `json:"declared,omitempty"`
	Observed string `json:"observed"`
}

// Previous points at the run before: its manifest is pinned by hash.
type Previous struct {
	RunID          string `json:"run_id"`
	ManifestSHA256 string `json:"manifest_sha256"`
}

// Capture holds the options that decide what the bytes of the segments look like. A run that died is
// finished with the options of its plan, not with those at hand.
type Capture struct {
	Compression      string   `json:"compression"` // auto, producer, none, gzip, snappy, lz4, zstd
	CompressionLevel int      `json:"compression_level,omitempty"`
	Inspect          string   `json:"inspect"` // records, batches
	SegmentMaxBytes  int64    `json:"segment_max_bytes"`
	Include          []string `json:"include"`
	Exclude          []string `json:"exclude,omitempty"`
	StopAtCurrent    bool     `json:"stop_at_current_offsets"`
}

// Plan is plan.json: what a run will do, resolved and frozen before the first fetch.
type Plan struct {
	Format       int         `json:"format"`
	Kind         string      `json:"kind"`
	BackupID     string      `json:"backup_id"`
	RunID        string      `json:"run_id"`
	CreatedAt    time.Time   `json:"created_at"`
	CreatedBy    string      `json:"created_by"`
	Tool         Tool        `json:"tool"`
	Previous     *Previous   `json:"previous"`
	Source       Cluster     `json:"source_cluster"`
	ConfigSHA256 string      `json:"config_sha256"`
	Capture      Capture     `json:"capture"`
	Topics       []PlanTopic `json:"topics"`
	Missing      []string    `json:"missing_topics"`  // asked for by name or pattern, not there
	Vanished     []string    `json:"vanished_topics"` // in the previous run, not there now
	Groups       []Group     `json:"consumer_groups"` // committed offsets, taken before the data
	ACLs         []ACL       `json:"acls"`
	Notes        []string    `json:"notes"` // what could not be taken (a group, ACLs without rights), in words
}

// Why a topic's partitions start where they start.
const (
	ReasonFirst       = "first run"
	ReasonIncremental = "incremental"
	ReasonNew         = "new topic"
	ReasonRecreated   = "created again under its name: captured from its start"
	ReasonCompacted   = "compacted: captured in full"
	ReasonFull        = "full run"
)

// PlanTopic is one incarnation of a topic in a plan.
type PlanTopic struct {
	Name              string            `json:"name"`
	ID                kafka.TopicID     `json:"topic_id"`
	Full              bool              `json:"full"` // the topic's part of the chain begins with this run
	Reason            string            `json:"reason"`
	Compacted         bool              `json:"compacted"`
	ReplicationFactor int               `json:"replication_factor"`
	Configs           map[string]string `json:"configs"` // every value that is not the default
	Partitions        []PlanPartition   `json:"partitions"`
}

// PlanPartition freezes one partition: [Start, End) will be captured.
type PlanPartition struct {
	Partition     int32 `json:"partition"`
	Start         Int64 `json:"start"`
	End           Int64 `json:"end"` // the last stable offset
	LogStart      Int64 `json:"log_start"`
	HighWatermark Int64 `json:"high_watermark"`
	LeaderEpoch   int32 `json:"leader_epoch"`
	LastEpoch     int32 `json:"last_epoch"` // of the last batch captured by the previous run; -1 unknown
}

// HeldBack is the number of offsets above the end that an open transaction keeps from readers.
func (p PlanPartition) HeldBack() int64 { return int64(p.HighWatermark - p.End) }

// Group is a consumer group with its committed offsets.
type Group struct {
	ID      string        `json:"id"`
	State   string        `json:"state"`
	Offsets []GroupOffset `json:"offsets"`
	Error   string        `json:"error,omitempty"` // why its offsets are not here
}

// GroupOffset is one committed offset. The leader epoch is left out on purpose: committed to another
// cluster it makes a Java consumer read nothing.
type GroupOffset struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    Int64  `json:"offset"`
	Metadata  string `json:"metadata,omitempty"`
}

// ACL is one access rule, in Kafka's words.
type ACL struct {
	ResourceType string `json:"resource_type"`
	ResourceName string `json:"resource_name"`
	PatternType  string `json:"pattern_type"`
	Principal    string `json:"principal"`
	Host         string `json:"host"`
	Operation    string `json:"operation"`
	Permission   string `json:"permission"`
}
