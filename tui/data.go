package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/evidence"
)

// data is what several screens draw, read once.
type data struct {
	backups loader[*engine.BackupList]
	reports loader[*engine.ReportList]
	ledger  loader[*engine.LedgerVerification]
	topics  loader[*engine.Coverage]
	holders loader[[]engine.Holding]
}

// Errors that say that the desk has no such thing.
var (
	errNoArchive  = errors.New("no archive was named: give --config, or --path")
	errNoEvidence = errors.New("no evidence was named: give --evidence, or a configuration with an evidence section")
	errNoCluster  = errors.New("no cluster was named: give a configuration with a source")
)

// reading reads from something of the desk, which is opened first. none is the error where the desk has no such
// thing.
func reading[O, T any](open func(context.Context) (O, error), none error, read func(context.Context, O) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		var nothing T
		if open == nil {
			return nothing, none
		}
		o, err := open(ctx)
		if err != nil {
			return nothing, err
		}
		return read(ctx, o)
	}
}

// loadBackups reads the runs of the archives.
func (c *console) loadBackups(again bool, then func() tea.Cmd) tea.Cmd {
	read := reading(c.desk.Archive, errNoArchive, engine.ListBackups)
	return fetch(c, &c.data.backups, again, "the backups in "+c.desk.Location, read, then)
}

// loadReports reads the reports.
func (c *console) loadReports(again bool, then func() tea.Cmd) tea.Cmd {
	read := reading(c.desk.Evidence, errNoEvidence, func(ctx context.Context, o engine.LedgerOptions) (*engine.ReportList, error) {
		return engine.ListReports(ctx, engine.QueryOptions{Store: o.Store, Trusted: o.PublicKey})
	})
	return fetch(c, &c.data.reports, again, "the reports in "+c.desk.Location, read, then)
}

// loadLedger reads and verifies the ledger. Without a trusted key its findings are there all the same,
// and nothing counts as verified.
func (c *console) loadLedger(again bool, then func() tea.Cmd) tea.Cmd {
	read := reading(c.desk.Evidence, errNoEvidence, func(ctx context.Context, o engine.LedgerOptions) (*engine.LedgerVerification, error) {
		v, err := engine.VerifyLedger(ctx, o)
		if v != nil && errors.Is(err, evidence.ErrNoTrustedKey) {
			return v, nil
		}
		return v, err
	})
	return fetch(c, &c.data.ledger, again, "the ledger in "+c.desk.Location, read, then)
}

// loadTopics asks the cluster.
func (c *console) loadTopics(again bool, then func() tea.Cmd) tea.Cmd {
	read := func(ctx context.Context) (*engine.Coverage, error) {
		if c.desk.Source == nil {
			return nil, errNoCluster
		}
		o, done, err := c.desk.Source(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
		return engine.DescribeCoverage(ctx, o)
	}
	return fetch(c, &c.data.topics, again, "the topics of "+c.desk.Cluster, read, then)
}

// loadHolders looks who holds locks in the archives.
func (c *console) loadHolders(again bool, then func() tea.Cmd) tea.Cmd {
	read := reading(c.desk.Archive, errNoArchive, func(ctx context.Context, q engine.QueryOptions) ([]engine.Holding, error) {
		return c.holders(ctx, q, c.now())
	})
	return fetch(c, &c.data.holders, again, "the locks in "+c.desk.Location, read, then)
}

// fetch loads once, or again.
func fetch[T any](c *console, l *loader[T], again bool, what string, read func(context.Context) (T, error), then func() tea.Cmd) tea.Cmd {
	if again {
		return l.load(c, what, read, then)
	}
	return l.ensure(c, what, read, then)
}
