package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/kafka"
)

// CoverageOptions say which cluster is held beside which archive.
type CoverageOptions struct {
	Source Source
	Query  QueryOptions // BackupID and RunID ("": the newest); a nil Store: nothing is captured yet
	Topics Selection    // what a backup would take
}

// Coverage is the topics of a cluster beside what a run holds of them.
type Coverage struct {
	ClusterID    string
	RunID        string          // "": there is no finished run
	RunFinished  time.Time       // zero without a run
	RunClusterID string          // of the cluster that the run was taken of; where it is another, nothing is captured
	Topics       []TopicCoverage // by name
	Gone         []string        // names that the run holds and the cluster does not
}

// TopicCoverage is one topic of the cluster. Offsets count what a committed reader could be given: with
// transactions or compaction there are fewer records.
type TopicCoverage struct {
	Name          string
	ID            string // of this incarnation; 32 zeros where brokers give none
	Internal      bool
	Partitions    int
	InScope       bool   // a backup would take it
	Captured      bool   // the run holds this very incarnation
	Recreated     bool   // the run holds another one under the name
	NewPartitions int    // partitions that the run holds nothing of, of a captured topic
	Compacted     bool   // so it was captured; false where it was not
	Offsets       int64  // from the log's start to its last stable offset, now
	Lag           int64  // of these, how many lie behind what the run accounts for: all, where nothing is captured
	Problem       string // why Offsets and Lag leave out a partition, or all of them
}

// DescribeCoverage asks a cluster for its topics and offsets, and holds them beside the newest run. That
// there is no archive yet is no error. A topic whose offsets cannot be told has a Problem. It writes nothing
// and takes no lock.
func DescribeCoverage(ctx context.Context, o CoverageOptions) (*Coverage, error) {
	out := &Coverage{Gone: []string{}}
	var view *archive.View
	var topics []kafka.Topic
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		view, err = o.view(gctx)
		return err
	})
	g.Go(func() (err error) {
		if out.ClusterID, err = o.Source.ClusterID(gctx); err != nil {
			return fmt.Errorf("ask the cluster for its id: %w", err)
		}
		if topics, err = o.Source.Topics(gctx); err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	held := out.holds(view)
	slices.SortFunc(topics, func(a, b kafka.Topic) int { return strings.Compare(a.Name, b.Name) })
	at, err := offsetsOf(ctx, o.Source, topics)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	out.Topics = make([]TopicCoverage, 0, len(topics))
	for _, t := range topics {
		there[t.Name] = true
		c := TopicCoverage{Name: t.Name, ID: t.ID.String(), Internal: t.Internal, Partitions: len(t.Partitions), InScope: o.Topics.match(t.Name, t.Internal)}
		c.beside(t, held[t.Name], at)
		out.Topics = append(out.Topics, c)
	}
	if view != nil {
		for _, name := range topicNames(view) {
			if !there[name] {
				out.Gone = append(out.Gone, name)
			}
		}
	}
	return out, nil
}

// view is the run, or nil where there is none.
func (o CoverageOptions) view(ctx context.Context) (*archive.View, error) {
	if o.Query.Store == nil {
		return nil, nil
	}
	v, err := archive.Open(o.Query.Store, o.Query.BackupID, archive.Keys{Trusted: o.Query.Trusted}).View(ctx, o.Query.RunID)
	if errors.Is(err, archive.ErrNoArchive) {
		return nil, nil
	}
	return v, err
}

// holds enters the run, and lists the incarnations it holds of this cluster under each name.
func (c *Coverage) holds(view *archive.View) map[string][]*archive.ViewTopic {
	held := map[string][]*archive.ViewTopic{}
	if view == nil {
		return held
	}
	m := view.Run.Doc
	c.RunID, c.RunFinished, c.RunClusterID = m.RunID, m.CreatedAt, m.Source.Observed
	if c.RunClusterID == c.ClusterID {
		for i := range view.Topics {
			t := &view.Topics[i]
			held[t.Name] = append(held[t.Name], t)
		}
	}
	return held
}

// beside holds one topic beside what the run has under its name.
func (c *TopicCoverage) beside(t kafka.Topic, held []*archive.ViewTopic, at *offsetsNow) {
	ends := map[int32]int64{}
	for _, vt := range held {
		if vt.ID != t.ID {
			c.Recreated = true
			continue
		}
		c.Captured, c.Compacted = true, vt.Compacted
		for _, p := range vt.Parts {
			ends[p.Partition] = int64(p.End)
		}
	}
	problems := 0
	for _, x := range t.Partitions {
		tp := kafka.TopicPartition{Topic: t.Name, ID: t.ID, Partition: x.Number}
		end, known := ends[x.Number]
		if c.Captured && !known {
			c.NewPartitions++
		}
		if err := at.failed[tp]; err != nil {
			if problems++; c.Problem == "" {
				c.Problem = err.Error()
			}
			continue
		}
		from, to := at.start[tp].Offset, at.end[tp].Offset
		c.Offsets += max(0, to-from)
		c.Lag += max(0, to-max(from, end))
	}
	if problems > 1 {
		c.Problem += fmt.Sprintf(" (and %d other partitions)", problems-1)
	}
}
