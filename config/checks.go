package config

// Checks are the questions a validation asks. Each is true, false, or a table; a table without
// enabled is enabled. Without the section all are enabled (Config.ChecksSet tells).
type Checks struct {
	ArchiveIntegrity     Check             `key:"archive_integrity" doc:"Segments against manifests and signatures."`
	Capture              Check             `key:"capture" doc:"Whether the run has no gap and no missing topic."`
	MessageCount         MessageCountCheck `key:"message_count" doc:"Records restored against records captured."`
	OffsetRange          Check             `key:"offset_range" doc:"Captured ranges present through the offset map."`
	Content              ContentCheck      `key:"content" doc:"Every record, field by field."`
	ConsumerGroupOffsets Check             `key:"consumer_group_offsets" doc:"Groups stand where the offset map says."`
	Scope                Check             `key:"scope" doc:"Nothing in scope has no verdict."`
}

// Check is one question that has nothing to set.
type Check struct {
	Enabled bool `key:"enabled" doc:"Whether it runs."`
}

// MessageCountCheck compares numbers of records.
type MessageCountCheck struct {
	Enabled       bool   `key:"enabled" doc:"Whether it runs."`
	Mode          string `key:"mode" enum:"exact|tolerance" doc:"exact allows no difference."`
	FailThreshold int64  `key:"fail_threshold" min:"0" doc:"Partitions with a discrepancy that are still allowed."`
	Tolerance     int64  `key:"tolerance" min:"0" doc:"With mode tolerance: records by which one partition may differ."`
	Topics        Topics `key:"topics" doc:"Source topics that are compared; default all that were restored."`
}

// ContentCheck compares records.
type ContentCheck struct {
	Enabled bool    `key:"enabled" doc:"Whether it runs."`
	Sample  float64 `key:"sample" doc:"Share of records that is compared, above 0 and at most 1; default 1, all. Less is not evidence for a control."`
	Topics  Topics  `key:"topics" doc:"Source topics that are compared; default all that were restored."`
}

// Enabled lists the keys of the checks that run, in the order of the schema.
func (c Checks) Enabled() []string {
	var on []string
	for _, x := range []struct {
		key string
		on  bool
	}{
		{"archive_integrity", c.ArchiveIntegrity.Enabled},
		{"capture", c.Capture.Enabled},
		{"message_count", c.MessageCount.Enabled},
		{"offset_range", c.OffsetRange.Enabled},
		{"content", c.Content.Enabled},
		{"consumer_group_offsets", c.ConsumerGroupOffsets.Enabled},
		{"scope", c.Scope.Enabled},
	} {
		if x.on {
			on = append(on, x.key)
		}
	}
	return on
}
