package tui

import "testing"

// TestEmptyDesk opens the console on nothing.
func TestEmptyDesk(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	d.has("kustody", "[1 Backups]", "no archive was named")
	d.keys("?")
	d.has("Keys: Backups", "not here")
	d.keys("esc", ":", "ev")
	d.has("evidence")
	t.Log("\n" + d.frame().Text())
}
