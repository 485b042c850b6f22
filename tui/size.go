package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// sizeUnits are the units of a size, as configurations have them.
var sizeUnits = map[string]float64{"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}

// sizeOf reads a number of bytes as a person writes it; an empty text is 0.
func sizeOf(text string) (int64, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return 0, nil
	}
	wrong := fmt.Errorf("%q is no size: write bytes, or a number with KiB, MiB, GiB, kB, MB or GB, such as 10MiB", text)
	i := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if i < 0 {
		i = len(text)
	}
	unit, known := sizeUnits[strings.TrimSpace(text[i:])]
	if !known {
		return 0, wrong
	}
	n, err := strconv.ParseFloat(text[:i], 64)
	switch bytes := n * unit; {
	case err != nil:
		return 0, wrong
	case bytes < 1 || bytes != math.Trunc(bytes) || bytes >= 1<<53:
		return 0, fmt.Errorf("%q is not a whole number of bytes above zero: write such as 10MiB", text)
	default:
		return int64(bytes), nil
	}
}
