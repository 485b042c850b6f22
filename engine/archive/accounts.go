package archive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"kustody/kafka"
)

// Accounts checks the bookkeeping of a view: that in every partition, of every run of the chain and of
// the chain as a whole, segments, gaps and tail account for each offset of [Start, End) exactly once,
// and that the sums are the sums. Each error is a *BrokenError that names the manifest.
func Accounts(v *View) []error {
	var errs []error
	for _, m := range v.Chain {
		for _, err := range m.Doc.accounts() {
			errs = append(errs, &BrokenError{Key: m.Key, Err: err})
		}
	}
	for i := range v.Topics {
		t := &v.Topics[i]
		for k := range t.Parts {
			if err := t.Parts[k].account(); err != nil {
				errs = append(errs, broken(v.Run.Key, "topic %s, partition %d: %w", t.Name, t.Parts[k].Partition, err))
			}
		}
	}
	return errs
}

// accounts checks what one run says of itself.
func (m *Manifest) accounts() []error {
	var errs []error
	var sum Statistics
	seen := map[Place]bool{}
	for _, t := range m.Topics {
		if seen[Place{TopicID: t.ID, Partition: -1}] {
			errs = append(errs, fmt.Errorf("topic %s (%s) is there twice", t.Name, t.ID))
		}
		seen[Place{TopicID: t.ID, Partition: -1}] = true
		if !t.Carried {
			sum.Topics++
		}
		for _, p := range t.Partitions {
			if at := (Place{TopicID: t.ID, Partition: p.Partition}); seen[at] {
				errs = append(errs, fmt.Errorf("topic %s, partition %d is there twice", t.Name, p.Partition))
			} else {
				seen[at] = true
			}
			if !t.Carried {
				sum.Partitions++
			}
			sum.Segments += len(p.Segments)
			sum.Records += p.Records
			sum.Bytes += p.Bytes
			if err := p.account(m.Complete); err != nil {
				errs = append(errs, fmt.Errorf("topic %s, partition %d: %w", t.Name, p.Partition, err))
			}
		}
	}
	got := m.Statistics
	if !m.Complete { // a complete one lists the chain's segments, and its statistics are the run's own
		sum.Gaps, sum.HeldBack = got.Gaps, got.HeldBack
		if sum != got {
			errs = append(errs, fmt.Errorf("its statistics say %+v, its topics add up to %+v", got, sum))
		}
	}
	return errs
}

// account checks one partition of one run, or, in a complete manifest, of the chain.
func (p ManifestPartition) account(complete bool) error {
	var records, bytes int64
	absent := p.Tail
	spans := make([]Range, 0, len(p.Segments)+len(p.Gaps))
	for _, s := range p.Segments {
		records += s.Records
		bytes += s.Size
		absent = absent.Plus(s.Absent)
		spans = append(spans, Range{From: s.From, To: s.To, Reason: inSegment})
		if n := s.Records + s.Absent.Total(); n != int64(s.To-s.From) {
			return fmt.Errorf("segment %s accounts for %d of the offsets %d to %d", s.Key, n, s.From, s.To)
		}
	}
	if len(p.Cuts) > 0 { // what was cut off is judged with the chain
		return nil
	}
	if records != p.Records || bytes != p.Bytes || absent != p.Absent {
		return fmt.Errorf("it says %d records, %d bytes and %+v, and its segments add up to %d, %d and %+v", p.Records, p.Bytes, p.Absent, records, bytes, absent)
	}
	spans = append(spans, p.Gaps...)
	if !complete {
		if at, open := openInside(p.Start, spans); open {
			return fmt.Errorf("offset %d lies between segments, and in none of them: a tail lies behind all", at)
		}
	}
	return tile(p.Start, p.End, spans, p.Tail.Total(), true)
}

// inSegment marks the ranges of segments among those of gaps.
const inSegment = "segment"

// openInside finds an offset just before a segment that neither a segment nor a gap accounts for. Within
// one run there is none: a segment goes on where the one before it ends, and what is absent before a gap,
// or at the end, is the tail.
func openInside(start Int64, spans []Range) (Int64, bool) {
	sortRanges(spans)
	pos := start
	for _, s := range spans {
		if s.From > pos && s.Reason == inSegment {
			return pos, true
		}
		pos = max(pos, s.To)
	}
	return 0, false
}

func sortRanges(spans []Range) {
	slices.SortStableFunc(spans, func(a, b Range) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
}

// account checks one partition across the chain.
func (p *ViewPart) account() error {
	spans := make([]Range, 0, len(p.Segments)+len(p.Gaps))
	for _, s := range p.Segments {
		spans = append(spans, Range{From: s.From, To: s.Until})
		if s.Counted < 0 || s.Counted > int64(s.Until-s.From) || s.Counted > s.Records {
			return fmt.Errorf("segment %s counts %d records in the offsets %d to %d", s.Key, s.Counted, s.From, s.Until)
		}
	}
	// Where the source was rewritten, a tail may have been cut off with what lay before it; it is still
	// in the sum.
	return tile(p.Start, p.End, append(spans, p.Gaps...), p.Tail.Total(), !p.rewritten)
}

// tile lays ranges into [start, end): none may overlap, and what they leave open is the tail. Without
// exact the tail may be more than that.
func tile(start, end Int64, spans []Range, tail int64, exact bool) error {
	sortRanges(spans)
	pos, open := start, int64(0)
	for _, s := range spans {
		if s.To < s.From {
			return fmt.Errorf("a range goes from offset %d to %d", s.From, s.To)
		}
		if s.From < pos {
			return fmt.Errorf("offset %d is accounted for twice, or lies before the start, %d", s.From, start)
		}
		open += int64(s.From - pos)
		pos = s.To
	}
	if pos > end {
		return fmt.Errorf("accounts for offsets up to %d, beyond its end, %d", pos, end)
	}
	open += int64(end - pos)
	if open > tail || exact && open != tail {
		return fmt.Errorf("%d offsets of %d to %d are in no segment and no gap, and its tail accounts for %d", open, start, end, tail)
	}
	return nil
}

// Shortfall says, if so, what a manifest leaves out of what its plan froze: a partition, its beginning, or
// its end where the source did not rewrite it. "" when nothing is.
func (m *Manifest) Shortfall(p *Plan) string {
	got := map[Place]ManifestPartition{}
	for _, t := range m.Topics {
		for _, part := range t.Partitions {
			got[Place{Topic: t.Name, TopicID: t.ID, Partition: part.Partition}] = part
		}
	}
	for _, t := range p.Topics {
		for _, want := range t.Partitions {
			has, ok := got[Place{Topic: t.Name, TopicID: t.ID, Partition: want.Partition}]
			switch {
			case !ok:
				return fmt.Sprintf("it leaves out %s/%d, which its plan names", t.Name, want.Partition)
			case has.Start > want.Start:
				return fmt.Sprintf("it has %s/%d from offset %d on, and its plan from %d", t.Name, want.Partition, has.Start, want.Start)
			case has.End < want.End && len(has.Cuts) == 0 && !m.Complete:
				return fmt.Sprintf("it has %s/%d up to offset %d, and its plan up to %d", t.Name, want.Partition, has.End, want.End)
			}
		}
	}
	return ""
}

// Place says where a manifest puts a segment.
type Place struct {
	Topic     string
	TopicID   kafka.TopicID
	Partition int32
}

// Sidecar reads a sidecar by its own key.
func (a *Archive) Sidecar(ctx context.Context, key string) (Document[Sidecar], error) {
	d, err := get[Sidecar](ctx, a, key, KindSidecar)
	if err == nil && (d.Doc.BackupID != a.BackupID || SidecarKey(d.Doc.Key) != key) {
		err = broken(key, "speaks of %s of %s", d.Doc.Key, d.Doc.BackupID)
	}
	return d, err
}

// VerifySidecar proves that the sidecar of a segment is the one that a manifest pins, word for word,
// and gives its size. Errors are those of reading, or a *BrokenError that names the sidecar.
func (a *Archive) VerifySidecar(ctx context.Context, h Held, at Place) (int64, error) {
	key := SidecarKey(h.Key)
	if !strings.HasPrefix(h.Key, PartitionDir(at.TopicID, at.Partition)) || key == h.Key {
		return 0, broken(h.Key, "does not lie where segments of %s, partition %d, belong", at.Topic, at.Partition)
	}
	d, err := a.Sidecar(ctx, key)
	if missing(err) {
		return 0, broken(key, "is not there")
	}
	if err != nil {
		return 0, err
	}
	s := d.Doc
	switch {
	case d.SHA256 != h.SidecarSHA256:
		return 0, broken(key, "its sha256 is %s; the manifest says %s", d.SHA256, h.SidecarSHA256)
	case s.Segment != h.Segment:
		return 0, broken(key, "says other things of %s than the manifest", h.Key)
	case s.RunID != h.RunID || s.TopicID != at.TopicID || s.Topic != at.Topic || s.Partition != at.Partition:
		return 0, broken(key, "belongs to %s, partition %d, of run %s", s.Topic, s.Partition, s.RunID)
	}
	return d.Size, nil
}

// StatSegment looks whether a segment is there and has its size, without reading it.
func (a *Archive) StatSegment(ctx context.Context, s Segment) error {
	info, err := a.store.Stat(ctx, s.Key)
	switch {
	case missing(err):
		return broken(s.Key, "is not there")
	case err != nil:
		return fmt.Errorf("look for segment %s: %w", s.Key, err)
	case info.Size != s.Size:
		return broken(s.Key, "has %d bytes; its sidecar says %d", info.Size, s.Size)
	}
	return nil
}
