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

// errNoArchive and errNoEvidence say that the desk has no such thing.
var (
	errNoArchive  = errors.New("no archive was named: give --config, or --path")
	errNoEvidence = errors.New("no evidence was named: give --evidence, or a configuration with an evidence section")
	errNoCluster  = errors.New("no cluster was named: give a configuration with a source")
)

// loadBackups reads the runs of the archives.
func (c *console) loadBackups(again bool, then func() tea.Cmd) tea.Cmd {
	read := func(ctx context.Context) (*engine.BackupList, error) {
		if c.desk.Archive == nil {
			return nil, errNoArchive
		}
		q, err := c.desk.Archive(ctx)
		if err != nil {
			return nil, err
		}
		return engine.ListBackups(ctx, q)
	}
	return fetch(c, &c.data.backups, again, "the backups in "+c.desk.Location, read, then)
}

// loadReports reads the reports.
func (c *console) loadReports(again bool, then func() tea.Cmd) tea.Cmd {
	read := func(ctx context.Context) (*engine.ReportList, error) {
		if c.desk.Evidence == nil {
			return nil, errNoEvidence
		}
		o, err := c.desk.Evidence(ctx)
		if err != nil {
			return nil, err
		}
		return engine.ListReports(ctx, engine.QueryOptions{Store: o.Store, Trusted: o.PublicKey})
	}
	return fetch(c, &c.data.reports, again, "the reports in "+c.desk.Location, read, then)
}

// loadLedger reads and verifies the ledger. Without a trusted key its findings are there all the same,
// and nothing counts as verified.
func (c *console) loadLedger(again bool, then func() tea.Cmd) tea.Cmd {
	read := func(ctx context.Context) (*engine.LedgerVerification, error) {
		if c.desk.Evidence == nil {
			return nil, errNoEvidence
		}
		o, err := c.desk.Evidence(ctx)
		if err != nil {
			return nil, err
		}
		v, err := engine.VerifyLedger(ctx, o)
		if v != nil && errors.Is(err, evidence.ErrNoTrustedKey) {
			return v, nil
		}
		return v, err
	}
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
	read := func(ctx context.Context) ([]engine.Holding, error) {
		if c.desk.Archive == nil {
			return nil, errNoArchive
		}
		q, err := c.desk.Archive(ctx)
		if err != nil {
			return nil, err
		}
		return c.holders(ctx, q, c.now())
	}
	return fetch(c, &c.data.holders, again, "the locks in "+c.desk.Location, read, then)
}

// fetch loads once, or again.
func fetch[T any](c *console, l *loader[T], again bool, what string, read func(context.Context) (T, error), then func() tea.Cmd) tea.Cmd {
	if again {
		return l.load(c, what, read, then)
	}
	return l.ensure(c, what, read, then)
}
