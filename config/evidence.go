package config

import (
	"cmp"
	"time"
)

// Evidence is what is written for auditors. Config.EvidenceSet says whether there was such a section.
type Evidence struct {
	Formats            []string        `key:"formats" enum:"json|pdf" doc:"Forms of a report. This version writes json; pdf loads with a warning."`
	Series             string          `key:"series" doc:"Name of what repeats; default backup_id as written."`
	Schedule           Schedules       `key:"schedule" doc:"When reports are due: a cron line or a word (weekly), or a list of tables with kind and cron."`
	ScheduleTimeZone   string          `key:"schedule_time_zone" doc:"IANA zone of the schedule; default UTC."`
	ScheduleTolerance  Duration        `key:"schedule_tolerance" doc:"How late a slot may be filled."`
	ScheduleFrom       Instant         `key:"schedule_from" doc:"First instant the schedule counts from."`
	Operator           string          `key:"operator" doc:"Person who answers for the job; stands in reports as self-declared."`
	Signing            Signing         `key:"signing" doc:"The key that signs."`
	Storage            EvidenceStorage `key:"storage" doc:"Where evidence lies; default the bucket or directory of [storage], under evidence/."`
	RetentionDays      int             `key:"retention_days" min:"1" max:"36500" doc:"As evidence.storage.retention_days."`
	Compliance         Compliance      `key:"compliance" doc:"Control mappings."`
	ClockTolerance     Duration        `key:"clock_tolerance" doc:"How far the clock may be behind the ledger."`
	PublicKeys         []string        `key:"public_keys" doc:"PEM files of the keys that are trusted."`
	TimestampAuthority string          `key:"timestamp_authority" doc:"RFC 3161 authority. Not in this version."`
}

// Signing is the key that signs evidence. A private_key_path alone enables it.
type Signing struct {
	Enabled        bool   `key:"enabled" doc:"Whether evidence is signed; default true where private_key_path is set."`
	PrivateKeyPath string `key:"private_key_path" doc:"PEM file of an ECDSA P-256 key, PKCS#8."`
	PublicKeyPath  string `key:"public_key_path" doc:"PEM file of its public half, if the two should be compared."`
	KeyID          string `key:"key_id" doc:"Key id that is expected; another one stops the job."`
}

// Compliance chooses control mappings.
type Compliance struct {
	Frameworks []string `key:"frameworks" enum:"sox_itgc|gdpr_art32|hipaa|pci_dss|soc2|mifid2|cmmc" doc:"Mappings that a report holds; default all."`
}

// Schedule says when one kind of thing is due.
type Schedule struct {
	Kind string `key:"kind" enum:"report|backup" doc:"What is due."`
	Cron string `key:"cron" doc:"Five cron fields, or a word such as weekly."`
}

// Retention is how many days evidence is kept, 0 if that was not said.
func (e Evidence) Retention() int { return cmp.Or(e.Storage.RetentionDays, e.RetentionDays) }

// Series is the name of the series: evidence.series, else backup_id as written, before ${...} was
// filled in.
func (c *Config) Series() string {
	return cmp.Or(c.Evidence.Series, c.BackupIDRaw, c.BackupID)
}

// Default is the configuration of an empty file.
func Default() *Config {
	return &Config{
		Backup: Backup{
			Compression: "auto", Inspect: "records", StopAtCurrentOffsets: true,
			SegmentMaxBytes: 128 << 20, OnMissingTopic: "error", TransactionGrace: Duration(15 * time.Minute),
			ConsumerGroups: Groups{Enabled: true}, ACLs: true,
		},
		Restore: Restore{Run: "latest", CreateTopics: true, ApplyConfigs: "never", ACLs: "none"},
		Checks: Checks{
			ArchiveIntegrity: Check{true}, Capture: Check{true},
			MessageCount: MessageCountCheck{Enabled: true, Mode: "exact"},
			OffsetRange:  Check{true}, Content: ContentCheck{Enabled: true, Sample: 1},
			ConsumerGroupOffsets: Check{true}, Scope: Check{true},
		},
		Evidence: Evidence{
			Formats: []string{"json"}, ClockTolerance: Duration(5 * time.Minute),
			ScheduleTimeZone: "UTC",
			Storage:          EvidenceStorage{Storage: Storage{Prefix: "evidence/"}, RetentionMode: "compliance"},
		},
		Console: Console{TimeZone: "UTC", Theme: "auto"},
	}
}
