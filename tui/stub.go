package tui

import tea "charm.land/bubbletea/v2"

func (c *console) startBackupWizard(r BackupRequest) tea.Cmd         { return nil }
func (c *console) startRestoreWizard(r RestoreRequest) tea.Cmd       { return nil }
func (c *console) startDrillWizard(r DrillRequest) tea.Cmd           { return nil }
func (c *console) startValidationWizard(r ValidationRequest) tea.Cmd { return nil }

var wizardCommands []command
