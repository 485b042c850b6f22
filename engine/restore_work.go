package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
)

// inAdvance is how many batches of a partition are prepared while one is in flight. One hides the
// preparation; the second rides out a segment's change.
const inAdvance = 2

// restoredPart is what one target partition got.
type restoredPart struct {
	topic     int // in plan and journal
	partition int32
	start     int64
	records   int64
	bytes     int64
	stamped   int64
	whys      [whyCount]int64 // records, by what was done with their batches
	spans     spans
	marks     *marks // of the source partition of the same number
}

// took enters a batch into the account. It counts what a dead process wrote too: the account is that of
// the restore.
func (p *restoredPart) took(b cutBatch, size int) {
	p.records += int64(b.records)
	p.bytes += int64(size)
	p.whys[b.why] += int64(b.records)
	if b.stamped {
		p.stamped += int64(b.records)
	}
}

// task is a unit of work that runs by itself.
type task struct {
	name string
	size int64
	run  func(ctx context.Context) ([]*restoredPart, error)
}

// produce restores every partition, some at a time, the largest first. A partition that fails for
// reasons of its own stops alone; the others go on to their end, and the job then fails.
func (r *restore) produce(ctx context.Context) ([]*restoredPart, error) {
	var tasks []task
	for i := range r.plan.Topics {
		if r.plan.Repartition != "" {
			tasks = append(tasks, r.dealTask(i))
			continue
		}
		for k := range r.plan.Topics[i].Parts {
			tasks = append(tasks, r.partTask(i, k))
		}
	}
	slices.SortStableFunc(tasks, func(x, y task) int { return cmp.Compare(y.size, x.size) })
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go r.watchTopics(inner, stop)
	var mu sync.Mutex
	var parts []*restoredPart
	var errs []error
	g := new(errgroup.Group)
	g.SetLimit(r.Workers)
	for _, t := range tasks {
		g.Go(func() error {
			if inner.Err() != nil {
				return nil
			}
			done, err := t.run(inner)
			mu.Lock()
			defer mu.Unlock()
			parts = append(parts, done...)
			if err == nil {
				return nil
			}
			err = fmt.Errorf("restore %s: %w", t.name, err)
			if inner.Err() == nil {
				r.job.Error(err)
				errs = append(errs, err)
				if !ownFault(err) {
					stop(err)
				}
			}
			return nil
		})
	}
	g.Wait()
	return parts, r.verdict(ctx, inner, errs)
}

// verdict makes one error of those of the partitions.
func (r *restore) verdict(ctx, inner context.Context, errs []error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if cause := context.Cause(inner); cause != nil && !slices.Contains(errs, cause) {
		errs = append(errs, cause)
	}
	const most = 10
	if n := len(errs); n > most {
		errs = append(errs[:most:most], fmt.Errorf("and %d more partitions", n-most))
	}
	return errors.Join(errs...)
}

// ownFault says whether an error is the partition's own, so that others may go on.
func ownFault(err error) bool {
	var refused *kafka.RefusedError
	var foreign *ForeignError
	var broken *archive.BrokenError
	var large *RecordTooLargeError
	return errors.As(err, &refused) || errors.As(err, &foreign) || errors.As(err, &broken) || errors.As(err, &large)
}

// partTask restores one source partition into the target partition of its number.
func (r *restore) partTask(topic, k int) task {
	t := &r.plan.Topics[topic]
	part := &t.Parts[k]
	meter := r.job.meter(t.Target, part.Partition, 0, part.Records)
	return task{name: fmt.Sprintf("%s/%d", t.Target, part.Partition), size: part.Bytes, run: func(ctx context.Context) ([]*restoredPart, error) {
		meter.Set(Running)
		out, err := r.restorePart(ctx, topic, part, meter)
		if err != nil {
			meter.Set(Failed)
			return nil, err
		}
		meter.Set(Done)
		return []*restoredPart{out}, nil
	}}
}

// sender makes the sender of a target partition, which stands behind what is there.
func (r *restore) sender(ctx context.Context, topic int, partition int32) (*sender, error) {
	jt := r.journal.Doc.Topics[topic]
	if int(partition) >= len(jt.Partitions) || jt.Partitions[partition].Partition != partition {
		return nil, &archive.BrokenError{Key: r.journal.Key, Err: fmt.Errorf("does not name partition %d of topic %s", partition, jt.Target)}
	}
	jp := jt.Partitions[partition]
	s := &sender{r: r, tp: kafka.TopicPartition{Topic: jt.Target, ID: jt.TargetID, Partition: partition}, start: int64(jp.Start),
		producer: kafka.Producer{ID: int64(jp.ProducerID), Epoch: jp.ProducerEpoch}}
	if !r.resumed {
		return s, nil
	}
	return s, s.locate(ctx)
}

func (r *restore) restorePart(ctx context.Context, topic int, part *RestorePartition, meter *Meter) (*restoredPart, error) {
	t := &r.plan.Topics[topic]
	s, err := r.sender(ctx, topic, part.Partition)
	if err != nil {
		return nil, err
	}
	s.meter = meter
	r.job.Info("partition_start", F("topic", t.Target), F("partition", part.Partition), F("records", part.Records), F("there", s.done))
	out := &restoredPart{topic: topic, partition: part.Partition, start: s.start, marks: r.plan.marksOf(t.Source, part.Partition)}
	f := &feed{a: r.archive, part: part.view, window: r.plan.Window,
		cutter: newCutter(part.Partition, t.MaxBatchBytes, r.plan.OffsetHeaders, out.marks)}
	defer f.close()
	if err := r.pump(ctx, f, s, out, meter); err != nil {
		return nil, err
	}
	if s.done != out.records {
		return nil, &ForeignError{s.tp, fmt.Errorf("it holds %d records where %d were restored", s.done, out.records)}
	}
	if out.records != part.Records {
		return nil, fmt.Errorf("%d records were restored, and the plan counted %d", out.records, part.Records)
	}
	r.job.Info("partition_done", F("topic", t.Target), F("partition", part.Partition), F("records", out.records), F("start", out.start),
		F("end", out.start+out.records))
	return out, nil
}

// pump moves one partition: the next batches are prepared while one is in flight. What is prepared
// when a segment turns out to be broken is still sent, so that the partition stops at a known place.
func (r *restore) pump(ctx context.Context, f *feed, s *sender, out *restoredPart, meter *Meter) error {
	ready, free := make(chan prepared, inAdvance), make(chan []byte, inAdvance+2)
	for range cap(free) {
		free <- nil
	}
	there := s.done
	meter.adopt(0, 0, there)
	feeding, stop := context.WithCancel(ctx)
	defer stop()
	fed := make(chan error, 1)
	go func() {
		defer close(ready)
		fed <- r.prepare(feeding, f, s, out, there, ready, free)
	}()
	err := r.sendAll(ctx, s, ready, free, meter)
	stop()
	if ferr := <-fed; err == nil {
		err = ferr
	}
	return err
}

// sendAll sends what is prepared, one batch after the other.
func (r *restore) sendAll(ctx context.Context, s *sender, ready <-chan prepared, free chan<- []byte, meter *Meter) error {
	for p := range ready {
		if err := r.pace.wait(ctx, int64(len(p.raw))); err != nil {
			return err
		}
		if err := s.send(ctx, &p); err != nil {
			return err
		}
		meter.Add(int64(p.records), int64(len(p.raw)), s.done)
		free <- p.raw
	}
	return nil
}

// prepare cuts and retargets batches. What is there already is cut too, for the account, and left out.
func (r *restore) prepare(ctx context.Context, f *feed, s *sender, out *restoredPart, there int64, ready chan<- prepared, free <-chan []byte) error {
	for {
		b, segment, err := f.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p := prepared{cutBatch: b, at: out.records}
		out.spans.add(segment, f.part.Partition, b.first, out.start+p.at, b.records)
		out.took(b, len(b.raw))
		if p.end() <= there {
			continue
		}
		var buf []byte
		select {
		case buf = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.raw = batch.Retarget(buf[:0], b.raw, 0, s.producer.ID, s.producer.Epoch, sequence(p.at))
		select {
		case ready <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watchEvery is how often the target topics' ids are looked at. Where produce requests name topics by
// id a broker notices at once; older brokers append to whatever has the name.
const watchEvery = 5 * time.Second

// watchTopics ends the work when a target topic is deleted, or another one takes its name.
func (r *restore) watchTopics(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var gone *kafka.DeletedError
		if err := r.sameTopics(ctx); errors.As(err, &gone) {
			stop(err)
			return
		}
	}
}

// sameTopics compares the ids of the target topics with the journal's.
func (r *restore) sameTopics(ctx context.Context) error {
	for _, t := range r.journal.Doc.Topics {
		e, err := r.Target.TopicExists(ctx, t.Target, t.TargetID)
		if err != nil {
			return fmt.Errorf("look for topic %s: %w", t.Target, err)
		}
		if e == kafka.Deleted || e == kafka.Replaced {
			return fmt.Errorf("the target changed while it was restored: %w", &kafka.DeletedError{Topic: t.Target, ID: t.TargetID, Replaced: e == kafka.Replaced})
		}
	}
	return nil
}
