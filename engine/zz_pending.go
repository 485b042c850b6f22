package engine

import (
	"context"
	"time"
)

// CoverageOptions is pending.
type CoverageOptions struct {
	Source Source
	Query  QueryOptions // BackupID and RunID ("": the newest); a nil Store: nothing is captured yet
	Topics Selection    // what a backup would take
}

// Coverage is pending.
type Coverage struct {
	ClusterID    string
	RunID        string          // "": there is no finished run
	RunFinished  time.Time       // zero without a run
	RunClusterID string          // of the cluster that the run was taken of; where it is another, nothing is captured
	Topics       []TopicCoverage // by name
	Gone         []string        // names that the run holds and the cluster does not
}

// TopicCoverage is pending.
type TopicCoverage struct {
	Name          string
	ID            string // of this incarnation; 32 zeros where brokers give none
	Internal      bool
	Partitions    int
	InScope       bool   // a backup would take it
	Captured      bool   // the run holds this very incarnation
	Recreated     bool   // the run holds another one under the name
	NewPartitions int    // partitions that the run holds nothing of, of a captured topic
	Compacted     bool   // so it was captured; false where it was not
	Offsets       int64  // from the log's start to its last stable offset, now
	Lag           int64  // of these, how many lie behind what the run accounts for: all, where nothing is captured
	Problem       string // why Offsets and Lag leave out a partition, or all of them
}

// DescribeCoverage is pending.
func DescribeCoverage(ctx context.Context, o CoverageOptions) (*Coverage, error) { return nil, nil }

// Holding is pending: a lock that is held now.
type Holding struct {
	BackupID, RestoreID        string // RestoreID "" for the archive's own lock
	Kind                       string // backup, restore, drill … as far as the holder's Job says
	Job                        string
	Who, Host                  string
	PID                        int
	Since, Expires             time.Time // Expires zero: none
	Here                       bool      // this very process
	RunID                      string    // unfinished run under way, "" none
	Done, Total                int64     // offsets by the sidecars the store has taken, of those the plan froze; Total 0: unknown
	Partitions, PartitionsDone int
	AsOf                       time.Time // modification time of the newest sidecar, zero if none
}

// Holders is pending.
func Holders(ctx context.Context, o QueryOptions, now time.Time) ([]Holding, error) { return nil, nil }
