package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SeriesSpec is one series as the configuration has it: what repeats, when, over what. It goes into
// the ledger, and from then on slots are computed from there.
type SeriesSpec struct {
	Series          string         `json:"series"`
	Schedules       []ScheduleSpec `json:"schedules"` // at most one of each kind; none: nothing is ever due
	Include         []string       `json:"include"`   // topics and patterns in scope
	Exclude         []string       `json:"exclude"`
	Checks          []string       `json:"checks"`
	RetentionDays   int            `json:"retention_days"`
	RetentionMode   string         `json:"retention_mode"`
	RetentionYears  int            `json:"retention_years"`
	DeclaredCluster string         `json:"declared_cluster"`
}

// ScheduleSpec says when one kind of slot of a series is due.
type ScheduleSpec struct {
	Kind             string `json:"kind"` // SlotBackup, SlotReport
	Cron             string `json:"cron"` // five fields, or hourly, daily, weekly, monthly
	Zone             string `json:"zone"` // IANA name
	ToleranceSeconds int64  `json:"tolerance_seconds"`
	// From is when the schedule takes force. Zero in a configuration: with the entry that brings it. It
	// cannot reach back over a schedule that was in force.
	From time.Time `json:"from"`
}

// schedule reads the spec.
func (s ScheduleSpec) schedule() (*Schedule, error) {
	return ParseSchedule(s.Cron, s.Zone, time.Duration(s.ToleranceSeconds)*time.Second)
}

// String is the schedule in one line, without its From.
func (s ScheduleSpec) String() string {
	zone := s.Zone
	if zone == "" {
		zone = "UTC"
	}
	return fmt.Sprintf("%s %q %s tolerance %v", s.Kind, s.Cron, zone, time.Duration(s.ToleranceSeconds)*time.Second)
}

// Validate says in a sentence what is wrong with the spec.
func (s SeriesSpec) Validate() error {
	if s.Series == "" {
		return errors.New("the series has no name")
	}
	seen := map[string]bool{}
	for _, sched := range s.Schedules {
		if sched.Kind != SlotBackup && sched.Kind != SlotReport {
			return fmt.Errorf("series %s: a schedule is for %q, neither %s nor %s", s.Series, sched.Kind, SlotBackup, SlotReport)
		}
		if seen[sched.Kind] {
			return fmt.Errorf("series %s: two schedules for %s", s.Series, sched.Kind)
		}
		seen[sched.Kind] = true
		if _, err := sched.schedule(); err != nil {
			return fmt.Errorf("series %s: %w", s.Series, err)
		}
	}
	return nil
}

// normal is the spec with empty lists instead of nil, schedules in order, and times as documents hold
// them, so that equal specs are equal values.
func (s SeriesSpec) normal() SeriesSpec {
	for _, list := range []*[]string{&s.Include, &s.Exclude, &s.Checks} {
		*list = append([]string{}, *list...)
	}
	s.Schedules = append([]ScheduleSpec{}, s.Schedules...)
	slices.SortFunc(s.Schedules, func(a, b ScheduleSpec) int { return strings.Compare(a.Kind, b.Kind) })
	for i := range s.Schedules {
		if !s.Schedules[i].From.IsZero() {
			s.Schedules[i].From = Time(s.Schedules[i].From)
		}
	}
	return s
}

// settle fills the From of schedules that leave it open: kept from before where the schedule is the
// same, else the time of the entry. before may be nil.
func (s SeriesSpec) settle(before *SeriesSpec, at time.Time) SeriesSpec {
	s = s.normal()
	for i := range s.Schedules {
		sched := &s.Schedules[i]
		if !sched.From.IsZero() {
			continue
		}
		sched.From = at
		if old := before.schedule(sched.Kind); old != nil && old.String() == sched.String() {
			sched.From = old.From
		}
	}
	return s
}

// schedule returns the schedule of a kind, or nil.
func (s *SeriesSpec) schedule(kind string) *ScheduleSpec {
	if s == nil {
		return nil
	}
	for i := range s.Schedules {
		if s.Schedules[i].Kind == kind {
			return &s.Schedules[i]
		}
	}
	return nil
}

// differs says in words in what the spec differs from the one before; "" when in nothing.
func (s SeriesSpec) differs(before SeriesSpec) string {
	var what []string
	for _, kind := range []string{SlotBackup, SlotReport} {
		old, now := before.schedule(kind), s.schedule(kind)
		if describeSchedule(old) != describeSchedule(now) {
			what = append(what, fmt.Sprintf("schedule: %s → %s", describeSchedule(old), describeSchedule(now)))
		}
	}
	for _, l := range []struct {
		name     string
		old, now []string
	}{{"scope", before.Include, s.Include}, {"exclusions", before.Exclude, s.Exclude}, {"checks", before.Checks, s.Checks}} {
		if !slices.Equal(l.old, l.now) {
			what = append(what, fmt.Sprintf("%s: [%s] → [%s]", l.name, strings.Join(l.old, " "), strings.Join(l.now, " ")))
		}
	}
	if before.RetentionDays != s.RetentionDays || before.RetentionYears != s.RetentionYears || before.RetentionMode != s.RetentionMode {
		what = append(what, fmt.Sprintf("retention: %s → %s", before.retention(), s.retention()))
	}
	if before.DeclaredCluster != s.DeclaredCluster {
		what = append(what, fmt.Sprintf("cluster: %q → %q", before.DeclaredCluster, s.DeclaredCluster))
	}
	return strings.Join(what, "; ")
}

func (s SeriesSpec) retention() string {
	return strings.TrimSpace(fmt.Sprintf("%d days %d years %s", s.RetentionDays, s.RetentionYears, s.RetentionMode))
}

func describeSchedule(s *ScheduleSpec) string {
	if s == nil {
		return "none"
	}
	return s.String() + " from " + s.From.Format(time.RFC3339)
}

// specsOf collects the series as the entries leave them.
func specsOf(entries []Sealed) map[string]*SeriesSpec {
	specs := map[string]*SeriesSpec{}
	for i := range entries {
		for _, s := range entries[i].specs() {
			specs[s.Series] = &s
		}
	}
	return specs
}

// specs are the series that an entry lays down.
func (e *Entry) specs() []SeriesSpec {
	switch {
	case e.Type == TypeGenesis && e.Genesis != nil:
		return e.Genesis.Series
	case e.Type == TypeConfigChanged && e.Changed != nil:
		return []SeriesSpec{*e.Changed}
	}
	return nil
}
