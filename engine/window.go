package engine

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"kustody/engine/archive"
)

// mayWrite ends the sentence about a text that is no time.
const mayWrite = "write a time such as 2026-08-14 09:00, 2026-08-14T09:00:00Z, 09:00, yesterday 22:00, -3h or now, or milliseconds since 1970"

// A WindowError says which of the two fields of a window cannot be used, and why.
type WindowError struct {
	End bool // the field To; else From
	Err error
}

// Error names the field.
func (e *WindowError) Error() string {
	if e.End {
		return "to: " + e.Err.Error()
	}
	return "from: " + e.Err.Error()
}

// Unwrap is the sentence without the field.
func (e *WindowError) Unwrap() error { return e.Err }

// ParseWindow reads the half-open window [from, to) as a person writes it. Each field may be empty, which
// leaves that end open; to may also count from the start, as +45m. Else both are what ParseMoment reads.
// The error is a *WindowError whose cause is a sentence that says what may be written.
func ParseWindow(from, to string, now time.Time, zone *time.Location) (archive.Window, error) {
	var w archive.Window
	if strings.TrimSpace(from) != "" {
		t, err := ParseMoment(from, now, zone)
		if err != nil {
			return archive.Window{}, &WindowError{Err: err}
		}
		w.Start = millis(t)
	}
	if strings.TrimSpace(to) == "" {
		return w, nil
	}
	end, err := parseEnd(to, w.Start, now, zone)
	if err != nil {
		return archive.Window{}, &WindowError{End: true, Err: err}
	}
	w.End = millis(end)
	if w.Start != nil && *w.End <= *w.Start {
		return archive.Window{}, &WindowError{End: true, Err: fmt.Errorf("the window is empty: its end %s is not after its start %s; the start is included and the end is not",
			echo(int64(*w.End)), echo(int64(*w.Start)))}
	}
	return w, nil
}

func millis(t time.Time) *archive.Int64 {
	v := archive.Int64(t.UnixMilli())
	return &v
}

// echo writes an instant so that it can be read again.
func echo(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	if t.Year() < 0 || t.Year() > 9999 { // RFC 3339 knows no such year
		return strconv.FormatInt(ms, 10)
	}
	return t.Format("2006-01-02T15:04:05.999Z07:00")
}

// parseEnd reads the field To, where a distance may count from the start.
func parseEnd(text string, start *archive.Int64, now time.Time, zone *time.Location) (time.Time, error) {
	text = tidy(text)
	if !strings.HasPrefix(text, "+") {
		return ParseMoment(text, now, zone)
	}
	d, err := distance(text)
	switch {
	case err != nil:
		return time.Time{}, err
	case start == nil:
		return time.Time{}, fmt.Errorf("%q counts from the start of the window, and there is none: fill in From", text)
	}
	return shifted(int64(*start), d, text)
}

// ParseMoment reads one point in time as a person writes it: with date and offset, with the date alone
// (its midnight), with the time of day alone (today's), today, yesterday, now, a distance from now such as
// -3h or -1h30m, or milliseconds since 1970, which have ten digits or more. A day of a distance has 24
// hours. What has no offset is read in zone; with a nil zone it is refused, and so is a local time that
// the clocks of zone skip or show twice. The answer is UTC, in whole milliseconds; what is finer is
// refused. Errors are sentences that say what may be written.
func ParseMoment(text string, now time.Time, zone *time.Location) (time.Time, error) {
	text = tidy(text)
	word := strings.ToLower(text)
	switch {
	case text == "":
		return time.Time{}, errors.New("nothing is written: " + mayWrite)
	case word == "now":
		return time.UnixMilli(now.UnixMilli()).UTC(), nil
	case strings.HasPrefix(text, "+"):
		return time.Time{}, fmt.Errorf("%q counts from the start of a window, and can only stand in To: %s", text, mayWrite)
	case isNumber(text):
		return sinceEpoch(text)
	case strings.HasPrefix(text, "-"):
		d, err := distance(text)
		if err != nil {
			return time.Time{}, err
		}
		return shifted(now.UnixMilli(), d, text)
	}
	if t, ok := parseAny(strings.ToUpper(text), offsetLayouts); ok {
		return wholeMillis(t)
	}
	return parseLocal(text, word, now, zone)
}

// tidy takes away blanks that mean nothing.
func tidy(text string) string { return strings.Join(strings.Fields(text), " ") }

func isNumber(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// sinceEpoch reads milliseconds. Fewer than ten digits are a slip: a year, or a time of day.
func sinceEpoch(text string) (time.Time, error) {
	ms, err := strconv.ParseInt(text, 10, 64)
	switch {
	case len(strings.TrimPrefix(text, "-")) < 10:
		return time.Time{}, fmt.Errorf("%q has too few digits to be milliseconds since 1970: %s", text, mayWrite)
	case err != nil:
		return time.Time{}, fmt.Errorf("%q is more milliseconds than a timestamp holds: %s", text, mayWrite)
	}
	return time.UnixMilli(ms).UTC(), nil
}

// unitMillis are the units of a distance, in milliseconds.
var unitMillis = map[string]int64{"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}

// distance reads a sign and numbers with units. Milliseconds, since a time.Duration ends after 292 years.
func distance(text string) (int64, error) {
	wrong := fmt.Errorf("%q is no distance in time: write numbers with w, d, h, m or s behind them, such as -3h, -1h30m, or +45m in To", text)
	var total int64
	rest := strings.ToLower(strings.ReplaceAll(text[1:], " ", ""))
	if rest == "" {
		return 0, wrong
	}
	for rest != "" {
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 {
			return 0, wrong
		}
		end := strings.IndexAny(rest[i:], "0123456789")
		if end < 0 {
			end = len(rest) - i
		}
		unit, ok := unitMillis[rest[i:i+end]]
		if !ok {
			return 0, wrong
		}
		n, err := strconv.ParseInt(rest[:i], 10, 64)
		if err != nil || n > (math.MaxInt64-total)/unit {
			return 0, fmt.Errorf("%q is a longer time than there is: write a shorter one, such as -3h", text)
		}
		total += n * unit
		rest = rest[i+end:]
	}
	if text[0] == '-' {
		total = -total
	}
	return total, nil
}

// shifted is an instant and a distance.
func shifted(ms, by int64, text string) (time.Time, error) {
	if (by > 0 && ms > math.MaxInt64-by) || (by < 0 && ms < math.MinInt64-by) {
		return time.Time{}, fmt.Errorf("%q reaches beyond the last time that a timestamp holds: write a shorter one", text)
	}
	return time.UnixMilli(ms + by).UTC(), nil
}

// Layouts. Go reads a fraction of a second, and an hour of one digit, where none is laid out.
var (
	offsetLayouts = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00",
		"2006-01-02T15:04:05 Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02T15:04 Z07:00", "2006-01-02 15:04 Z07:00"}
	localLayouts = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}
	clockLayouts = []string{"15:04:05", "15:04"}
)

func parseAny(text string, layouts []string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func wholeMillis(t time.Time) (time.Time, error) {
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		return time.Time{}, errors.New("this is finer than a millisecond, which is what Kafka's timestamps count in: write three digits behind the seconds at most")
	}
	return t.UTC(), nil
}

// parseLocal reads what has no offset.
func parseLocal(text, word string, now time.Time, zone *time.Location) (time.Time, error) {
	civil, ok := parseAny(strings.ToUpper(text), localLayouts)
	if !ok {
		day, clock, _ := strings.Cut(word, " ")
		back := 0
		switch day {
		case "today":
		case "yesterday":
			back = 1
		default:
			clock = text
		}
		var at time.Time
		if clock == "" {
			ok = true
		} else {
			at, ok = parseAny(clock, clockLayouts)
		}
		if ok && zone != nil {
			y, m, d := now.In(zone).Date()
			civil = time.Date(y, m, d-back, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
		}
	}
	switch {
	case !ok:
		return time.Time{}, fmt.Errorf("%q is no time: %s", text, mayWrite)
	case zone == nil:
		return time.Time{}, fmt.Errorf("%q has no zone: add Z or an offset such as +01:00 to date and time, or set time_zone", text)
	}
	return inZone(civil, zone, text)
}

// inZone finds the one instant at which the clocks of zone show the civil time.
func inZone(civil time.Time, zone *time.Location, text string) (time.Time, error) {
	readings := readingsOf(civil, zone)
	var real []time.Time
	for _, t := range readings {
		if _, offset := t.In(zone).Zone(); t.Add(time.Duration(offset) * time.Second).Equal(civil) {
			real = append(real, t)
		}
	}
	const form = "2006-01-02T15:04:05.999Z"
	switch len(real) {
	case 1:
		return wholeMillis(real[0])
	case 0:
		return time.Time{}, fmt.Errorf("%q does not exist: the clocks of %s skip it; write %s (by the clock before the change) or %s (by the clock after it)",
			text, zone, readings[len(readings)-1].Format(form), readings[0].Format(form))
	}
	first, last := real[0], real[len(real)-1]
	return time.Time{}, fmt.Errorf("%q exists twice: the clocks of %s show it again after they are set back; write %s (%s) or %s (%s)",
		text, zone, first.Format(form), first.In(zone).Format("MST"), last.Format(form), last.In(zone).Format("MST"))
}

// readingsOf are the instants that a civil time would be by the clock in force around it, the one before
// and the one after; the earliest first.
func readingsOf(civil time.Time, zone *time.Location) []time.Time {
	by := func(clock time.Time) time.Time {
		_, offset := clock.In(zone).Zone()
		return civil.Add(-time.Duration(offset) * time.Second)
	}
	around := by(civil).In(zone)
	readings := []time.Time{by(around)}
	from, to := around.ZoneBounds()
	for _, clock := range []struct {
		at    time.Time
		there bool // clocks that never change have no bounds
	}{{from.Add(-time.Second), !from.IsZero()}, {to, !to.IsZero()}} {
		if t := by(clock.at); clock.there && !slices.ContainsFunc(readings, t.Equal) {
			readings = append(readings, t)
		}
	}
	slices.SortFunc(readings, time.Time.Compare)
	return readings
}
