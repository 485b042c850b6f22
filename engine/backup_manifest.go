package engine

import (
	"context"
	"fmt"

	"kustody/engine/archive"
)

// manifest sums the run up, and says in words what keeps it from being clean.
func (b *backup) manifest(ctx context.Context, got *captured) (*archive.Manifest, error) {
	p := b.plan.Doc
	m := &archive.Manifest{RunID: p.RunID, CreatedAt: b.Env.now(), CreatedBy: b.Env.Operator, StartedAt: p.CreatedAt, Tool: b.Env.Tool,
		PlanSHA256: b.plan.SHA256, Previous: p.Previous, Chain: 1, Source: p.Source, Compression: p.Capture.Compression, Inspect: p.Capture.Inspect,
		Generation: "proved", Missing: p.Missing, Vanished: p.Vanished, Findings: []string{}, Notes: append([]string{}, p.Notes...)}
	if got.unproved.Load() {
		m.Generation = "unproved"
		m.Notes = append(m.Notes, "the brokers do not take topic ids in fetches: that a topic was not deleted and created again during the run is not proved")
	}
	for i, t := range p.Topics {
		m.Topics = append(m.Topics, b.manifestTopic(m, t, got.topics[i], got.lost[i]))
	}
	for _, name := range p.Missing {
		m.Findings = append(m.Findings, fmt.Sprintf("nothing on the cluster matches %s, which was asked for", name))
	}
	for _, name := range p.Vanished {
		m.Findings = append(m.Findings, fmt.Sprintf("topic %s was in the run before and is not on the cluster or not selected any more", name))
	}
	for _, g := range p.Groups {
		if g.Error != "" {
			m.Findings = append(m.Findings, fmt.Sprintf("the offsets of consumer group %s could not be read: %s", g.ID, g.Error))
		}
	}
	b.heldBack(ctx, m)
	if b.head.Doc == nil {
		return m, nil
	}
	m.Chain = b.head.Doc.Chain + 1
	if b.head.Doc.Complete {
		m.Chain = 2
	}
	if m.Chain >= archive.ChainMax {
		if err := archive.Complete(b.view, m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (b *backup) manifestTopic(m *archive.Manifest, t archive.PlanTopic, parts []archive.ManifestPartition, lost []bool) archive.ManifestTopic {
	mt := archive.ManifestTopic{Name: t.Name, ID: t.ID, Full: t.Full, Compacted: t.Compacted, ReplicationFactor: t.ReplicationFactor, Configs: t.Configs, Partitions: parts}
	m.Statistics.Topics++
	for i, p := range parts {
		mt.Deleted = mt.Deleted || lost[i]
		m.Statistics.Partitions++
		m.Statistics.Segments += len(p.Segments)
		m.Statistics.Records += p.Records
		m.Statistics.Bytes += p.Bytes
		for _, g := range p.Gaps {
			m.Statistics.Gaps += g.Len()
			m.Findings = append(m.Findings, fmt.Sprintf("%s/%d: offsets %d to %d are lost: %s", t.Name, p.Partition, g.From, g.To, g.Reason))
		}
		if len(p.Cuts) > 0 {
			m.Findings = append(m.Findings, fmt.Sprintf("%s/%d: the source replaced what it held from offset %d on; captured anew from there", t.Name, p.Partition, p.Cuts[0].To))
		}
	}
	if mt.Deleted {
		m.Findings = append(m.Findings, fmt.Sprintf("topic %s was deleted while it was captured", t.Name))
	}
	return mt
}
