package engine

import (
	"context"
	"encoding/hex"
	"fmt"

	"kustody/evidence"
)

// sums counts what a check came to.
type sums struct {
	topics, parts, bad, unknown int
}

// each makes a check of partitions: judge fills one, and says whether it was well.
func (v *validation) each(c *evidence.Check, wants func(source string) bool, judge func(p *partRead, pc *evidence.PartitionCheck) bool) sums {
	var n sums
	for _, t := range v.read.topics {
		if !wants(t.Source) {
			continue
		}
		n.topics++
		tc := evidence.TopicCheck{Topic: t.Source, Target: t.Target, Detail: t.gone}
		if t.gone != "" {
			c.Problems = append(c.Problems, t.gone)
		}
		for _, p := range t.parts {
			pc := evidence.PartitionCheck{Partition: p.rp.Partition, Expected: p.wants(), Detail: t.gone}
			same := t.gone == "" && judge(p, &pc)
			pc.Outcome = p.result(same)
			n.parts++
			switch pc.Outcome {
			case evidence.Failed:
				n.bad++
			case evidence.Indeterminate:
				n.unknown++
				why := p.untold
				if why == nil {
					why = p.expectErr
				}
				pc.Detail = joinDetail(pc.Detail, brief(why))
				c.Problems = append(c.Problems, fmt.Sprintf("%s: %s", p.tp, brief(why)))
			}
			c.Expected += pc.Expected
			c.Observed += pc.Observed
			tc.Partitions = append(tc.Partitions, pc)
		}
		c.Topics = append(c.Topics, tc)
	}
	c.Settle()
	if c.Outcome == evidence.Passed && c.Expected+c.Observed == 0 {
		c.Outcome = evidence.Indeterminate
		c.Problems = append(c.Problems, "nothing was compared: there is no record")
	}
	if n.topics == 0 {
		c.Problems = append(c.Problems, "nothing was compared: there is no topic")
	}
	return n
}

// wants is how many records must be in the partition: as decoded from the archive, or, where that was
// not done, as the restore says.
func (p *partRead) wants() int64 {
	if p.meter == nil || p.expectErr != nil {
		return p.rp.Records
	}
	return p.count
}

func joinDetail(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

func everyTopic(string) bool { return true }

// unknownSuffix says in how many partitions it could not be told.
func (n sums) unknownSuffix() string {
	if n.unknown == 0 {
		return ""
	}
	return fmt.Sprintf("; %s could not be told", plural(n.unknown, "partition"))
}

// messageCount compares numbers of records, by reading.
func (v *validation) messageCount(context.Context) error {
	m := v.Checks.MessageCount
	c := evidence.Check{Name: evidence.MessageCountCheck}
	discrepancies := int64(0)
	n := v.each(&c, m.Topics.takes, func(p *partRead, pc *evidence.PartitionCheck) bool {
		pc.Observed = p.observed
		if p.untold != nil || p.expectErr != nil {
			return true // not known: Indeterminate
		}
		diff := max(pc.Expected-pc.Observed, pc.Observed-pc.Expected)
		if diff == 0 {
			return true
		}
		pc.Detail = fmt.Sprintf("%s expected, %s there", plural(pc.Expected, "record"), commas(pc.Observed))
		if diff <= m.Tolerance {
			pc.Detail += fmt.Sprintf("; within the tolerance of %d", m.Tolerance)
			return true
		}
		discrepancies++
		if discrepancies <= m.FailThreshold {
			pc.Detail += fmt.Sprintf("; one of the %d partitions that may differ", m.FailThreshold)
			return true
		}
		c.Problems = append(c.Problems, fmt.Sprintf("%s: %s", p.tp, pc.Detail))
		return false
	})
	c.Detail = fmt.Sprintf("%s; %s expected, %s restored; %d discrepancies%s", plural(n.topics, "topic"), plural(c.Expected, "message"), commas(c.Observed), discrepancies, n.unknownSuffix())
	v.answer(c, v.read.since)
	return nil
}

// offsetRange asks whether every captured range lies where the receipt's map says, without holes and
// with nothing else in between.
func (v *validation) offsetRange(context.Context) error {
	c := evidence.Check{Name: evidence.OffsetRangeCheck}
	issues := 0
	n := v.each(&c, everyTopic, func(p *partRead, pc *evidence.PartitionCheck) bool {
		pc.Observed = p.observed
		if p.count > 0 {
			pc.FirstSourceOffset, pc.LastSourceOffset = offsetOf(p.firstSource), offsetOf(p.lastSource)
		}
		if p.observed > 0 {
			pc.FirstTargetOffset, pc.LastTargetOffset = offsetOf(p.firstTarget), offsetOf(p.next-1)
		}
		found := p.rangeIssues()
		issues += len(found)
		for _, issue := range found {
			pc.Detail = joinDetail(pc.Detail, issue)
			c.Problems = append(c.Problems, fmt.Sprintf("%s: %s", p.tp, issue))
		}
		if behind := p.high - int64(p.rp.End); behind > 0 && !p.topic.Created {
			v.coverage = append(v.coverage, fmt.Sprintf("%s: %s behind the restored range were written by others (the topic existed before); they were not compared", p.tp, plural(behind, "offset")))
		}
		return len(found) == 0
	})
	passed := n.parts - n.bad - n.unknown
	c.Detail = fmt.Sprintf("%s checked; %d passed; %d issues%s", plural(n.parts, "partition"), passed, issues, n.unknownSuffix())
	v.answer(c, v.read.since)
	return nil
}

// rangeIssues says what is wrong with the place of a partition's records.
func (p *partRead) rangeIssues() []string {
	var issues []string
	say := func(format string, args ...any) { issues = append(issues, fmt.Sprintf(format, args...)) }
	start, end := int64(p.rp.Start), int64(p.rp.End)
	if p.logStart > start && end > start {
		say("the target's log begins at offset %d, and the restored range at %d: records were deleted", p.logStart, start)
	}
	if p.topic.Created && p.logStart < start {
		say("%s lie before the restored range, which begins at %d, in a topic that the restore made", plural(start-p.logStart, "offset"), start)
	}
	if p.lastStable < end {
		say("the target ends at offset %d, and the restored range at %d", p.lastStable, end)
	}
	if p.topic.Created && p.high > end {
		say("%s lie behind the restored range, which ends at %d, in a topic that the restore made: somebody else wrote into it", plural(p.high-end, "offset"), end)
	}
	if p.untold != nil || p.expectErr != nil {
		return issues
	}
	if p.holes > 0 {
		say("%s in the restored range hold no record, the first at %d", plural(p.holes, "offset"), p.firstHole)
	}
	if end-start != p.rp.Records || p.rp.Records != p.count {
		say("the receipt says %s at the offsets %d to %d; the archive has %s for them", plural(p.rp.Records, "record"), start, end, commas(p.count))
	}
	return append(issues, p.mapIssues()...)
}

// mapIssues holds the receipt's map against the one that follows from the archive.
func (p *partRead) mapIssues() []string {
	want, got := p.spans.pieces, p.rp.Map
	if len(want) != len(got) {
		return []string{fmt.Sprintf("the receipt's offset map has %d pieces; from the archive follow %d", len(got), len(want))}
	}
	for i := range want {
		if want[i] != got[i] {
			return []string{fmt.Sprintf("the receipt's offset map has segment %s at target offset %d; from the archive follows %s at %d", got[i].Segment, got[i].FirstTarget, want[i].Segment, want[i].FirstTarget)}
		}
	}
	return nil
}

// content compares every record, field by field.
func (v *validation) content(context.Context) error {
	x := v.Checks.Content
	c := evidence.Check{Name: evidence.ContentCheck}
	var differences, compared int64
	n := v.each(&c, x.Topics.takes, func(p *partRead, pc *evidence.PartitionCheck) bool {
		pc.Observed = p.compared
		compared += p.compared
		pc.Differences, pc.DifferencesTotal = p.comparer.content.Differences, p.comparer.content.DifferencesTotal
		differences += pc.DifferencesTotal
		if p.count > 0 {
			pc.FirstSourceOffset, pc.LastSourceOffset = offsetOf(p.firstSource), offsetOf(p.lastSource)
		}
		if p.observed > 0 {
			pc.FirstTargetOffset, pc.LastTargetOffset = offsetOf(p.firstTarget), offsetOf(p.next-1)
		}
		if p.untold == nil && p.expectErr == nil && v.everyRecord() {
			root := p.tree.Root()
			pc.RecordsRoot = hex.EncodeToString(root[:])
		}
		if pc.DifferencesTotal > 0 {
			pc.Detail = fmt.Sprintf("%s differ%s", plural(pc.DifferencesTotal, "field"), firstDifference(pc.Differences[0]))
			c.Problems = append(c.Problems, fmt.Sprintf("%s: %s", p.tp, pc.Detail))
		}
		return pc.DifferencesTotal == 0
	})
	how := "compared field by field"
	if !v.everyRecord() {
		how = fmt.Sprintf("compared field by field, a share of %v", x.Sample)
	}
	c.Detail = fmt.Sprintf("%s in %s %s; %s%s", plural(compared, "record"), plural(n.parts, "partition"), how, plural(differences, "difference"), n.unknownSuffix())
	if c.Outcome == evidence.Passed && compared == 0 {
		c.Outcome = evidence.Indeterminate
	}
	v.answer(c, v.read.since)
	return nil
}

// everyRecord says that contents are compared without leaving records out.
func (v *validation) everyRecord() bool {
	return v.Checks.Content != nil && (v.Checks.Content.Sample == 0 || v.Checks.Content.Sample == 1)
}

// firstDifference says where to look.
func firstDifference(d evidence.Difference) string {
	switch {
	case d.SourceOffset == nil:
		return fmt.Sprintf(", first at target offset %d: a record that was not captured", *d.TargetOffset)
	case d.TargetOffset == nil:
		return fmt.Sprintf(", first at source offset %d: the record is not there", *d.SourceOffset)
	}
	return fmt.Sprintf(", first at source offset %d, target offset %d: %s", *d.SourceOffset, *d.TargetOffset, d.Field)
}
