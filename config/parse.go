package config

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"
)

var sizeUnits = map[string]int64{
	"": 1, "b": 1,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}

// ParseSize reads a number of bytes: "1048576", "128MiB", "1.5 GB". KiB, MiB, GiB, TiB are powers of
// 1024, kB, MB, GB, TB of 1000. A bare K, M or G is refused, because people mean both by it.
func ParseSize(s string) (int64, error) {
	number, unit := splitUnit(s)
	factor, ok := sizeUnits[strings.ToLower(unit)]
	if !ok {
		if len(unit) == 1 && strings.ContainsAny(unit, "kmgtKMGT") {
			u := strings.ToUpper(unit)
			return 0, fmt.Errorf("the unit %s can mean two things: write %siB (1024) or %sB (1000)", u, u, u)
		}
		return 0, fmt.Errorf("not a size: write bytes, or a number with KiB, MiB, GiB, kB, MB, GB")
	}
	r, ok := decimal(number)
	if !ok {
		return 0, fmt.Errorf("not a size: write bytes, or a number with a unit, such as 128MiB")
	}
	r.Mul(r, new(big.Rat).SetInt64(factor))
	switch {
	case !r.IsInt():
		return 0, fmt.Errorf("not a whole number of bytes")
	case !r.Num().IsInt64():
		return 0, fmt.Errorf("too large")
	}
	return r.Num().Int64(), nil
}

// splitUnit cuts "128 MiB" into number and unit.
func splitUnit(s string) (number, unit string) {
	s = strings.TrimSpace(s)
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '_' })
	if i < 0 {
		i = len(s)
	}
	return strings.ReplaceAll(s[:i], "_", ""), strings.TrimSpace(s[i:])
}

// decimal reads digits with at most one point, nothing else that big.Rat would take.
func decimal(s string) (*big.Rat, bool) {
	if s == "" || len(s) > 24 || strings.Count(s, ".") > 1 || strings.Trim(s, ".") == "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

var durationUnits = map[string]time.Duration{
	"ns": time.Nanosecond, "us": time.Microsecond, "µs": time.Microsecond, "ms": time.Millisecond,
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// ParseDuration reads what time.ParseDuration reads, without a sign, and d (24 h) and w (7 d).
func ParseDuration(s string) (time.Duration, error) {
	rest := strings.TrimSpace(s)
	if rest == "0" {
		return 0, nil
	}
	if rest == "" {
		return 0, fmt.Errorf("empty: write a duration such as 15m")
	}
	total := new(big.Rat)
	for rest != "" {
		i := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if i < 0 {
			return 0, fmt.Errorf("no unit: write s, m, h, d or w behind the number")
		}
		number := rest[:i]
		rest = strings.TrimSpace(rest[i:])
		end := strings.IndexAny(rest, "0123456789. ")
		if end < 0 {
			end = len(rest)
		}
		unit, ok := durationUnits[rest[:end]]
		r, isNumber := decimal(number)
		if !ok || !isNumber {
			return 0, fmt.Errorf("not a duration: write a number and ms, s, m, h, d or w, such as 15m")
		}
		total.Add(total, r.Mul(r, new(big.Rat).SetInt64(int64(unit))))
		rest = strings.TrimSpace(rest[end:])
	}
	if total.Cmp(new(big.Rat).SetInt64(math.MaxInt64)) > 0 {
		return 0, fmt.Errorf("too long")
	}
	return time.Duration(new(big.Int).Quo(total.Num(), total.Denom()).Int64()), nil
}

var instantLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00"}

var naiveLayouts = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

// ParseInstant reads milliseconds since 1970, an RFC 3339 time, or a time or date without an offset,
// which is read in zone; with a nil zone it is refused. So is a local time that the zone skips or has
// twice. The answer is in milliseconds; what is finer is refused.
func ParseInstant(s string, zone *time.Location) (int64, error) {
	s = strings.TrimSpace(s)
	if ms, ok := parseInt(s); ok {
		return ms, nil
	}
	for _, layout := range instantLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return wholeMillis(t)
		}
	}
	for _, layout := range naiveLayouts {
		if _, err := time.Parse(layout, s); err != nil {
			continue
		}
		if zone == nil {
			return 0, fmt.Errorf("the time has no zone: add Z or an offset such as +01:00, or set time_zone")
		}
		t, err := time.ParseInLocation(layout, s, zone)
		if err != nil {
			return 0, fmt.Errorf("not a time")
		}
		return localMillis(t, layout, s)
	}
	return 0, fmt.Errorf("not a time: write milliseconds, or a time such as 2026-11-20T02:00:00Z")
}

func wholeMillis(t time.Time) (int64, error) {
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		return 0, fmt.Errorf("finer than a millisecond, which is what Kafka's timestamps count in")
	}
	return t.UnixMilli(), nil
}

// localMillis refuses a local time that does not exist, or exists twice, where clocks change.
func localMillis(t time.Time, layout, s string) (int64, error) {
	want := t.Format("2006-01-02T15:04:05.999999999")
	naive, err := time.Parse(layout, s)
	if err != nil || naive.Format("2006-01-02T15:04:05.999999999") != want {
		return 0, fmt.Errorf("the clocks of %s skip this time: write it with an offset", t.Location())
	}
	_, offset := t.Zone()
	for _, by := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		if _, other := t.Add(by).Zone(); other != offset {
			twin := t.Add(time.Duration(offset-other) * time.Second)
			if !twin.Equal(t) && twin.Format("2006-01-02T15:04:05.999999999") == want {
				return 0, fmt.Errorf("the clocks of %s show this time twice: write it with an offset", t.Location())
			}
		}
	}
	return wholeMillis(t)
}
