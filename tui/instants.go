package tui

import (
	"math"
	"time"

	"kustody/engine"
)

// A record's timestamp is any number of milliseconds: producers write what they like. -1 is Kafka's word
// for none.

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

// units of time that a count of records is for, from which the smallest that fits is chosen.
var steps = []struct {
	ms   int64
	name string
}{
	{60_000, "minute"}, {300_000, "5 minutes"}, {900_000, "15 minutes"}, {3_600_000, "hour"}, {3 * 3_600_000, "3 hours"}, {6 * 3_600_000, "6 hours"},
	{12 * 3_600_000, "12 hours"}, {86_400_000, "day"}, {2 * 86_400_000, "2 days"}, {7 * 86_400_000, "week"}, {14 * 86_400_000, "2 weeks"},
	{28 * 86_400_000, "4 weeks"}, {91 * 86_400_000, "13 weeks"}, {364 * 86_400_000, "52 weeks"},
}

// epochMonday is a Monday, so that weeks begin on one.
const epochMonday = 4 * 86_400_000

// scaleOf chooses the smallest unit with which [lo, hi] has at most so many parts: the range from a whole unit on,
// the number of parts, and the unit's name. Where none fits, the range itself is divided.
func scaleOf(lo, hi int64, most int) (from, to int64, parts int, per string) {
	for _, s := range steps {
		if s.ms > 0 && lo > -1<<52 && hi < 1<<52 {
			first, last := floorDiv(lo-epochMonday, s.ms), floorDiv(hi-epochMonday, s.ms)
			if n := last - first + 1; n <= int64(most) {
				return first*s.ms + epochMonday, (last+1)*s.ms + epochMonday, int(n), s.name
			}
		}
	}
	if hi == math.MaxInt64 {
		hi--
	}
	return lo, hi + 1, most, ""
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline draws counts, a cell each: a blank where there is nothing, so that the least count still shows.
func sparkline(counts []int64) string {
	most := int64(0)
	for _, n := range counts {
		most = max(most, n)
	}
	out := make([]rune, len(counts))
	for i, n := range counts {
		out[i] = ' '
		if n > 0 {
			out[i] = bars[min(len(bars)-1, int(float64(n)/float64(most)*float64(len(bars))))]
		}
	}
	return string(out)
}
