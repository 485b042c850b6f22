package tui

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// fakeJob is a job whose numbers and facts a test writes.
type fakeJob struct {
	id, kind  string
	snap      engine.Snapshot
	events    []engine.Event
	done      chan struct{}
	more      chan struct{}
	summary   engine.Summary
	report    *evidence.Report
	cancelled int
}

func newFakeJob(kind string) *fakeJob {
	j := &fakeJob{id: "9f3c1b7a5502de91", kind: kind, done: make(chan struct{}), more: make(chan struct{})}
	j.snap = engine.Snapshot{Job: j.id, Kind: kind, Started: testNow.Add(-3*time.Minute - 31*time.Second), Now: testNow}
	return j
}

func (j *fakeJob) ID() string                    { return j.id }
func (j *fakeJob) Kind() string                  { return j.kind }
func (j *fakeJob) Snapshot() engine.Snapshot     { return j.snap }
func (j *fakeJob) Cancel()                       { j.cancelled++ }
func (j *fakeJob) Done() <-chan struct{}         { return j.done }
func (j *fakeJob) Wait() (engine.Summary, error) { <-j.done; return j.summary, nil }
func (j *fakeJob) Report() *evidence.Report      { return j.report }

func (j *fakeJob) EventsSince(seq int) ([]engine.Event, <-chan struct{}) {
	return j.events[min(seq, len(j.events)):], j.more
}

// say enters a fact so many seconds before testNow.
func (j *fakeJob) say(ago int, level engine.Level, kind string, fields ...engine.Field) {
	j.events = append(j.events, engine.Event{Seq: len(j.events), Time: testNow.Add(-time.Duration(ago) * time.Second), Type: kind, Job: j.id, Level: level, Fields: fields})
}

// parts sets the partitions, and the sums over them.
func (j *fakeJob) parts(list []engine.PartitionProgress) {
	s := &j.snap
	s.Partitions, s.Records, s.Bytes, s.Done, s.Total = slices.Clone(list), 0, 0, 0, 0
	for _, p := range list {
		s.Records += p.Records
		s.Bytes += p.Bytes
		s.Done += p.Offset - p.Start
		s.Total += p.End - p.Start
	}
}

// end ends the job.
func (j *fakeJob) end(exit engine.Exit, outcome string, change func(s *engine.Summary)) {
	j.summary = engine.Summary{Job: j.id, Kind: j.kind, Outcome: outcome, Exit: exit, Started: j.snap.Started, Finished: testNow}
	if change != nil {
		change(&j.summary)
	}
	j.say(0, engine.LevelInfo, "summary", engine.F("kind", j.kind), engine.F("outcome", outcome), engine.F("exit", int(exit)))
	j.snap.Ended, j.more = true, nil
	close(j.done)
}

// fakeRestore is a restore of three topics, in trouble with one partition, as far as its third step.
func fakeRestore(partitions int) *fakeJob {
	j := newFakeJob("restore")
	j.snap.Phase, j.snap.Step, j.snap.Steps = "restore", 3, 6
	j.snap.RecordsPerSecond, j.snap.BytesPerSecond, j.snap.Left = 18204, 25270912, 153*time.Second
	topics := []string{"restore-0042.orders.v2", "restore-0042.payments", "restore-0042.shipments"}
	var list []engine.PartitionProgress
	for i := range partitions {
		end := int64(110_000 + 1_713*(i%37))
		p := engine.PartitionProgress{Topic: topics[i*3/partitions], Partition: int32(i % (partitions/3 + 1)), End: end}
		switch {
		case i == partitions/2:
			p.State, p.Offset, p.Retrying, p.Retries = engine.Running, end*12/100, true, 4
		case i%7 == 3:
			p.State, p.Offset = engine.Running, end*int64(30+i%40)/100
			p.RecordsPerSecond = 1800 + float64(13*(i%50))
		case i%7 < 3:
			p.State, p.Offset = engine.Done, end
		}
		p.Records, p.Bytes = p.Offset, p.Offset*176
		list = append(list, p)
	}
	j.parts(list)
	j.say(211, engine.LevelInfo, "phase", engine.F("phase", "plan"))
	j.say(210, engine.LevelInfo, "plan", engine.F("restore_id", "restore-0042"), engine.F("run_id", "20261120T020000Z-4f1c22ab"), engine.F("topics", 3),
		engine.F("partitions", partitions), engine.F("records", j.snap.Total))
	j.say(189, engine.LevelInfo, "topic_created", engine.F("topic", "restore-0042.payments"), engine.F("partitions", partitions/3), engine.F("replication", 3))
	j.say(188, engine.LevelInfo, "phase", engine.F("phase", "restore"))
	j.say(61, engine.LevelInfo, "partition_done", engine.F("topic", topics[0]), engine.F("partition", int32(1)), engine.F("records", int64(111713)))
	retry := j.snap.Partitions[partitions/2]
	j.say(13, engine.LevelWarning, "retry", engine.F("topic", retry.Topic), engine.F("partition", retry.Partition), engine.F("attempt", 4),
		engine.F("reason", "the leader has moved"), engine.F("message", fmt.Sprintf("%s/%d: the leader has moved; trying again", retry.Topic, retry.Partition)))
	return j
}

// holdings are locks of other processes, and one of our own.
var holdings = []engine.Holding{
	{BackupID: "prod-eu", Kind: "backup", Job: "77aa01", Who: "ci", Host: "runner-14", PID: 8812, Since: testNow.Add(-time.Hour), RunID: "20261120T110000Z-aa11bb22",
		Done: 31_000, Total: 100_000, Partitions: 44, PartitionsDone: 12, AsOf: testNow.Add(-time.Minute)},
	{BackupID: "prod-eu", RestoreID: "restore-0042", Kind: "restore", Here: true},
	{BackupID: "staging", Since: testNow.Add(-2 * time.Hour), Expires: testNow.Add(time.Minute)},
}

// jobDesk is a desk with an archive and something to write with, both of which are not asked.
func jobDesk() Desk {
	return Desk{Archive: func(context.Context) (engine.QueryOptions, error) { return engine.QueryOptions{}, nil }, Cluster: "prod-eu", Location: "s3://kvault/prod-eu", Command: "kustody --batch --config prod.toml", Work: &Work{}}
}

// openJobs opens a console on the jobs' desk; others hold the given locks.
func openJobs(t testing.TB, w, h int, theme string, others ...engine.Holding) *driver {
	t.Helper()
	desk := jobDesk()
	archive := desk.Archive
	desk.Archive = nil // the list of backups is not what is looked at
	d := drive(t, desk, w, h, theme)
	d.c.desk.Archive, d.c.toast, d.c.data.backups = archive, nil, loader[*engine.BackupList]{has: true, asOf: testNow}
	d.c.holders = func(context.Context, engine.QueryOptions, time.Time) ([]engine.Holding, error) { return others, nil }
	return d
}

// watch takes a job in and opens it.
func (d *driver) watch(f work, title string) *job {
	j := &job{work: f, title: title, batch: "kustody --batch --config prod.toml restore --topics orders.v2,payments,shipments",
		again: "start the restore again under the same id, restore-0042: it goes on where it stopped"}
	d.run(d.c.begin(j))
	d.poll()
	d.run(d.c.visit(sectionJobs))
	d.run(d.c.openJob(j))
	d.c.toast = nil
	return j
}

// poll lets the console look at its jobs, as it does ten times a second.
func (d *driver) poll() { d.send(pollMsg{}) }
