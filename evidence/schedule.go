package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must work in images without a zone database
)

// The words that stand for schedules. All mean a quiet hour, not midnight, where days change and
// everybody's cron starts.
var scheduleWords = map[string]string{
	"hourly":  "0 * * * *",
	"daily":   "0 2 * * *",
	"weekly":  "0 2 * * 0",
	"monthly": "0 2 1 * *",
}

// Schedule says when something is due. Its rules are those of Vixie cron, in the wall-clock time of
// one zone: when neither day of month nor day of week begins with *, either is enough. A due time in
// an hour that the clock skips falls on the first instant after the gap; one in an hour that comes
// twice falls on the first. Safe for concurrent use.
type Schedule struct {
	spec      string
	loc       *time.Location
	tolerance time.Duration

	minutes, hours, days, months, weekdays uint64 // bit n: value n fires
	eitherDay                              bool
}

type cronField struct {
	name     string
	min, max int
	names    []string // of the values from min on
}

var cronFields = []cronField{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// ParseSchedule reads five cron fields (lists, ranges, steps, names), or one of the words hourly,
// daily (02:00), weekly (Sunday 02:00) and monthly (the 1st, 02:00). zone is an IANA name, "" is UTC.
// tolerance is how long after a due time something still counts as in time.
func ParseSchedule(spec, zone string, tolerance time.Duration) (*Schedule, error) {
	s := &Schedule{spec: spec, tolerance: tolerance}
	if tolerance < 0 {
		return nil, fmt.Errorf("schedule %q: the tolerance %v is negative", spec, tolerance)
	}
	var err error
	if s.loc, err = loadZone(zone); err != nil {
		return nil, fmt.Errorf("schedule %q: %w", spec, err)
	}
	if err := s.parse(spec); err != nil {
		return nil, fmt.Errorf("schedule %q: %w", spec, err)
	}
	if s.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("schedule %q: there is no such day, so it would never be due", spec)
	}
	return s, nil
}

// Tolerance is how long after a due time something still counts as in time.
func (s *Schedule) Tolerance() time.Duration { return s.tolerance }

// String is the schedule as it was written, and its zone.
func (s *Schedule) String() string { return s.spec + " (" + s.loc.String() + ")" }

func loadZone(zone string) (*time.Location, error) {
	if zone == "" {
		return time.UTC, nil
	}
	if zone == "Local" {
		return nil, fmt.Errorf("the zone %q differs from machine to machine: name it, as in Europe/Berlin", zone)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("unknown zone %q: use a name such as UTC, Europe/Berlin, America/New_York", zone)
	}
	return loc, nil
}

func (s *Schedule) parse(spec string) error {
	text := strings.ToLower(strings.TrimSpace(spec))
	if known, ok := scheduleWords[text]; ok {
		text = known
	}
	if strings.HasPrefix(text, "@") {
		return fmt.Errorf("cron's @ words mean midnight; write the five fields, or hourly, daily, weekly, monthly (at 02:00)")
	}
	parts := strings.Fields(text)
	if len(parts) != len(cronFields) {
		return fmt.Errorf("%d fields; cron has five: minute, hour, day of month, month, day of week", len(parts))
	}
	for i, to := range []*uint64{&s.minutes, &s.hours, &s.days, &s.months, &s.weekdays} {
		set, err := cronFields[i].parse(parts[i])
		if err != nil {
			return err
		}
		*to = set
	}
	if s.weekdays>>7&1 == 1 { // Sunday is 0 and 7
		s.weekdays |= 1
	}
	s.eitherDay = parts[2][0] != '*' && parts[4][0] != '*'
	return nil
}

func (f cronField) parse(text string) (uint64, error) {
	var set uint64
	for item := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(item, "/")
		low, high, err := f.span(span)
		if err != nil {
			return 0, err
		}
		step := 1
		if stepped {
			if span != "*" && !strings.Contains(span, "-") {
				return 0, fmt.Errorf("%s %q: a step needs a range or *", f.name, item)
			}
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.max {
				return 0, fmt.Errorf("%s %q: the step is not a number from 1 to %d", f.name, item, f.max)
			}
		}
		for v := low; v <= high; v += step {
			set |= 1 << v
		}
	}
	return set, nil
}

func (f cronField) span(text string) (low, high int, err error) {
	if text == "*" {
		if f.max == 7 {
			return 0, 6, nil // Sunday once, so that steps count right
		}
		return f.min, f.max, nil
	}
	first, last, ranged := strings.Cut(text, "-")
	if low, err = f.value(first); err != nil {
		return 0, 0, err
	}
	if !ranged {
		return low, low, nil
	}
	if high, err = f.value(last); err != nil {
		return 0, 0, err
	}
	if f.max == 7 && high == 0 && low > 0 {
		high = 7 // fri-sun
	}
	if high < low {
		return 0, 0, fmt.Errorf("%s %q: the range runs backwards", f.name, text)
	}
	return low, high, nil
}

func (f cronField) value(text string) (int, error) {
	for i, name := range f.names {
		if text == name {
			return f.min + i, nil
		}
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < f.min || v > f.max || len(text) > 2 || text[0] == '+' {
		return 0, fmt.Errorf("%s %q is not a number from %d to %d%s", f.name, text, f.min, f.max, f.nameHint())
	}
	return v, nil
}

func (f cronField) nameHint() string {
	if f.names == nil {
		return ""
	}
	return " or a name such as " + f.names[0]
}
