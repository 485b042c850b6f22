package main

import "kustody/tui"

// shots are the pictures.
func shots(*world) []shot {
	return []shot{
		{name: "backups", title: "kustody", cols: 120, rows: 36, theme: tui.ThemeDark, shows: []string{"54 runs"}},
		{name: "backups-80x24", title: "kustody", cols: 80, rows: 24, theme: tui.ThemeLight, shows: []string{"54 runs"}},
	}
}
