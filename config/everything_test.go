package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEveryKeyLoads(t *testing.T) {
	got := without(load(t, "everything.toml"))
	seconds := func(d time.Duration) Duration { return Duration(d) }
	w := want(func(c *Config) {
		c.Mode, c.BackupID, c.BackupIDRaw, c.TriggeredBy, c.TimeZone = "drill", "all-20261121", "all-${DATE}", "test", "Europe/Berlin"
		c.Source = Cluster{
			BootstrapServers: []string{"a:9092", "b:9093"}, Cluster: "AAAAAAAAAAAAAAAAAAAAAA", Production: true,
			Topics: Topics{Include: []string{"orders", "pay-*", "/^x[0-9]+$/"}},
			Security: Security{Protocol: "SASL_SSL", Mechanism: "SCRAM-SHA-512", Username: "u", Password: NewSecret("source-password"),
				CALocation: "ca.pem", CertificateLocation: "cert.pem", KeyLocation: "key.pem", KeyPassword: NewSecret("key-password"),
				EndpointIdentification: "none", ServerName: "kafka"},
			Properties: map[string]string{"client.id": "kustody-1", "socket.timeout.ms": "60000", "fetch.max.bytes": "1048576"},
		}
		c.Target.BootstrapServers = []string{"[::1]:9092"}
		c.Storage = Storage{Backend: "s3", Path: "s3://bucket/deep/", Region: "eu-central-1", Endpoint: "http://localhost:9000", Prefix: "prod",
			AccessKeyID: NewSecret("access"), SecretAccessKey: NewSecret("secret-key"), PathStyle: true, AllowHTTP: true, SSE: "aws:kms", SSEKMSKeyID: "kms"}
		c.Backup = Backup{Compression: "gzip", CompressionLevel: 6, Inspect: "batches", SourceClusterID: "prod", Continuous: true,
			Interval: seconds(90 * time.Minute), SegmentMaxBytes: 64 << 20, MaxBytesPerSecond: 1e6, OnMissingTopic: "warn",
			TransactionGrace: seconds(24 * time.Hour), ConsumerGroups: Groups{Enabled: true, Patterns: []string{"app-*"}},
			MaxInFlightBytes: 3 << 29, Workers: 4, Full: true}
		c.Restore = Restore{RestoreID: "r1", Run: "20261120T020000Z-abcdef", Topics: Topics{Include: []string{"*"}, Exclude: []string{"x1"}},
			TopicMapping: map[string]string{"orders": "orders-2"}, AllowExisting: true,
			TimeWindowStart: At(1795136400000), TimeWindowEnd: At(1795140000000), ApplyConfigs: "at_end", ACLs: "copy",
			ConsumerGroups:       RestoreGroups{Enabled: true, Mapping: map[string]string{"app-1": "app-2"}},
			IncludeOffsetHeaders: true, Repartition: "round_robin", Partitions: Partitions{Topics: map[string]int{"orders": 12}},
			ReplicationFactor: 2, MaxBytesPerSecond: 10e6, DryRun: true, Workers: 2}
		c.Checks = Checks{ArchiveIntegrity: Check{true}, Capture: Check{true}, Scope: Check{true},
			MessageCount: MessageCountCheck{Enabled: true, Mode: "tolerance", FailThreshold: 1, Tolerance: 5, Topics: Topics{Include: []string{"orders"}}},
			Content:      ContentCheck{Enabled: true, Sample: 0.25, Topics: Topics{Include: []string{"orders"}, Exclude: []string{"pay-1"}}}}
		c.Evidence = Evidence{Formats: []string{"json"}, Series: "weekly-series",
			Schedule:         Schedules{{"report", "0 2 * * 0"}, {"backup", "daily"}},
			ScheduleTimeZone: "Europe/Berlin", ScheduleTolerance: seconds(60 * time.Hour), ScheduleFrom: At(1767222000000),
			Operator: "someone", Signing: Signing{Enabled: true, PrivateKeyPath: "key.pem", PublicKeyPath: "pub.pem", KeyID: "0123456789abcdef"},
			Storage: EvidenceStorage{Storage: Storage{Backend: "filesystem", Path: "file:///srv/evidence", Prefix: "audit/"},
				RetentionDays: 2557, RetentionMode: "governance"},
			RetentionDays: 2557, Compliance: Compliance{[]string{"sox_itgc", "soc2"}}, ClockTolerance: seconds(5 * time.Minute),
			PublicKeys: []string{"a.pem", "b.pem"}}
		c.Notifications = Notifications{Slack{NewSecret("https://slack.example/hook-secret")}, Webhook{NewSecret("https://example.com/hook-token")}, PagerDuty{NewSecret("pager-key")}}
		c.Metrics = Metrics{Enabled: true, Address: "localhost:9100"}
		c.Console = Console{TimeZone: "Asia/Tokyo", Theme: "dark", ASCII: true}
		c.ChecksSet, c.EvidenceSet = true, true
	})
	if len(got.Warnings) != 4 {
		t.Errorf("warnings %q", got.Warnings)
	}
	got.Warnings = nil
	if !reflect.DeepEqual(got, w) {
		t.Errorf("\n got %+v\nwant %+v", got, w)
	}
	if err := load(t, "everything.toml").Validate("drill"); err != nil {
		t.Error(err)
	}
	if on := strings.Join(got.Checks.Enabled(), " "); on != "archive_integrity capture message_count content scope" {
		t.Errorf("enabled checks: %s", on)
	}
	if got.Restore.Partitions.For("orders") != 12 || got.Restore.Partitions.For("x") != 0 || got.Evidence.Retention() != 2557 {
		t.Error("Partitions.For or Retention")
	}
}

// The fixture above really holds every key of the schema, and every key is documented.
func TestEverythingNamesEveryKey(t *testing.T) {
	c := load(t, "everything.toml")
	walkSchema(reflect.TypeFor[Config](), "", func(path string, f field) {
		switch {
		case strings.HasPrefix(path, "target."), strings.HasPrefix(path, "checks."), // the same structs as above
			strings.HasSuffix(path, ".include"), strings.HasSuffix(path, ".exclude"),
			strings.HasPrefix(path, "evidence.storage."), path == "storage.bucket", path == "storage.profile", // contradict others
			path == "evidence.timestamp_authority", path == "evidence.signing.enabled":
			return
		}
		if c.origin.lines[path] == 0 {
			t.Errorf("testdata/everything.toml lacks %s", path)
		}
		if f.doc == "" {
			t.Errorf("%s has no doc", path)
		}
	})
}

func TestWaysToWriteThings(t *testing.T) {
	for _, x := range []struct {
		name, text string
		ok         func(c *Config) bool
	}{
		{"x.yaml", "target: {bootstrap_servers: 'a:1, b:2'}", func(c *Config) bool { return len(c.Target.BootstrapServers) == 2 }},
		{"x.yaml", "source: {topics: orders}", func(c *Config) bool { return c.Source.Topics.Include[0] == "orders" }},
		{"x.yaml", "backup_id: 2024", func(c *Config) bool { return c.BackupID == "2024" && c.BackupIDRaw == "2024" }},
		{"x.yaml", "source: {security: {sasl_password: 0123}}", func(c *Config) bool { return c.Source.Security.Password.Reveal() == "0123" }},
		{"x.yaml", "source: {properties: {socket.timeout.ms: 5000}}", func(c *Config) bool { return c.Source.Properties["socket.timeout.ms"] == "5000" }},
		{"x.yaml", "backup: {workers: '8', acls: 'false', full: yes}", func(c *Config) bool { return c.Backup.Workers == 8 && !c.Backup.ACLs && c.Backup.Full }},
		{"x.yaml", "backup:\n  workers: ${N}\n  full: ${B}", func(c *Config) bool { return c.Backup.Workers == 8 && c.Backup.Full }},
		{"x.toml", "backup = {workers = '${N}', full = '${B}'}", func(c *Config) bool { return c.Backup.Workers == 8 && c.Backup.Full }},
		{"x.yaml", "restore: {time_window_start: '1701388800000'}", func(c *Config) bool { return c.Restore.TimeWindowStart == At(1701388800000) }},
		{"x.yaml", "restore: {time_window_start: 2023-12-01T00:00:00Z}", func(c *Config) bool { return c.Restore.TimeWindowStart == At(1701388800000) }},
		{"x.yaml", "restore: {time_window_start: 0}", func(c *Config) bool { return c.Restore.TimeWindowStart.Set }},
		{"x.toml", "restore.time_window_start = 2023-12-01T01:00:00+01:00", func(c *Config) bool { return c.Restore.TimeWindowStart == At(1701388800000) }},
		{"x.yaml", "restore: {consumer_groups: [a, b]}", func(c *Config) bool {
			return c.Restore.ConsumerGroups.Enabled && len(c.Restore.ConsumerGroups.Patterns) == 2
		}},
		{"x.yaml", "restore: {consumer_groups: true, partitions: 3}", func(c *Config) bool { return c.Restore.ConsumerGroups.Enabled && c.Restore.Partitions.For("x") == 3 }},
		{"x.yaml", "backup: {consumer_groups: []}", func(c *Config) bool { return !c.Backup.ConsumerGroups.Enabled }},
		{"x.yaml", "backup: {consumer_groups: false}", func(c *Config) bool { return !c.Backup.ConsumerGroups.Enabled }},
		{"x.yaml", "backup:\nsource:\n  security:\n", func(c *Config) bool { return c.Backup.ACLs }},
		{"x.yaml", "backup: {compression: , acls: ~, segment_max_bytes: null}\nevidence: {formats: }", func(c *Config) bool {
			return c.Backup.Compression == "auto" && c.Backup.ACLs && c.Backup.SegmentMaxBytes == 128<<20 && len(c.Evidence.Formats) == 1
		}},
		{"x.yaml", "checks:\n  scope:\n", func(c *Config) bool { return c.ChecksSet && strings.Join(c.Checks.Enabled(), "") == "scope" }},
		{"x.toml", "[checks]", func(c *Config) bool { return c.ChecksSet && len(c.Checks.Enabled()) == 0 }},
		{"x.toml", "", func(c *Config) bool { return !c.ChecksSet && len(c.Checks.Enabled()) == 7 && !c.EvidenceSet }},
		{"x.yaml", "# nothing\n---\n# here\n", func(c *Config) bool { return c.Backup.ACLs }},
		{"x.yaml", "evidence: {schedule: weekly}", func(c *Config) bool { return c.Evidence.Schedule[0] == Schedule{"report", "weekly"} }},
		{"x.yaml", "evidence: {schedule: {kind: backup, cron: daily}}", func(c *Config) bool { return c.Evidence.Schedule[0] == Schedule{"backup", "daily"} }},
		{"x.yaml", "evidence: {schedule_from: 2026-01-01}", func(c *Config) bool { return c.Evidence.ScheduleFrom == At(1767225600000) }},
		{"x.yaml", "evidence: {signing: {enabled: false, private_key_path: k}}", func(c *Config) bool { return !c.Evidence.Signing.Enabled }},
		{"x.yaml", "s: &s {backend: filesystem, path: /a}\n", nil}, // an unknown key stays one
		{"x.yaml", "storage: &s {path: /a}\nevidence: {storage: *s}", func(c *Config) bool { return c.Evidence.Storage.Path == "/a" }},
		{"conf", "\xEF\xBB\xBF# c\nbackup_id: x\n", func(c *Config) bool { return c.BackupID == "x" }},
		{"conf", "# c\r\nbackup_id = 'x'\r\n", func(c *Config) bool { return c.BackupID == "x" }},
		{"conf", "[storage]\npath = 'x'", func(c *Config) bool { return c.Storage.Path == "x" }},
		{"x.json", `{"storage": {"path": "/x"}}`, func(c *Config) bool { return c.Storage.Backend == "" && c.Storage.Located().Backend == "filesystem" }},
	} {
		c, err := Parse(x.name, []byte(x.text), options("N", "8", "B", "true"))
		if x.ok == nil {
			if err == nil {
				t.Errorf("%s: no error", x.text)
			}
			continue
		}
		if err != nil || !x.ok(c) {
			t.Errorf("%s: %v %+v", x.text, err, c)
		}
	}
}

func TestMechanismSpellings(t *testing.T) {
	for spelling, want := range map[string]string{"SCRAM-SHA-512": "SCRAM-SHA-512", "SCRAM-SHA512": "SCRAM-SHA-512", "SCRAM_SHA_512": "SCRAM-SHA-512",
		"scram-sha-256": "SCRAM-SHA-256", "plain": "PLAIN", "OAUTHBEARER": "OAUTHBEARER"} {
		c, err := Parse("x.yaml", []byte("source: {security: {sasl_mechanism: "+spelling+"}}"), options())
		if err != nil || c.Source.Security.Mechanism != want {
			t.Errorf("%s: %v", spelling, err)
		}
	}
}

func TestLocated(t *testing.T) {
	for _, x := range []struct{ in, want Storage }{
		{Storage{Path: "/a"}, Storage{Backend: "filesystem", Path: "/a"}},
		{Storage{Path: "a/b", Prefix: "p"}, Storage{Backend: "filesystem", Path: "a/b", Prefix: "p"}},
		{Storage{Path: "file:///a%20b"}, Storage{Backend: "filesystem", Path: "/a b"}},
		{Storage{Path: "s3://b/p/q/", Prefix: "/r"}, Storage{Backend: "s3", Bucket: "b", Prefix: "p/q/r"}},
		{Storage{Path: "S3://b"}, Storage{Backend: "s3", Bucket: "b"}},
		{Storage{Bucket: "b", Prefix: "p"}, Storage{Backend: "s3", Bucket: "b", Prefix: "p"}},
		{Storage{Path: "gs://b"}, Storage{Path: "gs://b"}},
		{Storage{}, Storage{}},
	} {
		if got := x.in.Located(); got != x.want {
			t.Errorf("%+v: got %+v, want %+v", x.in, got, x.want)
		}
	}
}

func TestEvidencePlace(t *testing.T) {
	c := Default()
	c.Storage = Storage{Path: "s3://b/archive", Region: "r", AccessKeyID: NewSecret("a")}
	if p := c.EvidencePlace(); p.Bucket != "b" || p.Prefix != "evidence/" || p.Region != "r" || p.AccessKeyID.Reveal() != "a" {
		t.Errorf("inherited: %+v", p)
	}
	c.Evidence.Storage.Bucket, c.Evidence.Storage.Backend = "locked", "s3"
	if p := c.EvidencePlace(); p.Bucket != "locked" || p.Prefix != "evidence/" || p.AccessKeyID.IsSet() {
		t.Errorf("own: %+v", p)
	}
}
