package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kustody/evidence"
)

// What a demo's directory holds. The marker tells it from a directory that somebody filled by hand.
const (
	marker      = ".kustody-demo"
	configFile  = "kustody.toml"
	archiveDir  = "archive"
	keysDir     = "keys"
	privateFile = "signing.pem"
	publicFile  = "signing.pub.pem"
)

const markerText = "This directory was made by `kustody demo`, which may replace it. Remove this file to keep it.\n"

// ErrForeignDir says that a directory holds something that no demo put there.
var ErrForeignDir = errors.New("the directory is not empty, and no earlier demo made it")

// prepareDir makes the directory ready: a new one, an empty one, or one of an earlier demo, of which
// only what a demo makes is removed.
func prepareDir(dir string) error {
	if err := emptyDir(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, keysDir), 0o700); err != nil {
		return fmt.Errorf("make the demo's directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, marker), []byte(markerText), 0o644); err != nil {
		return fmt.Errorf("make the demo's directory: %w", err)
	}
	return nil
}

// emptyDir makes room for a demo and nothing in it.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look into %s: %w", dir, err)
	}
	if len(entries) > 0 {
		if err := clearDir(dir, entries); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the demo's directory: %w", err)
	}
	return nil
}

// clearDir removes an earlier demo, if the directory holds that and nothing else. The marker goes last.
func clearDir(dir string, entries []fs.DirEntry) error {
	ours := map[string]bool{marker: false, configFile: false, archiveDir: true, keysDir: true} // name to: a folder
	marked := false
	for _, e := range entries {
		folder, known := ours[e.Name()]
		if !known || e.IsDir() != folder || !folder && !e.Type().IsRegular() {
			return fmt.Errorf("%w: %s has %q in it; choose another one with --dir", ErrForeignDir, dir, e.Name())
		}
		marked = marked || e.Name() == marker
	}
	if !marked {
		return fmt.Errorf("%w: %s has no file %s; choose another one with --dir", ErrForeignDir, dir, marker)
	}
	for _, name := range []string{configFile, archiveDir, keysDir, marker} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("remove the earlier demo: %w", err)
		}
	}
	return nil
}

// makeKeys makes a key pair and loads it.
func makeKeys(dir string) (*evidence.Signer, error) {
	private, public := filepath.Join(dir, keysDir, privateFile), filepath.Join(dir, keysDir, publicFile)
	if _, err := evidence.WriteKeyPair(private, public); err != nil {
		return nil, err
	}
	return evidence.LoadSigner(private)
}

// configText is a configuration with which the other verbs work on what the demo left.
const configText = `# What the demo ran with. Its embedded broker lives as long as the demo: once that has ended, verbs that
# only read the archive and the evidence work as they are, for the others put your own cluster into
# [source] and [target].
#
#   kustody --batch list     --config %[1]s
#   kustody --batch validate --config %[1]s --deep
#   kustody --batch validation evidence-list --config %[1]s

backup_id = "%[2]s"
triggered_by = "%[3]s"

[source]
bootstrap_servers = ["%[4]s"]   # the demo's broker; it lives as long as the demo
topics = { include = [%[5]s] }

[target]
bootstrap_servers = ["%[4]s"]   # restored into fresh topics on the same cluster

[storage]
# Absolute, as the paths of keys below: change them when you move the directory.
path = "%[6]s"

[backup]
source_cluster_id = "%[7]s"
compression = "auto"

# The incident of the demo's last day: [start, end), by the timestamps of the records.
[restore]
topics = { include = [%[8]s] }
time_window_start = "%[9]s"
time_window_end = "%[10]s"

[evidence]
formats = ["json"]
schedule = "weekly"                     # a report is due each Sunday at 02:00
schedule_time_zone = "UTC"
schedule_tolerance = "12h"
operator = "%[11]s"
public_keys = ["%[13]s"]

[evidence.signing]
private_key_path = "%[12]s"

[evidence.storage]
prefix = "%[14]s"                   # counted from the storage path
retention_days = %[15]d                   # seven years, leap days included
`

// writeConfig writes kustody.toml.
func (d *demo) writeConfig() error {
	quoteAll := func(words []string) string { return `"` + strings.Join(words, `", "`) + `"` }
	path := func(parts ...string) string { return tomlText(filepath.Join(append([]string{d.abs}, parts...)...)) }
	text := fmt.Sprintf(configText, filepath.Join(d.Dir, configFile), backupID, triggeredBy, d.broker.Addrs()[0], quoteAll(scope),
		path(archiveDir), clusterName, quoteAll(incidentTopics), d.incident.start.Format(time.RFC3339), d.incident.end.Format(time.RFC3339),
		operator, path(keysDir, privateFile), path(keysDir, publicFile), evidencePrefix, retentionDays)
	if err := os.WriteFile(filepath.Join(d.Dir, configFile), []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// tomlText escapes text for the inside of a TOML string in which ${…} would be filled in.
func tomlText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "${", "$${").Replace(s)
}
