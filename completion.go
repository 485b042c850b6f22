package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"kustody/engine"
)

// completer answers the shell; it says nothing when it cannot answer in a moment.
type completer = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// complete asks a store for words. A place that cannot be opened has none.
func (a *app) complete(p *places, words func(ctx context.Context, o engine.QueryOptions) []string) completer {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		quiet := *a
		quiet.stderr = &pipe{gone: true} // a warning would land in the middle of the line being typed
		store, s, err := quiet.asked(ctx, places{config: p.config, path: p.path})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		id := p.backupID
		if id == "" {
			id = s.cfg.BackupID
		}
		found := words(ctx, engine.QueryOptions{Store: store, BackupID: id})
		slices.Sort(found)
		return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) completeBackupIDs(p *places) completer {
	return a.complete(p, func(ctx context.Context, o engine.QueryOptions) (ids []string) {
		o.BackupID = ""
		if list, err := engine.ListBackups(ctx, o); err == nil {
			for _, b := range list.Backups {
				ids = append(ids, b.BackupID)
			}
		}
		return ids
	})
}

func (a *app) completeRuns(p *places) completer {
	return a.complete(p, func(ctx context.Context, o engine.QueryOptions) (ids []string) {
		if list, err := engine.ListBackups(ctx, o); err == nil {
			for _, b := range list.Backups {
				ids = append(ids, b.RunID)
			}
		}
		return append(ids, "latest")
	})
}

func (a *app) completeTopics(p *places) completer {
	return a.complete(p, func(ctx context.Context, o engine.QueryOptions) (names []string) {
		if d, err := engine.DescribeBackup(ctx, o); err == nil {
			for _, t := range d.Topics {
				names = append(names, t.Name)
			}
		}
		return names
	})
}

// completeSources completes the first half of --map.
func (a *app) completeSources(p *places) completer {
	topics := a.completeTopics(p)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		names, _ := topics(cmd, args, typed)
		for i := range names {
			names[i] += "="
		}
		return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

func (a *app) completeReports(p *places) completer {
	return a.complete(p, func(ctx context.Context, o engine.QueryOptions) (ids []string) {
		o.BackupID = ""
		if list, err := engine.ListReports(ctx, o); err == nil {
			for _, r := range list.Reports {
				ids = append(ids, r.ReportID)
			}
		}
		return ids
	})
}
