package config

import (
	"reflect"
)

// Topics says which topics are meant. Nothing in Include means all of them.
type Topics struct {
	Include []string `key:"include" doc:"Names, globs and /regular expressions/ that are taken."`
	Exclude []string `key:"exclude" doc:"Names, globs and /regular expressions/ that are left out again."`
}

// IsZero says that nothing was written down.
func (t Topics) IsZero() bool { return len(t.Include) == 0 && len(t.Exclude) == 0 }

func (t *Topics) fromNode(d *decoder, n *node, path string) {
	if n.kind == tableKind {
		d.table(n, reflect.ValueOf(t).Elem(), path)
		return
	}
	if n.kind == textKind || n.kind == listKind || n.plain {
		t.Include = d.list(n, path, field{})
		return
	}
	d.fail(n, path, "write a list of names, or a table with include and exclude", "must be a list or a table, not %s", n.sort())
}

// Groups says which consumer groups are meant: none, all (Enabled without Patterns), or some.
type Groups struct {
	Enabled  bool
	Patterns []string
}

func (g *Groups) fromNode(d *decoder, n *node, path string) {
	if n.kind == listKind {
		g.Patterns = d.list(n, path, field{})
		g.Enabled = len(n.items) > 0
		return
	}
	if n.kind == tableKind {
		d.fail(n, path, "write true, false or a list of patterns", "must be true, false or a list, not a table")
		return
	}
	g.Patterns = nil
	d.boolean(n, reflect.ValueOf(&g.Enabled).Elem(), path)
}

// RestoreGroups says which consumer groups are restored, and under which names. Mapping alone
// restores exactly the groups it names.
type RestoreGroups struct {
	Enabled  bool
	Patterns []string
	Mapping  map[string]string // captured name to restored name
}

func (g *RestoreGroups) fromNode(d *decoder, n *node, path string) {
	if n.kind == tableKind {
		g.Mapping = d.stringMap(n, path)
		g.Enabled = len(g.Mapping) > 0
		return
	}
	var plain Groups
	plain.fromNode(d, n, path)
	*g = RestoreGroups{Enabled: plain.Enabled, Patterns: plain.Patterns}
}

// Compile reads the patterns of g; groups that Mapping names are not among them.
func (g RestoreGroups) Compile() (*Patterns, error) { return Compile(g.Patterns, nil) }

// Partitions says how many partitions restored topics get: All for every topic, or by source topic.
type Partitions struct {
	All    int
	Topics map[string]int
}

// For is the number of partitions for a source topic, 0 if nothing was said.
func (p Partitions) For(topic string) int {
	if n, ok := p.Topics[topic]; ok {
		return n
	}
	return p.All
}

// IsZero says that nothing was written down.
func (p Partitions) IsZero() bool { return p.All == 0 && len(p.Topics) == 0 }

func (p *Partitions) fromNode(d *decoder, n *node, path string) {
	one, most := int64(1), int64(100_000)
	limits := field{min: &one, max: &most}
	if n.kind != tableKind {
		if i, ok := d.integer(n, path, limits); ok {
			p.All = int(i)
		}
		return
	}
	p.Topics = make(map[string]int, len(n.entries))
	for _, e := range n.entries {
		at := join2(path, e.key)
		d.lines[at] = e.line
		if i, ok := d.integer(e.value, at, limits); ok {
			p.Topics[e.key] = int(i)
		}
	}
}

// Schedules says what is due when. One text is the schedule of reports.
type Schedules []Schedule

func (s *Schedules) fromNode(d *decoder, n *node, path string) {
	*s = nil
	if n.kind == textKind {
		*s = Schedules{{Kind: "report", Cron: n.text}}
		return
	}
	items := n.items
	if n.kind == tableKind {
		items = []*node{n}
	} else if n.kind != listKind {
		d.fail(n, path, "write a cron line, a word such as weekly, or a list of tables with kind and cron", "must be a text or a list of tables, not %s", n.sort())
		return
	}
	for i, item := range items {
		at := path
		if n.kind == listKind {
			at = indexed(path, i)
		}
		one := Schedule{Kind: "report"}
		d.lines[at] = item.line
		if item.kind == textKind {
			one.Cron = item.text
		} else {
			d.structure(item, reflect.ValueOf(&one).Elem(), at)
		}
		*s = append(*s, one)
	}
}

func (Check) isToggle()             {}
func (MessageCountCheck) isToggle() {}
func (ContentCheck) isToggle()      {}
