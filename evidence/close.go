package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Closing is what a job has to say of what it did.
type Closing struct {
	Type    EntryType // TypeBackup, TypeRestore, TypeReport
	Verdict Verdict   // VerdictPassed, VerdictFailed, VerdictError, VerdictStale
	Subject map[string]string
	Files   []RootedFile // every file made, signatures and PDF included
	Detail  string
}

// Started is the run's entry in the ledger.
func (r *Run) Started() Sealed { return r.started }

// Slots are the slots in whose period the job started, with the bounds of the period. A restore that
// was not started in the period of the report's slot makes the verdict stale.
func (r *Run) Slots() []Slot { return r.slots }

// Slot is the slot of a kind, nil when there is none.
func (r *Run) Slot(kind string) *Slot {
	for i := range r.slots {
		if r.slots[i].Kind == kind {
			return &r.slots[i]
		}
	}
	return nil
}

// Ref is the job's place in the ledger, with the newest entry now known, for its report.
func (r *Run) Ref() LedgerRef {
	head := r.l.Head()
	return LedgerRef{StartedSequence: r.started.Sequence, HeadSequence: head.Sequence, HeadSHA256: head.SHA256}
}

// Record enters what the job did so far (a drill: backup, then restore) and gives the verdict on the
// slot of its kind. The job goes on.
func (r *Run) Record(ctx context.Context, c Closing) (*Sealed, error) {
	return r.append(ctx, c, false)
}

// Close enters how the job ended, as the last thing it does. A verdict of passed or stale is about the
// slot of its kind; failed and error are about every slot of the job that has no verdict yet. When
// another job took this one for dead, it is a *ClosedError, and the job has failed.
func (r *Run) Close(ctx context.Context, c Closing) (*Sealed, error) {
	sealed, err := r.append(ctx, c, true)
	var closed *ClosedError
	if err == nil || errors.As(err, &closed) {
		r.Drop()
	}
	return sealed, err
}

// Drop says that this process gave the job up without closing it: the next job of the series may enter
// it as abandoned. After Close it does nothing.
func (r *Run) Drop() { running.Delete(r.started.Job) }

func (r *Run) append(ctx context.Context, c Closing, last bool) (*Sealed, error) {
	kind, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("close job %s: %w", r.started.Job, err)
	}
	failed := c.Verdict == VerdictFailed || c.Verdict == VerdictError
	var judged, open []SlotRef
	for _, ref := range r.open {
		if ref.Kind == kind || (last && failed) {
			judged = append(judged, ref)
		} else {
			open = append(open, ref)
		}
	}
	start := r.started.Sequence
	sealed, err := r.l.Append(ctx, func(s State) (*Entry, error) {
		for _, e := range s.Entries[start:] {
			if e.Closes && e.StartedSequence != nil && *e.StartedSequence == start {
				return nil, &ClosedError{Job: r.started.Job, By: e}
			}
		}
		return &Entry{Type: c.Type, Series: r.started.Series, Job: r.started.Job, StartedSequence: &start, Closes: last,
			Subject: c.Subject, Files: slices.Clone(c.Files), Slots: judged, Verdict: c.Verdict, Detail: c.Detail}, nil
	})
	if err == nil {
		r.open = open
	}
	return sealed, err
}

// check says which kind of slot the closing is about.
func (c Closing) check() (kind string, err error) {
	switch c.Verdict {
	case VerdictPassed, VerdictFailed, VerdictError, VerdictStale:
	default:
		return "", fmt.Errorf("the verdict %q is none that a job can give", c.Verdict)
	}
	switch c.Type {
	case TypeBackup:
		return SlotBackup, nil
	case TypeReport:
		return SlotReport, nil
	case TypeRestore:
		return "", nil
	}
	return "", fmt.Errorf("a job cannot close as %q", c.Type)
}
