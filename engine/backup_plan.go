package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/kafka"
)

// makePlan asks the cluster what there is and freezes it. Committed offsets are taken before the ends
// of the partitions, so that no group stands beyond what is captured by more than it read meanwhile.
func (b *backup) makePlan(ctx context.Context, run string) (*archive.Plan, error) {
	id, err := b.Source.ClusterID(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the cluster for its id: %w", err)
	}
	if b.head.Doc != nil {
		if err := b.sameCluster(ctx, b.head.Doc.Source.Observed); err != nil {
			return nil, err
		}
	}
	p := &archive.Plan{RunID: run, CreatedAt: b.Env.now(), CreatedBy: b.Env.Operator, Tool: b.Env.Tool, ConfigSHA256: b.ConfigSHA256,
		Source: archive.Cluster{Declared: b.DeclaredCluster, Observed: id}, Capture: b.Capture,
		Missing: []string{}, Vanished: []string{}, Groups: []archive.Group{}, ACLs: []archive.ACL{}, Notes: []string{}}
	if b.head.Doc != nil {
		p.Previous = &archive.Previous{RunID: b.head.Doc.RunID, ManifestSHA256: b.head.SHA256}
	}
	topics, err := b.chooseTopics(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := b.takeGroups(ctx, p); err != nil {
		return nil, err
	}
	b.takeACLs(ctx, p)
	return p, b.freezeTopics(ctx, p, topics)
}

// chooseTopics applies the patterns to what the cluster has.
func (b *backup) chooseTopics(ctx context.Context, p *archive.Plan) ([]kafka.Topic, error) {
	all, err := b.Source.Topics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var names []string
	var chosen []kafka.Topic
	for _, t := range all {
		names = append(names, t.Name)
		if b.Topics.match(t.Name, t.Internal) {
			chosen = append(chosen, t)
		}
	}
	p.Missing = append(p.Missing, b.Topics.unmatched(names)...)
	if len(p.Missing) > 0 && !b.WarnMissing {
		return nil, problem(ExitUsage, `correct topics.include, or set backup.on_missing_topic = "warn"`,
			"the cluster has no topic for: %s", strings.Join(p.Missing, ", "))
	}
	if len(chosen) == 0 {
		return nil, problem(ExitUsage, "correct topics.include; a backup of nothing proves nothing", "no topic is selected out of %d on the cluster", len(all))
	}
	slices.SortFunc(chosen, func(x, y kafka.Topic) int { return strings.Compare(x.Name, y.Name) })
	if b.view != nil {
		for _, t := range b.view.Topics {
			if t.Current && !slices.ContainsFunc(chosen, func(c kafka.Topic) bool { return c.Name == t.Name }) {
				p.Vanished = append(p.Vanished, t.Name)
			}
		}
	}
	return chosen, nil
}

// takeGroups reads the committed offsets of every group. A group whose offsets cannot be read is kept
// with its error; when the list itself cannot be read the job ends, since an empty list would pass for
// a cluster without groups.
func (b *backup) takeGroups(ctx context.Context, p *archive.Plan) error {
	if b.SkipGroups {
		p.Notes = append(p.Notes, "consumer groups were not captured: backup.consumer_groups = false")
		return nil
	}
	groups, err := b.Admin.Groups(ctx)
	if err != nil {
		return fmt.Errorf("read consumer groups (backup.consumer_groups = false leaves them out): %w", err)
	}
	for _, g := range groups {
		if b.Groups != nil && !b.Groups(g.ID) {
			continue
		}
		out := archive.Group{ID: g.ID, State: g.State, Error: g.Err, Offsets: []archive.GroupOffset{}}
		for _, o := range g.Offsets {
			out.Offsets = append(out.Offsets, archive.GroupOffset{Topic: o.Topic, Partition: o.Partition, Offset: archive.Int64(o.Offset), Metadata: o.Metadata})
		}
		p.Groups = append(p.Groups, out)
	}
	return nil
}

// takeACLs reads the access rules. Many clusters have no authorizer or do not show their rules to a
// backup account; that is worth a note and no more.
func (b *backup) takeACLs(ctx context.Context, p *archive.Plan) {
	if b.SkipACLs {
		return
	}
	acls, err := b.Admin.ACLs(ctx)
	if err != nil {
		p.Notes = append(p.Notes, "ACLs were not captured: "+err.Error())
		return
	}
	for _, a := range acls {
		p.ACLs = append(p.ACLs, archive.ACL{ResourceType: a.Resource, ResourceName: a.Name, PatternType: a.Pattern,
			Principal: a.Principal, Host: a.Host, Operation: a.Operation, Permission: a.Permission})
	}
}

// freezeTopics takes configs and offsets of the chosen topics. The end is the last stable offset.
func (b *backup) freezeTopics(ctx context.Context, p *archive.Plan, topics []kafka.Topic) error {
	var names []string
	var tps []kafka.TopicPartition
	for _, t := range topics {
		names = append(names, t.Name)
		for _, x := range t.Partitions {
			tps = append(tps, kafka.TopicPartition{Topic: t.Name, ID: t.ID, Partition: x.Number})
		}
	}
	configs, err := b.Admin.Configs(ctx, names)
	if err != nil {
		return fmt.Errorf("read topic configs: %w", err)
	}
	var at [3]map[kafka.TopicPartition]kafka.Offset
	for i, q := range []kafka.OffsetQuery{kafka.LogStart, kafka.LastStable, kafka.HighWatermark} {
		if at[i], err = b.Source.Offsets(ctx, q, tps); err != nil {
			return fmt.Errorf("ask for the offsets of %d partitions: %w", len(tps), err)
		}
	}
	for _, t := range topics {
		pt := b.planTopic(t, configs[t.Name])
		for _, x := range t.Partitions {
			tp := kafka.TopicPartition{Topic: t.Name, ID: t.ID, Partition: x.Number}
			pt.Partitions = append(pt.Partitions, b.planPartition(pt, x, at[0][tp].Offset, at[1][tp], at[2][tp].Offset))
		}
		p.Topics = append(p.Topics, pt)
	}
	return nil
}

// planTopic decides whether a topic's part of the chain goes on or begins anew.
func (b *backup) planTopic(t kafka.Topic, configs []kafka.Config) archive.PlanTopic {
	pt := archive.PlanTopic{Name: t.Name, ID: t.ID, Configs: map[string]string{}, Reason: archive.ReasonFirst}
	for _, c := range configs {
		if c.OnTopic() && !c.Sensitive {
			pt.Configs[c.Name] = c.Value
		}
		if c.Name == "cleanup.policy" {
			pt.Compacted = strings.Contains(c.Value, "compact")
		}
	}
	for _, x := range t.Partitions {
		pt.ReplicationFactor = max(pt.ReplicationFactor, x.Replicas)
	}
	if b.view == nil {
		pt.Full = true
		return pt
	}
	before, known := b.view.ByID(t.ID)
	_, named := b.view.Topic(t.Name)
	switch {
	case !known && named:
		pt.Full, pt.Reason = true, archive.ReasonRecreated
	case !known:
		pt.Full, pt.Reason = true, archive.ReasonNew
	case pt.Compacted || before.Compacted:
		pt.Full, pt.Reason = true, archive.ReasonCompacted
	case b.Full:
		pt.Full, pt.Reason = true, archive.ReasonFull
	default:
		pt.Reason = archive.ReasonIncremental
	}
	return pt
}

// planPartition freezes one partition. An incremental run begins where the one before ended, even when
// the log now starts later: the reader then finds the gap, and it is entered. So does one that meets a
// partition, or a topic under a known name, that came after the run before: all of it was to be captured.
func (b *backup) planPartition(t archive.PlanTopic, x kafka.Partition, logStart int64, stable kafka.Offset, high int64) archive.PlanPartition {
	p := archive.PlanPartition{Partition: x.Number, Start: archive.Int64(logStart), End: archive.Int64(stable.Offset), LogStart: archive.Int64(logStart),
		HighWatermark: archive.Int64(high), LeaderEpoch: x.LeaderEpoch, LastEpoch: -1}
	if t.Reason == archive.ReasonRecreated || !t.Full {
		if before, ok := b.view.Topic(t.Name); ok && before.Current {
			p.Start = 0
		}
	}
	if !t.Full {
		before, _ := b.view.ByID(t.ID)
		for _, part := range before.Parts {
			if part.Partition == x.Number {
				p.Start, p.LastEpoch = part.End, part.LastEpoch
			}
		}
	}
	return p
}

// heldBack says which open transactions keep records from this run, and finds those that are older
// than the grace: they are no writer at work but a leak that hides records for good.
func (b *backup) heldBack(ctx context.Context, m *archive.Manifest) {
	held := map[string]int64{}
	for _, t := range b.plan.Doc.Topics {
		for _, p := range t.Partitions {
			if n := p.HeldBack(); n > 0 {
				held[fmt.Sprintf("%s/%d", t.Name, p.Partition)] = n
				m.Statistics.HeldBack += n
			}
		}
	}
	if len(held) == 0 {
		return
	}
	open, err := b.Source.OpenTransactions(ctx)
	if err != nil {
		m.Findings = append(m.Findings, fmt.Sprintf("%d offsets are held back by open transactions whose age could not be told: %v", m.Statistics.HeldBack, err))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		age, who := oldest(open, name, b.Env.now())
		line := fmt.Sprintf("%s: %d offsets are held back by an open transaction%s", name, held[name], who)
		if age > b.TransactionGrace {
			m.Findings = append(m.Findings, line)
		} else {
			m.Notes = append(m.Notes, line)
		}
	}
}

// oldest finds the oldest open transaction that touches a partition.
func oldest(open []kafka.Transaction, partition string, now time.Time) (age time.Duration, who string) {
	for _, t := range open {
		for _, tp := range t.Partitions {
			if a := now.Sub(t.Started); tp.String() == partition && a >= age {
				age, who = a, fmt.Sprintf(" (%s, open for %s)", t.ID, a.Truncate(time.Second))
			}
		}
	}
	return age, who
}
