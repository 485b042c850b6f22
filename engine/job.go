package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"kustody/evidence"
)

// Job is one piece of work under way: a backup, a restore, a validation, a drill. Numbers are read by
// Snapshot, facts by EventsSince; no reader can slow the job. All methods may be called from any
// goroutine.
type Job struct {
	id      string
	kind    string
	clock   func() time.Time
	started time.Time
	log     eventLog
	meters  meterSet
	cancel  context.CancelCauseFunc
	done    chan struct{}
	summary Summary
	err     error
	report  atomic.Pointer[evidence.Report] // of a validation

	verification atomic.Pointer[EvidenceVerification] // of a verification of everything
}

// ErrCancelled is the cause of a job's end after Cancel.
var ErrCancelled = errors.New("cancelled")

// start runs work as a job of its own. The work's error, if it is not nil, becomes an event and the
// job's error; a summary it returns beside an error is kept.
func start(ctx context.Context, kind string, env Env, work func(context.Context, *Job) (Summary, error)) *Job {
	env = env.withDefaults()
	ctx, cancel := context.WithCancelCause(ctx)
	j := &Job{id: env.NewID(), kind: kind, clock: env.Clock, started: env.Clock(), cancel: cancel, done: make(chan struct{})}
	j.log.init()
	go func() {
		defer close(j.done)
		defer cancel(nil)
		summary, err := work(ctx, j)
		if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrCancelled) {
			err = errors.Join(ErrCancelled, err)
		}
		j.finish(summary, err)
	}()
	return j
}

// finish enters the last events and seals the job.
func (j *Job) finish(s Summary, err error) {
	s.Job, s.Kind, s.Started, s.Finished = j.id, j.kind, j.started, j.clock()
	if err != nil {
		s.Exit = worst(s.Exit, ExitCode(err))
		s.Error = err.Error()
		j.Error(err)
	}
	s.Outcome = outcomeOf(s.Exit)
	j.summary, j.err = s, err
	j.emit(LevelInfo, "summary", s.fields()...)
	j.log.close()
}

// ID names the job within this process.
func (j *Job) ID() string { return j.id }

// Kind is the verb: backup, restore, validation, drill.
func (j *Job) Kind() string { return j.kind }

// Cancel asks the job to stop in an orderly way. It returns at once; Wait tells when it has.
func (j *Job) Cancel() { j.cancel(ErrCancelled) }

// Wait returns when the job has ended.
func (j *Job) Wait() (Summary, error) {
	<-j.done
	return j.summary, j.err
}

// Done is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// EventsSince returns the facts from seq on, and a channel that closes when there are more. After the
// summary, which is always the last event, the channel is nil.
func (j *Job) EventsSince(seq int) ([]Event, <-chan struct{}) { return j.log.since(seq) }

// emit appends a fact.
func (j *Job) emit(level Level, kind string, fields ...Field) {
	j.log.append(Event{Time: j.clock().UTC(), Type: kind, Job: j.id, Level: level, Fields: fields})
}

// Info enters a fact.
func (j *Job) Info(kind string, fields ...Field) { j.emit(LevelInfo, kind, fields...) }

// Warn enters a fact that a person should see.
func (j *Job) Warn(kind string, fields ...Field) { j.emit(LevelWarning, kind, fields...) }

// retryFacts is how many retries of one partition are facts; more are only counted, by its meter.
const retryFacts = 3

// retrying notes that something about a partition is tried again. The meter may be nil.
func (j *Job) retrying(m *Meter, topic string, partition int32, reason string, more ...Field) {
	fields := []Field{F("topic", topic), F("partition", partition)}
	message := fmt.Sprintf("%s/%d: %s", topic, partition, reason)
	if m != nil {
		attempt := m.Retry()
		if attempt > retryFacts {
			return
		}
		if attempt == retryFacts {
			message += " (further retries of this partition are counted, and not told)"
		}
		fields = append(fields, F("attempt", attempt))
	}
	j.Warn("retry", append(append(fields, F("reason", reason)), append(more, F("message", message))...)...)
}

// Error enters an error.
func (j *Job) Error(err error) { j.emit(LevelError, "error", F("message", err.Error())) }

// eventLog is a job's own append-only list of facts; each reader keeps its position.
type eventLog struct {
	mu     sync.Mutex
	events []Event
	more   chan struct{}
	closed bool
}

func (l *eventLog) init() { l.more = make(chan struct{}) }

func (l *eventLog) append(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	e.Seq = len(l.events)
	l.events = append(l.events, e)
	close(l.more)
	l.more = make(chan struct{})
}

func (l *eventLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	close(l.more)
	l.more = nil
}

func (l *eventLog) since(seq int) ([]Event, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq = min(max(seq, 0), len(l.events))
	return l.events[seq:len(l.events):len(l.events)], l.more
}
