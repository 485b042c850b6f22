package archive

import (
	"context"
	"fmt"
	"slices"

	"kustody/kafka"
)

// View is what a run holds once its chain is resolved: for every topic incarnation and partition the
// segments that count, in offset order.
type View struct {
	Run    Document[Manifest]
	Chain  []Document[Manifest]
	Topics []ViewTopic // sorted by name, then by the run that first captured them
}

// ViewTopic is one incarnation of a topic.
type ViewTopic struct {
	ManifestTopic        // as the newest run that captured it says; its Partitions are not the view's
	Current       bool   // captured by the view's own run
	FirstRun      string // where its part of the chain begins
	Parts         []ViewPart
}

// ViewPart is one partition across the chain.
type ViewPart struct {
	Partition int32
	Start     Int64
	End       Int64
	Records   int64
	Bytes     int64
	Segments  []ViewSegment
	Gaps      []Range
	Absent    Absent
	Tail      Absent // of it, what no segment accounts for
	LastEpoch int32  // leader epoch at End, -1 unknown
	rewritten bool   // the source was, so that a tail may count what was cut off
}

// ViewSegment is a segment that counts in [From, Until): less than it holds where the source was
// rewritten after it.
type ViewSegment struct {
	Held
	Until   Int64 // offsets at or after it are in the object, and no longer count
	Counted int64 // records in [From, Until)
}

// Cut says that the end of the segment no longer counts.
func (s ViewSegment) Cut() bool { return s.Until < s.To }

// View resolves a run. An empty run is the newest.
func (a *Archive) View(ctx context.Context, run string) (*View, error) {
	var chain []Document[Manifest]
	var err error
	if run == "" || run == "latest" {
		head, known, herr := a.head(ctx)
		if herr != nil {
			return nil, herr
		}
		chain, err = a.chain(ctx, head.Doc.RunID, known)
	} else {
		chain, err = a.Chain(ctx, run)
	}
	if err != nil {
		return nil, err
	}
	return resolve(chain)
}

// resolve lays the manifests of a chain over each other, oldest first.
func resolve(chain []Document[Manifest]) (*View, error) {
	v := &View{Run: chain[len(chain)-1], Chain: chain}
	topics := map[kafka.TopicID]*ViewTopic{}
	var order []kafka.TopicID
	for _, m := range chain {
		for _, t := range m.Doc.Topics {
			vt := topics[t.ID]
			if vt == nil || t.Full {
				if vt == nil {
					order = append(order, t.ID)
				}
				vt = &ViewTopic{FirstRun: m.Doc.RunID}
				topics[t.ID] = vt
			}
			if err := vt.lay(t); err != nil {
				return nil, broken(m.Key, "topic %s (%s): %w", t.Name, t.ID, err)
			}
			vt.Current = m.Doc.RunID == v.Run.Doc.RunID && !t.Carried
		}
	}
	for _, id := range order {
		v.Topics = append(v.Topics, *topics[id])
	}
	slices.SortStableFunc(v.Topics, func(a, b ViewTopic) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return v, nil
}

// lay puts what one run captured of a topic on top of what is there.
func (t *ViewTopic) lay(m ManifestTopic) error {
	t.ManifestTopic = m
	for _, p := range m.Partitions {
		i, found := slices.BinarySearchFunc(t.Parts, p.Partition, func(v ViewPart, n int32) int { return int(v.Partition) - int(n) })
		if !found {
			t.Parts = slices.Insert(t.Parts, i, ViewPart{Partition: p.Partition, Start: p.Start, End: p.Start})
		}
		if err := t.Parts[i].lay(p); err != nil {
			return fmt.Errorf("partition %d: %w", p.Partition, err)
		}
	}
	t.Partitions = nil
	return nil
}

// lay puts what one run captured of a partition behind what is there. Cuts come first; after them the
// run must begin where the earlier ones end, or be said to lie behind a gap.
func (p *ViewPart) lay(m ManifestPartition) error {
	for _, c := range m.Cuts {
		p.cut(c)
	}
	if m.Start != p.End {
		return fmt.Errorf("begins at %d, and the run before ends at %d", m.Start, p.End)
	}
	for _, h := range m.Segments {
		if !p.owns(h.Key) {
			p.Segments = append(p.Segments, ViewSegment{Held: h, Until: h.To, Counted: h.Records})
		}
	}
	// cuts of this run's own segments (the source was rewritten while it ran)
	for _, c := range m.Cuts {
		p.cut(c)
	}
	p.Gaps = append(p.Gaps, m.Gaps...)
	p.Absent, p.Tail = p.Absent.Plus(m.Absent), p.Tail.Plus(m.Tail)
	p.End, p.LastEpoch = m.End, m.LastEpoch
	p.sum()
	return nil
}

func (p *ViewPart) owns(key string) bool {
	return slices.ContainsFunc(p.Segments, func(s ViewSegment) bool { return s.Key == key })
}

// cut takes the end off one segment, or all of it; without a key, off the account.
func (p *ViewPart) cut(c Cut) {
	if c.Key == "" {
		p.End, p.rewritten = min(p.End, c.To), true
	}
	for i := range p.Segments {
		s := &p.Segments[i]
		if s.Key == c.Key && c.To < s.Until {
			s.Until, s.Counted = c.To, c.Records
			p.End, p.rewritten = min(p.End, c.To), true
		}
	}
	p.Segments = slices.DeleteFunc(p.Segments, func(s ViewSegment) bool { return s.Until <= s.From })
	p.Gaps = slices.DeleteFunc(p.Gaps, func(g Range) bool { return g.From >= p.End })
	for i := range p.Gaps {
		p.Gaps[i].To = min(p.Gaps[i].To, p.End)
	}
}

func (p *ViewPart) sum() {
	p.Records, p.Bytes = 0, 0
	for _, s := range p.Segments {
		p.Records += s.Counted
		p.Bytes += s.Size
	}
}

// Topic finds the newest incarnation under a name: the one the view's run captured, else the last.
func (v *View) Topic(name string) (*ViewTopic, bool) {
	var found *ViewTopic
	for i := range v.Topics {
		t := &v.Topics[i]
		if t.Name == name && (found == nil || t.Current || !found.Current) {
			found = t
		}
	}
	return found, found != nil
}

// ByID finds one incarnation.
func (v *View) ByID(id kafka.TopicID) (*ViewTopic, bool) {
	for i := range v.Topics {
		if v.Topics[i].ID == id {
			return &v.Topics[i], true
		}
	}
	return nil, false
}

// Complete makes a manifest list the whole chain behind it, so that readers can stop at it. Topics that
// its own run did not capture are carried. before is the view of the run before it.
func Complete(before *View, m *Manifest) error {
	chain := append(append([]Document[Manifest]{}, before.Chain...), Document[Manifest]{Doc: m})
	v, err := resolve(chain)
	if err != nil {
		return fmt.Errorf("complete the chain: %w", err)
	}
	m.Topics = nil
	for _, t := range v.Topics {
		mt := t.ManifestTopic
		mt.Full, mt.Carried, mt.Partitions = true, !t.Current, nil
		for _, p := range t.Parts {
			mt.Partitions = append(mt.Partitions, p.flatten())
		}
		m.Topics = append(m.Topics, mt)
	}
	m.Complete = true
	return nil
}

// flatten writes a partition of a view as one manifest partition. What was cut off is in no sum of it.
func (p ViewPart) flatten() ManifestPartition {
	m := ManifestPartition{Partition: p.Partition, Start: p.Start, End: p.End, LastEpoch: p.LastEpoch, Records: p.Records, Bytes: p.Bytes,
		Segments: []Held{}, Gaps: append([]Range{}, p.Gaps...)}
	open := int64(p.End - p.Start)
	for _, s := range p.Segments {
		if s.Cut() {
			m.Cuts = append(m.Cuts, Cut{Key: s.Key, To: s.Until, Records: s.Counted})
		}
		m.Segments = append(m.Segments, s.Held)
		m.Absent = m.Absent.Plus(s.Absent)
		open -= int64(s.Until - s.From)
	}
	for _, g := range p.Gaps {
		open -= g.Len()
	}
	m.Tail = p.Tail.upTo(open)
	m.Absent = m.Absent.Plus(m.Tail)
	return m
}
