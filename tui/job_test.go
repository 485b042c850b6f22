package tui

import "testing"

func TestLookJob(t *testing.T) {
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		d := drive(t, jobDesk(), size.x, size.y, ThemeDark)
		d.watch(fakeRestore(44), "restore 3 topics from 20261120T020000Z-4f1c22ab into prod-eu as restore-0042.*")
		t.Log("\n" + d.frame().Text())
	}
}
