package tui

import tea "charm.land/bubbletea/v2"

func newEvidenceScreen(c *console) screen { return newMessagesScreen(c) }

func (c *console) openReport(id string) tea.Cmd     { return nil }
func visitEvidence(c *console, year string) tea.Cmd { return c.visit(sectionEvidence) }

var evidenceCommands []command

func (c *console) openLedger() tea.Cmd { return nil }
