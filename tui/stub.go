package tui

import tea "charm.land/bubbletea/v2"

func newEvidenceScreen(c *console) screen { return newMessagesScreen(c) }

func (c *console) openReport(id string) tea.Cmd                      { return nil }
func (c *console) startBackupWizard(r BackupRequest) tea.Cmd         { return nil }
func (c *console) startRestoreWizard(r RestoreRequest) tea.Cmd       { return nil }
func (c *console) startDrillWizard(r DrillRequest) tea.Cmd           { return nil }
func (c *console) startValidationWizard(r ValidationRequest) tea.Cmd { return nil }
func visitEvidence(c *console, year string) tea.Cmd                  { return c.visit(sectionEvidence) }

var evidenceCommands, wizardCommands []command

func (c *console) openLedger() tea.Cmd { return nil }
