package evidence

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func schedule(t testing.TB, spec, zone string) *Schedule {
	t.Helper()
	s, err := ParseSchedule(spec, zone, time.Hour)
	must(t, err)
	return s
}

func TestDue(t *testing.T) {
	tests := []struct{ name, spec, zone, after, until, want string }{
		{"weekly word", "weekly", "", "2026-11-15", "2026-11-30", "2026-11-15T02:00 2026-11-22T02:00 2026-11-29T02:00"},
		{"reference", "0 2 * * 0", "UTC", "2026-11-15 02:00", "2026-11-29 02:00", "2026-11-22T02:00 2026-11-29T02:00"},
		{"daily word", "Daily", "", "2026-11-15 03:00", "2026-11-17 03:00", "2026-11-16T02:00 2026-11-17T02:00"},
		{"hourly word", "hourly", "", "2026-11-15 00:00", "2026-11-15 02:30", "2026-11-15T01:00 2026-11-15T02:00"},
		{"monthly word", "monthly", "", "2026-11-15", "2027-01-15", "2026-12-01T02:00 2027-01-01T02:00"},
		{"kubernetes", "0 0 * * *", "", "2026-11-15", "2026-11-17", "2026-11-16T00:00 2026-11-17T00:00"},
		{"lists, ranges, steps", "0,30 8-10/2 * * mon-fri", "", "2026-11-20 08:15", "2026-11-23 08:00", "2026-11-20T08:30 2026-11-20T10:00 2026-11-20T10:30 2026-11-23T08:00"},
		{"steps", "*/20 3 * * *", "", "2026-11-20", "2026-11-21", "2026-11-20T03:00 2026-11-20T03:20 2026-11-20T03:40"},
		{"month names", "0 0 1 jan,JUL *", "", "2026-01-02", "2027-01-02", "2026-07-01T00:00 2027-01-01T00:00"},
		{"Sunday is 7 too", "0 0 * * 7", "", "2026-11-20", "2026-11-29", "2026-11-22T00:00 2026-11-29T00:00"},
		{"a week that ends on Sunday", "0 0 * * sat-sun", "", "2026-11-20", "2026-11-25", "2026-11-21T00:00 2026-11-22T00:00"},
		{"either day", "0 0 13 * fri", "", "2026-11-01", "2026-11-21", "2026-11-06T00:00 2026-11-13T00:00 2026-11-20T00:00"},
		{"both days when one begins with *", "0 0 */2 * fri", "", "2026-11-01", "2026-11-30", "2026-11-13T00:00 2026-11-27T00:00"},
		{"leap day", "0 0 29 2 *", "", "2026-01-01", "2033-01-01", "2028-02-29T00:00 2032-02-29T00:00"},
		{"no leap day in 2100", "0 0 29 2 *", "", "2096-03-01", "2104-03-01", "2104-02-29T00:00"},
		{"31st", "0 0 31 * *", "", "2026-09-01", "2026-12-31", "2026-10-31T00:00 2026-12-31T00:00"},
		{"zone", "0 2 * * *", "Asia/Kolkata", "2026-11-20", "2026-11-21", "2026-11-20T20:30"},

		// Europe/Berlin skips 02:00–03:00 on 2026-03-29, and has 02:00–03:00 twice on 2026-10-25.
		{"Berlin, skipped", "30 2 * * *", "Europe/Berlin", "2026-03-28", "2026-03-30 12:00", "2026-03-28T01:30 2026-03-29T01:00 2026-03-30T00:30"},
		{"Berlin, skipped, once", "*/15 2-3 * * *", "Europe/Berlin", "2026-03-29", "2026-03-29 01:20", "2026-03-29T01:00 2026-03-29T01:15"},
		{"Berlin, twice", "30 2 * * *", "Europe/Berlin", "2026-10-24", "2026-10-26 12:00", "2026-10-24T00:30 2026-10-25T00:30 2026-10-26T01:30"},
		{"Berlin, hourly in the night", "0 * * * *", "Europe/Berlin", "2026-10-24 23:30", "2026-10-25 02:30", "2026-10-25T00:00 2026-10-25T02:00"},
		{"Berlin, 1996", "30 2 * * *", "Europe/Berlin", "1996-10-26 12:00", "1996-10-28", "1996-10-27T00:30"},
		// New York: 2027-03-14 and 2026-11-01.
		{"New York, skipped", "15 2 * * *", "America/New_York", "2027-03-13 12:00", "2027-03-15 12:00", "2027-03-14T07:00 2027-03-15T06:15"},
		{"New York, twice", "15 1 * * *", "America/New_York", "2026-10-31 12:00", "2026-11-02 12:00", "2026-11-01T05:15 2026-11-02T06:15"},
		// Lord Howe moves by half an hour: 2026-04-05 back, 2026-10-04 forward (02:00 → 02:30).
		{"Lord Howe, skipped", "10 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-04 12:00", "2026-10-03T15:30"},
		{"Lord Howe, twice", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", "2026-04-05 12:00", "2026-04-04T14:45"},
		// Cairo changes at midnight: 2026-04-24 00:00 → 01:00; 2026-10-30 00:00 → 2026-10-29 23:00.
		{"Cairo, midnight skipped", "0 0 * * *", "Africa/Cairo", "2026-04-23 00:00", "2026-04-24 23:00", "2026-04-23T22:00 2026-04-24T21:00"},
		{"Cairo, evening twice", "30 23 * * *", "Africa/Cairo", "2026-10-28 23:00", "2026-10-30 23:00", "2026-10-29T20:30 2026-10-30T21:30"},
		// Samoa had no 2011-12-30 at all.
		{"Samoa, a day skipped", "0 12 30 * *", "Pacific/Apia", "2011-12-01", "2012-01-31", "2011-12-30T10:00 2012-01-29T22:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, d := range schedule(t, tt.spec, tt.zone).Due(utc(tt.after), utc(tt.until)) {
				got = append(got, d.UTC().Format("2006-01-02T15:04"))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("due %s\nwant %s", strings.Join(got, " "), tt.want)
			}
		})
	}
}

func TestScheduleSentences(t *testing.T) {
	tests := []struct{ spec, zone, err string }{
		{"", "", "five"},
		{"* * * *", "", "4 fields"},
		{"@weekly", "", "midnight"},
		{"60 * * * *", "", `minute "60" is not a number from 0 to 59`},
		{"* 24 * * *", "", "hour"},
		{"* * 0 * *", "", "day of month"},
		{"* * * 13 *", "", "month"},
		{"* * * foo *", "", "a name such as jan"},
		{"* * * * 8", "", "day of week"},
		{"5/10 * * * *", "", "a step needs a range"},
		{"*/0 * * * *", "", "step"},
		{"*/x * * * *", "", "step"},
		{"30-10 * * * *", "", "backwards"},
		{"1,,2 * * * *", "", "minute"},
		{"-1 * * * *", "", "minute"},
		{"+1 * * * *", "", "minute"},
		{"0 0 31 2 *", "", "no such day"},
		{"0 0 30 2 *", "", "no such day"},
		{"0 2 * * *", "Local", "differs from machine"},
		{"0 2 * * *", "Mars/Olympus", "unknown zone"},
		{"0 2 * * *", "../../etc/passwd", "unknown zone"},
	}
	for _, tt := range tests {
		_, err := ParseSchedule(tt.spec, tt.zone, 0)
		wantError(t, err, tt.err)
	}
	_, err := ParseSchedule("daily", "", -time.Second)
	wantError(t, err, "negative")
}

// Due times of every minute are compared with the definition: those instants whose clock matches, and
// that are the first to show it.
func TestDueAgainstEveryMinute(t *testing.T) {
	for _, tt := range []struct{ spec, zone, from string }{
		{"17,42 1-3 * * *", "Europe/Berlin", "2026-03-27"},
		{"17,42 1-3 * * *", "Europe/Berlin", "2026-10-23"},
		{"*/7 * * * *", "America/New_York", "2026-10-30"},
		{"5 0,23 * * *", "America/Havana", "2026-10-30"},
		{"*/10 * * * *", "Australia/Lord_Howe", "2026-04-03"},
	} {
		s := schedule(t, tt.spec, tt.zone)
		from := utc(tt.from)
		to := from.Add(4 * 24 * time.Hour)
		var want []time.Time
		shown := map[string]bool{}
		for m := from.Add(-24 * time.Hour); !m.After(to); m = m.Add(time.Minute) {
			local := m.In(s.loc)
			wall := local.Format("2006-01-02 15:04")
			if s.hours>>local.Hour()&1 == 1 && s.minutes>>local.Minute()&1 == 1 && !shown[wall] && m.After(from) {
				want = append(want, m)
			}
			shown[wall] = true
		}
		got := s.Due(from, to)
		// What the clock skips falls on the end of the gap, which no clock shows as matching.
		got = slices.DeleteFunc(got, func(g time.Time) bool {
			_, before := g.Add(-time.Second).In(s.loc).Zone()
			_, after := g.In(s.loc).Zone()
			return before < after && !slices.ContainsFunc(want, g.Equal)
		})
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s in %s:\n got %v\nwant %v", tt.spec, tt.zone, got, want)
		}
	}
}

func TestDueIsBounded(t *testing.T) {
	s := schedule(t, "* * * * *", "UTC")
	if got := len(s.Due(utc("2020-01-01"), utc("2030-01-01"))); got != maxDue {
		t.Errorf("%d due times, want %d", got, maxDue)
	}
	if next := s.Next(utc("2026-11-20 02:00")); !next.Equal(utc("2026-11-20 02:01")) {
		t.Errorf("next %s", next)
	}
}

func FuzzParseSchedule(f *testing.F) {
	f.Add("0 2 * * 0", "UTC")
	f.Add("*/5 1-3,7 1,15 jan-mar mon", "Europe/Berlin")
	f.Add("weekly", "America/New_York")
	f.Fuzz(func(t *testing.T, spec, zone string) {
		s, err := ParseSchedule(spec, zone, time.Minute)
		if err != nil {
			return
		}
		last := utc("2026-03-28")
		for _, d := range s.Due(last, last.Add(72*time.Hour)) {
			if !d.After(last) {
				t.Fatalf("%q: %s does not follow %s", spec, d, last)
			}
			last = d
		}
	})
}
