package evidence

import "fmt"

// Outcome is what a check, a topic, a partition or a whole validation came to.
type Outcome string

// The outcomes. Nothing else is ever written.
const (
	Passed        Outcome = "PASSED"
	Failed        Outcome = "FAILED"
	Skipped       Outcome = "SKIPPED"       // enabled, but not applicable
	Indeterminate Outcome = "INDETERMINATE" // nothing was compared, or it could not be told
)

// Known says whether o is one of the four.
func (o Outcome) Known() bool {
	return o == Passed || o == Failed || o == Skipped || o == Indeterminate
}

// Overall is the verdict over several outcomes: FAILED if any failed, else INDETERMINATE if any could
// not be told or nothing was compared at all, else PASSED. SKIPPED does no harm, but something must
// have passed.
func Overall(outcomes ...Outcome) Outcome {
	verdict, passed := Indeterminate, false
	unsure := false
	for _, o := range outcomes {
		switch o {
		case Failed:
			return Failed
		case Passed:
			passed = true
		case Skipped:
		default:
			unsure = true
		}
	}
	if passed && !unsure {
		verdict = Passed
	}
	return verdict
}

// OverallOf is Overall over the outcomes of checks.
func OverallOf(checks []Check) Outcome {
	outcomes := make([]Outcome, len(checks))
	for i := range checks {
		outcomes[i] = checks[i].Outcome
	}
	return Overall(outcomes...)
}

// Level says how much was compared. It stands beside every verdict.
type Level string

// The levels. LevelTolerance makes the fourth.
const (
	LevelEveryRecord Level = "every record compared"
	LevelCounts      Level = "counts only"
	LevelSample      Level = "sample"
)

// LevelTolerance is the level of a validation that accepts up to n differences.
func LevelTolerance(n int64) Level { return Level(fmt.Sprintf("tolerance %d", n)) }

// Known says whether l is a level that kustody writes.
func (l Level) Known() bool {
	if l == LevelEveryRecord || l == LevelCounts || l == LevelSample {
		return true
	}
	var n int64
	_, err := fmt.Sscanf(string(l), "tolerance %d", &n)
	return err == nil && n >= 0 && l == LevelTolerance(n)
}

// EvidenceForControl says whether a validation at this level is, by itself, evidence that a control
// works: only where every record was compared.
func (l Level) EvidenceForControl() bool { return l == LevelEveryRecord }

// Remark is the sentence that text output shows beside a verdict.
func (l Level) Remark() string {
	switch {
	case l == LevelEveryRecord:
		return string(l)
	case l == LevelCounts:
		return "counts only; contents were not compared"
	case l == LevelSample:
		return "sample; only part of the records was compared"
	default:
		return string(l) + "; differences up to this number were accepted"
	}
}
