package tui

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// evidenceCommands are the commands of the evidence; set in init, since they lead back to the command bar.
var evidenceCommands []command

func init() {
	evidenceCommands = []command{
		{"ledger", "[entry]", "entries of the ledger, or one of them", visitLedger},
		{"report", "id", "one report, verified", visitReport},
		{"slot", "date", "the slot in whose period a date lies", visitSlot},
	}
}

// visitEvidence goes to the slots, of a year if one is given.
func visitEvidence(c *console, year string) tea.Cmd {
	cmd := c.visit(sectionEvidence)
	if year = strings.TrimSpace(year); year == "" {
		return cmd
	}
	s, ok := c.stacks[sectionEvidence][0].(*evidenceScreen)
	if !ok {
		return cmd
	}
	c.stacks[sectionEvidence] = c.stacks[sectionEvidence][:1]
	n, err := strconv.Atoi(year)
	if err != nil || !slices.Contains(s.book.years(), n) && len(s.book.rows) > 0 {
		c.note(badNews, "there is no evidence of the year "+strconv.Quote(year))
		return cmd
	}
	s.year = n
	s.show()
	return cmd
}

// visitLedger goes to the ledger, or to one entry.
func visitLedger(c *console, args string) tea.Cmd {
	cmd := c.visit(sectionEvidence)
	if args == "" {
		return tea.Batch(cmd, c.openLedger())
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(args, "#"), 10, 64)
	if err != nil || n < 0 {
		c.note(badNews, strconv.Quote(args)+" is no number of an entry")
		return cmd
	}
	return tea.Batch(cmd, c.openLedger(), c.openEntry(n))
}

// visitReport goes to one report; the beginning of an id is enough where it is the only one.
func visitReport(c *console, args string) tea.Cmd {
	if args == "" {
		return c.told("which one? :report validation-1a2b3c4d")
	}
	id := args
	if list := c.data.reports.value; list != nil {
		var fits []string
		for _, r := range list.Reports {
			if strings.HasPrefix(r.ReportID, args) || strings.HasPrefix(r.ReportID, "validation-"+args) {
				fits = append(fits, r.ReportID)
			}
		}
		if len(fits) == 1 {
			id = fits[0]
		}
	}
	return tea.Batch(c.visit(sectionEvidence), c.openReport(id))
}

// visitSlot goes to the slot of a date.
func visitSlot(c *console, args string) tea.Cmd {
	cmd := c.visit(sectionEvidence)
	c.stacks[sectionEvidence] = c.stacks[sectionEvidence][:1]
	if s, ok := c.stacks[sectionEvidence][0].(*evidenceScreen); ok && args != "" {
		s.goToDate(c, args)
		return cmd
	}
	c.note(badNews, "which day? :slot 2026-08-14")
	return cmd
}
