package tui

import (
	"math"
	"strconv"
	"testing"
)

// luminance is the relative luminance of WCAG 2.
func luminance(hex string) float64 {
	n, _ := strconv.ParseUint(hex[1:], 16, 32)
	lin := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(n>>16) + 0.7152*lin(n>>8) + 0.0722*lin(n)
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestPaletteStandsOut(t *testing.T) {
	for name, tc := range map[string]struct {
		p          palette
		background string
	}{"dark": {darkPalette, "#1E1E2E"}, "light": {lightPalette, "#FFFFFF"}} {
		for role, c := range tc.p {
			if c == "" {
				continue
			}
			if got := contrast(c, tc.background); got < 4.5 {
				t.Errorf("%s: role %d has a contrast of %.1f, and text needs 4.5", name, role, got)
			}
		}
	}
}

func TestMarksSurviveWithoutColour(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		seen := map[string]mark{}
		for m := range markGlyphs {
			g := newTheme(ThemeNone, ascii).glyph(mark(m)).text
			if other, taken := seen[g]; taken {
				t.Errorf("marks %d and %d look the same: %q", m, other, g)
			}
			seen[g] = mark(m)
		}
	}
	for s := range style(1 << 11) {
		if s.role() < roles {
			if on := newTheme(ThemeNone, false).on(s); len(on) > 12 {
				t.Errorf("without colours style %x is %q", s, on)
			}
		}
	}
}
