package main

import (
	"fmt"
	"slices"
	"time"

	"kustody/engine"
	"kustody/engine/demo"
	"kustody/evidence"
)

// scripted is a job whose numbers and facts are written down, so that its picture is the same each time. How
// far a real one is by then depends on the machine.
type scripted struct {
	kind    string
	snap    engine.Snapshot
	events  []engine.Event
	done    chan struct{}
	more    chan struct{}
	summary engine.Summary
}

func newScripted(kind string, ago time.Duration) *scripted {
	s := &scripted{kind: kind, done: make(chan struct{}), more: make(chan struct{})}
	s.snap = engine.Snapshot{Job: s.ID(), Kind: kind, Started: demo.Now().Add(-ago), Now: demo.Now()}
	return s
}

// ID names it.
func (s *scripted) ID() string { return "5f1c2a9be04d7733" }

// Kind is the verb.
func (s *scripted) Kind() string { return s.kind }

// Snapshot is as it was written.
func (s *scripted) Snapshot() engine.Snapshot { return s.snap }

// EventsSince are the facts that were written.
func (s *scripted) EventsSince(seq int) ([]engine.Event, <-chan struct{}) {
	return s.events[min(seq, len(s.events)):], s.more
}

// Cancel does nothing: nothing runs.
func (s *scripted) Cancel() {}

// Done is closed once end was called.
func (s *scripted) Done() <-chan struct{} { return s.done }

// Wait is how it ended.
func (s *scripted) Wait() (engine.Summary, error) { <-s.done; return s.summary, nil }

// Report is none.
func (s *scripted) Report() *evidence.Report { return nil }

// fact enters one, so many seconds before now.
func (s *scripted) fact(ago int, level engine.Level, kind string, fields ...engine.Field) {
	s.events = append(s.events, engine.Event{Seq: len(s.events), Time: demo.Now().Add(-time.Duration(ago) * time.Second), Type: kind, Job: s.ID(), Level: level, Fields: fields})
}

// parts sets the partitions and their sums.
func (s *scripted) parts(list []engine.PartitionProgress) {
	s.snap.Partitions = slices.Clone(list)
	for _, p := range list {
		s.snap.Records += p.Records
		s.snap.Bytes += p.Bytes
		s.snap.Done += p.Offset - p.Start
		s.snap.Total += p.End - p.Start
	}
}

// end ends it.
func (s *scripted) end(outcome string, exit engine.Exit, change func(*engine.Summary)) *scripted {
	s.summary = engine.Summary{Job: s.ID(), Kind: s.kind, Outcome: outcome, Exit: exit, Started: s.snap.Started, Finished: demo.Now()}
	change(&s.summary)
	s.fact(0, engine.LevelInfo, "summary", engine.F("kind", s.kind), engine.F("outcome", outcome), engine.F("exit", int(exit)))
	s.snap.Ended, s.more = true, nil
	close(s.done)
	return s
}

// restoring is a restore in the middle of its work, with one partition whose leader has moved.
func restoring() *scripted {
	s := newScripted("restore", 3*time.Minute+31*time.Second)
	s.snap.Phase, s.snap.Step, s.snap.Steps = "restore", 3, 6
	s.snap.RecordsPerSecond, s.snap.BytesPerSecond, s.snap.Left = 18204, 25270912, 153*time.Second
	var list []engine.PartitionProgress
	for _, t := range []struct {
		name  string
		parts int
		share int64 // in per cent, of the first partition
	}{{"transactions", 6, 61}, {"ledger-entries", 12, 40}, {"settlements", 4, 100}} {
		for i := range t.parts {
			end := int64(110_000 + 1713*(i*7%11))
			p := engine.PartitionProgress{Topic: "restore-0042." + t.name, Partition: int32(i), End: end}
			share := t.share - int64(i*9%23)
			switch {
			case t.share == 100 && i < 3:
				p.State, p.Offset = engine.Done, end
			case t.share == 100 || t.name == "ledger-entries" && i > 7:
				p.State = engine.Waiting
			default:
				p.State, p.Offset, p.RecordsPerSecond = engine.Running, end*share/100, float64(1780+13*(i*5%9))
			}
			if t.name == "ledger-entries" && i == 7 {
				p.Offset, p.RecordsPerSecond, p.Retries, p.Retrying = end*12/100, 0, 4, true
			}
			p.Records, p.Bytes = p.Offset, p.Offset*176
			list = append(list, p)
		}
	}
	s.parts(list)
	s.fact(211, engine.LevelInfo, "phase", engine.F("phase", "plan"))
	s.fact(210, engine.LevelInfo, "plan", engine.F("restore_id", "restore-0042"), engine.F("topics", 3), engine.F("partitions", len(list)), engine.F("records", s.snap.Total))
	s.fact(188, engine.LevelInfo, "phase", engine.F("phase", "restore"))
	s.fact(61, engine.LevelInfo, "partition_done", engine.F("topic", "restore-0042.settlements"), engine.F("partition", int32(1)), engine.F("records", int64(111713)))
	s.fact(13, engine.LevelWarning, "retry", engine.F("topic", "restore-0042.ledger-entries"), engine.F("partition", int32(7)), engine.F("attempt", 4),
		engine.F("message", "restore-0042.ledger-entries/7: broker 3 is not the leader; trying again, 4 of 10"))
	return s
}

// drilled is a drill that has ended well.
func drilled(report engine.ReportItem) *scripted {
	s := newScripted("drill", 48*time.Second)
	s.fact(48, engine.LevelInfo, "phase", engine.F("phase", "backup"))
	s.fact(31, engine.LevelInfo, "phase", engine.F("phase", "restore"))
	s.fact(12, engine.LevelInfo, "check", engine.F("name", "ContentCheck"), engine.F("outcome", "PASSED"), engine.F("message", fmt.Sprintf("ContentCheck: %d records compared, all equal", report.Records)))
	return s.end("done", engine.ExitDone, func(x *engine.Summary) {
		x.Facts = []engine.Field{engine.F("drill_id", report.RestoreID), engine.F("run_id", report.RunID), engine.F("restore_records", report.Records),
			engine.F("overall", string(report.Overall)), engine.F("level", string(report.Level)), engine.F("report_id", report.ReportID)}
	})
}
