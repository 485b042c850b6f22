package evidence

import "time"

// What a slot is due for.
const (
	SlotBackup = "backup"
	SlotReport = "report"
)

// SlotRef names a slot: what of its series was due, and when.
type SlotRef struct {
	Kind string    `json:"kind"` // SlotBackup, SlotReport
	Due  time.Time `json:"due"`
}

// Verdict is how a slot was closed, or that it is not. A closing entry carries one of the first four;
// late and missed follow from times alone.
type Verdict string

// The verdicts.
const (
	VerdictPassed Verdict = "passed"
	VerdictFailed Verdict = "failed"
	VerdictError  Verdict = "error" // the job ended without an outcome
	VerdictStale  Verdict = "stale" // passed, but with a restore that was not started in the slot's period
	VerdictLate   Verdict = "late"  // passed after the tolerance, before the next due time
	VerdictMissed Verdict = "missed"
	VerdictOpen   Verdict = "open" // due, and not closed yet
)
