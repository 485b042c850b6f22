package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/batch"
)

// position is a committed offset that a restore translated: what it must be, and what must lie there.
type position struct {
	archive.MovedOffset
	group string
	tp    kafka.TopicPartition
	end   int64  // of the restored range
	next  []byte // canonical record that the group would read next; nil: the end
	odd   bool   // the raw reader decides
	want  int64  // target offset that follows from the archive
}

// groupOffsets asks whether every moved group stands where the offset map says, and whether the next
// record it would read is the archive's.
func (v *validation) groupOffsets(ctx context.Context) error {
	since := v.Env.now()
	c := evidence.Check{Name: evidence.ConsumerGroupOffsetCheck, Outcome: evidence.Passed}
	groups := v.receipt.Doc.Groups
	if len(groups) == 0 {
		c.Outcome, c.Detail = evidence.Skipped, "the restore moved no consumer group"
		v.answer(c, since)
		return nil
	}
	v.job.phase("groups")
	var positions []*position
	for _, g := range groups {
		if g.Error != "" {
			c.Problems = append(c.Problems, fmt.Sprintf("group %s was not moved: %s", g.Target, g.Error))
			continue
		}
		found, problems, err := v.groupStands(ctx, g)
		if err != nil {
			return err
		}
		c.Problems = append(c.Problems, problems...)
		positions = append(positions, found...)
	}
	untold := len(c.Problems)
	problems, err := v.nextRecords(ctx, positions)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		c.Outcome = evidence.Indeterminate
		c.Problems = append(c.Problems, brief(err))
	}
	c.Problems = append(c.Problems, problems...)
	if untold+len(problems) > 0 {
		c.Outcome = evidence.Failed
	}
	for _, g := range groups {
		c.Expected += int64(len(g.Offsets))
	}
	c.Observed = max(c.Expected-int64(len(c.Problems)), 0)
	c.Detail = fmt.Sprintf("%s and %s checked; %d issues", plural(len(groups), "group"), plural(c.Expected, "offset"), len(c.Problems))
	v.answer(c, since)
	return nil
}

// groupStands compares what a group has committed with the map, and the map with the archive.
func (v *validation) groupStands(ctx context.Context, g archive.MovedGroup) (found []*position, problems []string, err error) {
	committed, err := v.Admin.GroupOffsets(ctx, g.Target)
	if err != nil {
		return nil, nil, fmt.Errorf("ask where group %s stands: %w", g.Target, err)
	}
	at := map[sourcePartition]int64{}
	for _, o := range committed {
		at[sourcePartition{o.Topic, o.Partition}] = o.Offset
	}
	for _, o := range g.Offsets {
		p, err := v.position(ctx, g.Target, o)
		if err != nil {
			return nil, nil, err
		}
		got, ok := at[sourcePartition{o.TargetTopic, o.TargetPartition}]
		where := fmt.Sprintf("group %s, %s/%d", g.Target, o.TargetTopic, o.TargetPartition)
		switch {
		case p.want != int64(o.TargetOffset):
			problems = append(problems, fmt.Sprintf("%s: the receipt translated offset %d to %d; from the archive follows %d", where, o.SourceOffset, o.TargetOffset, p.want))
		case !ok:
			problems = append(problems, fmt.Sprintf("%s: it has committed nothing; the map says %d", where, o.TargetOffset))
		case got != int64(o.TargetOffset):
			problems = append(problems, fmt.Sprintf("%s: it stands at offset %d; the map says %d", where, got, o.TargetOffset))
		default:
			found = append(found, p)
		}
	}
	return found, problems, nil
}

// position works out, from the archive, where a committed offset belongs and which record lies there.
func (v *validation) position(ctx context.Context, group string, o archive.MovedOffset) (*position, error) {
	p := &position{MovedOffset: o, group: group}
	for i := range v.receipt.Doc.Topics {
		t := &v.receipt.Doc.Topics[i]
		if t.Target != o.TargetTopic {
			continue
		}
		vt, ok := v.view.ByID(t.SourceID)
		if !ok {
			continue
		}
		for _, rp := range t.Partitions {
			if rp.Partition == o.TargetPartition {
				p.tp = kafka.TopicPartition{Topic: t.Target, ID: t.TargetID, Partition: rp.Partition}
				return p, v.locate(ctx, p, vt, rp)
			}
		}
	}
	return nil, &archive.BrokenError{Key: v.receipt.Key, Err: fmt.Errorf("moved group %s in %s/%d, which it does not say was restored", group, o.TargetTopic, o.TargetPartition)}
}

var errEnough = errors.New("found")

// locate finds the first restored record at or after a committed offset. Segments before it count by
// the receipt's map, which has been judged; only the one it lies in is read.
func (v *validation) locate(ctx context.Context, p *position, t *archive.ViewTopic, rp archive.ReceiptPartition) error {
	p.end, p.want = int64(rp.End), int64(rp.End)
	first := map[string]int64{}
	for _, piece := range rp.Map {
		first[piece.Segment] = int64(piece.FirstTarget)
	}
	extra := newCutter(p.SourcePartition, 0, v.receipt.Doc.OffsetHeaders, nil)
	for i := range t.Parts {
		if t.Parts[i].Partition != p.SourcePartition {
			continue
		}
		for _, seg := range t.Parts[i].Segments {
			at, restored := first[seg.Key]
			if !restored || seg.To <= p.SourceOffset {
				continue
			}
			stream := sourceStream{archive: v.archive, window: v.receipt.Doc.Window}
			err := stream.segment(ctx, batch.NewDecoder(batch.Limits{}), p.SourcePartition, seg, nil, func(r *batch.Record, _ *origin) error {
				if r.Offset < int64(p.SourceOffset) {
					at++
					return nil
				}
				p.want = at
				p.expect(r, extra)
				return errEnough
			})
			if errors.Is(err, errEnough) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// expect remembers the record that must lie at the position.
func (p *position) expect(r *batch.Record, extra *cutter) {
	extra.addHeaders(r)
	p.next = batch.AppendCanonical([]byte{}, r)
	if p.odd = r.Timestamp == noTimestamp; !kafka.Readable(r.Headers) {
		p.odd = true
	}
}

// nextRecords reads the record at each position. Positions of one partition are read one round after
// the other.
func (v *validation) nextRecords(ctx context.Context, positions []*position) ([]string, error) {
	var problems []string
	rounds, err := v.rounds(ctx, positions, &problems)
	if err != nil || len(rounds) == 0 {
		return problems, err
	}
	rb, err := v.ReadBack()
	if err != nil {
		return problems, fmt.Errorf("open the independent reader: %w", err)
	}
	defer rb.Close()
	for _, round := range rounds {
		ranges := make([]kafka.Range, len(round))
		got := make([][]byte, len(round))
		for i, p := range round {
			ranges[i] = kafka.Range{TopicPartition: p.tp, Start: int64(p.TargetOffset), End: int64(p.TargetOffset) + 1}
		}
		err := rb.Partitions(ctx, ranges, func(i int, r *kafka.ReadRecord) error {
			got[i] = batch.AppendCanonical([]byte{}, &batch.Record{Timestamp: r.Timestamp, Key: r.Key, Value: r.Value, Headers: r.Headers})
			return nil
		})
		if err != nil {
			return problems, err
		}
		for i, p := range round {
			if p.odd {
				if got[i], err = v.rawRecord(ctx, p); err != nil {
					return problems, err
				}
			}
			if !bytes.Equal(got[i], p.next) {
				problems = append(problems, fmt.Sprintf("group %s, %s: the record at offset %d is not the one captured at offset %d or the first after it", p.group, p.tp, p.TargetOffset, p.SourceOffset))
			}
		}
	}
	return problems, nil
}

// rounds sorts positions so that each round reads a partition once. Those at an end have nothing to
// read; those that are not there any more are problems.
func (v *validation) rounds(ctx context.Context, positions []*position, problems *[]string) ([][]*position, error) {
	var tps []kafka.TopicPartition
	for _, p := range positions {
		tps = append(tps, p.tp)
	}
	if len(tps) == 0 {
		return nil, nil
	}
	slices.SortFunc(tps, func(a, b kafka.TopicPartition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	tps = slices.Compact(tps)
	starts, err := v.Target.Offsets(ctx, kafka.LogStart, tps)
	if err != nil {
		return nil, fmt.Errorf("ask where the groups' partitions begin: %w", err)
	}
	ends, err := v.Target.Offsets(ctx, kafka.LastStable, tps)
	if err != nil {
		return nil, fmt.Errorf("ask where the groups' partitions end: %w", err)
	}
	var rounds [][]*position
	depth := map[kafka.TopicPartition]int{}
	for _, p := range positions {
		at := int64(p.TargetOffset)
		switch {
		case p.next == nil: // at the end, which was compared
		case at < starts[p.tp].Offset || at >= ends[p.tp].Offset:
			*problems = append(*problems, fmt.Sprintf("group %s, %s: the record at offset %d is not there any more", p.group, p.tp, at))
		default:
			d := depth[p.tp]
			depth[p.tp]++
			if d == len(rounds) {
				rounds = append(rounds, nil)
			}
			rounds[d] = append(rounds[d], p)
		}
	}
	return rounds, nil
}

// rawRecord reads one record with the raw reader.
func (v *validation) rawRecord(ctx context.Context, p *position) ([]byte, error) {
	w := rawWitness{part: &partRead{v: v, tp: p.tp, to: int64(p.TargetOffset) + 1}}
	defer w.close()
	w.add(&wanted{whole: len(p.next), to: 0, odd: true}, p.next, int64(p.TargetOffset))
	if err := w.decide(ctx); err != nil {
		return nil, err
	}
	if w.part.content.DifferencesTotal > 0 {
		return nil, nil
	}
	return p.next, nil
}
