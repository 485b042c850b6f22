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
	retries   atomic.Int32
	retrying  atomic.Bool
	// What an earlier process had done: it counts, and says nothing of how fast this one is.
	oldRecords, oldBytes, oldDone atomic.Int64

	seen, speed float64 // records at the last sample, and per second; guarded by the meterSet
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
	m.moved()
}

// adopt counts what an earlier process had done, and moves the position to offset.
func (m *Meter) adopt(records, bytes, offset int64) {
	m.oldRecords.Add(records)
	m.oldBytes.Add(bytes)
	m.oldDone.Add(offset - m.offset.Load())
	m.records.Add(records)
	m.bytes.Add(bytes)
	m.offset.Store(offset)
}

// Retry notes that something has to be tried again, and says for which time. It lasts until the next
// progress.
func (m *Meter) Retry() int {
	m.retrying.Store(true)
	return int(m.retries.Add(1))
}

// moved ends a retry. The look before it keeps the meters of many records from being written each time.
func (m *Meter) moved() {
	if m.retrying.Load() {
		m.retrying.Store(false)
	}
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

	RecordsPerSecond float64 // lately, smoothed; 0 when it is not running or nothing is known
	Retries          int     // how often something had to be tried again
	Retrying         bool    // since the last progress
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

	// Of the present phase, over its last 30 seconds; 0 before some seconds of data, and after the end.
	RecordsPerSecond float64
	BytesPerSecond   float64
	Left             time.Duration // of the present phase, about; 0 when it cannot be told

	Step  int // number of the phase, from 1; 0 before the first. Phases may be skipped
	Steps int // how many a job of this kind has at most; 0 when that is not known beforehand
}

// Percent is how much of the present phase is behind us; false when its size is not known.
func (s Snapshot) Percent() (float64, bool) {
	if s.Total <= 0 {
		return 0, false
	}
	return min(max(100*float64(s.Done)/float64(s.Total), 0), 100), true
}

// meterSet holds the meters of a job and the name of what it is doing.
type meterSet struct {
	mu     sync.Mutex
	phase  string
	number int // of the phase, from 1
	step   int // of phasesOf
	meters []*Meter
	rates  rates
}

// phase names what the job does now and drops the meters of what it did before.
func (j *Job) phase(name string) {
	j.meters.mu.Lock()
	j.meters.phase, j.meters.meters = name, nil
	j.meters.number++
	j.meters.step = stepAfter(phasesOf[j.kind], j.meters.step, name)
	j.meters.rates.restart(j.clock())
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

// Snapshot reads the numbers now. It never waits for the job's work. Rates rest on what earlier calls,
// by whomever, have seen: who wants them calls it now and then.
func (j *Job) Snapshot() Snapshot {
	j.meters.mu.Lock()
	phase, number, step, meters := j.meters.phase, j.meters.number, j.meters.step, j.meters.meters
	j.meters.mu.Unlock()
	s := Snapshot{Job: j.id, Kind: j.kind, Phase: phase, Started: j.started, Now: j.clock(), Partitions: make([]PartitionProgress, len(meters)),
		Step: step, Steps: len(phasesOf[j.kind])}
	select {
	case <-j.done:
		s.Ended = true
	default:
	}
	var old reading
	for i, m := range meters {
		p := &s.Partitions[i]
		*p = PartitionProgress{Topic: m.Topic, Partition: m.Partition, Start: m.Start, End: m.End, Offset: m.offset.Load(),
			Records: m.records.Load(), Bytes: m.bytes.Load(), State: PartitionState(m.state.Load()),
			Retries: int(m.retries.Load()), Retrying: m.retrying.Load()}
		s.Records += p.Records
		s.Bytes += p.Bytes
		s.Total += p.End - p.Start
		s.Done += min(p.Offset, p.End) - p.Start
		old.done += float64(m.oldDone.Load())
		old.records += float64(m.oldRecords.Load())
		old.bytes += float64(m.oldBytes.Load())
	}
	j.meters.rate(&s, number, meters, reading{at: s.Now, done: float64(s.Done) - old.done, records: float64(s.Records) - old.records, bytes: float64(s.Bytes) - old.bytes})
	return s
}
