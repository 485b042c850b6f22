package engine

import (
	"fmt"
	"math"
	"strings"

	"kustody/evidence"
)

// Checks says which questions a validation asks, and how. The zero value asks none, which is an error;
// AllChecks asks all.
type Checks struct {
	ArchiveIntegrity     bool
	Capture              bool
	MessageCount         *CountCheck // nil: not asked
	OffsetRange          bool
	Content              *ContentCheck // nil: not asked
	ConsumerGroupOffsets bool
	Scope                bool
}

// CountCheck sets MessageCountCheck.
type CountCheck struct {
	Tolerance     int64     // records by which one partition may differ; 0: exact
	FailThreshold int64     // partitions with a discrepancy that are still allowed
	Topics        Selection // by source names; zero: all that were restored
}

// ContentCheck sets ContentCheck.
type ContentCheck struct {
	Sample float64   // share of records that is compared, above 0 and at most 1; 0 is 1, all
	Topics Selection // by source names; zero: all that were restored
}

// AllChecks asks every question, exactly.
func AllChecks() *Checks {
	return &Checks{ArchiveIntegrity: true, Capture: true, MessageCount: &CountCheck{}, OffsetRange: true,
		Content: &ContentCheck{}, ConsumerGroupOffsets: true, Scope: true}
}

// Names lists the checks that are asked, in the order of reports.
func (c *Checks) Names() []string {
	var names []string
	for _, x := range []struct {
		on   bool
		name string
	}{
		{c.ArchiveIntegrity, evidence.ArchiveIntegrityCheck},
		{c.Capture, evidence.CaptureCheck},
		{c.MessageCount != nil, evidence.MessageCountCheck},
		{c.OffsetRange, evidence.OffsetRangeCheck},
		{c.Content != nil, evidence.ContentCheck},
		{c.ConsumerGroupOffsets, evidence.ConsumerGroupOffsetCheck},
		{c.Scope, evidence.ScopeCheck},
	} {
		if x.on {
			names = append(names, x.name)
		}
	}
	return names
}

// check refuses settings that ask nothing.
func (c *Checks) check() error {
	if len(c.Names()) == 0 {
		return problem(ExitUsage, "enable one under checks, or leave the section out for all", "no check is enabled: nothing would be proved")
	}
	if m := c.MessageCount; m != nil && (m.Tolerance < 0 || m.FailThreshold < 0) {
		return problem(ExitUsage, "use 0 or more", "checks.message_count: a tolerance below 0")
	}
	if x := c.Content; x != nil && (x.Sample < 0 || x.Sample > 1 || math.IsNaN(x.Sample)) {
		return problem(ExitUsage, "1 compares all records", "checks.content.sample %v is not a share above 0 and at most 1", x.Sample)
	}
	return nil
}

// checkTopics refuses a filter that names a topic which was not restored: it would compare nothing and
// look well.
func checkTopics(key string, s Selection, restored []string) error {
	if missing := s.unmatched(restored); len(missing) > 0 {
		return problem(ExitUsage, "correct the names; the restore holds "+shortList(restored), "%s: the restore holds no topic for %s", key, strings.Join(missing, ", "))
	}
	for _, name := range restored {
		if s.match(name, isInternalTopic(name)) || s.all() {
			return nil
		}
	}
	return problem(ExitUsage, "correct the names; the restore holds "+shortList(restored), "%s leaves no topic to compare", key)
}

// all says that a selection was not set.
func (s Selection) all() bool { return s.Match == nil && len(s.Include) == 0 && len(s.Exclude) == 0 }

// takes says whether a check of restored topics is to look at one.
func (s Selection) takes(name string) bool { return s.all() || s.match(name, isInternalTopic(name)) }

// shortList names the first of many.
func shortList(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// tolerant says whether differences of counts are accepted, and up to which number.
func (c *Checks) tolerant() (int64, bool) {
	if m := c.MessageCount; m != nil && (m.Tolerance > 0 || m.FailThreshold > 0) {
		return max(m.Tolerance, m.FailThreshold), true
	}
	return 0, false
}

// commas writes a number as people read it.
func commas(n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// plural is a number and its noun.
func plural[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return commas(int64(n)) + " " + noun + "s"
}
