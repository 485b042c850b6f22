package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"kustody/config"
	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/storage"
	"kustody/tui"
)

// sight is what the console is pointed at.
type sight struct {
	places
	evidence string // a folder: no configuration is looked for, and nothing is connected to
	pins
	reports string // where evidence lies, instead of where the configuration says
	jobs    bool   // a job is to be started: --path does not do without a configuration
}

// desk is what the console works on. What is only read is opened once and read-only; each job opens what
// it writes to, and closes it.
type desk struct {
	app   *app
	at    sight
	file  *file    // nil: only folders were named
	first *session // for looking: nothing of it writes

	mu     sync.Mutex
	opened map[string]seenStore // by location
	said   map[string]bool      // warnings that were told
	warned []string
}

// newDesk reads the configuration, or looks into the folders that were named. The error is a *noConfigError
// where a configuration is needed, and none was named or found.
func (a *app) newDesk(ctx context.Context, at sight) (*desk, error) {
	d := &desk{app: a, at: at, opened: map[string]seenStore{}, said: map[string]bool{}}
	if _, err := at.pins.read(a.now()); err != nil {
		return nil, err
	}
	if at.evidence != "" && at.config != "" {
		return nil, usage("leave one of them out", "with --evidence no configuration is read, and --config names one")
	}
	if at.evidence != "" || at.path != "" && at.config == "" && !at.jobs {
		d.first = &session{app: a, cfg: config.Default(), now: a.now(), warn: d.warn, env: engine.Env{Clock: a.clock, Tool: tool()}}
		if err := d.first.loadKeys(at.publicKey, false); err != nil {
			return nil, err
		}
		return d, d.look(ctx)
	}
	var err error
	if d.file, err = readConfig(at.config); err != nil {
		return nil, err
	}
	d.first, err = d.session("query", at.backupID)
	return d, err
}

// look opens the folders that were named: that one is not there should be said before the console opens.
func (d *desk) look(ctx context.Context) error {
	if d.at.evidence == "" {
		_, err := d.folder(ctx, d.at.path)
		return err
	}
	store, err := d.folder(ctx, d.at.evidence)
	if err != nil || d.at.path != "" {
		return err
	}
	ids, err := archive.List(ctx, store)
	if len(ids) > 0 {
		d.at.path = d.at.evidence
	}
	return err
}

// session is a session of a verb on this desk: with the configuration's text as it was at the beginning,
// and at the time of now.
func (d *desk) session(verb, backupID string) (*session, error) {
	p := d.at.places
	if backupID != "" {
		p.backupID = backupID
	}
	return d.app.begin(d.file, verb, p, d.app.now(), d.warn)
}

// warn keeps a warning. Each is told once.
func (d *desk) warn(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if text = oneLine(text); !d.said[text] {
		d.said[text] = true
		d.warned = append(d.warned, text)
	}
}

// warnings are those that were not taken yet.
func (d *desk) warnings() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.warned
	d.warned = nil
	return out
}

// seenStore is a place that was opened for reading.
type seenStore struct {
	storage.Store
	root fs.FileInfo // of the folder; nil where there is none
}

// rootOf is the folder of a place as it is now, nil where there is none.
func rootOf(loc storage.Location) fs.FileInfo {
	if loc.Backend != storage.BackendFilesystem {
		return nil
	}
	info, err := os.Stat(loc.Path)
	if err != nil {
		return nil
	}
	return info
}

// open opens a place for reading, once: again only when another folder lies there than was opened, as after
// a disk was taken out and put back.
func (d *desk) open(ctx context.Context, loc storage.Location) (storage.Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := loc.String()
	root := rootOf(loc)
	if o, there := d.opened[name]; there && (root == nil || o.root == nil || os.SameFile(root, o.root)) {
		return o.Store, nil
	}
	store, err := openReadOnly(ctx, loc)
	if err == nil {
		d.opened[name] = seenStore{store, root}
	}
	return store, err
}

// folder opens what --path or --evidence names.
func (d *desk) folder(ctx context.Context, path string) (storage.Store, error) {
	loc, err := pathLocation(path)
	if err != nil {
		return nil, err
	}
	return d.open(ctx, loc)
}

// lay is the desk as the console takes it.
func (d *desk) lay() tui.Desk {
	out := tui.Desk{Now: d.app.now, Location: d.location(), BackupID: d.at.backupID, Evidence: d.evidence, Command: d.command()}
	if d.hasArchive() {
		out.Archive = d.archive
	}
	switch {
	case d.at.evidence != "":
		out.ReadOnly = "opened with --evidence: there is nothing here to start a job on"
	case d.file == nil:
		out.ReadOnly = "opened with --path: a job needs a configuration"
	case d.app.readOnly:
		out.ReadOnly = "started with --read-only"
	default:
		out.Work = d.work()
	}
	if d.file == nil {
		return out
	}
	c := d.first.cfg
	out.BackupID, out.Cluster, out.Production = c.BackupID, sourceName(c), c.Source.Production
	if zone, err := time.LoadLocation(c.Console.TimeZone); err == nil { // the configuration's check has loaded it before
		out.Zone = zone
	}
	if c.Source.Named() {
		out.Source = d.source
	}
	if !c.EvidencePlace().Named() && d.at.reports == "" {
		out.Evidence = nil
	}
	out.Warnings = d.warnings()
	return out
}

// hasArchive says whether a place of archives is named.
func (d *desk) hasArchive() bool { return d.at.path != "" || d.first.cfg.Storage.Named() }

// sourceName is what people call the cluster that is backed up.
func sourceName(c *config.Config) string {
	if c.Backup.SourceClusterID != "" {
		return c.Backup.SourceClusterID
	}
	return clusterName(c.Source)
}

func clusterName(c config.Cluster) string {
	if c.Cluster != "" || !c.Named() {
		return c.Cluster
	}
	return c.BootstrapServers[0]
}

// sameCluster says whether two sections name one cluster, as far as can be told without asking.
func sameCluster(a, b config.Cluster) bool {
	if a.Cluster != "" && b.Cluster != "" {
		return a.Cluster == b.Cluster
	}
	return slices.ContainsFunc(a.BootstrapServers, func(s string) bool { return slices.Contains(b.BootstrapServers, s) })
}

// location says where everything lies, without secrets.
func (d *desk) location() string {
	if d.at.evidence != "" {
		return d.at.evidence
	}
	if d.file == nil {
		return d.at.path
	}
	s := d.first.cfg.Storage.Located()
	if !s.Named() {
		return ""
	}
	if s.Backend == config.S3 {
		return storage.Location{Backend: storage.BackendS3, Bucket: s.Bucket, Prefix: strings.Trim(s.Prefix, "/")}.String()
	}
	return storage.Location{Backend: storage.BackendFilesystem, Path: s.Path, Prefix: strings.Trim(s.Prefix, "/")}.String()
}

// command is how the batch line of a job here begins; the verb and its flags follow.
func (d *desk) command() string {
	line := "kustody --batch"
	if d.file == nil {
		return line
	}
	line += " --config " + evidence.ShellWord(d.file.path)
	if d.at.path != "" {
		line += " --path " + evidence.ShellWord(d.at.path)
	}
	return line
}

// archive opens the store of archives for reading.
func (d *desk) archive(ctx context.Context) (engine.QueryOptions, error) {
	q := engine.QueryOptions{Trusted: d.first.trusted}
	var err error
	if d.file == nil {
		q.Store, err = d.folder(ctx, d.at.path)
		return q, err
	}
	loc, err := location(d.first.cfg.Storage.Located())
	if err != nil {
		return q, err
	}
	q.BackupID = d.at.backupID
	q.Store, err = d.open(ctx, loc)
	return q, err
}

// evidence opens reports and ledger for reading.
func (d *desk) evidence(ctx context.Context) (engine.LedgerOptions, error) {
	o, err := d.at.pins.read(d.app.now())
	if err != nil {
		return o, err
	}
	o.PublicKey = d.first.trusted
	if o.Store, err = d.evidenceStore(ctx); err != nil || !d.hasArchive() {
		return o, err
	}
	if d.file == nil && (d.at.evidence == "" || d.at.evidence == d.at.path) {
		return o, nil // one folder: the ledger's objects are looked for below it
	}
	q, err := d.archive(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // no archive yet: nothing to look into
		return o, err
	}
	if err == nil {
		o.Archive = q.Store
	}
	return o, nil
}

func (d *desk) evidenceStore(ctx context.Context) (storage.Store, error) {
	switch {
	case d.at.evidence != "":
		return d.folder(ctx, d.at.evidence)
	case d.at.reports != "":
		return d.folder(ctx, d.at.reports)
	case d.file == nil:
		return d.folder(ctx, d.at.path)
	}
	root, _, err := evidencePlace(d.first.cfg)
	if err != nil {
		return nil, err
	}
	return d.open(ctx, root)
}

// source opens the cluster that is backed up, to look at its topics. Whoever looks is waiting, and so
// little patience is shown.
func (d *desk) source(ctx context.Context) (engine.CoverageOptions, func(), error) {
	var o engine.CoverageOptions
	c := d.first.cfg
	kc := cluster(c.Source)
	if err := kc.Check(); err != nil {
		return o, nil, usage("correct [source]", "source: %w", err)
	}
	var err error
	if o.Topics, err = selection(c.Source.Topics); err != nil {
		return o, nil, err
	}
	if c.BackupID != "" && d.hasArchive() {
		q, err := d.archive(ctx)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return o, nil, err
		}
		if err == nil {
			q.BackupID = c.BackupID
			o.Query = q
		}
	}
	client, err := kafka.OpenWith(ctx, kc, kafka.ClientOptions{Timeout: checkPatience, RetryFor: checkPatience, Lanes: 1})
	if err != nil {
		return o, nil, notReached("source", err)
	}
	o.Source = client
	return o, client.Close, nil
}

// appearance is how the console looks: flags before the configuration.
func (a *app) appearance(c config.Console) tui.Look {
	look := tui.Look{Theme: c.Theme, ASCII: c.ASCII || a.ascii}
	if a.theme != "" {
		look.Theme = a.theme
	}
	if a.noColor {
		look.Theme = tui.ThemeNone
	}
	return look
}

// internalTopics are those that Kafka keeps for itself; patterns do not take them, only their names do.
var internalTopics = []string{"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"}

// topicsOf are the topics of a run that a restore is about: the console marks names, not patterns. Nil
// stands for all.
func (d *desk) topicsOf(ctx context.Context, s *session, r tui.RestoreRequest) ([]string, error) {
	q, err := d.archive(ctx)
	if err != nil {
		return nil, err
	}
	q.BackupID, q.RunID = r.BackupID, r.RunID
	run, err := engine.DescribeBackup(ctx, q)
	if err != nil {
		return nil, err
	}
	topics := s.cfg.Restore.Topics
	if len(r.Topics) > 0 {
		topics = config.Topics{Include: r.Topics}
	}
	sel, err := selection(topics)
	if err != nil || sel.Match == nil {
		return nil, err
	}
	var names []string
	for _, t := range run.Topics {
		if sel.Match(t.Name, slices.Contains(internalTopics, t.Name)) {
			names = append(names, t.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("none of %s is in run %s", strings.Join(topics.Include, ", "), run.RunID)
	}
	return names, nil
}
