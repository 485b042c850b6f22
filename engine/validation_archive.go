package engine

import (
	"context"
	"fmt"
	"runtime"

	"kustody/engine/archive"
	"kustody/evidence"
)

// archiveIntegrity recomputes everything the restored run rests on: every document and its signature,
// every segment to its last record, and the account of every offset.
func (v *validation) archiveIntegrity(ctx context.Context) error {
	since := v.Env.now()
	v.job.phase("archive")
	a := newAuditor(v.archive, v.job, true, 2*runtime.GOMAXPROCS(0))
	if err := a.view(ctx, v.view); err != nil {
		return err
	}
	if err := a.restore(ctx, archive.Restore{ID: v.receipt.Doc.RestoreID, Begun: true, Done: true}, ""); err != nil {
		return err
	}
	if err := a.segments(ctx); err != nil {
		return err
	}
	v.tally = a.tally
	v.broken = append(v.broken, a.broken...)
	c := evidence.Check{Name: evidence.ArchiveIntegrityCheck, Outcome: evidence.Passed, Expected: a.tally.ObjectsExpected, Observed: a.tally.ObjectsVerified,
		Detail: fmt.Sprintf("%s, %s bytes and %s recomputed; %d broken", plural(a.tally.ObjectsExpected, "object"), commas(a.tally.BytesVerified), plural(a.records, "record"), len(a.broken))}
	if len(a.broken) > 0 {
		c.Outcome = evidence.Failed
	}
	for _, err := range a.broken {
		c.Problems = append(c.Problems, err.Error())
	}
	if !v.archive.Trusts() {
		v.coverage = append(v.coverage, "the signatures of the archive's documents were not checked: no public key is trusted")
		c.Detail += "; signatures not checked"
	}
	v.answer(c, since)
	return nil
}

// capture asks whether the run captured all it was to capture.
func (v *validation) capture(context.Context) error {
	since := v.Env.now()
	v.job.phase("capture")
	m, p := v.view.Run.Doc, v.plan.Doc
	c := evidence.Check{Name: evidence.CaptureCheck, Outcome: evidence.Passed}
	say := func(format string, args ...any) { c.Problems = append(c.Problems, fmt.Sprintf(format, args...)) }
	planned := map[archive.Place]archive.Int64{}
	for _, t := range p.Topics {
		for _, part := range t.Partitions {
			planned[archive.Place{Topic: t.Name, TopicID: t.ID, Partition: part.Partition}] = part.Start
		}
	}
	captured := map[archive.Place]archive.ManifestPartition{}
	var gaps int64
	for _, t := range m.Topics {
		if t.Deleted && !t.Carried {
			say("topic %s was deleted while it was captured", t.Name)
		}
		for _, part := range t.Partitions {
			at := archive.Place{Topic: t.Name, TopicID: t.ID, Partition: part.Partition}
			captured[at] = part
			start, own := planned[at]
			for _, g := range part.Gaps {
				if !own || g.From < start && m.Complete {
					continue // an earlier run's, which a complete manifest lists too
				}
				gaps += g.Len()
				say("%s/%d: offsets %d to %d are lost: %s", t.Name, part.Partition, g.From, g.To, g.Reason)
			}
		}
	}
	for _, t := range p.Topics {
		for _, part := range t.Partitions {
			c.Expected++
			got, ok := captured[archive.Place{Topic: t.Name, TopicID: t.ID, Partition: part.Partition}]
			switch {
			case !ok:
				say("%s/%d was planned and is not in the manifest", t.Name, part.Partition)
			case got.Start > part.Start:
				say("%s/%d was captured from offset %d on, and planned from %d", t.Name, part.Partition, got.Start, part.Start)
			case got.End < part.End:
				say("%s/%d was captured up to offset %d of the planned %d", t.Name, part.Partition, got.End, part.End)
			default:
				c.Observed++
			}
		}
	}
	for _, name := range m.Missing {
		say("nothing on the cluster matched %s, which was asked for", name)
	}
	for _, name := range m.Vanished {
		say("topic %s was in the run before, and not in this one", name)
	}
	if len(c.Problems) > 0 {
		c.Outcome = evidence.Failed
	}
	v.lost("earlier runs already", -gaps)
	c.Detail = fmt.Sprintf("%s and %s captured; %s lost, %d missing, %d vanished", plural(len(p.Topics), "topic"), plural(c.Observed, "partition"), plural(gaps, "offset"), len(m.Missing), len(m.Vanished))
	v.answer(c, since)
	return nil
}

// lost says what runs of the chain have lost; what CaptureCheck finds itself is taken off. It counts in the view, since a complete manifest ends the chain of manifests.
func (v *validation) lost(by string, lost int64) {
	for _, t := range v.view.Topics {
		for _, p := range t.Parts {
			for _, g := range p.Gaps {
				lost += g.Len()
			}
		}
	}
	if lost > 0 {
		v.coverage = append(v.coverage, fmt.Sprintf("%s of the source were lost by %s, and are not in the archive", plural(lost, "offset"), by))
	}
}

// scope asks whether every topic in scope was captured, restored and compared.
func (v *validation) scope(context.Context) error {
	since := v.Env.now()
	c := evidence.Check{Name: evidence.ScopeCheck, Outcome: evidence.Passed}
	var names []string
	unsure := 0
	for _, t := range v.plan.Doc.Topics {
		names = append(names, t.Name)
	}
	for _, missing := range append(v.Scope.unmatched(names), v.plan.Doc.Missing...) {
		c.Problems = append(c.Problems, fmt.Sprintf("nothing that was captured matches %s", missing))
	}
	for _, name := range names {
		if !v.Scope.takes(name) {
			continue
		}
		c.Expected++
		t := v.inScope(name)
		switch t.Outcome {
		case evidence.Passed:
			c.Observed++
		case evidence.Indeterminate:
			unsure++
			fallthrough
		default:
			c.Problems = append(c.Problems, fmt.Sprintf("topic %s: %s", name, t.Detail))
		}
		c.Topics = append(c.Topics, t)
	}
	switch {
	case len(c.Problems) > unsure:
		c.Outcome = evidence.Failed
	case c.Expected == 0 || unsure > 0:
		c.Outcome = evidence.Indeterminate
	}
	c.Detail = fmt.Sprintf("%s in scope; %d captured, restored and compared", plural(c.Expected, "topic"), c.Observed)
	v.answer(c, since)
	return nil
}

// inScope is what became of one topic.
func (v *validation) inScope(name string) evidence.TopicCheck {
	t := evidence.TopicCheck{Topic: name, Outcome: evidence.Failed}
	var restored *archive.ReceiptTopic
	for i := range v.receipt.Doc.Topics {
		if v.receipt.Doc.Topics[i].Source == name {
			restored = &v.receipt.Doc.Topics[i]
		}
	}
	captured, ok := v.view.Topic(name)
	switch {
	case !ok:
		t.Detail = "was not captured"
	case restored == nil:
		t.Detail = "was captured and not restored"
	case restored.SourceID != captured.ID:
		t.Detail = "an older incarnation of it was restored"
	default:
		t.Target = restored.Target
		t.Outcome, t.Detail = v.compared(name)
	}
	return t
}

// compared says whether a topic has a verdict by reading.
func (v *validation) compared(name string) (evidence.Outcome, string) {
	how := map[string]string{evidence.ContentCheck: "captured, restored and compared", evidence.MessageCountCheck: "captured, restored and counted"}
	unsure := false
	for _, want := range []string{evidence.ContentCheck, evidence.MessageCountCheck} {
		for _, c := range v.checks {
			if c.Name != want {
				continue
			}
			for _, t := range c.Topics {
				if t.Topic != name {
					continue
				}
				if t.Outcome == evidence.Passed || t.Outcome == evidence.Failed {
					return evidence.Passed, how[want] // a failed comparison is a verdict too, and fails its own check
				}
				unsure = true
			}
		}
	}
	if unsure {
		return evidence.Indeterminate, "it could not be told whether it is what was captured"
	}
	return evidence.Failed, "was restored and has no verdict: it was not compared"
}
