package engine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"kustody/kafka"
)

// reorderedMost is how often one partition may be told that its sequence is out of order before it is
// given up: the end is asked anew each time, so more of it means that somebody else writes too.
const reorderedMost = 3

// ForeignError says that somebody else wrote into a target partition while it was being restored.
type ForeignError struct {
	Partition kafka.TopicPartition
	Err       error
}

// Error says what to do.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s: somebody else writes into it: %v; stop the other writer and restore into a new topic", e.Partition, e.Err)
}

// Unwrap is what gave the writer away.
func (e *ForeignError) Unwrap() error { return e.Err }

// sequence is the producer's sequence number after so many records: modulo 2^31, as brokers count.
func sequence(records int64) int32 { return int32(records & math.MaxInt32) }

// prepared is a batch on its way to a target partition.
type prepared struct {
	cutBatch
	raw []byte // retargeted; the sender's until it is sent
	at  int64  // records of the restore before it in the partition
}

func (p *prepared) end() int64 { return p.at + int64(p.records) }

// sender writes one target partition, one request in flight. It knows by offsets alone what is there:
// the target's end minus its start is the number of records restored. One goroutine.
type sender struct {
	r         *restore
	tp        kafka.TopicPartition
	producer  kafka.Producer
	start     int64
	done      int64 // records that are there
	reordered int
	meter     *Meter // nil where several partitions are dealt into this one
}

// locate asks the target how many records are there, and proves that they are ours.
func (s *sender) locate(ctx context.Context) error {
	at, err := s.r.Target.Offsets(ctx, kafka.HighWatermark, []kafka.TopicPartition{s.tp})
	if err != nil {
		return fmt.Errorf("ask for the end of %s: %w", s.tp, err)
	}
	n := at[s.tp].Offset - s.start
	if n < s.done {
		return fmt.Errorf("%s ends at offset %d, and %d records were acknowledged from %d on: the target lost records", s.tp, at[s.tp].Offset, s.done, s.start)
	}
	if err := s.prove(ctx, n); err != nil {
		return err
	}
	s.done = n
	return nil
}

// prove reads the last batch there is. It must carry our producer id, and end with the sequence number
// of the last of n records: were there a foreign record anywhere since the start, our own would be
// fewer, and the number smaller.
func (s *sender) prove(ctx context.Context, n int64) error {
	if n == 0 {
		return nil
	}
	r := s.r.Target.Read(s.tp, kafka.ReadOptions{Start: s.start + n - 1, End: s.start + n, LastEpoch: -1, ReadUncommitted: true, MaxBytes: 1 << 20})
	defer r.Close()
	chunk, err := r.Next(ctx)
	if err != nil {
		return fmt.Errorf("read the last batch of %s: %w", s.tp, err)
	}
	if len(chunk.Batches) == 0 {
		return fmt.Errorf("%s: the records restored so far are not there any more", s.tp)
	}
	h := chunk.Batches[len(chunk.Batches)-1].Header
	next := sequence(int64(h.BaseSequence) + h.LastOffset() + 1 - h.BaseOffset)
	if h.ProducerID != s.producer.ID || h.ProducerEpoch != s.producer.Epoch || h.LastOffset()+1 != s.start+n || next != sequence(n) {
		return &ForeignError{s.tp, fmt.Errorf("%d records lie behind offset %d, and the last of them (producer %d, sequence %d) is not number %d of this restore",
			n, s.start, h.ProducerID, h.BaseSequence, n)}
	}
	return nil
}

// send writes one batch, unless it is there already.
func (s *sender) send(ctx context.Context, p *prepared) error {
	for s.done < p.end() {
		if s.done != p.at {
			return &ForeignError{s.tp, fmt.Errorf("%d records are there, which is in the middle of a batch of this restore", s.done)}
		}
		got, err := s.r.Target.Append(ctx, s.tp, p.raw, s.r.AppendTimeout)
		switch {
		case errors.Is(err, kafka.ErrOutOfOrder), err == nil && got.BaseOffset < 0:
			if err := s.again(ctx, err); err != nil {
				return err
			}
		case err != nil:
			return s.explain(p, err)
		case got.BaseOffset != s.start+p.at:
			return &ForeignError{s.tp, fmt.Errorf("the broker put a batch at offset %d that belongs at %d", got.BaseOffset, s.start+p.at)}
		default:
			s.done = p.end()
		}
	}
	return nil
}

// again finds out where the target stands after an answer that does not tell: a batch that the broker
// has already, or a sequence it does not expect.
func (s *sender) again(ctx context.Context, cause error) error {
	if cause == nil {
		cause = errors.New("the broker says it has the batch already, and does not say where")
	}
	if s.reordered++; s.reordered > reorderedMost {
		return fmt.Errorf("%s: the broker expects another sequence number than that of record %d, time and again: %w", s.tp, s.done, cause)
	}
	s.r.job.retrying(s.meter, s.tp.Topic, s.tp.Partition, "sequence number not accepted; asking for the end again", F("records", s.done))
	return s.locate(ctx)
}

// explain says which record a broker would not take.
func (s *sender) explain(p *prepared, err error) error {
	var refused *kafka.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	which := fmt.Sprintf("one of the records at source offsets %d to %d", p.first, p.last)
	if i := int64(refused.RecordIndex); i >= 0 && p.last-p.first+1 == int64(p.records) {
		which = fmt.Sprintf("the record at source offset %d", p.first+i)
	}
	return fmt.Errorf("%s: %w; the partition stops here, after %d records", which, err, s.done)
}
