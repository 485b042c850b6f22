package tui

import tea "charm.land/bubbletea/v2"

func newJobsScreen(c *console) screen   { return newMessagesScreen(c) }
func newTopicsScreen(c *console) screen { return newMessagesScreen(c) }

func (c *console) openRun(backup, run string) tea.Cmd                { return nil }
func (c *console) openJob(j *job) tea.Cmd                            { return nil }
func (c *console) startBackupWizard(r BackupRequest) tea.Cmd         { return nil }
func (c *console) startRestoreWizard(r RestoreRequest) tea.Cmd       { return nil }
func (c *console) startDrillWizard(r DrillRequest) tea.Cmd           { return nil }
func (c *console) startValidationWizard(r ValidationRequest) tea.Cmd { return nil }
func (c *console) startArchiveCheck(backup, run string) tea.Cmd      { return nil }
func (c *console) startVerifyAll() tea.Cmd                           { return nil }

var backupCommands, jobCommands, wizardCommands []command
