package tui

import tea "charm.land/bubbletea/v2"

// openAt puts the screen of a verb in front, filled in.
func (c *console) openAt(p Place) { c.opening = p }

// arrive goes where the console was asked to open. It runs once the program does, since a wizard begins
// to read at once.
func (c *console) arrive() tea.Cmd {
	p := c.opening
	if p.Verb == "" && c.desk.Archive == nil && c.desk.Evidence != nil {
		p.Verb = "evidence" // there is nothing else to look at
	}
	switch p.Verb {
	case "evidence", "report", "ledger":
		return c.arriveAtEvidence(p)
	}
	enter := c.screen().enter(c)
	switch p.Verb {
	case "backup":
		return tea.Batch(enter, c.startBackupWizard(p.Backup))
	case "restore":
		return tea.Batch(enter, c.startRestoreWizard(p.Restore))
	case "drill":
		return tea.Batch(enter, c.startDrillWizard(p.Drill))
	case "validation":
		return tea.Batch(enter, c.startValidationWizard(p.Validation))
	case "describe":
		return tea.Batch(enter, c.openRun(p.BackupID, p.RunID))
	}
	return enter
}

// arriveAtEvidence opens the slots, one report, or the ledger.
func (c *console) arriveAtEvidence(p Place) tea.Cmd {
	c.section = sectionEvidence
	cmd := c.screen().enter(c)
	switch p.Verb {
	case "report":
		return tea.Batch(cmd, c.openReport(p.ReportID))
	case "ledger":
		return tea.Batch(cmd, c.openLedger())
	}
	return cmd
}
