package tui

import (
	"kustody/engine"
	"math"
)

// scales are the units of time that records are counted by; the smallest that fits is chosen.
var scales = []struct {
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
	for _, s := range scales {
		if lo > -1<<52 && hi < 1<<52 {
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

// timeline is how many records lie where in time.
type timeline struct {
	engine.Histogram
	per string // the unit of time; "" where the whole range is divided
}

// timelineCells is how wide a timeline is drawn at most.
const timelineCells = 38

// draw is a timeline: the counts, the scale, and how far it can be believed.
func (t timeline) draw(w int) []line {
	if len(t.Counts) == 0 {
		return []line{styled(dim, " No record has a place in time."), nil}
	}
	per := "Records over time"
	if t.per != "" {
		per = "Records per " + t.per
	}
	spread := ""
	if t.Spread {
		spread = "spread inside segments"
	}
	from, to := minute(t.From), minute(t.To)
	if t.To-t.From >= 7*86_400_000 && t.per != "" {
		from, to = from[:10], to[:10]
	}
	chart := line{{" ", plain}, {sparkline(t.Counts), accent}}
	scale := line{{" " + from + repeat(" ", max(1, len(t.Counts)-width(from)-width(to))) + to, dim}}
	if w >= 50 {
		if spread != "" {
			per += ", " + spread
		}
		return []line{append(chart, span{"  " + per, dim}), scale.add(dim, " UTC")}
	}
	out := []line{say(" " + per), chart, scale}
	if spread != "" {
		out = append(out, styled(dim, " ("+spread+")"))
	}
	return out
}
