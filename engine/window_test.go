package engine

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"kustody/engine/archive"
)

// Friday afternoon in Berlin, still Friday in UTC; a fraction that a window cannot carry.
var windowNow = time.Date(2026, 8, 14, 14, 10, 27, 123_456_789, time.UTC)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestParseMoment(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	for _, tc := range []struct{ in, want string }{
		{"2026-08-14 09:00", "2026-08-14T07:00:00Z"},
		{"2026-08-14T09:00", "2026-08-14T07:00:00Z"},
		{"2026-08-14 9:05", "2026-08-14T07:05:00Z"},
		{"2026-08-14 09:00:30", "2026-08-14T07:00:30Z"},
		{"2026-08-14 09:00:30.25", "2026-08-14T07:00:30.25Z"},
		{"  2026-08-14   09:00 ", "2026-08-14T07:00:00Z"},
		{"2026-08-14", "2026-08-13T22:00:00Z"},
		{"2026-01-14 09:00", "2026-01-14T08:00:00Z"},
		{"2026-08-14T09:00:00Z", "2026-08-14T09:00:00Z"},
		{"2026-08-14t09:00:00z", "2026-08-14T09:00:00Z"},
		{"2026-08-14 09:00Z", "2026-08-14T09:00:00Z"},
		{"2026-08-14 09:00:00.001+02:00", "2026-08-14T07:00:00.001Z"},
		{"2026-08-14 09:00 +02:00", "2026-08-14T07:00:00Z"},
		{"2026-08-14T09:00:00-07:00", "2026-08-14T16:00:00Z"},
		{"09:00", "2026-08-14T07:00:00Z"},
		{"09:00:30", "2026-08-14T07:00:30Z"},
		{"today", "2026-08-13T22:00:00Z"},
		{"today 08:15", "2026-08-14T06:15:00Z"},
		{"yesterday", "2026-08-12T22:00:00Z"},
		{"Yesterday 22:00", "2026-08-13T20:00:00Z"},
		{"now", "2026-08-14T14:10:27.123Z"},
		{"NOW", "2026-08-14T14:10:27.123Z"},
		{"-3h", "2026-08-14T11:10:27.123Z"},
		{"-90m", "2026-08-14T12:40:27.123Z"},
		{"-2d", "2026-08-12T14:10:27.123Z"},
		{"-1h30m", "2026-08-14T12:40:27.123Z"},
		{"- 1h 30m", "2026-08-14T12:40:27.123Z"},
		{"-1w", "2026-08-07T14:10:27.123Z"},
		{"-45s", "2026-08-14T14:09:42.123Z"},
		{"-400000d", "0931-06-16T14:10:27.123Z"}, // far more than a time.Duration holds
		{"1786698000000", "2026-08-14T09:00:00Z"},
		{"1786698000", "1970-01-21T16:18:18Z"},
		{"-1786698000", "1969-12-11T07:41:42Z"},
	} {
		got, err := ParseMoment(tc.in, windowNow, berlin)
		if err != nil || got.Format(time.RFC3339Nano) != tc.want || got.Location() != time.UTC {
			t.Errorf("%q: %v, %v; want %s", tc.in, got, err, tc.want)
		}
	}
	// What needs no zone.
	for _, in := range []string{"now", "-3h", "1786698000000", "2026-08-14T09:00:00Z", "2026-08-14 09:00+02:00"} {
		if _, err := ParseMoment(in, windowNow, nil); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
	// Half past midnight in Berlin is yesterday in UTC: the day is that of the zone.
	late := time.Date(2026, 8, 13, 22, 30, 0, 0, time.UTC)
	if got, err := ParseMoment("09:00", late, berlin); err != nil || !got.Equal(time.Date(2026, 8, 14, 7, 0, 0, 0, time.UTC)) {
		t.Error(got, err)
	}
	far, err := ParseMoment("9223372036854775807", windowNow, nil)
	if err != nil || far.UnixMilli() != math.MaxInt64 {
		t.Error(far, err)
	}
}

func TestParseMomentRefused(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	for in, want := range map[string]string{
		"": "nothing is written", "soon": "is no time: write a time such as", "2026-13-01": "is no time", "2026-02-30": "is no time", "24:00": "is no time",
		"9": "too few digits", "2026": "too few digits", "-3": "too few digits", "99999999999999999999": "more milliseconds than",
		"+45m": "can only stand in To", "-": "is no distance", "-h": "is no distance", "-3y": "is no distance", "-1.5h": "is no distance", "-3h4": "is no distance", "-3h-4m": "is no distance",
		"-99999999999999999999h": "longer time than there is", "-9223372036854775807d": "longer time than there is", "-106751991167d106751991167d": "longer time than there is",
		"-9223372036854775807ms -1s": "is no distance", "yesterday noon": "is no time", "yesterday 22:00Z": "is no time", "today today": "is no time",
		"2026-08-14T09:00:00.0001Z": "finer than a millisecond", "2026-08-14 09:00:00.0001": "finer than a millisecond",
	} {
		if got, err := ParseMoment(in, windowNow, berlin); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"2026-08-14 09:00", "2026-08-14", "09:00", "yesterday", "today 08:15"} {
		if got, err := ParseMoment(in, windowNow, nil); err == nil || !strings.Contains(err.Error(), "has no zone: add Z or an offset such as +01:00 to date and time, or set time_zone") {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	if _, err := ParseMoment("-9223372036854775807ms", time.UnixMilli(-2), nil); err == nil || !strings.Contains(err.Error(), "reaches beyond") {
		t.Error(err)
	}
}

// TestParseMomentClockChange: a local time that does not exist, or exists twice, is refused with both
// readings, and each reading is accepted.
func TestParseMomentClockChange(t *testing.T) {
	for _, tc := range []struct{ zone, in, want string }{
		{"Europe/Berlin", "2026-03-29 02:30", "does not exist: the clocks of Europe/Berlin skip it; write 2026-03-29T01:30:00Z (by the clock before the change) or 2026-03-29T00:30:00Z (by the clock after it)"},
		{"Europe/Berlin", "2026-03-29 02:00", "write 2026-03-29T01:00:00Z (by the clock before the change) or 2026-03-29T00:00:00Z (by the clock after it)"},
		{"Europe/Berlin", "2026-10-25 02:30", "exists twice: the clocks of Europe/Berlin show it again after they are set back; write 2026-10-25T00:30:00Z (CEST) or 2026-10-25T01:30:00Z (CET)"},
		{"Europe/Berlin", "2026-10-25 02:00", "write 2026-10-25T00:00:00Z (CEST) or 2026-10-25T01:00:00Z (CET)"},
		{"America/New_York", "2026-03-08 02:30", "write 2026-03-08T07:30:00Z (by the clock before the change) or 2026-03-08T06:30:00Z"},
		{"America/New_York", "2026-11-01 01:30", "write 2026-11-01T05:30:00Z (EDT) or 2026-11-01T06:30:00Z (EST)"},
		{"Australia/Lord_Howe", "2026-04-05 01:45", "exists twice"}, // half an hour
		{"Pacific/Apia", "2011-12-30 12:00", "does not exist"},      // a whole day
	} {
		got, err := ParseMoment(tc.in, windowNow, zoneOf(t, tc.zone))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s in %s: %v, %v; want %q", tc.in, tc.zone, got, err, tc.want)
		}
	}
	berlin := zoneOf(t, "Europe/Berlin")
	for in, want := range map[string]string{
		"2026-03-29 01:59:59": "2026-03-29T00:59:59Z", "2026-03-29 03:00": "2026-03-29T01:00:00Z",
		"2026-10-25 01:59:59": "2026-10-24T23:59:59Z", "2026-10-25 03:00": "2026-10-25T02:00:00Z",
		"1890-01-01 00:00": "1889-12-31T23:06:32Z", // local mean time, 53 minutes and 28 seconds
	} {
		if got, err := ParseMoment(in, windowNow, berlin); err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %v, %v; want %s", in, got, err, want)
		}
	}
}

func TestParseWindow(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	show := func(v *archive.Int64) string {
		if v == nil {
			return ""
		}
		return echo(int64(*v))
	}
	for _, tc := range []struct{ from, to, start, end string }{
		{"", "", "", ""},
		{" ", "\t", "", ""},
		{"2026-08-14 00:30", "+45m", "2026-08-13T22:30:00Z", "2026-08-13T23:15:00Z"},
		{"2026-08-14T00:30:00Z", "+1d", "2026-08-14T00:30:00Z", "2026-08-15T00:30:00Z"},
		{"2026-08-14T00:30:00Z", "+ 1h 30m", "2026-08-14T00:30:00Z", "2026-08-14T02:00:00Z"},
		{"-3h", "now", "2026-08-14T11:10:27.123Z", "2026-08-14T14:10:27.123Z"},
		{"-3h", "-90m", "2026-08-14T11:10:27.123Z", "2026-08-14T12:40:27.123Z"},
		{"yesterday", "", "2026-08-12T22:00:00Z", ""},
		{"", "today", "", "2026-08-13T22:00:00Z"},
		{"1786698000000", "1786698000001", "2026-08-14T09:00:00Z", "2026-08-14T09:00:00.001Z"},
	} {
		w, err := ParseWindow(tc.from, tc.to, windowNow, berlin)
		if err != nil || show(w.Start) != tc.start || show(w.End) != tc.end {
			t.Errorf("%q to %q: %s to %s, %v", tc.from, tc.to, show(w.Start), show(w.End), err)
		}
	}
	for _, tc := range []struct {
		from, to, want string
		end            bool
	}{
		{"soon", "", "from: \"soon\" is no time", false},
		{"", "soon", "to: \"soon\" is no time", true},
		{"", "+45m", "there is none: fill in From", true},
		{"+45m", "", "can only stand in To", false},
		{"now", "+0m", "the window is empty: its end 2026-08-14T14:10:27.123Z is not after its start 2026-08-14T14:10:27.123Z", true},
		{"now", "-3h", "the window is empty", true},
		{"2026-08-14 10:00", "2026-08-14 10:00", "the start is included and the end is not", true},
		{"9223372036854775807", "+1h", "reaches beyond", true},
		{"now", "+1x", "is no distance", true},
	} {
		w, err := ParseWindow(tc.from, tc.to, windowNow, berlin)
		var wrong *WindowError
		if !errors.As(err, &wrong) || wrong.End != tc.end || !strings.Contains(err.Error(), tc.want) || !w.All() {
			t.Errorf("%q to %q: %v, %v; want %q", tc.from, tc.to, w, err, tc.want)
		}
	}
}

// FuzzParseWindow: a window that is accepted is half-open and holds something, and what is shown of its
// ends reads back as the same window, in any zone and at any time.
func FuzzParseWindow(f *testing.F) {
	for _, s := range [][2]string{{"2026-08-14 09:00", "+45m"}, {"-3h", "now"}, {"yesterday 22:00", "today 08:15"}, {"2026-03-29 02:30", ""}, {"2026-10-25T02:59:59.999", "09:00:30"},
		{"1786698000000", "9223372036854775807"}, {"-9223372036854775808", "+106751991167d"}, {"2026-08-14", "2026-08-14 09:00 +02:00"}, {"0000-01-01", "9999-12-31 23:59:59"}} {
		f.Add(s[0], s[1], windowNow.UnixMilli())
	}
	berlin := zoneOf(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, from, to string, now int64) {
		w, err := ParseWindow(from, to, time.UnixMilli(now), berlin)
		if err != nil {
			if err.Error() == "" || !w.All() {
				t.Errorf("%q to %q: %v, %q", from, to, w, err)
			}
			return
		}
		if w.Start != nil && w.End != nil && (*w.Start >= *w.End || !w.Contains(int64(*w.Start)) || w.Contains(int64(*w.End))) {
			t.Errorf("%q to %q: %d to %d is no half-open window", from, to, *w.Start, *w.End)
		}
		for _, v := range []*archive.Int64{w.Start, w.End} {
			if v == nil {
				continue
			}
			shown := echo(int64(*v))
			if n := len(strings.TrimPrefix(shown, "-")); n < 10 {
				t.Fatalf("%d is shown as %q", *v, shown)
			}
			if again, err := ParseMoment(shown, time.Time{}, nil); err != nil || again.UnixMilli() != int64(*v) {
				t.Errorf("%q to %q: %q reads back as %v, %v", from, to, shown, again, err)
			}
			if again, err := ParseMoment(strconv.FormatInt(int64(*v), 10), time.Time{}, nil); err == nil && again.UnixMilli() != int64(*v) {
				t.Errorf("%d reads back as %v", *v, again)
			}
		}
	})
}
