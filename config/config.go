// Package config is what the user wrote down: one schema, one decoder, one validator, two syntaxes.
//
// A file in TOML or YAML becomes a small tree of nodes that know their line; one reflective decoder
// turns the tree into a Config, so that every message about a key can name the file and the line.
// Load reads and decodes, Config.Validate says what a verb still misses. Secrets are of type Secret and
// print as ***. The package imports nothing of ours: main turns what stands here into the option
// structs of the other rooms.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// MaxFileSize is the largest configuration file that is read, in bytes.
const MaxFileSize = 1 << 20

// Config is everything a configuration file can say. The zero value is not useful: Default has the
// defaults. It is plain data: safe to read from several goroutines once nobody writes to it.
type Config struct {
	Mode        string `key:"mode" enum:"backup|restore|validation|drill" doc:"What this file is for. Optional; it is checked against the verb."`
	BackupID    string `key:"backup_id" doc:"Name of the archive. One backup_id is one archive under the storage prefix."`
	TriggeredBy string `key:"triggered_by" doc:"Who or what started the job; stands in reports as self-declared."`
	TimeZone    string `key:"time_zone" doc:"IANA zone in which times written without an offset are read. Without it they are refused."`

	Source        Cluster       `key:"source" doc:"The cluster that is backed up."`
	Target        Cluster       `key:"target" doc:"The cluster that is restored to and validated."`
	Storage       Storage       `key:"storage" doc:"Where archives lie."`
	Backup        Backup        `key:"backup" doc:"How a backup is made."`
	Restore       Restore       `key:"restore" doc:"What is restored, and how."`
	Checks        Checks        `key:"checks" doc:"Which checks a validation runs. With this section exactly the enabled ones run; without it, all."`
	Evidence      Evidence      `key:"evidence" doc:"Reports, signatures, ledger."`
	Notifications Notifications `key:"notifications" doc:"Accepted, not sent by this version."`
	Metrics       Metrics       `key:"metrics" doc:"Accepted, not served by this version."`
	Console       Console       `key:"console" doc:"How the console looks."`

	// BackupIDRaw is backup_id as written, before ${...} was filled in. The default series is named after it.
	BackupIDRaw string
	// ChecksSet says that there was a checks section, so that exactly the enabled checks run.
	ChecksSet bool
	// EvidenceSet says that there was an evidence section.
	EvidenceSet bool
	// Warnings are sentences about what was read and has no effect in this version.
	Warnings []string

	origin *origin
}

// origin is where the keys of a Config were written.
type origin struct {
	file  string
	lines map[string]int
}

// Console is how the console looks.
type Console struct {
	TimeZone string `key:"time_zone" doc:"IANA zone in which the console reads times typed without one; default UTC."`
	Theme    string `key:"theme" enum:"auto|dark|light|none" doc:"Colours; auto asks the terminal."`
	ASCII    bool   `key:"ascii" doc:"Plain characters only, for terminals without Unicode."`
}

// Notifications are accepted so that existing files load; this version sends none.
type Notifications struct {
	Slack     Slack     `key:"slack" doc:"Slack."`
	Webhook   Webhook   `key:"webhook" doc:"Any HTTP endpoint."`
	PagerDuty PagerDuty `key:"pagerduty" doc:"PagerDuty."`
}

// Slack is an incoming webhook. Its URL is a credential.
type Slack struct {
	WebhookURL Secret `key:"webhook_url" doc:"Incoming webhook URL. It is a secret."`
}

// Webhook is an HTTP endpoint. Its URL may hold a token and is treated as a credential.
type Webhook struct {
	URL Secret `key:"url" doc:"URL that is posted to. It is a secret."`
}

// PagerDuty is an events integration.
type PagerDuty struct {
	IntegrationKey Secret `key:"integration_key" doc:"Integration key. It is a secret."`
}

// Metrics is accepted so that existing files load; this version serves none.
type Metrics struct {
	Enabled bool   `key:"enabled" doc:"Whether metrics are served."`
	Address string `key:"address" doc:"host:port to serve them on."`
}

// Options are what Load takes from its surroundings; the zero value takes the real ones.
type Options struct {
	LookupEnv func(name string) (string, bool)  // nil: os.LookupEnv
	ReadFile  func(path string) ([]byte, error) // for secrets kept in files; nil: a bounded read from disk
	Now       time.Time                         // start of the job, for ${DATE}; zero: time.Now
}

func (o Options) withDefaults() Options {
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	if o.ReadFile == nil {
		o.ReadFile = func(path string) ([]byte, error) { return readBounded(path, maxSecretFile) }
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	return o
}

// Read is the text of a configuration file. It is apart from Parse since a console parses what it read when it
// began once more for every job. A missing file is fs.ErrNotExist.
func Read(path string) ([]byte, error) {
	data, err := readBounded(path, MaxFileSize)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return data, nil
}

// Parse decodes the text of the file name, whose extension (.toml, .yaml, .yml) chooses the syntax; with any
// other the content does. Everything that is wrong with it comes back in one error; each part is an *Error
// that names file, line, key and remedy, and none ever shows a secret. What a verb needs beyond that is asked
// by Validate.
func Parse(name string, data []byte, o Options) (*Config, error) {
	root, err := parseTree(name, data)
	if err != nil {
		return nil, err
	}
	d := newDecoder(name, o.withDefaults())
	return d.config(root)
}

func parseTree(name string, data []byte) (*node, error) {
	data, err := checkText(name, data)
	if err != nil {
		return nil, err
	}
	isTOML := looksLikeTOML(data)
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case ext == ".toml" && looksLikeYAML(data):
		root, err := parseTOML(name, data)
		return root, hint(err, "the text looks like YAML: name the file .yaml")
	case ext == ".toml":
		return parseTOML(name, data)
	case (ext == ".yaml" || ext == ".yml") && isTOML:
		root, err := parseYAML(name, data)
		return root, hint(err, "the text looks like TOML: name the file .toml")
	case ext != ".yaml" && ext != ".yml" && isTOML:
		return parseTOML(name, data)
	}
	return parseYAML(name, data)
}
