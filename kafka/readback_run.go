package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

const (
	pollMillis = 100 // how late a cancelled context or a stall is noticed
	// checkEvery is how many records may pass between two looks at the context, which costs more than it
	// takes to hand one record out.
	checkEvery = 512
	// sameError is how often one error may come before it is believed: a batch with a bad CRC repeats its
	// error for ever, while a single one may be a connection that broke.
	sameError = 3
	// askAfter is how long nothing may come before the topics are asked about.
	askAfter = 3 * time.Second
	askLimit = 10 * time.Second
)

type partitionKey struct {
	topic     string
	partition int32
}

// reading is one call of Partitions.
type reading struct {
	*ReadBack
	fn      func(int, *ReadRecord) error
	ranges  []Range
	open    map[partitionKey]*position
	last    *position // of the record before: partitions come in runs
	lastKey partitionKey
	record  ReadRecord
	reports map[string]int
	lastErr error
	idle    time.Time // since when nothing came; zero if something just did
	asked   bool      // the topics, since then
}

// position is how far one range was read.
type position struct {
	index int
	next  int64
	end   int64
	eof   int64 // -1: not told
}

func newReading(r *ReadBack, ranges []Range, fn func(int, *ReadRecord) error) (*reading, error) {
	read := &reading{ReadBack: r, fn: fn, ranges: ranges, open: map[partitionKey]*position{}, reports: map[string]int{}}
	for i, g := range ranges {
		key := partitionKey{g.Topic, g.Partition}
		switch {
		case g.Start < 0:
			return nil, fmt.Errorf("read back %s: %d is not an offset to start at", g.TopicPartition, g.Start)
		case read.open[key] != nil:
			return nil, fmt.Errorf("read back %s: asked for twice at once", g.TopicPartition)
		case g.Start < g.End:
			read.open[key] = &position{index: i, next: g.Start, end: g.End, eof: -1}
		}
	}
	return read, nil
}

func (r *reading) run(ctx context.Context) error {
	if err := r.askTopics(ctx); err != nil {
		return err
	}
	parts := make([]rd.TopicPartition, 0, len(r.open))
	for _, p := range r.open {
		g := r.ranges[p.index]
		parts = append(parts, rd.TopicPartition{Topic: &g.Topic, Partition: g.Partition, Offset: rd.Offset(g.Start)})
	}
	if err := r.consumer.Assign(parts); err != nil {
		return r.fail(nil, err)
	}
	err := r.poll(ctx)
	if e := r.consumer.Unassign(); err == nil && e != nil {
		err = r.fail(nil, e)
	}
	return err
}

// askTopics asks whether the topics are there and may be read, since librdkafka's answer to an assignment
// that is not possible is silence. A broker that gives no answer is left to the watchdog.
func (r *reading) askTopics(ctx context.Context) error {
	asked := map[string]bool{}
	for key, p := range r.open {
		if asked[key.topic] {
			continue
		}
		asked[key.topic] = true
		if err := ctx.Err(); err != nil {
			return r.fail(p, err)
		}
		// The consumer's default does not let the question create the topic.
		meta, err := r.consumer.GetMetadata(&key.topic, false, int(min(remaining(ctx), askLimit).Milliseconds()))
		if err != nil {
			r.lastErr = err
			continue
		}
		if err := failure(meta.Topics[key.topic].Error); err != nil && hasCode(err, rd.ErrUnknownTopicOrPart, rd.ErrUnknownTopic, rd.ErrTopicAuthorizationFailed) {
			return r.fail(p, err)
		}
	}
	return nil
}

// poll is the loop: one event at a time until every range is done.
func (r *reading) poll(ctx context.Context) error {
	for n := 0; len(r.open) > 0; n++ {
		if n%checkEvery == 0 {
			if err := ctx.Err(); err != nil {
				return r.fail(nil, err)
			}
		}
		var err error
		switch ev := r.consumer.Poll(pollMillis).(type) {
		case *rd.Message:
			err = r.message(ev)
		case rd.PartitionEOF:
			err = r.partitionEOF(rd.TopicPartition(ev))
		case rd.Error:
			err = r.report(ev)
		case nil:
			n = -1 // look at the context next
			err = r.nothing(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) message(m *rd.Message) error {
	if m.TopicPartition.Error != nil {
		return r.report(m.TopicPartition.Error)
	}
	p := r.find(m.TopicPartition)
	if p == nil {
		return nil // read ahead of a range that is done
	}
	r.idle = time.Time{}
	offset := int64(m.TopicPartition.Offset)
	switch {
	case offset < p.next:
		return r.fail(p, fmt.Errorf("record %d came after %d", offset, p.next-1))
	case offset < p.end:
		p.next = offset + 1
		r.record.set(m)
		if err := r.fn(p.index, &r.record); err != nil {
			return err
		}
	default:
		p.next = p.end
	}
	if p.next >= p.end {
		return r.finish(p)
	}
	return nil
}

func (r *reading) find(tp rd.TopicPartition) *position {
	if r.last != nil && tp.Partition == r.lastKey.partition && *tp.Topic == r.lastKey.topic {
		return r.last
	}
	r.lastKey = partitionKey{*tp.Topic, tp.Partition}
	r.last = r.open[r.lastKey]
	return r.last
}

// partitionEOF is librdkafka's word that it has fetched everything committed below an offset. Only at or
// above the end does it finish a range; below, more may still come.
func (r *reading) partitionEOF(tp rd.TopicPartition) error {
	p := r.find(tp)
	if p == nil {
		return nil
	}
	p.eof = int64(tp.Offset)
	if p.eof >= p.end {
		p.next = p.end
		return r.finish(p)
	}
	if p.eof > p.next {
		p.next = p.eof // a hole
		r.idle = time.Time{}
	}
	return nil
}

// finish stops the fetching of one range, so that the others get the room.
func (r *reading) finish(p *position) error {
	g := r.ranges[p.index]
	delete(r.open, partitionKey{g.Topic, g.Partition})
	r.last = nil
	if len(r.open) == 0 {
		return nil // run gives the whole assignment up
	}
	err := r.consumer.IncrementalUnassign([]rd.TopicPartition{{Topic: &g.Topic, Partition: g.Partition}})
	if err != nil {
		return r.fail(p, err)
	}
	return nil
}

// nothing is called when a poll gave nothing, and ends the read when that lasts too long.
func (r *reading) nothing(ctx context.Context) error {
	if r.idle.IsZero() {
		r.idle, r.asked = time.Now(), false
		return nil
	}
	after := time.Since(r.idle)
	if after >= askAfter && !r.asked {
		r.asked = true
		if err := r.askTopics(ctx); err != nil {
			return err
		}
	}
	var stuck *position
	for _, p := range r.open {
		limit := r.opts.Stall
		if p.eof >= 0 && p.next >= p.eof {
			limit = r.opts.StallAtEnd
		}
		if after >= limit && (stuck == nil || p.index < stuck.index) {
			stuck = p
		}
	}
	if stuck == nil {
		return nil
	}
	e := &StalledError{Range: r.ranges[stuck.index], Next: stuck.next, EOF: stuck.eof, After: after.Round(time.Millisecond), Err: r.lastErr}
	if l, ok := r.log.reason(); ok && stuck.eof < 0 {
		e.Err = &loggedError{reason: l.text, err: errors.Join(r.lastErr, errNoAnswer)}
	}
	return Diagnose(e, r.cluster)
}

var errNoAnswer = errors.New("no broker answers")

// report takes an error event: librdkafka goes on after every one, we only after those that may pass.
func (r *reading) report(err error) error {
	code := rd.ErrFail
	if e, ok := errors.AsType[rd.Error](err); ok {
		if e.IsFatal() {
			return r.fail(nil, err)
		}
		code = e.Code()
	}
	switch code {
	case rd.ErrGroupAuthorizationFailed, rd.ErrWaitCoord, rd.ErrMaxPollExceeded:
		return nil // about the group that is named and not used
	case rd.ErrTransport, rd.ErrAllBrokersDown, rd.ErrResolve, rd.ErrTimedOut, rd.ErrSsl:
		r.lastErr = err
		if k := classify(err, r.cluster.Security); k != UnknownCA && k != HostnameMismatch && k != BadCertificate && k != ClientCertificate {
			return nil // brokers come and go; the watchdog decides
		}
		return r.fail(nil, err)
	case rd.ErrAuthentication, rd.ErrUnknownTopicOrPart, rd.ErrUnknownTopic, rd.ErrUnknownPartition,
		rd.ErrTopicAuthorizationFailed, rd.ErrAutoOffsetReset, rd.ErrOffsetOutOfRange:
		return r.fail(nil, err)
	}
	r.lastErr = err
	r.reports[err.Error()]++
	if n := r.reports[err.Error()]; n >= sameError {
		return r.fail(nil, fmt.Errorf("%w (reported %d times)", err, n))
	}
	return nil
}

// fail names the partition, or the only one that is left.
func (r *reading) fail(p *position, err error) error {
	if p == nil && len(r.open) == 1 {
		for _, p = range r.open {
		}
	}
	if p == nil {
		return Diagnose(fmt.Errorf("read back %d partitions: %w", len(r.open), err), r.cluster)
	}
	return Diagnose(fmt.Errorf("read back %s at offset %d: %w", r.ranges[p.index].TopicPartition, p.next, err), r.cluster)
}
