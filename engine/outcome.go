package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Exit is a process exit code with a meaning (DESIGN.md §4).
type Exit int

// Exit codes.
const (
	ExitDone      Exit = 0   // done and clean
	ExitFailed    Exit = 1   // failed
	ExitUsage     Exit = 2   // usage or configuration
	ExitFindings  Exit = 3   // finished, but incomplete, failed a check or has findings
	ExitBroken    Exit = 4   // something stored does not verify
	ExitNoArchive Exit = 10  // no such archive
	ExitLocked    Exit = 11  // another job holds the lock
	ExitCancelled Exit = 130 // cancelled
)

// exitOrder is which of several exit codes wins: the one that asks most of the reader.
var exitOrder = []Exit{ExitCancelled, ExitLocked, ExitNoArchive, ExitUsage, ExitBroken, ExitFailed, ExitFindings, ExitDone}

// worst is the exit code that wins of both.
func worst(a, b Exit) Exit {
	for _, e := range exitOrder {
		if a == e || b == e {
			return e
		}
	}
	return ExitFailed
}

// Problem is an error that knows its exit code and what the operator can do.
type Problem struct {
	Exit Exit
	Err  error
	Hint string
}

// Error is what went wrong and, if known, what to do.
func (p *Problem) Error() string {
	if p.Hint == "" {
		return p.Err.Error()
	}
	return p.Err.Error() + "; " + p.Hint
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Err }

// problem makes a Problem. The last argument of the format may be wrapped with %w.
func problem(exit Exit, hint, format string, args ...any) error {
	return &Problem{Exit: exit, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// ExitCode is the exit code that an error asks for.
func ExitCode(err error) Exit {
	var p *Problem
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, errLockLost):
		return ExitFailed
	case errors.Is(err, ErrCancelled), errors.Is(err, context.Canceled):
		return ExitCancelled
	case errors.As(err, &p):
		return p.Exit
	default:
		return exitOf(err)
	}
}

// Summary is how a job ended. It is the last event of every job.
type Summary struct {
	Job      string
	Kind     string
	Outcome  string // done, findings, failed, broken, cancelled, refused
	Exit     Exit
	Started  time.Time
	Finished time.Time
	Error    string
	Findings []string // why it is not clean, in words
	Notes    []string // merely worth knowing
	Facts    []Field  // ids, counts, keys: what this kind of job has to say
}

// Get is the value of a fact, or nil.
func (s Summary) Get(key string) any { return Event{Fields: s.Facts}.Get(key) }

// find adds a finding; the job can no longer end clean.
func (s *Summary) find(format string, args ...any) {
	s.Findings = append(s.Findings, fmt.Sprintf(format, args...))
	s.Exit = worst(s.Exit, ExitFindings)
}

// fact adds a fact.
func (s *Summary) fact(key string, value any) { s.Facts = append(s.Facts, Field{key, value}) }

func (s Summary) fields() []Field {
	out := []Field{{"kind", s.Kind}, {"outcome", s.Outcome}, {"exit", int(s.Exit)}, {"duration_ms", s.Finished.Sub(s.Started).Milliseconds()}}
	out = append(out, s.Facts...)
	if len(s.Findings) > 0 {
		out = append(out, Field{"findings", s.Findings})
	}
	if len(s.Notes) > 0 {
		out = append(out, Field{"notes", s.Notes})
	}
	if s.Error != "" {
		out = append(out, Field{"error", s.Error})
	}
	return out
}

// outcomeOf names an exit code in one word.
func outcomeOf(e Exit) string {
	switch e {
	case ExitDone:
		return "done"
	case ExitFindings:
		return "findings"
	case ExitBroken:
		return "broken"
	case ExitCancelled:
		return "cancelled"
	case ExitUsage, ExitNoArchive, ExitLocked:
		return "refused"
	default:
		return "failed"
	}
}
