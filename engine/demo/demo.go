// Package demo runs the main job on made-up data: a small bank's topics on a broker inside the process,
// a year of weekly proof in a local directory, and at its end a restore, a drill and evidence that
// verifies. Everything goes through the engine as it does on a real cluster; only the calendar is
// made up (clock), and the broker.
//
// The calendar ends on Friday, 20 November 2026, 12:00 UTC, whenever the demo runs, and equal seeds
// write equal records, so that two demos show the same year. Ids and keys are random in each.
package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// Names and numbers of the demo.
const (
	backupID       = "demo-weekly"
	clusterName    = "demo-bank"
	triggeredBy    = "kustody demo"
	operator       = "demo"
	evidencePrefix = "evidence/"
	retentionDays  = 2557
	minWeeks       = 5 // one missed, one failed, and some around them

	// perWeek is how many payments the first week has, and growth how many more each week after it has.
	// With ledger entries and the rest a week comes to some three times as many records.
	perWeek     = 600
	growth      = 8
	minPayments = 12 // so that six partitions still have some of each week
)

// scope are the topics of the demo as a configuration names them.
var scope = []string{"transactions", "settlements", "audit-log", "ledger-*"}

// incidentTopics are restored for the window in which something went wrong.
var incidentTopics = []string{"transactions", "ledger-entries", "settlements"}

// Now is the moment at which the made-up year ends.
func Now() time.Time { return time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC) }

// lastDue is when the last report of the year was due: the schedule's word weekly, before Now.
var lastDue = time.Date(2026, time.November, 15, 2, 0, 0, 0, time.UTC)

const week = 7 * 24 * time.Hour

// Options say where the demo goes and how much of a year it makes.
type Options struct {
	Dir   string            // made if needed; refused if it holds anything but an earlier demo
	Out   func(line string) // told what happens, a line at a time; nil: nobody
	Weeks int               // default 52, at least 5
	// Payments is how many payments the first week has; later weeks have more in proportion. Default 600,
	// at least 12.
	Payments int
	Seed     uint64       // of the made-up records; default 1
	Tool     archive.Tool // as documents name the program
	Host     string       // as documents name the machine; default: its name
	// BinarySHA256 is the digest of the running program, for reports; may be empty.
	BinarySHA256 string
	// Trickle is how often a Live demo writes a few payments more; 0: never. Run does not look at it.
	Trickle time.Duration
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, fmt.Errorf("the demo needs a directory (--dir)")
	}
	if o.Out == nil {
		o.Out = func(string) {}
	}
	if o.Weeks == 0 {
		o.Weeks = 52
	}
	if o.Weeks < minWeeks {
		return o, fmt.Errorf("a demo of %d weeks is too short to miss one and fail one: at least %d", o.Weeks, minWeeks)
	}
	if o.Payments == 0 {
		o.Payments = perWeek
	}
	if o.Payments < minPayments {
		return o, fmt.Errorf("a first week of %d payments is too short to lose some of them: at least %d", o.Payments, minPayments)
	}
	if o.Trickle < 0 {
		return o, fmt.Errorf("payments cannot come every %s", o.Trickle)
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	return o, nil
}

// payments is how many payments week i has.
func (o Options) payments(i int) int { return o.Payments + growth*i*o.Payments/perWeek }

// span is the half-open range [start, end).
type span struct{ start, end time.Time }

func (s span) window() archive.Window {
	from, to := archive.Int64(s.start.UnixMilli()), archive.Int64(s.end.UnixMilli())
	return archive.Window{Start: &from, End: &to}
}

// demo is one demo under way. One goroutine.
type demo struct {
	Options
	abs      string
	clock    *clock
	env      engine.Env
	broker   *embedded.Broker
	client   *kafka.Client
	admin    *kafka.Admin
	store    *storage.Filesystem
	keys     archive.Keys
	witness  *engine.Witness
	bank     *bank
	incident span
	until    time.Time // records are written up to here
	proved   time.Time // records up to here were in the window of a report
	result   *Result
}

func (d *demo) say(format string, args ...any) { d.Out(fmt.Sprintf(format, args...)) }

// open makes directory, keys, broker, clients and ledger.
func (d *demo) open(ctx context.Context) error {
	var err error
	if d.abs, err = filepath.Abs(d.Dir); err != nil {
		return err
	}
	if err := prepareDir(d.Dir); err != nil {
		return err
	}
	signer, err := makeKeys(d.Dir)
	if err != nil {
		return err
	}
	d.keys = archive.Keys{Signer: signer, Trusted: signer.PublicKey()}
	if d.store, err = storage.OpenFilesystem(filepath.Join(d.Dir, archiveDir)); err != nil {
		return err
	}
	first := d.due(0)
	d.until, d.proved = first.Add(-week), first.Add(-week)
	d.clock.Set(first.Add(-24 * time.Hour))
	d.env = engine.Env{Clock: d.clock.Now, Tool: d.Tool, Operator: operator, Host: d.Host}
	day := Now().Truncate(24 * time.Hour)
	d.incident = span{day.Add(30 * time.Minute), day.Add(75 * time.Minute)}
	if err := d.connect(ctx); err != nil {
		return err
	}
	if err := d.writeConfig(); err != nil {
		return err
	}
	return d.openLedger(ctx)
}

// connect starts the broker and both clients.
func (d *demo) connect(ctx context.Context) error {
	var err error
	if d.broker, err = embedded.Start(embedded.Options{ClusterID: clusterName}); err != nil {
		return err
	}
	if d.client, err = kafka.Open(ctx, d.broker.Cluster()); err != nil {
		return err
	}
	if d.admin, err = kafka.OpenAdmin(ctx, d.broker.Cluster()); err != nil {
		return err
	}
	d.bank, err = newBank(d.broker, d.Seed)
	return err
}

// openLedger begins the ledger: the series is entered the day before its first report is due.
func (d *demo) openLedger(ctx context.Context) error {
	l, err := evidence.Open(ctx, d.store, evidencePrefix, d.keys.Signer, evidence.LedgerOptions{Clock: d.clock.Now, Operator: operator, Host: d.Host})
	if err != nil {
		return err
	}
	d.witness = &engine.Witness{Ledger: l, Store: d.store, Prefix: evidencePrefix, Signer: d.keys.Signer, TriggeredBy: triggeredBy, Operator: operator,
		Series: evidence.SeriesSpec{Series: backupID, Include: scope, Checks: engine.AllChecks().Names(), RetentionDays: retentionDays, RetentionMode: "compliance",
			Schedules: []evidence.ScheduleSpec{{Kind: evidence.SlotReport, Cron: "weekly", Zone: "UTC", ToleranceSeconds: 12 * 3600}}, DeclaredCluster: clusterName}}
	_, err = l.EnsureSeries(ctx, d.witness.Series)
	return err
}

// close gives everything up that is open.
func (d *demo) close() {
	if d.admin != nil {
		d.admin.Close()
	}
	if d.client != nil {
		d.client.Close()
	}
	if d.broker != nil {
		d.broker.Close()
	}
	if d.store != nil {
		d.store.Close()
	}
}

// due is when report i of the year is due.
func (d *demo) due(i int) time.Time { return lastDue.Add(-week * time.Duration(d.Weeks-1-i)) }

// selection takes topics by names and prefixes, as a configuration's patterns would.
func selection(include []string) engine.Selection {
	match := func(pattern, name string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return pattern == name || open && strings.HasPrefix(name, prefix)
	}
	return engine.Selection{Include: include,
		Match: func(name string, internal bool) bool {
			for _, p := range include {
				if match(p, name) && !internal {
					return true
				}
			}
			return false
		},
		Unmatched: func(names []string) []string {
			var missing []string
			for _, p := range include {
				found := false
				for _, n := range names {
					found = found || match(p, n)
				}
				if !found {
					missing = append(missing, p)
				}
			}
			return missing
		}}
}
