package config

import (
	"strings"
	"testing"
)

const whole = `
backup_id = "x"
[source]
bootstrap_servers = ["a:9092"]
topics = ["orders"]
[target]
bootstrap_servers = ["b:9092"]
[storage]
path = "/backups"
`

func TestValidate(t *testing.T) {
	for _, x := range []struct{ verb, text, want string }{
		{"backup", whole, ""}, {"restore finish", whole, ""}, {"validation run", whole, ""}, {"drill", whole, ""}, {"check", whole, ""}, {"list", whole, ""},
		{"check", "", "write [source], [target] or [storage]"},
		{"check", "storage.path = '/x'", ""},
		{"list", "", ""},
		// what a verb needs
		{"backup", "", "backup_id: is missing; write backup_id"},
		{"backup", "", "source.bootstrap_servers: is missing; write bootstrap_servers"},
		{"backup", "", "source.topics: no topics are chosen"},
		{"backup", "", "storage.path: no place is named"},
		{"restore", "", "target.bootstrap_servers: is missing"},
		{"drill", "", "source.bootstrap_servers: is missing"},
		{"validation", "", "target.bootstrap_servers: is missing"},
		{"backup", whole + "[restore]\n", ""},
		{"restore", "mode = 'backup'\n" + whole, "a.toml:1: mode: this file is for backup, not for restore; run kustody backup"},
		{"drill", "mode = 'validation'\n" + whole, "not for drill"},
		{"check", "mode = 'backup'\n" + whole, ""},
		// names
		{"backup", `backup_id = "a\nb"`, "a.toml:1: backup_id: the name has characters that cannot be shown"},
		{"backup", `backup_id = " a"`, "begins or ends with a space"},
		{"backup", `backup_id = "` + strings.Repeat("x", 201) + `"`, "the name is too long"},
		{"backup", "evidence.series = \"\\u202e\"", "evidence.series: the name has characters"},
		// clusters
		{"check", "source.bootstrap_servers = ['a:1',\n'kafka']", "a.toml:1: source.bootstrap_servers[1]: a bootstrap server is host:port"},
		{"check", "source.bootstrap_servers = 'a:0'", "is host:port"},
		{"check", "source.bootstrap_servers = 'a b:1'", "is host:port"},
		{"check", "source.bootstrap_servers = ':1'", "is host:port"},
		{"check", "source.bootstrap_servers = 'SASL_SSL://a:1'", "a bootstrap server has no scheme"},
		{"check", "source.security.sasl_mechanism = 'OAUTHBEARER'", "OAUTHBEARER is not in this version; use PLAIN"},
		{"check", "source.security.security_protocol = 'SASL_SSL'", "source.security.sasl_mechanism: is missing"},
		{"check", "source.security.security_protocol = 'SASL_SSL'", "source.security.sasl_password: is missing; write it as ${VARIABLE}"},
		{"check", "source.security.sasl_username = 'x'", "source.security.security_protocol: credentials are set but PLAINTEXT would not send them"},
		{"check", "source.security = {security_protocol = 'SSL', sasl_password = 'x'}", "but SSL would not send them"},
		{"check", "source.security = {ssl_ca_location = 'x'}", "ssl_ keys are set but PLAINTEXT does not encrypt; write SSL"},
		{"check", "source.security = {security_protocol = 'SSL', ssl_key_location = 'x'}", "belong together"},
		{"check", "source.properties.\"socket.timeout.ms\" = 'soon'", `a.toml:1: source.properties."socket.timeout.ms": must be a whole number`},
		{"check", "source.properties.\"broker.address.family\" = 'v5'", `cannot be "v5"; write any, v4 or v6`},
		{"check", "source.topics = ['a b']", `source.topics: "a b" cannot be the name of a topic`},
		{"check", "source.topics = ['..']", "cannot be the name of a topic"},
		{"check", "source.topics = ['" + strings.Repeat("x", 250) + "']", "cannot be the name of a topic"},
		{"check", "source.topics.exclude = ['/(/']", "is not a regular expression"},
		// storage
		{"check", "storage.path = 'gs://x'", "storage.path: this kind of store is not known; use a directory, file:// or s3://"},
		{"check", "storage.path = 's3://key:pass@bucket'", "a path holds no credentials"},
		{"check", "storage = {path = 's3://b', backend = 'filesystem'}", "storage.backend: is filesystem but path is a s3:// one"},
		{"check", "storage = {path = 'file:///b', backend = 's3'}", "storage.backend: is s3 but path is a file:// one"},
		{"check", "storage = {path = '/b', bucket = 'x'}", "a filesystem has no bucket"},
		{"check", "storage = {bucket = 'x', backend = 'filesystem'}", "a filesystem has no bucket"},
		{"check", "storage = {path = 'file://host/b'}", "no directory is named"},
		{"check", "storage = {path = 's3://'}", "storage.bucket: is missing"},
		{"check", "storage = {path = 's3://a', bucket = 'b'}", "s3:// in path and bucket disagree"},
		{"check", "storage = {path = '/a', bucket = 'b', backend = 's3'}", "path is not an s3:// one"},
		{"check", "storage = {path = '/a', prefix = 'a/../b'}", "storage.prefix: a prefix cannot hold . or .. as a folder"},
		{"check", "storage = {path = 's3://a/../b'}", "storage.prefix: a prefix cannot hold"},
		{"check", "storage = {path = '/a', prefix = 'a\\b'}", "storage.prefix: a prefix cannot hold backslashes"},
		{"check", "storage = {bucket = 'a', access_key_id = 'k'}", "belong together"},
		{"check", "storage = {bucket = 'a', access_key_id = 'k', secret_access_key = 's', profile = 'p'}", "storage.profile: access_key_id is set too"},
		{"check", "storage = {bucket = 'a', sse_kms_key_id = 'k'}", "needs sse to be aws:kms"},
		{"check", "storage = {bucket = 'a', endpoint = 'http://x'}", "http:// would send everything unencrypted; use https://, or write allow_http = true"},
		{"check", "storage = {bucket = 'a', endpoint = 'minio:9000'}", "is not an http:// or https:// URL"},
		{"check", "storage = {bucket = 'a', endpoint = 'https://k:s@minio'}", "an endpoint holds no credentials"},
		// backup
		{"check", "backup = {compression = 'none', compression_level = 3}", "backup.compression_level: none has no levels"},
		{"check", "backup = {compression = 'gzip', compression_level = 10}", "gzip has levels up to 9"},
		{"check", "backup = {continuous = true}", "backup.interval: continuous needs the time between two runs"},
		{"check", "backup = {interval = '5m'}", "has no effect without continuous"},
		{"check", "backup = {segment_max_bytes = 0}", "must be more than nothing"},
		{"check", "backup = {consumer_groups = ['[']}", "backup.consumer_groups: the pattern"},
		{"check", whole + "[backup]\nconsumer_groups = ['any group:1/2']", ""},
		// restore
		{"check", "restore = {time_window_start = 5, time_window_end = 5}", "restore.time_window_end: the window is empty"},
		{"check", "restore = {restore_id = 'a/b'}", "becomes part of topic names"},
		{"check", "restore = {run = 'a/b'}", "restore.run: is not a run id"},
		{"check", "restore = {partitions = 3}", "needs a way to spread records"},
		{"check", "restore = {repartition = 'murmur2'}", "the number of partitions is missing"},
		{"check", "restore = {topics = ['a'], repartition = 'murmur2', partitions = {b = 3}}", "restore.partitions.b: the topic is not among those that are restored"},
		{"check", "restore = {topics = ['a'], topic_mapping = {b = 'c'}}", "restore.topic_mapping.b: the topic is not among those"},
		{"check", "[restore.topic_mapping]\na = 'x'\nb = 'x'", "a.toml:3: restore.topic_mapping.b: a is restored into x too; give each its own target"},
		{"check", "restore.topic_mapping.a = 'x y'", "must be names of topics"},
		{"check", "restore.topic_mapping.'a*' = 'x'", "patterns cannot be mapped"},
		{"check", "restore.consumer_groups.a = ''", "restore.consumer_groups.a: is missing; write the group's new name"},
		// checks (E03: all off is no pass)
		{"check", "[checks]", "checks: no check is enabled; enable one, or remove the section to run all"},
		{"check", "checks.scope = false", "no check is enabled"},
		{"check", "checks.message_count.tolerance = 3", "mode exact has no tolerance"},
		{"check", "checks.message_count.mode = 'tolerance'", "mode tolerance needs one"},
		{"check", "checks.content.sample = 1.5", "a.toml:1: checks.content.sample: must be above 0 and at most 1"},
		{"check", "checks.content.sample = 0", "must be above 0"},
		{"check", "checks.content.topics = ['a/b']", "checks.content.topics: \"a/b\" cannot be"},
		// evidence
		{"check", "evidence.formats = []", "evidence.formats: is empty"},
		{"check", "evidence.signing.enabled = true", "evidence.signing.private_key_path: is missing, and signing is enabled; make a key"},
		{"check", "evidence = {retention_days = 1, storage = {retention_days = 2}}", "evidence.retention_days: is 1, but evidence.storage.retention_days is 2"},
		{"check", "evidence.timestamp_authority = 'https://tsa'", "time stamps (RFC 3161) are not in this version; remove it"},
		{"check", "evidence.schedule = 'every week'", "evidence.schedule: is not a schedule; write five fields"},
		{"check", "[[evidence.schedule]]\ncron = 'daily'\n[[evidence.schedule]]\ncron = '1 2 3'", "a.toml:3: evidence.schedule[1]: is not a schedule"},
		{"check", "evidence.storage.prefix = '/'", "is empty, and evidence would lie between other objects"},
		{"check", "evidence.storage = {path = 'gs://x'}", "evidence.storage.path: this kind of store is not known"},
	} {
		c, err := Parse("a.toml", []byte(x.text), options())
		if err != nil {
			t.Errorf("%s: %v", x.text, err)
			continue
		}
		err = c.Validate(x.verb)
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s %q:\n got %v\nwant %s", x.verb, x.text, err, x.want)
		}
	}
}

func TestValidateWithoutAFile(t *testing.T) {
	c := Default() // as the console fills it in
	err := c.Validate("backup")
	if err == nil || !strings.HasPrefix(err.Error(), "backup_id: is missing;") {
		t.Errorf("%v", err)
	}
	c.BackupID, c.Source.BootstrapServers, c.Source.Topics.Include = "x", []string{"a:1"}, []string{"*"}
	c.SetStorageURL("/tmp/x")
	if err := c.Validate("backup"); err != nil || c.Series() != "x" {
		t.Error(err)
	}
}

func TestWarnings(t *testing.T) {
	for text, want := range map[string]string{
		"backup: {stop_at_current_offsets: false}":         "backup.stop_at_current_offsets: false has no effect without continuous",
		"restore: {time_window_start: 1701388800}":         "restore.time_window_start: 1701388800 is in January to April 1970; times count milliseconds",
		"metrics: {enabled: true}":                         "metrics: metrics are not served by this version",
		"notifications: {webhook: {url: x}}":               "notifications.webhook: notifications are not sent by this version",
		"notifications: {pagerduty: {integration_key: x}}": "notifications.pagerduty: ",
		"evidence: {schedule: weekly}":                     "evidence.schedule: without a signing key there is no ledger, and no slot is kept",
	} {
		c, err := Parse("a.yaml", []byte(text), options())
		if err != nil || len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0], want) {
			t.Errorf("%s: %v %+v", text, err, c)
		}
	}
}
