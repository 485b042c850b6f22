package evidence

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// maxSlotsPerEntry bounds how many missed slots one entry names.
const maxSlotsPerEntry = 500

// EnsureSeries makes the ledger say what the configuration says of one series: it begins the ledger
// with genesis, adds the series, or enters config_changed when something differs. It returns the entry
// it made, nil when there was nothing to do.
func (l *Ledger) EnsureSeries(ctx context.Context, spec SeriesSpec) (*Sealed, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	return l.Append(ctx, func(s State) (*Entry, error) {
		if len(s.Entries) == 0 {
			return &Entry{Type: TypeGenesis, Series: spec.Series, Genesis: &Genesis{
				Series:     []SeriesSpec{spec.settle(nil, s.At)},
				PublicKeys: []string{string(l.signer.pub.PEM())},
			}}, nil
		}
		before := specsOf(s.Entries)[spec.Series]
		now := spec.settle(before, s.At)
		detail := "series added"
		if before != nil {
			if detail = now.differs(*before); detail == "" {
				return nil, nil
			}
		}
		return &Entry{Type: TypeConfigChanged, Series: spec.Series, Changed: &now, Detail: detail}, nil
	})
}

// Job is what a job tells the ledger before it does anything.
type Job struct {
	ID      string            // unique; "" gets a random one
	Series  string            // must have been ensured
	Closes  []string          // kinds of slots the job wants to close: SlotBackup, SlotReport
	Subject map[string]string // ids and digests: backup_id, plan_sha256, config_sha256 …
	Detail  string
	// Alive says whether the job that made a started entry still lives; the caller knows the lock. It is
	// asked only about jobs of the same series that this machine does not see running. Nil: a job of
	// another host is taken to live.
	Alive func(started Sealed) bool
}

// Run is a job that the ledger knows to have started. Its methods are for one goroutine at a time.
type Run struct {
	l       *Ledger
	started Sealed
	slots   []Slot
	open    []SlotRef // not judged yet
}

// ClosedError says that the job has a closing entry already: another job took it for dead (abandoned),
// or Close was called twice. What the job did since must not count.
type ClosedError struct {
	Job string
	By  Sealed
}

// Error names the entry that closed the job.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("job %s is closed in the ledger: entry %d (%s) of %s", e.Job, e.By.Sequence, e.By.Type, e.By.Time.Format(time.RFC3339))
}

// running holds the ids of the jobs of this process that have started and not closed: one process may
// run several, and its own pid says nothing about which of them live.
var running sync.Map

// Start enters what others left undone (slots that were missed, starts of the same series whose jobs
// died), and then that this job starts. A job that cannot start in the ledger must not run.
func (l *Ledger) Start(ctx context.Context, job Job) (*Run, error) {
	if job.ID == "" {
		var b [8]byte
		rand.Read(b[:]) // never fails (crypto/rand)
		job.ID = hex.EncodeToString(b[:])
	}
	running.Store(job.ID, true)
	var slots []Slot
	for {
		sealed, err := l.Append(ctx, func(s State) (*Entry, error) {
			e, err := l.undone(s, job)
			if e == nil && err == nil {
				e, slots, err = startEntry(s, job)
			}
			return e, err
		})
		if err != nil {
			running.Delete(job.ID)
			return nil, err
		}
		if sealed.Type == TypeStarted {
			return &Run{l: l, started: *sealed, slots: slots, open: sealed.Slots}, nil
		}
	}
}

// startEntry makes the started entry, with the slots in whose period the job starts.
func startEntry(s State, job Job) (*Entry, []Slot, error) {
	if specsOf(s.Entries)[job.Series] == nil {
		return nil, nil, fmt.Errorf("start job %s: the ledger has no series %q", job.ID, job.Series)
	}
	e := &Entry{Type: TypeStarted, Series: job.Series, Job: job.ID, Subject: job.Subject, Detail: job.Detail}
	var slots []Slot
	ts := timelinesOf(s.Entries)
	for _, kind := range job.Closes {
		if slot, ok := ts.slotFor(job.Series, kind, s.At); ok {
			slots = append(slots, slot)
			e.Slots = append(e.Slots, slot.SlotRef)
		}
	}
	return e, slots, nil
}

// slotFor is the slot of a job of this series and kind that starts at a time.
func (ts timelines) slotFor(series, kind string, started time.Time) (Slot, bool) {
	tl := ts[[2]string{series, kind}]
	if tl == nil {
		return Slot{}, false
	}
	i := tl.slotAt(started)
	if i < 0 {
		return Slot{}, false
	}
	return tl.slot(i), true
}

// undone is the next entry that somebody before this job should have made, nil when there is none.
func (l *Ledger) undone(s State, job Job) (*Entry, error) {
	if missed := missedEntry(s); missed != nil {
		missed.Job = job.ID
		return missed, nil
	}
	for _, start := range unclosed(s.Entries) {
		if start.Series != job.Series || start.Job == job.ID || l.alive(start, job.Alive) {
			continue
		}
		n := start.Sequence
		return &Entry{Type: TypeAbandoned, Series: start.Series, Job: job.ID, StartedSequence: &n, Closes: true, Subject: start.Subject,
			Detail: fmt.Sprintf("job %s started %s on %s (pid %d) and never closed", start.Job, start.Time.Format(time.RFC3339), start.Host, start.PID)}, nil
	}
	return nil, nil
}

// missedEntry names slots of one series that are missed and not entered.
func missedEntry(s State) *Entry {
	var e *Entry
	for _, slot := range Slots(s.Entries, s.At) {
		if slot.Verdict != VerdictMissed || slot.Closing >= 0 {
			continue
		}
		if e == nil {
			e = &Entry{Type: TypeSlotMissed, Series: slot.Series, Verdict: VerdictMissed}
		}
		if slot.Series == e.Series && len(e.Slots) < maxSlotsPerEntry {
			e.Slots = append(e.Slots, slot.SlotRef)
		}
	}
	return e
}

// unclosed lists the started entries whose jobs have no closing entry.
func unclosed(entries []Sealed) []Sealed {
	closed := map[int64]bool{}
	for _, e := range entries {
		if e.Closes && e.StartedSequence != nil {
			closed[*e.StartedSequence] = true
		}
	}
	var open []Sealed
	for _, e := range entries {
		if e.Type == TypeStarted && !closed[e.Sequence] {
			open = append(open, e)
		}
	}
	return open
}

// alive says whether the job of a started entry may still live. A pid that is in use may have been
// given to another process since: then the start stays unclosed, which Verify reports too.
func (l *Ledger) alive(start Sealed, ask func(Sealed) bool) bool {
	if _, ours := running.Load(start.Job); ours {
		return true
	}
	if start.Host == l.o.Host {
		if start.PID != l.o.PID && processAlive(start.PID) {
			return true
		}
		return ask != nil && ask(start)
	}
	return ask == nil || ask(start)
}

// processAlive asks this machine. Where it cannot tell, the process lives.
func processAlive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil || runtime.GOOS == "windows" {
		return err == nil
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
