package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// progressTerminals show progress outside of the text (OSC 9;4), by what they call themselves. Others
// may take the sequence for a notification and pop one up ten times a second.
var progressTerminals = []string{"ghostty", "iTerm.app", "iTerm2", "rio", "WezTerm"}

// showsProgress says whether the terminal does. Windows Terminal names itself by its session only.
func showsProgress(env func(string) string) bool {
	return env("WT_SESSION") != "" || slices.Contains(progressTerminals, env("TERM_PROGRAM"))
}

// terminalBar is the progress of the job in the header as the terminal shows it, nil for none.
func (c *console) terminalBar() *tea.ProgressBar {
	running := c.runningJobs()
	if !c.bars || len(running) == 0 {
		return nil
	}
	j := running[0]
	state := tea.ProgressBarDefault
	switch n := tallyOf(j.snap.Partitions); {
	case n[rankFailed] > 0:
		state = tea.ProgressBarError
	case n[rankRetrying] > 0:
		state = tea.ProgressBarWarning
	case !j.far.known:
		state = tea.ProgressBarIndeterminate
	}
	return tea.NewProgressBar(state, int(j.far.percent))
}
