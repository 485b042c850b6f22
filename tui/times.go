package tui

// How times are written and read. A moment is a time.Time. A record's timestamp is any number of milliseconds:
// producers write what they like, and -1 is Kafka's word for none.

import (
	"math"
	"strconv"
	"time"

	"kustody/engine"
	"kustody/tui/units"
)

// instant writes a record's timestamp in UTC with its milliseconds.
func instant(ms int64) string {
	if ms == -1 {
		return "no timestamp"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05.000")
}

// minute writes a record's timestamp in UTC to the minute.
func minute(ms int64) string {
	if ms == -1 {
		return "no timestamp"
	}
	return stamp(time.UnixMilli(ms))
}

// localInstant is the same in the zone of the desk; "" where that is UTC.
func (c *console) localInstant(ms int64) string {
	if ms == -1 || c.desk.Zone == time.UTC || c.desk.Zone.String() == "UTC" {
		return ""
	}
	return time.UnixMilli(ms).In(c.desk.Zone).Format("2006-01-02 15:04:05.000 MST") + " " + c.desk.Zone.String()
}

// moment reads a point in time as people write it, as milliseconds.
func (c *console) moment(text string) (int64, error) {
	t, err := engine.ParseMoment(text, c.now(), c.desk.Zone)
	if err != nil {
		return 0, err
	}
	return t.UnixMilli(), nil
}

// clockTime writes the time of day in UTC.
func clockTime(t time.Time) string { return t.UTC().Format("15:04:05") }

// stamp writes a moment in UTC to the minute.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// stampSeconds is the same to the second.
func stampSeconds(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// millis writes milliseconds, whatever a document says.
func millis(ms int64) string {
	const most = int64(math.MaxInt64 / time.Millisecond)
	return units.Span(time.Duration(max(-most, min(ms, most))) * time.Millisecond)
}

// rfc3339 writes milliseconds as RFC 3339 in UTC, or in digits where the year does not fit into it.
func rfc3339(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return strconv.FormatInt(ms, 10)
	}
	return t.Format("2006-01-02T15:04:05.999Z07:00")
}

// momentText is a stamp, or that nothing is known.
func momentText(t time.Time) string {
	if t.IsZero() {
		return "not said"
	}
	return stamp(t)
}
