package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/archive"
)

// wizardCommands open the wizards.
var wizardCommands = []command{
	{"restore", "[FROM [TO]]", "restore what the newest backup that covers a time has", commandRestore},
	{"backup", "", "back up now", func(c *console, _ string) tea.Cmd {
		return c.startBackupWizard(BackupRequest{BackupID: c.desk.BackupID})
	}},
	{"drill", "", "back up, restore, compare, report, clean up", func(c *console, _ string) tea.Cmd {
		return c.startDrillWizard(DrillRequest{BackupID: c.desk.BackupID})
	}},
	{"validate", "[RESTORE]", "compare a restore with the archive", func(c *console, args string) tea.Cmd {
		return c.startValidationWizard(ValidationRequest{BackupID: c.desk.BackupID, RestoreID: args})
	}},
}

// splitWindow reads "FROM TO", both of which may hold blanks: the longest beginning that is a time is
// FROM.
func splitWindow(text string, now time.Time, zone *time.Location) (archive.Window, error) {
	words := strings.Fields(text)
	var problem error
	for i := len(words); i > 0; i-- {
		w, err := engine.ParseWindow(strings.Join(words[:i], " "), strings.Join(words[i:], " "), now, zone)
		if err == nil {
			return w, nil
		}
		if problem = err; i < len(words) {
			if _, bad := engine.ParseMoment(strings.Join(words[:i], " "), now, zone); bad == nil {
				return w, err // FROM is a time, so it is TO that is wrong
			}
		}
	}
	return archive.Window{}, problem
}

// commandRestore finds the backup that covers a window, and opens the wizard with both.
func commandRestore(c *console, args string) tea.Cmd {
	if args == "" || c.cannotWrite() != "" {
		return c.startRestoreWizard(RestoreRequest{BackupID: c.desk.BackupID})
	}
	w, err := splitWindow(args, c.now(), c.desk.Zone)
	if err != nil {
		return c.failed("restore "+args, err)
	}
	c.note(goodNews, "looking for the backup that covers "+windowWords(w))
	search, at := &loader[found]{}, c.screen()
	return search.load(c, "the backups", func(ctx context.Context) (found, error) { return findRun(ctx, c, c.desk.BackupID, w) }, func() tea.Cmd {
		f := search.value
		switch {
		case c.screen() != at:
			return c.told("the backup that covers it was found; :restore " + args + " opens it")
		case f.run == "":
			c.note(badNews, "no backup holds any record: there is nothing to restore")
			return nil
		case !f.covers:
			c.note(badNews, "no backup covers "+windowWords(w)+"; the nearest, "+f.run+", covers "+minute(f.lo)+" → "+minute(f.end)+" UTC")
		default:
			c.note(goodNews, "run "+f.run+" covers it")
		}
		return c.startRestoreWizard(RestoreRequest{BackupID: f.backup, RunID: f.run, Window: w})
	})
}
