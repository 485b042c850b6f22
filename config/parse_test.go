package config

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{"0": 0, "1048576": 1 << 20, "128MiB": 128 << 20, "128 mib": 128 << 20, "1.5GiB": 3 << 29, "1kB": 1000, "2 TB": 2e12,
		" 7 ": 7, "7B": 7, "1_000": 1000, "0.5KiB": 512, "9223372036854775807": math.MaxInt64, ".5KiB": 512} {
		if got, err := ParseSize(in); err != nil || got != want {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{"": "not a size", "128M": "write MiB (1024) or MB (1000)", "128Mi": "not a size", "x": "not a size", "-1": "not a size",
		"1.5": "not a whole number", "0.3KiB": "not a whole number", "9223372036854775808": "too large", "9999999TiB": "too large", "1e3": "not a size", "1/2": "not a size",
		"1.2.3": "not a size", ".": "not a size", strings.Repeat("9", 400): "not a size"} {
		if got, err := ParseSize(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{"0": 0, "15m": 15 * time.Minute, "1h30m": 90 * time.Minute, "1d": 24 * time.Hour, "1w2d": 9 * 24 * time.Hour,
		"1.5h": 90 * time.Minute, "500ms": 500 * time.Millisecond, "1h 30m": 90 * time.Minute, "10µs": 10 * time.Microsecond, "1 h": time.Hour} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{"": "empty", "15": "no unit", "h": "not a duration", "-1h": "not a duration", "1y": "not a duration", "1h30": "no unit",
		"400000w": "too long", "1..5h": "not a duration", "1hm": "not a duration"} {
		if got, err := ParseDuration(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

func TestParseInstant(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]int64{"0": 0, "-1": -1, "1701388800000": 1701388800000, "9223372036854775807": math.MaxInt64,
		"2023-12-01T00:00:00Z": 1701388800000, "2023-12-01 01:00:00+01:00": 1701388800000, "2023-12-01T00:00Z": 1701388800000, "2023-12-01T00:00:00.123Z": 1701388800123,
		"2023-12-01": 1701385200000, "2023-12-01 01:00": 1701388800000, "2026-10-25T01:59:59": 1792886399000, "2026-10-25T03:00:00": 1792893600000,
		"2026-03-29T03:00:00": 1774746000000, "2026-03-29T01:59:59": 1774745999000} {
		if got, err := ParseInstant(in, berlin); err != nil || got != want {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{"": "not a time", "soon": "not a time", "2023-13-01": "not a time", "2023-12-01T00:00:00.0001Z": "finer than a millisecond",
		"2026-03-29T02:00:00": "skip this time", "2026-10-25T02:59:59": "show this time twice", "2026-10-25T02:00:00": "show this time twice", "0123": "not a time"} {
		if got, err := ParseInstant(in, berlin); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
	if _, err := ParseInstant("2023-12-01", nil); err == nil || !strings.Contains(err.Error(), "the time has no zone") {
		t.Error(err)
	}
}

func TestExpand(t *testing.T) {
	vars := map[string]string{"A": "1", "E": "", "LOOP": "${LOOP}", "_x9": "u"}
	lookup := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	for in, want := range map[string]string{
		"a": "a", "${A}": "1", "x${A}y${A}z": "x1y1z", "$A": "$A", "$${A}": "${A}", "a$${A}${A}": "a${A}1", "$$${A}": "$${A}", "${E}": "", "${E:-d}": "d", "${N:-d}": "d",
		"${A:-d}": "1", "${N:-}": "", "${N:-${A}}": "1", "${N:-a}b}": "ab}", "${LOOP}": "${LOOP}", "${_x9}": "u", "${N:-$${A}}": "${A}", "$": "$", "}{": "}{", "${N:-a:-b}": "a:-b",
	} {
		x := &expander{lookup: lookup, left: maxExpanded}
		if got, err := x.expand(in, 0); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{"${N}": "${N} is not set", "${": "not closed", "${A": "not closed", "${}": "name of a variable", "${1a}": "name of a variable",
		"${a-b}": "name of a variable", "${N:-${M}}": "${M} is not set", strings.Repeat("${N:-", 20) + strings.Repeat("}", 20): "nested too deeply"} {
		x := &expander{lookup: lookup, left: maxExpanded}
		if got, err := x.expand(in, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	x := &expander{lookup: func(string) (string, bool) { return strings.Repeat("x", 1<<20), true }, left: maxExpanded}
	if _, err := x.expand(strings.Repeat("${A}", 9), 0); err == nil || !strings.Contains(err.Error(), "grow beyond 8 MiB") {
		t.Error(err)
	}
}

func TestNearest(t *testing.T) {
	for in, want := range map[string]string{"backup_di": "backup_id", "BACKUP-ID": "backup_id", "bakup_id": "backup_id", "backups_id": "backup_id", "zzz": "", "mod": "mode", "": ""} {
		if got := nearest(in, []string{"backup_id", "mode", "storage"}); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"1", "128MiB", "1.5 GB", "9223372036854775807", "0.0000000001TiB", "1_0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseSize(s)
		if err != nil {
			return
		}
		if n < 0 {
			t.Errorf("%q is %d", s, n)
		}
		if again, err := ParseSize(strconv.FormatInt(n, 10)); err != nil || again != n {
			t.Errorf("%q: %d reads back as %d, %v", s, n, again, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"1h", "1w2d", "1.5h 3ms", "0", "106751d", "99999999999999999999ns"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			return
		}
		if d < 0 {
			t.Errorf("%q is %v", s, d)
		}
		if again, err := ParseDuration(d.String()); err != nil || again != d {
			t.Errorf("%q: %v reads back as %v, %v", s, d, again, err)
		}
	})
}

func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{"1701388800000", "2023-12-01T00:00:00Z", "2026-10-25T02:30:00", "2026-03-29 02:30", "-9223372036854775808", "0000-01-01"} {
		f.Add(s)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ms, err := ParseInstant(s, zone)
		if err != nil {
			return
		}
		if again, err := ParseInstant(strconv.FormatInt(ms, 10), nil); err != nil || again != ms {
			t.Errorf("%q: %d reads back as %d, %v", s, ms, again, err)
		}
	})
}
