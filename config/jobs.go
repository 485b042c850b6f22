package config

// Backup is how a backup is made.
type Backup struct {
	Compression          string   `key:"compression" enum:"auto|producer|none|gzip|snappy|lz4|zstd" doc:"auto keeps batches that arrive compressed and makes others zstd; producer keeps every batch as it was fetched."`
	CompressionLevel     int      `key:"compression_level" min:"0" max:"22" doc:"Level of the codec; 0 is its default."`
	Inspect              string   `key:"inspect" enum:"records|batches" doc:"records walks every record once; batches checks checksums only."`
	IncludeOffsetHeaders bool     `key:"include_offset_headers" doc:"Accepted and without effect: segments keep offsets."`
	SourceClusterID      string   `key:"source_cluster_id" doc:"Name of the source in manifests."`
	StopAtCurrentOffsets bool     `key:"stop_at_current_offsets" doc:"Capture exactly what is there when the run starts. This is what a run does; false only with continuous."`
	Continuous           bool     `key:"continuous" doc:"Start the next run when interval has passed."`
	Interval             Duration `key:"interval" doc:"Time between the starts of two runs in continuous mode."`
	SegmentMaxBytes      Size     `key:"segment_max_bytes" doc:"Largest segment."`
	MaxBytesPerSecond    Size     `key:"max_bytes_per_second" doc:"Limit of the whole job; 0 is none."`
	OnMissingTopic       string   `key:"on_missing_topic" enum:"error|warn" doc:"What a topic that is not there does: error ends the run, warn records it."`
	TransactionGrace     Duration `key:"transaction_grace" doc:"Age from which an open transaction at the end is a finding."`
	ConsumerGroups       Groups   `key:"consumer_groups" doc:"true, false, or a list of group patterns whose offsets are captured."`
	ACLs                 bool     `key:"acls" doc:"Whether ACLs are captured."`
	MaxInFlightBytes     Size     `key:"max_in_flight_bytes" doc:"Memory for data on its way; 0 lets the engine choose."`
	Workers              int      `key:"workers" min:"0" max:"1024" doc:"Partitions worked on at once; 0 lets the engine choose."`
	Full                 bool     `key:"full" doc:"Capture everything again instead of going on from the last run."`
}

// Restore is what is restored, and how.
type Restore struct {
	RestoreID            string            `key:"restore_id" doc:"Name of this restore; the same name finishes what died."`
	Run                  string            `key:"run" doc:"Run to restore: a run id, or latest."`
	Topics               Topics            `key:"topics" doc:"Which topics of the archive, by their source names; default all."`
	TopicMapping         map[string]string `key:"topic_mapping" doc:"Source name to target name."`
	CreateTopics         bool              `key:"create_topics" doc:"Whether missing topics are made."`
	AllowExisting        bool              `key:"allow_existing" doc:"Whether topics that hold records may be written to."`
	TimeWindowStart      Instant           `key:"time_window_start" doc:"First timestamp of the window: milliseconds, or RFC 3339."`
	TimeWindowEnd        Instant           `key:"time_window_end" doc:"First timestamp after the window: milliseconds, or RFC 3339."`
	ApplyConfigs         string            `key:"apply_configs" enum:"never|at_end" doc:"When captured topic configs that would lose restored records are set; default never, by restore finish."`
	ACLs                 string            `key:"acls" enum:"none|copy" doc:"What happens to captured ACLs."`
	ConsumerGroups       RestoreGroups     `key:"consumer_groups" doc:"true, false, a list of group patterns, or a table from captured to restored group."`
	IncludeOffsetHeaders bool              `key:"include_offset_headers" doc:"Add original offset, partition and timestamp as headers."`
	Repartition          string            `key:"repartition" enum:"murmur2|round_robin" doc:"How records are spread over another number of partitions."`
	Partitions           Partitions        `key:"partitions" doc:"With repartition: a number, or a table from source topic to number."`
	ReplicationFactor    int               `key:"replication_factor" min:"0" max:"32767" doc:"Of topics that are made; 0 is as captured, capped to the brokers there are."`
	MaxBytesPerSecond    Size              `key:"max_bytes_per_second" doc:"Limit of the whole job; 0 is none."`
	DryRun               bool              `key:"dry_run" doc:"Plan only."`
	Workers              int               `key:"workers" min:"0" max:"1024" doc:"Partitions worked on at once; 0 lets the engine choose."`
}
