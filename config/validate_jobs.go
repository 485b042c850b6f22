package config

import (
	"maps"
	"slices"
	"strings"
)

// maxLevels are the highest compression levels; a codec without one has no levels.
var maxLevels = map[string]int{"auto": 22, "zstd": 22, "gzip": 9, "lz4": 12}

func (v *checker) backup() {
	b := v.c.Backup
	most, ok := maxLevels[b.Compression]
	switch {
	case b.CompressionLevel > 0 && !ok:
		v.add("backup.compression_level", "remove it", "%s has no levels", b.Compression)
	case b.CompressionLevel > most:
		v.add("backup.compression_level", "", "%s has levels up to %d", b.Compression, most)
	}
	if b.Continuous && b.Interval <= 0 {
		v.add("backup.interval", "write interval = \"15m\"", "continuous needs the time between two runs")
	}
	if b.Interval > 0 && !b.Continuous {
		v.add("backup.interval", "write continuous = true, or remove it", "has no effect without continuous")
	}
	if b.SegmentMaxBytes <= 0 {
		v.add("backup.segment_max_bytes", "write \"128MiB\"", "must be more than nothing")
	}
	v.patterns("backup.consumer_groups", Topics{Include: b.ConsumerGroups.Patterns}, false)
}

func (v *checker) restore() {
	r := v.c.Restore
	if r.TimeWindowStart.Set && r.TimeWindowEnd.Set && r.TimeWindowStart.Millis >= r.TimeWindowEnd.Millis {
		v.add("restore.time_window_end", "the end is not part of the window: make it later than the start", "the window is empty")
	}
	if r.RestoreID != "" && (!legalTopic(r.RestoreID) || len(r.RestoreID) > 100) {
		v.add("restore.restore_id", "use letters, digits and . _ - only, at most 100", "becomes part of topic names and cannot hold other characters")
	}
	if r.Run == "" || strings.ContainsAny(r.Run, "/\\ ") {
		v.add("restore.run", "write latest, or a run id as kustody list shows it", "is not a run id")
	}
	if r.Repartition == "" && !r.Partitions.IsZero() {
		v.add("restore.partitions", "write repartition = \"murmur2\" or \"round_robin\"", "another number of partitions needs a way to spread records")
	}
	if r.Repartition != "" && r.Partitions.IsZero() {
		v.add("restore.repartition", "write partitions = 12, or a table from topic to number", "the number of partitions is missing")
	}
	v.patterns("restore.topics", r.Topics, true)
	v.patterns("restore.consumer_groups", Topics{Include: r.ConsumerGroups.Patterns}, false)
	v.mapping(r)
	for _, topic := range slices.Sorted(maps.Keys(r.Partitions.Topics)) {
		v.chosen(join2("restore.partitions", topic), topic, r.Topics)
	}
	for _, group := range slices.Sorted(maps.Keys(r.ConsumerGroups.Mapping)) {
		v.missing(join2("restore.consumer_groups", group), r.ConsumerGroups.Mapping[group] != "", "write the group's new name")
	}
}

// mapping refuses names that cannot be, two topics with one target, and topics that are not restored.
func (v *checker) mapping(r Restore) {
	from := map[string]string{}
	for _, source := range slices.Sorted(maps.Keys(r.TopicMapping)) {
		key, target := join2("restore.topic_mapping", source), r.TopicMapping[source]
		if !legalTopic(source) || !legalTopic(target) {
			v.add(key, "use letters, digits and . _ - only, at most 249; patterns cannot be mapped", "source and target must be names of topics")
			continue
		}
		if other, ok := from[target]; ok {
			v.add(key, "give each its own target", "%s is restored into %s too", other, target)
		}
		from[target] = source
		v.chosen(key, source, r.Topics)
	}
}

// chosen reports a topic that is named beside restore.topics but not chosen by it.
func (v *checker) chosen(key, topic string, t Topics) {
	p, err := t.Compile()
	if err == nil && !p.Match(topic, false) {
		v.add(key, "add it to restore.topics, or remove it here", "the topic is not among those that are restored")
	}
}

func (v *checker) checks() {
	c := v.c.Checks
	if v.c.ChecksSet && len(c.Enabled()) == 0 {
		v.add("checks", "enable one, or remove the section to run all", "no check is enabled")
	}
	if c.MessageCount.Mode == "exact" && c.MessageCount.Tolerance > 0 {
		v.add("checks.message_count.tolerance", "write mode = \"tolerance\", or remove it", "mode exact has no tolerance")
	}
	if c.MessageCount.Mode == "tolerance" && c.MessageCount.Tolerance == 0 && c.MessageCount.FailThreshold == 0 {
		v.add("checks.message_count.tolerance", "write the number of records, or mode = \"exact\"", "mode tolerance needs one")
	}
	if c.Content.Sample <= 0 || c.Content.Sample > 1 {
		v.add("checks.content.sample", "write a share such as 0.1, or remove it to compare all", "must be above 0 and at most 1")
	}
	v.patterns("checks.message_count.topics", c.MessageCount.Topics, true)
	v.patterns("checks.content.topics", c.Content.Topics, true)
}
