package main

import (
	"slices"
	"strings"
)

// nearest is the name that was probably meant, or "": at most a third of its letters, and at least two,
// may be other ones; the beginning of a name is near it too.
func nearest(typed string, names []string) string {
	typed = strings.ToLower(typed)
	best, distance := "", len(typed)+1
	for _, name := range names {
		d := edits(typed, name)
		if len(typed) >= 2 && strings.HasPrefix(name, typed) {
			d = 1
		}
		if d <= max(2, len(name)/3) && d < distance && d < len(name) {
			best, distance = name, d
		}
	}
	return best
}

// edits counts the letters to insert, delete, replace or swap with their neighbour between two words.
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = slices.Min([]int{rows[i-1][j] + 1, rows[i][j-1] + 1, rows[i-1][j-1] + change})
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
