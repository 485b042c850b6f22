package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"kustody/engine/archive"
	"kustody/kafka"
)

// chooseGroups takes the groups to translate out of the run's plan, where they were put before the
// run's data was captured.
func (p *RestorePlan) chooseGroups(ctx context.Context, o RestoreOptions, a *archive.Archive) error {
	if o.Groups == nil && !o.CopyACLs {
		return nil
	}
	plan, err := a.Plan(ctx, p.RunID)
	if err != nil {
		return err
	}
	if o.Groups != nil {
		if err := p.takeGroups(o, plan.Doc.Groups); err != nil {
			return err
		}
	}
	if o.CopyACLs {
		p.takeACLs(plan.Doc)
	}
	return nil
}

func (p *RestorePlan) takeGroups(o RestoreOptions, groups []archive.Group) error {
	p.marks = map[sourcePartition][]int64{}
	from := map[string]string{}
	for _, g := range groups {
		target, ok := o.Groups(g.ID)
		if !ok {
			continue
		}
		if other, taken := from[target]; taken {
			return problem(ExitUsage, "correct restore.consumer_groups", "groups %q and %q would both become %q", other, g.ID, target)
		}
		from[target] = g.ID
		out := RestoreGroup{Source: g.ID, Target: target, Offsets: []archive.GroupOffset{}}
		for _, off := range g.Offsets {
			if t := p.bySource(off.Topic); t != nil && t.view.Current {
				out.Offsets = append(out.Offsets, off)
				sp := sourcePartition{off.Topic, off.Partition}
				p.marks[sp] = append(p.marks[sp], int64(off.Offset))
			}
		}
		switch {
		case g.Error != "":
			out.Error = "its offsets could not be captured: " + g.Error
			p.Groups = append(p.Groups, out)
			p.Warnings = append(p.Warnings, fmt.Sprintf("group %s: %s", g.ID, out.Error))
		case len(out.Offsets) > 0:
			p.Groups = append(p.Groups, out)
		}
	}
	for sp, at := range p.marks {
		slices.Sort(at)
		p.marks[sp] = slices.Compact(at)
	}
	return nil
}

func (p *RestorePlan) bySource(name string) *RestoreTopic {
	for i := range p.Topics {
		if p.Topics[i].Source == name {
			return &p.Topics[i]
		}
	}
	return nil
}

// marksOf are the committed offsets of a source partition, or nil.
func (p *RestorePlan) marksOf(topic string, partition int32) *marks {
	at := p.marks[sourcePartition{topic, partition}]
	if len(at) == 0 {
		return nil
	}
	return &marks{at: at}
}

// takeACLs chooses the rules of restored topics and groups. Rules for prefixes and for everything reach
// beyond them and stay where they are.
func (p *RestorePlan) takeACLs(plan *archive.Plan) {
	group := map[string]string{}
	for _, g := range p.Groups {
		group[g.Source] = g.Target
	}
	wide := 0
	for _, rule := range plan.ACLs {
		switch {
		case rule.PatternType != "LITERAL" || rule.ResourceName == "*":
			wide++
			continue
		case rule.ResourceType == "TOPIC" && p.bySource(rule.ResourceName) != nil:
			rule.ResourceName = p.bySource(rule.ResourceName).Target
		case rule.ResourceType == "GROUP" && group[rule.ResourceName] != "":
			rule.ResourceName = group[rule.ResourceName]
		default:
			continue
		}
		p.ACLs = append(p.ACLs, rule)
	}
	if wide > 0 {
		p.note("%d ACLs for prefixes or for everything are not copied: they reach beyond what is restored", wide)
	}
}

// copyACLs makes the rules before the first record is there to read.
func (r *restore) copyACLs(ctx context.Context) error {
	if len(r.plan.ACLs) == 0 {
		return nil
	}
	var acls []kafka.ACL
	for _, a := range r.plan.ACLs {
		acls = append(acls, kafka.ACL{Resource: a.ResourceType, Name: a.ResourceName, Pattern: a.PatternType,
			Principal: a.Principal, Host: a.Host, Operation: a.Operation, Permission: a.Permission})
	}
	if err := r.Admin.CreateACLs(ctx, acls); err != nil {
		return fmt.Errorf("copy %d ACLs (restore.acls = \"none\" leaves them out): %w", len(acls), err)
	}
	r.job.Info("acls", F("count", len(acls)))
	return nil
}

// judgeGroups warns of groups that have members at the target: nobody else can set their offsets.
func (p *RestorePlan) judgeGroups(ctx context.Context, o RestoreOptions) error {
	if len(p.Groups) == 0 {
		return nil
	}
	if p.Repartition != "" {
		p.Warnings = append(p.Warnings, "consumer groups are not translated: with repartition one position becomes many")
		return nil
	}
	there, err := o.Admin.Groups(ctx)
	if err != nil {
		return fmt.Errorf("list the target's consumer groups: %w", err)
	}
	for _, g := range p.Groups {
		for _, x := range there {
			if x.ID == g.Target && x.Members > 0 {
				p.Warnings = append(p.Warnings, fmt.Sprintf("group %s has %d active members at the target: its offsets cannot be set until they stop", x.ID, x.Members))
			}
		}
	}
	return nil
}

// moveGroups translates committed offsets and commits them, one group per call. A group that cannot be
// moved is a finding; the records are there all the same.
func (r *restore) moveGroups(ctx context.Context, parts []*restoredPart) error {
	if r.plan.Repartition != "" {
		for _, g := range r.plan.Groups {
			r.groupFailed(&archive.MovedGroup{Source: g.Source, Target: g.Target, Offsets: []archive.MovedOffset{}},
				errors.New("not translated: with repartition one position becomes many"))
		}
		return nil
	}
	at := map[sourcePartition]*restoredPart{}
	for _, p := range parts {
		at[sourcePartition{r.plan.Topics[p.topic].Source, p.partition}] = p
	}
	for _, g := range r.plan.Groups {
		m := archive.MovedGroup{Source: g.Source, Target: g.Target, Offsets: []archive.MovedOffset{}}
		if g.Error != "" {
			r.groupFailed(&m, errors.New(g.Error))
			continue
		}
		for _, o := range g.Offsets {
			if p := at[sourcePartition{o.Topic, o.Partition}]; p != nil {
				m.Offsets = append(m.Offsets, r.translate(o, p))
			}
		}
		if err := r.moveGroup(ctx, &m); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.groupFailed(&m, err)
			continue
		}
		r.moved = append(r.moved, m)
		r.job.Info("group", F("group", m.Source), F("target", m.Target), F("offsets", len(m.Offsets)))
	}
	return nil
}

func (r *restore) groupFailed(m *archive.MovedGroup, err error) {
	m.Error = err.Error()
	r.moved = append(r.moved, *m)
	r.job.Warn("group", F("group", m.Source), F("target", m.Target), F("error", m.Error),
		F("message", fmt.Sprintf("group %s: %s", m.Target, m.Error)))
}

// translate finds the next restored record at or after a committed offset.
func (r *restore) translate(o archive.GroupOffset, p *restoredPart) archive.MovedOffset {
	index, end := p.marks.find(int64(o.Offset), p.records)
	return archive.MovedOffset{SourceTopic: o.Topic, SourcePartition: o.Partition, SourceOffset: o.Offset,
		TargetTopic: r.plan.Topics[p.topic].Target, TargetPartition: p.partition,
		TargetOffset: archive.Int64(p.start + index), AtEnd: end, Metadata: o.Metadata}
}

// moveGroup commits one group's offsets and reads them back.
func (r *restore) moveGroup(ctx context.Context, m *archive.MovedGroup) error {
	var offsets []kafka.GroupOffset
	want := map[sourcePartition]int64{}
	for _, o := range m.Offsets {
		offsets = append(offsets, kafka.GroupOffset{Topic: o.TargetTopic, Partition: o.TargetPartition, Offset: int64(o.TargetOffset), Metadata: o.Metadata})
		want[sourcePartition{o.TargetTopic, o.TargetPartition}] = int64(o.TargetOffset)
	}
	if err := r.Admin.CommitGroup(ctx, m.Target, offsets); err != nil {
		return err
	}
	got, err := r.Admin.GroupOffsets(ctx, m.Target)
	if err != nil {
		return fmt.Errorf("read the committed offsets back: %w", err)
	}
	for _, o := range got {
		tp := sourcePartition{o.Topic, o.Partition}
		if n, ok := want[tp]; ok && n == o.Offset {
			delete(want, tp)
		}
	}
	if len(want) > 0 {
		tp := slices.SortedFunc(maps.Keys(want), func(x, y sourcePartition) int { return int(x.partition) - int(y.partition) })[0]
		return fmt.Errorf("%d offsets are not there when read back, among them %s/%d at %d", len(want), tp.topic, tp.partition, want[tp])
	}
	return nil
}
