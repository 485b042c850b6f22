package main

import (
	"fmt"
	"strings"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// validationText shows a validation as the lines that people's scripts know, once it has ended.
type validationText struct {
	app *app
	job *engine.Job
}

func (t *validationText) event(e engine.Event) {
	if e.Type != "summary" || t.job == nil {
		return
	}
	if r := t.job.Report(); r != nil {
		fmt.Fprint(t.app.stdout, validationResults(r, text(e.Get("report"))))
	}
	for _, f := range list(e.Get("findings")) {
		if !checkFinding(t.job.Report(), f) {
			t.app.warn(f)
		}
	}
	// The lines on stdout are fixed; what is merely worth knowing goes beside them.
	for _, n := range list(e.Get("notes")) {
		fmt.Fprintf(t.app.stderr, "kustody: note: %s\n", oneLine(n))
	}
}

// checkFinding says whether a finding only repeats a check, which has a line of its own.
func checkFinding(r *evidence.Report, finding string) bool {
	if r == nil {
		return false
	}
	for _, c := range r.Checks {
		if strings.HasPrefix(finding, c.Name+" ") {
			return true
		}
	}
	return false
}

// validationResults is the text of DESIGN.md §4. key is where the report was put, "" for nowhere.
func validationResults(r *evidence.Report, key string) string {
	count := map[evidence.Outcome]int{}
	for _, c := range r.Checks {
		count[c.Outcome]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "=== Validation Results ===\nOverall: %s\nChecks: %d/%d passed, %d failed, %d skipped", r.Overall,
		count[evidence.Passed], len(r.Checks), count[evidence.Failed], count[evidence.Skipped])
	if n := count[evidence.Indeterminate]; n > 0 {
		fmt.Fprintf(&b, ", %d indeterminate", n)
	}
	fmt.Fprintf(&b, "\nDuration: %s\n", time.Duration(r.DurationMS)*time.Millisecond)
	fmt.Fprintf(&b, "Level: %s\n\n", engine.Sanitize(r.Level.Remark()))
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "[%s] %s — %s\n", c.Outcome, c.Name, oneLine(c.Detail))
	}
	if key != "" {
		fmt.Fprintf(&b, "\nJSON evidence uploaded: %s\n", engine.Sanitize(key))
	}
	return b.String()
}
