package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// Meter holds the numbers of one partition. The worker adds, any reader loads; nothing is sent.
type Meter struct {
	Topic     string
	Partition int32
	Start     int64 // first offset, or 0 when the job counts records
	End       int64 // end offset, or the number of records expected
	offset    atomic.Int64
	records   atomic.Int64
	bytes     atomic.Int64
	state     atomic.Int32
}

// PartitionState says how far a partition is.
type PartitionState int32

// States of a partition.
const (
	Waiting PartitionState = iota
	Running
	Done
	Failed
)

// String is the state in one word.
func (s PartitionState) String() string {
	return [...]string{"waiting", "running", "done", "failed"}[s]
}

// Add counts records and bytes, and moves the position to offset.
func (m *Meter) Add(records, bytes, offset int64) {
	m.records.Add(records)
	m.bytes.Add(bytes)
	m.offset.Store(offset)
}

// Set sets the state.
func (m *Meter) Set(s PartitionState) { m.state.Store(int32(s)) }

// PartitionProgress is a Meter read at one moment.
type PartitionProgress struct {
	Topic     string
	Partition int32
	Start     int64
	End       int64
	Offset    int64
	Records   int64
	Bytes     int64
	State     PartitionState
}

// Snapshot is a job's numbers at one moment.
type Snapshot struct {
	Job        string
	Kind       string
	Phase      string
	Started    time.Time
	Now        time.Time
	Ended      bool
	Records    int64
	Bytes      int64
	Done       int64 // offsets (or records) behind us
	Total      int64 // offsets (or records) in all; 0 when it is not known yet
	Partitions []PartitionProgress
}

// meterSet holds the meters of a job and the name of what it is doing.
type meterSet struct {
	mu     sync.Mutex
	phase  string
	meters []*Meter
}

// phase names what the job does now and drops the meters of what it did before.
func (j *Job) phase(name string) {
	j.meters.mu.Lock()
	j.meters.phase, j.meters.meters = name, nil
	j.meters.mu.Unlock()
	j.Info("phase", F("phase", name))
}

// meter adds a meter to the present phase.
func (j *Job) meter(topic string, partition int32, start, end int64) *Meter {
	m := &Meter{Topic: topic, Partition: partition, Start: start, End: end}
	m.offset.Store(start)
	j.meters.mu.Lock()
	j.meters.meters = append(j.meters.meters, m)
	j.meters.mu.Unlock()
	return m
}

// Snapshot reads the numbers now. It never waits for the job.
func (j *Job) Snapshot() Snapshot {
	j.meters.mu.Lock()
	phase, meters := j.meters.phase, j.meters.meters
	j.meters.mu.Unlock()
	s := Snapshot{Job: j.id, Kind: j.kind, Phase: phase, Started: j.started, Now: j.clock(), Partitions: make([]PartitionProgress, len(meters))}
	select {
	case <-j.done:
		s.Ended = true
	default:
	}
	for i, m := range meters {
		p := PartitionProgress{Topic: m.Topic, Partition: m.Partition, Start: m.Start, End: m.End, Offset: m.offset.Load(),
			Records: m.records.Load(), Bytes: m.bytes.Load(), State: PartitionState(m.state.Load())}
		s.Partitions[i] = p
		s.Records += p.Records
		s.Bytes += p.Bytes
		s.Total += p.End - p.Start
		s.Done += min(p.Offset, p.End) - p.Start
	}
	return s
}
