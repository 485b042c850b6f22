package kafka

import "kustody/kafka/batch"

// Kinds of Absent.
const (
	// AbsentMarker is a transaction's end: it takes an offset and is no record.
	AbsentMarker = "marker"
	// AbsentAborted is what an aborted transaction wrote.
	AbsentAborted = "aborted"
	// AbsentHole is a range of offsets that the log does not hold any more. Only compaction should leave
	// one; who reads decides whether it may be there.
	AbsentHole = "hole"
	// AbsentDeleted is a range that was deleted before it could be read: the log start moved past it.
	AbsentDeleted = "deleted"
)

// Absent is a range of offsets [From,To) without a record to capture. Neighbours of one kind are merged.
type Absent struct {
	Kind     string
	From, To int64
	Records  int64 // of aborted ranges: how many records were left out
}

// Batch is one record batch as it came from the broker. Raw is the whole batch, its CRC checked.
type Batch struct {
	batch.Header
	Raw []byte
}

// Chunk is what one answer of a broker added to a Reader. Its batches lie in the answer's buffer and are
// valid until the next call of Next.
type Chunk struct {
	Batches []Batch // data, in offset order; the first and last may reach beyond [From,To)
	Absent  []Absent
	Gap     *Absent // deleted before it could be read

	From, To int64 // the offsets this chunk accounts for; To is the reader's new position
	// LastEpoch is the leader epoch of the last batch below To, markers and aborted ones included: a
	// Reader that starts at To takes it as ReadOptions.LastEpoch. -1: not known.
	LastEpoch int32

	LogStart, LastStable, HighWatermark int64 // as in the answer; -1 where it did not say
}

// absent adds a range, or makes the last one longer.
func (c *Chunk) absent(kind string, from, to, records int64) {
	if from >= to {
		return
	}
	if n := len(c.Absent); n > 0 && c.Absent[n-1].Kind == kind && c.Absent[n-1].To == from {
		c.Absent[n-1].To, c.Absent[n-1].Records = to, c.Absent[n-1].Records+records
		return
	}
	c.Absent = append(c.Absent, Absent{Kind: kind, From: from, To: to, Records: records})
}
