package units

import (
	"math"
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct{ got, want string }{
		{Thousands(0), "0"}, {Thousands(999), "999"}, {Thousands(-1000), "-1,000"}, {Thousands(1234567), "1,234,567"},
		{Thousands(math.MinInt64), "-9,223,372,036,854,775,808"},
		{Count(1, "topic"), "1 topic"}, {Count(0, "topic"), "0 topics"}, {Count(1200, "record"), "1,200 records"},
		{Size(0), "0 B"}, {Size(1023), "1023 B"}, {Size(1024), "1.0 KiB"}, {Size(9_771_050_598), "9.1 GiB"}, {Size(math.MaxInt64), "8.0 EiB"},
		{Span(45 * time.Millisecond), "45ms"}, {Span(59 * time.Second), "59s"}, {Span(153 * time.Second), "2m 33s"}, {Span(24 * time.Hour), "24h 00m"},
		{Span(76 * time.Hour), "3d 04h"}, {Span(-time.Minute), "-1m 00s"}, {Span(math.MinInt64), "-106751d 23h"},
		{Ago(now.Add(-3*time.Minute), now), "3m 00s ago"}, {Ago(now, now), "now"}, {Ago(now.Add(52*time.Hour), now), "in 2d 04h"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
