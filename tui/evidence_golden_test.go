package tui

import (
	"testing"

	"kustody/engine"
)

// TestGoldenEvidence compares the auditor's pages with their stored frames.
func TestGoldenEvidence(t *testing.T) {
	heavy(t)
	page := func(name string, keys ...string) {
		golden(t, name, func(w, h int, theme string) *driver {
			d := audit(t, w, h, theme)
			d.keys(keys...)
			return d
		})
	}
	page("evidence")
	page("evidence_failed", "n", "n")
	page("evidence_gap", "n", "enter")
	page("report", "n", "n", "enter")
	page("report_text", "n", "n", "enter", "tab")
	page("report_files", "n", "n", "enter", "tab", "tab")
	page("step_chain", "enter", "down", "down", "down", "down", "down", "down", "down", "down", "enter")
	page("ledger", "L", "n")
	page("ledger_entry", "L", "n", "enter")
}

// TestGoldenUntrusted is the first page without a key, and a report.
func TestGoldenUntrusted(t *testing.T) {
	heavy(t)
	untrusted := auditDesk(t).asked(func(o *engine.LedgerOptions) { o.PublicKey = nil })
	for name, keys := range map[string]string{"evidence_untrusted": "", "report_untrusted": "enter"} {
		golden(t, name, func(w, h int, theme string) *driver {
			d := drive(t, untrusted, w, h, theme)
			d.keys(keys)
			return d
		})
	}
}

// TestSmallest draws the auditor's pages in the smallest screen that is drawn, and in odd ones.
func TestSmallestEvidence(t *testing.T) {
	heavy(t)
	for _, size := range []point{{60, 16}, {79, 20}, {119, 40}, {200, 60}} {
		for _, keys := range [][]string{{}, {"n", "enter"}, {"enter"}, {"enter", "tab"}, {"enter", "tab", "tab"}, {"enter", "enter"}, {"L"}, {"L", "enter"}} {
			d := audit(t, size.x, size.y, ThemeDark)
			d.keys(keys...)
			d.frame()
			for range 3 {
				d.keys("pgdown", "down", "up")
				d.frame()
			}
			d.keys("G")
			d.frame()
			d.keys("g", "p")
			d.frame()
		}
	}
}
