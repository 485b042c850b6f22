package tui

import tea "charm.land/bubbletea/v2"

func newJobsScreen(c *console) screen     { return newMessagesScreen(c) }
func newEvidenceScreen(c *console) screen { return newMessagesScreen(c) }
func newTopicsScreen(c *console) screen   { return newMessagesScreen(c) }

func (c *console) openRun(backup, run string) tea.Cmd           { return nil }
func (c *console) openReport(id string) tea.Cmd                 { return nil }
func (c *console) openJob(j *job) tea.Cmd                       { return nil }
func (c *console) startArchiveCheck(backup, run string) tea.Cmd { return nil }
func (c *console) startVerifyAll() tea.Cmd                      { return nil }
func visitEvidence(c *console, year string) tea.Cmd             { return c.visit(sectionEvidence) }

var backupCommands, jobCommands, evidenceCommands []command

func (c *console) openLedger() tea.Cmd { return nil }
