package archive

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"kustody/kafka"
)

// Keys below an archive's folder.
const (
	LockKey     = "lock"
	runsDir     = "runs/"
	segmentsDir = "segments/"
	restoresDir = "restores/"
)

const runStamp = "20060102T150405Z"

// NewRunID makes a run id: its time in UTC and six random characters. It sorts after last, the newest
// id in the archive, also when the clock has stood still or gone back.
func NewRunID(now time.Time, last string) string {
	id := now.UTC().Format(runStamp) + "-" + randomHex(3)
	if id > last {
		return id
	}
	if t, err := time.Parse(runStamp, strings.SplitN(last, "-", 2)[0]); err == nil {
		return t.Add(time.Second).Format(runStamp) + "-" + randomHex(3)
	}
	return last + "0"
}

// NewRestoreID makes a restore id in the same shape as a run id.
func NewRestoreID(now time.Time) string {
	return now.UTC().Format(runStamp) + "-" + randomHex(3)
}

// randomHex is n random bytes in hex. crypto/rand.Read never fails.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// PlanKey is where a run's plan lies.
func PlanKey(run string) string { return runsDir + run + "/plan.json" }

// ManifestKey is where a run's manifest lies.
func ManifestKey(run string) string { return runsDir + run + "/manifest.json" }

// JournalKey is where a restore's journal lies.
func JournalKey(restore string) string { return restoresDir + restore + "/journal.json" }

// ReceiptKey is where a restore's receipt lies.
func ReceiptKey(restore string) string { return restoresDir + restore + "/receipt.json" }

// FinishKey is where the document of `restore finish` lies.
func FinishKey(restore string) string { return restoresDir + restore + "/finish.json" }

// PartitionDir is the folder of one partition's segments, with its closing slash.
func PartitionDir(id kafka.TopicID, partition int32) string {
	return fmt.Sprintf("%s%s/%d/", segmentsDir, id, partition)
}

// NewSegmentKey makes a key for a segment that begins at base. The random part lets a run write again
// what a dead one left behind without touching it. kafka-dump-log takes the digits before the first
// dot for the base offset.
func NewSegmentKey(id kafka.TopicID, partition int32, base int64) string {
	return fmt.Sprintf("%s%020d.%s.log", PartitionDir(id, partition), base, randomHex(4))
}

// SidecarKey is the key of a segment's sidecar.
func SidecarKey(segment string) string { return strings.TrimSuffix(segment, ".log") + ".json" }

// ValidID says whether a run or restore id has the one form that keys may be built from.
func ValidID(id string) error {
	if len(id) == 0 || len(id) > 64 {
		return fmt.Errorf("id %q must have 1 to 64 characters", id)
	}
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' {
			return fmt.Errorf("id %q may hold letters, digits, - and _ only", id)
		}
	}
	return nil
}
