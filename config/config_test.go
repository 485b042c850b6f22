package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 20, 23, 30, 0, 0, time.FixedZone("", -3600))

// options are surroundings with a fixed clock and the variables of the fixtures.
func options(env ...string) Options {
	vars := map[string]string{"KAFKA_BACKUP_PASSWORD": "kafka-secret", "SLACK_SOX_CHANNEL_WEBHOOK": "https://slack.example/hook"}
	for i := 0; i < len(env); i += 2 {
		vars[env[i]] = env[i+1]
	}
	return Options{Now: start, LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
}

// readAndParse is what a program does with a configuration.
func readAndParse(path string, o Options) (*Config, error) {
	text, err := Read(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text, o)
}

func load(t *testing.T, name string) *Config {
	t.Helper()
	c, err := readAndParse(filepath.Join("testdata", name), options())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// without drops what differs between two files that say the same.
func without(c *Config) *Config {
	twin := *c
	twin.origin = nil
	return &twin
}

func TestTwinsAreEqual(t *testing.T) {
	for _, name := range []string{"sox-backup", "sox-restore", "sox-validation"} {
		y, m := load(t, name+".yaml"), load(t, name+".toml")
		if !reflect.DeepEqual(without(y), without(m)) {
			t.Errorf("%s: the twins differ\nyaml %+v\ntoml %+v", name, without(y), without(m))
		}
		if y.Digest() != m.Digest() {
			t.Errorf("%s: the twins have different digests", name)
		}
	}
}

// want is Default with changes.
func want(change func(c *Config)) *Config {
	c := Default()
	change(c)
	return c
}

func TestReferenceFiles(t *testing.T) {
	s3 := Storage{Backend: "s3", Bucket: "sox-compliance-backups", Region: "us-east-1", Prefix: "production/weekly"}
	sax := []string{"transactions", "settlements", "audit-log"}
	headers := "backup.include_offset_headers: has no effect; segments keep the original offsets"
	for name, w := range map[string]*Config{
		"sox-backup.yaml": want(func(c *Config) {
			c.Mode, c.BackupID, c.BackupIDRaw = "backup", "financial-data-weekly", "financial-data-weekly"
			c.Source.BootstrapServers = []string{"kafka-prod-0.internal:9092", "kafka-prod-1.internal:9092", "kafka-prod-2.internal:9092"}
			c.Source.Security = Security{Protocol: "SASL_SSL", Mechanism: "SCRAM-SHA-512", Username: "backup-service", Password: NewSecret("kafka-secret")}
			c.Source.Topics.Include = append(slices.Clone(sax), "ledger-*")
			c.Storage = s3
			c.Backup.Compression, c.Backup.CompressionLevel = "zstd", 9
			c.Backup.IncludeOffsetHeaders, c.Backup.SourceClusterID = true, "prod-us-east-1"
			c.Warnings = []string{headers}
		}),
		"sox-restore.yaml": want(func(c *Config) {
			c.Mode, c.BackupID, c.BackupIDRaw = "restore", "financial-data-weekly", "financial-data-weekly"
			c.Target.BootstrapServers = []string{"validation-kafka:9092"}
			c.Storage = s3
			c.Restore.TopicMapping = map[string]string{"transactions": "validation-transactions",
				"settlements": "validation-settlements", "audit-log": "validation-audit-log"}
		}),
		"sox-validation.yaml": want(func(c *Config) {
			c.BackupID, c.BackupIDRaw, c.TriggeredBy = "financial-data-weekly", "financial-data-weekly", "weekly-sox-validation-cron"
			c.Target.BootstrapServers = []string{"validation-kafka:9092"}
			c.Storage = s3
			c.ChecksSet, c.EvidenceSet = true, true
			c.Checks.allOff()
			c.Checks.MessageCount = MessageCountCheck{Enabled: true, Mode: "exact", Topics: Topics{Include: sax}}
			c.Checks.OffsetRange.Enabled = true
			c.Evidence.Formats = []string{"json", "pdf"}
			c.Evidence.Signing = Signing{Enabled: true, PrivateKeyPath: "/etc/kafka-backup/sox-signing-key.pem"}
			c.Evidence.Storage.Prefix, c.Evidence.Storage.RetentionDays = "evidence-reports/sox/", 2555
			c.Notifications.Slack.WebhookURL = NewSecret("https://slack.example/hook")
			c.Warnings = []string{"evidence.formats: pdf is not written by this version; json is",
				"notifications.slack: notifications are not sent by this version"}
		}),
		"long-term.yaml": want(func(c *Config) {
			c.Backup.Compression, c.Backup.CompressionLevel = "zstd", 9
			c.Storage = Storage{Backend: "s3", Bucket: "compliance-archives", Prefix: "kafka/2024"}
		}),
		"audit-trail.yaml": want(func(c *Config) {
			c.Mode, c.BackupID, c.BackupIDRaw = "backup", "audit-20261121", "audit-${DATE}"
			c.Source.Topics.Include = []string{"audit-events", "user-actions", "transactions"}
			c.Backup.IncludeOffsetHeaders, c.Backup.SourceClusterID = true, "production"
			c.Warnings = []string{headers}
		}),
		"point-in-time.yaml": want(func(c *Config) {
			c.Restore.TimeWindowStart, c.Restore.TimeWindowEnd = At(1701388800000), At(1701475200000)
		}),
		"cross-region.yaml": want(func(c *Config) {
			c.Storage = Storage{Backend: "s3", Bucket: "compliance-us-east-1", Region: "us-east-1"}
		}),
		"audit-restore.yaml": want(func(c *Config) {
			c.Mode, c.BackupID, c.BackupIDRaw = "restore", "compliance-q3-2024", "compliance-q3-2024"
			c.Restore.TimeWindowStart, c.Restore.TimeWindowEnd = At(1719792000000), At(1727740800000)
			c.Restore.TopicMapping = map[string]string{"transactions": "audit-investigation-transactions"}
			c.Target.BootstrapServers = []string{"audit-kafka:9092"}
		}),
		"investigation.yaml": want(func(c *Config) {
			c.Restore.TimeWindowStart, c.Restore.TimeWindowEnd = At(1701388800000), At(1701475199000)
			c.Restore.Topics.Include = []string{"user-views", "access-log"}
		}),
		"at-rest.yaml": want(func(c *Config) { c.Storage = Storage{Backend: "s3", Bucket: "compliance-backups"} }),
		"in-transit.yaml": want(func(c *Config) {
			c.Source.Security = Security{Protocol: "SASL_SSL", CALocation: "/certs/ca.crt"}
			c.Storage.Backend = "s3"
		}),
	} {
		if got := without(load(t, name)); !reflect.DeepEqual(got, w) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, w)
		}
	}
}

func TestKubernetesResourceIsRefused(t *testing.T) {
	_, err := readAndParse("testdata/kubernetes.yaml", options())
	if err == nil || !strings.Contains(err.Error(), "kubernetes.yaml:1: apiVersion: this is a Kubernetes resource, not a configuration file") {
		t.Fatal(err)
	}
}

func TestReferenceFilesValidate(t *testing.T) {
	for name, verb := range map[string]string{"sox-backup.yaml": "backup", "sox-restore.yaml": "restore", "sox-validation.yaml": "validation run"} {
		if err := load(t, name).Validate(verb); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := load(t, "audit-restore.yaml") // as the reference runs it: storage comes from --path
	c.SetStorageURL("s3://compliance-backups/production/daily")
	if err := c.Validate("restore"); err != nil {
		t.Error(err)
	}
}

func TestSeriesIsNamedAfterTheIDAsWritten(t *testing.T) {
	c := load(t, "audit-trail.yaml")
	if c.Series() != "audit-${DATE}" || c.BackupID != "audit-20261121" {
		t.Errorf("series %q of %q", c.Series(), c.BackupID)
	}
}

func TestExampleLoads(t *testing.T) {
	c, err := Parse("example.toml", []byte(Example()), options())
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"backup", "restore", "validation", "drill", "check"} {
		if err := c.Validate(verb); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
	}
	var on []string // everything that is commented out loads too
	for line := range strings.Lines(Example()) {
		rest, ok := strings.CutPrefix(line, "# ")
		if ok && (strings.HasPrefix(rest, "[") || strings.Contains(rest, " = ") && rest[0] >= 'a' && rest[0] <= 'z') {
			line = rest
		}
		on = append(on, line)
	}
	full, err := Parse("example.toml", []byte(strings.Join(on, "")), options("KAFKA_PASSWORD", "x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := full.Validate("drill"); err != nil {
		t.Error(err)
	}
	if !full.Evidence.Signing.Enabled || full.Evidence.Schedule[0].Cron != "weekly" {
		t.Errorf("commented keys did not load: %+v", full.Evidence)
	}
}

func TestFind(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv(EnvFile, "")
	write := func(path string) string {
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	check := func(explicit, want, wantErr string) {
		t.Helper()
		got, err := Find(explicit)
		if got != want || (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("Find(%q) = %q, %v", explicit, got, err)
		}
	}
	check("", "", "name one with --config")
	check("gone.toml", "", "configuration that --config names")
	inHome := write(filepath.Join(home, "kustody", "kustody.yaml"))
	check("", inHome, "")
	write("kustody.yml")
	check("", "kustody.yml", "")
	write("kustody.toml")
	check("", "", "there are kustody.toml and kustody.yml")
	env := write(filepath.Join(dir, "env.toml"))
	t.Setenv(EnvFile, env)
	check("", env, "")
	check(inHome, inHome, "")
	t.Setenv(EnvFile, "gone.yaml")
	check("", "", "$KUSTODY_CONFIG names")
}
