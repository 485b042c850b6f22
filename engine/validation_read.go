package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
)

// targetRead is the one reading of the target that counts, ranges and contents are judged by.
type targetRead struct {
	since  time.Time
	topics []*topicRead
	parts  []*partRead // of all topics
}

// topicRead is one restored topic.
type topicRead struct {
	archive.ReceiptTopic
	source *archive.ViewTopic
	gone   string // why it could not be read: it is another topic now
	parts  []*partRead
}

// tp names a partition of the topic.
func (t *topicRead) tp(partition int32) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: t.Target, ID: t.TargetID, Partition: partition}
}

// readTarget reads every restored range once, and holds it against the archive.
func (v *validation) readTarget(ctx context.Context) error {
	r := &targetRead{since: v.Env.now()}
	v.job.phase("compare")
	for _, rt := range v.receipt.Doc.Topics {
		t, err := v.topicRead(ctx, rt)
		if err != nil {
			return err
		}
		r.topics = append(r.topics, t)
		if t.gone == "" {
			r.parts = append(r.parts, t.parts...)
		}
	}
	if err := v.askRanges(ctx, r); err != nil {
		return err
	}
	if err := v.readParts(ctx, r.parts); err != nil {
		return err
	}
	for _, t := range r.topics { // librdkafka follows a topic that is made anew without a word
		if t.gone == "" {
			if err := v.present(ctx, t); err != nil {
				return err
			}
		}
	}
	v.read = r
	v.account(r)
	return nil
}

// topicRead prepares one topic.
func (v *validation) topicRead(ctx context.Context, rt archive.ReceiptTopic) (*topicRead, error) {
	t := &topicRead{ReceiptTopic: rt}
	var ok bool
	if t.source, ok = v.view.ByID(rt.SourceID); !ok {
		return nil, &archive.BrokenError{Key: v.receipt.Key, Err: fmt.Errorf("says that topic %s (%s) was restored, and run %s does not hold it", rt.Source, rt.SourceID, v.receipt.Doc.RunID)}
	}
	if err := v.present(ctx, t); err != nil {
		return nil, err
	}
	if err := v.allParts(rt, t.source); err != nil {
		return nil, err
	}
	for _, rp := range rt.Partitions {
		p := &partRead{v: v, topic: t, rp: rp, tp: t.tp(rp.Partition), compare: v.Checks.Content != nil && v.Checks.Content.Topics.takes(rt.Source)}
		if err := p.source(); err != nil {
			return nil, err
		}
		t.parts = append(t.parts, p)
	}
	return t, nil
}

// allParts refuses a receipt that leaves out a partition which holds records: it would have no verdict.
func (v *validation) allParts(rt archive.ReceiptTopic, source *archive.ViewTopic) error {
	if v.receipt.Doc.Repartition != "" {
		return nil // the journal names them all, and the receipt was held against it
	}
	named := map[int32]bool{}
	for _, p := range rt.Partitions {
		named[p.Partition] = true
	}
	for _, p := range source.Parts {
		if p.Records > 0 && !named[p.Partition] {
			return &archive.BrokenError{Key: v.receipt.Key, Err: fmt.Errorf("leaves out partition %d of topic %s, of which run %s holds %d records", p.Partition, rt.Source, v.receipt.Doc.RunID, p.Records)}
		}
	}
	return nil
}

// present looks whether the topic is still the one that was restored.
func (v *validation) present(ctx context.Context, t *topicRead) error {
	e, err := v.Target.TopicExists(ctx, t.Target, t.TargetID)
	if err != nil {
		return fmt.Errorf("look for topic %s: %w", t.Target, err)
	}
	switch e {
	case kafka.Deleted:
		t.gone = fmt.Sprintf("topic %s (%s), which was restored, is not there any more", t.Target, t.TargetID)
	case kafka.Replaced:
		t.gone = fmt.Sprintf("topic %s (%s), which was restored, was deleted, and another topic has its name", t.Target, t.TargetID)
	case kafka.Unsure:
		return problem(ExitFailed, "try again when the cluster is well", "the brokers do not agree whether topic %s is there", t.Target)
	}
	return nil
}

// askRanges asks where the partitions begin and end now, and resolves what is read of each: in a topic
// that the restore made everything there is, in one that existed before the restored range.
func (v *validation) askRanges(ctx context.Context, r *targetRead) error {
	var tps []kafka.TopicPartition
	for _, p := range r.parts {
		tps = append(tps, p.tp)
	}
	if len(tps) == 0 {
		return nil
	}
	var at [3]map[kafka.TopicPartition]kafka.Offset
	for i, q := range []kafka.OffsetQuery{kafka.LogStart, kafka.LastStable, kafka.HighWatermark} {
		var err error
		if at[i], err = v.Target.Offsets(ctx, q, tps); err != nil {
			return fmt.Errorf("ask where the restored partitions begin and end: %w", err)
		}
	}
	for _, p := range r.parts {
		p.logStart, p.lastStable, p.high = at[0][p.tp].Offset, at[1][p.tp].Offset, at[2][p.tp].Offset
		p.from, p.to = max(int64(p.rp.Start), p.logStart), min(int64(p.rp.End), p.lastStable)
		if p.topic.Created {
			p.from, p.to = p.logStart, p.lastStable
		}
		p.to = max(p.to, p.from)
	}
	return nil
}

// atOnce bounds how many partitions one reader reads at a time: each holds some slabs of expected
// records, and a decoder.
const atOnce = 8

// leastShare is how many records a group of partitions should have before it is split for the sake of
// even work: less than a tenth of a second's.
const leastShare = 50_000

// share groups partitions for the readers, large ones first.
func share(parts []*partRead, workers int) [][]*partRead {
	sorted := slices.Clone(parts)
	slices.SortStableFunc(sorted, func(a, b *partRead) int { return cmp.Compare(b.to-b.from, a.to-a.from) })
	var total int64
	for _, p := range sorted {
		total += p.to - p.from
	}
	limit := max(total/int64(4*workers), leastShare)
	var groups [][]*partRead
	var size int64
	for _, p := range sorted {
		n := len(groups)
		if n == 0 || len(groups[n-1]) == atOnce || size+p.to-p.from > limit {
			groups, size, n = append(groups, nil), 0, n+1
		}
		groups[n-1] = append(groups[n-1], p)
		size += p.to - p.from
	}
	return groups
}

// readParts reads all partitions, some readers at work.
func (v *validation) readParts(ctx context.Context, parts []*partRead) error {
	for _, p := range parts {
		p.meter = v.job.meter(p.topic.Target, p.rp.Partition, 0, p.to-p.from)
	}
	groups := share(parts, v.Workers)
	work := make(chan []*partRead, len(groups))
	for _, g := range groups {
		work <- g
	}
	close(work)
	g, ctx := errgroup.WithContext(ctx)
	for range min(v.Workers, len(groups)) {
		g.Go(func() error { return v.reader(ctx, work) })
	}
	return g.Wait()
}

// reader works with one independent reader.
func (v *validation) reader(ctx context.Context, work <-chan []*partRead) error {
	rb, err := v.ReadBack()
	if err != nil {
		return fmt.Errorf("open the independent reader: %w", err)
	}
	defer rb.Close()
	for group := range work {
		if err := v.readGroup(ctx, rb, group); err != nil {
			return err
		}
	}
	return nil
}

// patience is shared by the readers: when the first one gets nothing at all, because nobody answers or
// the login is wrong, it would be the same for every partition, and each time it takes a while.
type patience struct {
	mu   sync.Mutex
	read bool  // something was read
	dead error // nothing was, and why
}

// gaveUp is why no more is tried.
func (x *patience) gaveUp() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.dead
}

// tried enters how a group ended.
func (x *patience) tried(progress bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.read = x.read || progress || err == nil; !x.read {
		x.dead = err
	}
}

// readGroup reads some partitions at once. If some of it was read and some was not, each is read again by
// itself, so that one bad partition costs no other its verdict.
func (v *validation) readGroup(ctx context.Context, rb IndependentReader, group []*partRead) error {
	err := v.patience.gaveUp()
	if err != nil {
		v.unreadable(group, fmt.Errorf("not tried any more: %w", err))
		return nil
	}
	err = v.readOnce(ctx, rb, group)
	progress := slices.ContainsFunc(group, func(p *partRead) bool { return p.observed > 0 })
	v.patience.tried(progress, err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case len(group) == 1 || !progress:
		v.unreadable(group, err)
		return nil
	}
	for _, p := range group {
		p.reset()
		if err := v.readGroup(ctx, rb, []*partRead{p}); err != nil {
			return err
		}
	}
	return nil
}

// unreadable enters why partitions have no verdict.
func (v *validation) unreadable(group []*partRead, err error) {
	for _, p := range group {
		p.untold = err
		p.meter.Set(Failed)
		v.job.Warn("unreadable", F("topic", p.tp.Topic), F("partition", p.tp.Partition), F("message", fmt.Sprintf("%s could not be compared to its end: %v", p.tp, err)))
	}
}

// readOnce reads some partitions while their expected records are decoded beside it.
func (v *validation) readOnce(ctx context.Context, rb IndependentReader, group []*partRead) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	var decoding sync.WaitGroup
	ranges := make([]kafka.Range, len(group))
	for i, p := range group {
		p.begin()
		ranges[i] = kafka.Range{TopicPartition: p.tp, Start: p.from, End: p.to}
		decoding.Go(func() { p.expect(inner) })
	}
	err := rb.Partitions(inner, ranges, func(i int, r *kafka.ReadRecord) error { return group[i].take(inner, r) })
	for _, p := range group {
		if err == nil {
			err = p.finish(inner)
		}
		p.raw.close()
	}
	if err != nil {
		stop() // nobody takes what is decoded any more
	}
	decoding.Wait()
	if err != nil {
		return err
	}
	for _, p := range group {
		if p.expectErr != nil && !isBroken(p.expectErr) {
			return p.expectErr
		}
		p.meter.Set(Done)
	}
	return nil
}

// account sums up what the reading of all partitions came to, for the report.
func (v *validation) account(r *targetRead) {
	var stamped, raw, odd int64
	for _, p := range r.parts {
		stamped += p.stamped
		raw += p.raw.decided
		odd += p.raw.names
		v.tally.RecordsCompared += p.compared
		if isBroken(p.expectErr) {
			v.broken = append(v.broken, p.expectErr)
		}
	}
	v.tally.RecordsByRawReader = raw
	if stamped > 0 {
		v.except = append(v.except, fmt.Sprintf("%s were stamped by the source's broker (LogAppendTime) and were compared with CreateTime of the same instant", plural(stamped, "record")))
	}
	if raw > 0 {
		v.except = append(v.except, fmt.Sprintf("%s cannot be read truly by the independent client (header names with a NUL byte, or the timestamp -1); the raw reader decided", plural(raw, "record")))
	}
	if odd > 0 {
		v.except = append(v.except, fmt.Sprintf("the header names of %s, which the independent client shows up to a NUL byte only, were looked at by the raw reader too", plural(odd, "record")))
	}
}

// result is the outcome of a partition that was read: of a difference that was found, even if the rest
// is not known.
func (p *partRead) result(same bool) evidence.Outcome {
	switch {
	case p.topic.gone != "":
		return evidence.Failed
	case !same:
		return evidence.Failed
	case p.untold != nil || p.expectErr != nil:
		return evidence.Indeterminate
	}
	return evidence.Passed
}
