package tui

import (
	"testing"

	"kustody/engine"
	"kustody/engine/archive"
)

// between is a window of milliseconds; a negative end is open.
func between(from, to int64) (w archive.Window) {
	if from >= 0 {
		v := archive.Int64(from)
		w.Start = &v
	}
	if to >= 0 {
		v := archive.Int64(to)
		w.End = &v
	}
	return w
}

func TestWindowMark(t *testing.T) {
	h := engine.Histogram{From: 1000, To: 2000, Counts: make([]int64, 10)} // 100 ms a cell
	for _, x := range []struct {
		from, to int64
		want     string
	}{
		{1300, 1700, "   [──]   "},
		{1300, 1701, "   [───]  "},
		{1000, 2000, "[────────]"},
		{-1, -1, "──────────"},
		{-1, 1250, "──]       "},
		{1250, -1, "  [───────"},
		{500, 1250, "──]       "},
		{1250, 9000, "  [───────"},
		{1310, 1320, "   ▴      "},
		{-1, 1001, "▴         "},
		{1999, -1, "         ▴"},
		{1999, 2500, "         ▴"},
		{500, 1000, "←         "},
		{2000, 3000, "         →"},
	} {
		if got := windowMark(h, between(x.from, x.to)); got != x.want {
			t.Errorf("[%d, %d): %q, want %q", x.from, x.to, got, x.want)
		}
	}
}

func TestHoldsAndGap(t *testing.T) {
	for _, x := range []struct {
		from, to int64
		holds    bool
		gap      int64
	}{
		{100, 200, true, 0}, {-1, -1, true, 0}, {150, -1, true, 0}, {-1, 150, true, 0}, {120, 180, true, 0},
		{99, 200, false, 0}, {100, 201, false, 0},
		{199, -1, true, 0}, {200, -1, false, 1}, {250, 300, false, 51}, {-1, 100, false, 1}, {-1, 101, true, 0}, {0, 50, false, 51},
	} {
		w := between(x.from, x.to)
		if got := holds(w, 100, 200); got != x.holds {
			t.Errorf("[%d, %d) in [100, 200): %v", x.from, x.to, got)
		}
		if got := gap(w, 100, 200); got != x.gap {
			t.Errorf("[%d, %d) is %d away from [100, 200), want %d", x.from, x.to, got, x.gap)
		}
	}
}

// TestTimeScale: the scale begins and ends where the histogram does, at every width.
func TestTimeScale(t *testing.T) {
	const day = 86_400_000
	for _, x := range []struct {
		length      int64
		first, last string
	}{{day, "00:00", "00:00"}, {7 * day, "01-01 00:00", "01-08 00:00"}, {365 * day, "1970-01-01", "1971-01-01"}} {
		for n := 24; n < 200; n++ {
			h := engine.Histogram{To: x.length, Counts: make([]int64, n)}
			got := timeScale(h, n)
			if len(got) != n || got[:len(x.first)] != x.first || got[n-len(x.last):] != x.last {
				t.Errorf("%d cells for %d days: %q", n, x.length/day, got)
			}
		}
	}
}

// TestShiftBesideAnError moves the time of one field while the other cannot be read.
func TestShiftBesideAnError(t *testing.T) {
	desk, _ := wizardDesk(t)
	d, _ := driveWizard(t, desk(), 120, 36, ThemeDark)
	d.keys("r", "ctrl+a", "enter", "nonsense", "tab", "09:00", "alt+up")
	d.has("2026-11-20 09:01")
	d.keys("ctrl+u", "+45m", "alt+up") // from a beginning that is not known
	d.has("+45m", "there is no time in this field that could be moved")
	d.keys("tab", "ctrl+u", "09:00", "tab", "alt+up")
	d.has("2026-11-20 09:46")
}
