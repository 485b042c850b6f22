package engine

import (
	"maps"
	"slices"
	"strings"

	"kustody/engine/archive"
)

// maxTopicName is the longest topic name a broker takes.
const maxTopicName = 249

// nameLetters are all that may be in one.
const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// chooseTopics applies selection and mapping to what the archive holds.
func (p *RestorePlan) chooseTopics(o RestoreOptions) error {
	names := topicNames(p.view)
	if missing := o.Topics.unmatched(names); len(missing) > 0 {
		return problem(ExitUsage, "correct the topics to restore; `describe` shows what the run holds",
			"run %s of %s holds no topic for: %s", p.RunID, p.BackupID, strings.Join(missing, ", "))
	}
	for _, name := range names {
		if !o.Topics.match(name, isInternalTopic(name)) {
			continue
		}
		if err := p.chooseTopic(o, name); err != nil {
			return err
		}
	}
	if len(p.Topics) == 0 {
		return problem(ExitUsage, "correct the topics to restore", "no topic is selected out of %d in run %s of %s", len(names), p.RunID, p.BackupID)
	}
	return p.checkMapping(o)
}

// topicNames lists the names in a view once each.
func topicNames(v *archive.View) []string {
	seen := map[string]bool{}
	for _, t := range v.Topics {
		seen[t.Name] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// isInternalTopic knows the topics that Kafka keeps for itself.
func isInternalTopic(name string) bool {
	return slices.Contains([]string{"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"}, name)
}

// chooseTopic adds one source topic to the plan.
func (p *RestorePlan) chooseTopic(o RestoreOptions, name string) error {
	vt, _ := p.view.Topic(name)
	if id, ok := o.Incarnations[name]; ok {
		var found bool
		if vt, found = p.view.ByID(id); !found || vt.Name != name {
			return problem(ExitUsage, "`describe` shows the ids", "run %s holds no topic %q with id %s", p.RunID, name, id)
		}
	}
	t := RestoreTopic{Source: name, SourceID: vt.ID, view: vt, Configs: map[string]string{}, HeldOpen: map[string]string{}}
	for i := range vt.Parts {
		part := &vt.Parts[i]
		t.Partitions = max(t.Partitions, int(part.Partition)+1)
		t.Parts = append(t.Parts, RestorePartition{Partition: part.Partition, view: part})
	}
	if o.Partitions != nil {
		if n := o.Partitions(name); n > 0 {
			if o.Repartition == "" && n != t.Partitions {
				return problem(ExitUsage, "set repartition to murmur2 or round_robin, which say where each record goes",
					"topic %q has %d partitions and is to be restored into %d", name, t.Partitions, n)
			}
			t.Partitions = n
		}
	}
	t.Target, t.named = p.targetName(o, name)
	p.Topics = append(p.Topics, t)
	if !vt.Current {
		p.note("topic %q was not captured by run %s itself; what earlier runs hold of it is restored", name, p.RunID)
	}
	return nil
}

// targetName is the mapped name, the original one on another cluster, or a fresh one on the same.
func (p *RestorePlan) targetName(o RestoreOptions, source string) (name string, named bool) {
	if o.drill {
		return drillTopic(p.RestoreID, source), true
	}
	if to, ok := o.Mapping[source]; ok {
		return to, true
	}
	if p.view.Run.Doc.Source.Observed != p.Target.Observed {
		return source, true
	}
	return "restore-" + p.RestoreID + "." + source, o.RestoreID != ""
}

// checkMapping finds names that no broker takes, two sources with one target, and mappings of nothing.
func (p *RestorePlan) checkMapping(o RestoreOptions) error {
	target := map[string]string{}
	for _, t := range p.Topics {
		if other, ok := target[t.Target]; ok {
			return problem(ExitUsage, "correct topic_mapping", "topics %q and %q would both be restored into %q", other, t.Source, t.Target)
		}
		target[t.Target] = t.Source
		if strings.Trim(t.Target, nameLetters) != "" || t.Target == "." || t.Target == ".." {
			return problem(ExitUsage, "give it another name with topic_mapping", "brokers do not take the topic name %q: letters, digits, dots, _ and - may be in it", t.Target)
		}
		if len(t.Target) == 0 || len(t.Target) > maxTopicName {
			return problem(ExitUsage, "give it another name with topic_mapping", "the target name %q of topic %q has %d characters; brokers take 1 to %d",
				t.Target, t.Source, len(t.Target), maxTopicName)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(o.Mapping)) {
		if !slices.ContainsFunc(p.Topics, func(t RestoreTopic) bool { return t.Source == source }) {
			return problem(ExitUsage, "correct topic_mapping or the topics to restore", "topic_mapping names %q, which is not among the topics to restore", source)
		}
	}
	return nil
}
