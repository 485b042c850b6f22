package evidence

import (
	"fmt"
	"time"
)

// Retention is how long evidence is kept: as configured, and as the store was seen to enforce it.
type Retention struct {
	ConfiguredDays  int       `json:"configured_days"` // 0: not configured
	ConfiguredYears int       `json:"configured_years"`
	Mode            string    `json:"mode"` // of Object Lock: "", GOVERNANCE, COMPLIANCE
	From            time.Time `json:"from"`
	// RetainUntil is what the store answered when it was asked after the put; nil when nothing locks.
	RetainUntil *time.Time `json:"retain_until"`
	Notes       []string   `json:"notes"`
}

// NewRetention describes a retention of so many days (or, when years is not 0, calendar years) from a
// time on.
func NewRetention(days, years int, mode string, from time.Time) Retention {
	r := Retention{ConfiguredDays: days, ConfiguredYears: years, Mode: mode, From: Time(from), Notes: []string{}}
	if years != 0 {
		r.ConfiguredDays = int(r.Until().Sub(r.From).Hours() / 24)
	}
	return r
}

// Until is the end of the configured retention; the zero time when none is configured.
func (r Retention) Until() time.Time {
	switch {
	case r.ConfiguredYears != 0:
		return r.From.AddDate(r.ConfiguredYears, 0, 0)
	case r.ConfiguredDays != 0:
		return r.From.AddDate(0, 0, r.ConfiguredDays)
	}
	return time.Time{}
}

// RetentionNote says in a sentence by how much so many days from a time on fall short of so many
// calendar years; "" when they do not. 2,555 days are seven times 365, and so one or two leap days
// short of seven years.
func RetentionNote(days, years int, from time.Time) string {
	if years == 0 {
		return ""
	}
	if days <= 0 {
		return fmt.Sprintf("no retention is configured; %s are required", plural(years, "year"))
	}
	from = from.UTC()
	ends, needed := from.AddDate(0, 0, days), from.AddDate(years, 0, 0)
	short := int(needed.Sub(ends).Hours() / 24)
	if short <= 0 {
		return ""
	}
	return fmt.Sprintf("%d days end on %s, %s before %s do (%s)",
		days, ends.Format(time.DateOnly), plural(short, "day"), plural(years, "year"), needed.Format(time.DateOnly))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
