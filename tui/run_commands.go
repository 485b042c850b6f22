package tui

import (
	"kustody/engine"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// backupCommands are the commands of the browsing screens.
var backupCommands = []command{
	{"run", "ID", "open a run; the beginning of its id is enough", func(c *console, id string) tea.Cmd { return c.openRunLike(id) }},
}

// openRunLike opens the one run whose id begins with a text.
func (c *console) openRunLike(id string) tea.Cmd {
	if id == "" {
		c.note(badNews, "which run? :run and the beginning of its id")
		return nil
	}
	switch {
	case c.data.backups.has:
		return c.openFound(id)
	case c.data.backups.loading:
		return c.told("the runs are still being read: try again when they are there")
	}
	return c.loadBackups(true, func() tea.Cmd { return c.openFound(id) })
}

// openFound opens the run of the list whose id begins with a text, or says why none.
func (c *console) openFound(id string) tea.Cmd {
	list := c.data.backups.value
	var found []engine.BackupItem
	for _, b := range list.Backups {
		if b.RunID == id {
			found = []engine.BackupItem{b}
			break
		}
		if strings.HasPrefix(b.RunID, id) || strings.HasPrefix(b.BackupID+"/"+b.RunID, id) {
			found = append(found, b)
		}
	}
	switch len(found) {
	case 0:
		c.note(badNews, "no finished run's id begins with "+id+"; there are "+itoa(len(list.Backups))+" in "+c.desk.Location)
		return nil
	case 1:
		return c.openRun(found[0].BackupID, found[0].RunID)
	}
	c.note(badNews, itoa(len(found))+" runs begin with "+id+", the newest is "+found[len(found)-1].RunID+": write more of the id")
	return nil
}
