package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are known in a container without any too
)

func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// allOff turns every check off, for a section that then turns some on.
func (c *Checks) allOff() {
	for _, on := range []*bool{
		&c.ArchiveIntegrity.Enabled, &c.Capture.Enabled, &c.MessageCount.Enabled, &c.OffsetRange.Enabled,
		&c.Content.Enabled, &c.ConsumerGroupOffsets.Enabled, &c.Scope.Enabled,
	} {
		*on = false
	}
}

// zones reads the zones first, because times are read in them.
func (d *decoder) zones(root *node) {
	d.zone = d.loadZone(root.get("time_zone"), "time_zone")
	if z := d.loadZone(root.get("evidence").get("schedule_time_zone"), "evidence.schedule_time_zone"); z != nil {
		d.schedule = z
	}
	d.loadZone(root.get("console").get("time_zone"), "console.time_zone")
}

func (d *decoder) loadZone(n *node, path string) *time.Location {
	if n == nil || n.bad || n.kind != textKind || n.text == "" {
		return nil
	}
	zone, err := time.LoadLocation(n.text)
	if err != nil {
		d.fail(n, path, "write a name such as UTC or Europe/Berlin", "no time zone is called %s", short(n.raw))
		return nil
	}
	return zone
}

// zoneOf is the zone in which a time without an offset is read at path.
func (d *decoder) zoneOf(path string) *time.Location {
	if strings.HasPrefix(path, "evidence.") {
		return d.schedule
	}
	return d.zone
}

// finish checks what needs more than one key and can be told a line, and fills in what follows.
func (d *decoder) finish(root *node, c *Config) {
	for name, cluster := range map[string]*Cluster{"source": &c.Source, "target": &c.Target} {
		if n := root.get(name).get("properties"); n != nil {
			d.properties(n, name, cluster)
		}
	}
	signing := root.get("evidence").get("signing")
	if signing.get("enabled") == nil && c.Evidence.Signing.PrivateKeyPath != "" {
		c.Evidence.Signing.Enabled = true
	}
	slices.SortStableFunc(d.problems, func(a, b *Error) int { return a.Line - b.Line })
	c.warn(root)
}

// properties refuses names that only one of the two Kafka clients would understand.
func (d *decoder) properties(n *node, section string, c *Cluster) {
	for _, e := range n.entries {
		if slices.Contains(properties, e.key) {
			continue
		}
		remedy := "it can be " + oneOf(properties)
		if key, ok := propertyKeys[e.key]; ok {
			remedy = fmt.Sprintf("use %s.%s", section, key)
		} else if near := nearest(e.key, properties); near != "" {
			remedy = fmt.Sprintf("did you mean %s?", quoteKey(near))
		}
		d.fail(&node{line: e.line}, join2(section+".properties", e.key), remedy, "this property does not mean the same to both Kafka clients")
	}
}

// warn collects what was read and has no effect in this version.
func (c *Config) warn(root *node) {
	add := func(key, sentence string) { c.Warnings = append(c.Warnings, key+": "+sentence) }
	if c.Backup.IncludeOffsetHeaders {
		add("backup.include_offset_headers", "has no effect; segments keep the original offsets")
	}
	if !c.Backup.StopAtCurrentOffsets && !c.Backup.Continuous {
		add("backup.stop_at_current_offsets", "false has no effect without continuous; a run ends at the offsets frozen at its start")
	}
	if slices.Contains(c.Evidence.Formats, "pdf") {
		add("evidence.formats", "pdf is not written by this version; json is")
	}
	if len(c.Evidence.Schedule) > 0 && !c.Evidence.Signing.Enabled {
		add("evidence.schedule", "without a signing key there is no ledger, and no slot is kept")
	}
	for _, key := range []string{"slack", "webhook", "pagerduty"} {
		if root.get("notifications").get(key) != nil {
			add("notifications."+key, "notifications are not sent by this version")
		}
	}
	if root.get("metrics") != nil {
		add("metrics", "metrics are not served by this version")
	}
	for key, at := range map[string]Instant{"start": c.Restore.TimeWindowStart, "end": c.Restore.TimeWindowEnd} {
		if ms := at.Millis; at.Set && ms > 1e9 && ms < 1e10 {
			add("restore.time_window_"+key, fmt.Sprintf("%d is in January to April 1970; times count milliseconds, was it meant in seconds?", ms))
		}
	}
	slices.Sort(c.Warnings)
}
