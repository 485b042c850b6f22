package kafka

import (
	"errors"
	"fmt"

	"kustody/kafka/batch"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// noEnd is a Reader's end where it has none.
const noEnd = int64(-1)

// shortError says that an answer holds only a part of its first batch: the limit was too small for it.
// Brokers since 0.10.1 send the first batch whole.
type shortError struct{ size int }

func (e *shortError) Error() string {
	return fmt.Sprintf("the answer holds a part of a batch of %d bytes", e.size)
}

// answer turns the bytes of one fetch answer into a Chunk.
type answer struct {
	chunk  *Chunk
	end    int64 // noEnd: none
	aborts *abortTracker
	last   int64 // last offset of the batch before; batches must ascend
}

// parseAnswer reads the batches of one answer to a fetch at position. A partial last batch is cut off.
// Chunk.To equals position if the answer holds nothing from position on. Errors: *shortError, and others
// that say what is wrong with the batch at the returned chunk's To. The chunk's batches are slices of p.
func parseAnswer(p *kmsg.FetchResponseTopicPartition, position, end int64, lastEpoch int32, committed bool) (*Chunk, error) {
	a := answer{end: end, last: -1, chunk: &Chunk{
		From: position, To: position, LastEpoch: lastEpoch,
		LogStart: p.LogStartOffset, LastStable: p.LastStableOffset, HighWatermark: p.HighWatermark,
	}}
	if committed {
		a.aborts = newAbortTracker(p.AbortedTransactions)
	}
	for rest := p.RecordBatches; len(rest) > 0 && !a.done(); {
		raw, h, next, err := batch.Next(rest)
		if errors.Is(err, batch.ErrShort) {
			if a.last < 0 {
				err = &shortError{size: max(len(rest)*2, shortSize(rest, h))}
				return a.chunk, err
			}
			break
		}
		if err == nil {
			err = a.add(raw, h)
		}
		if err != nil {
			return a.chunk, err
		}
		rest = next
	}
	return a.chunk, nil
}

// shortSize is the size that a partial batch's header gives, as far as it is there.
func shortSize(rest []byte, h batch.Header) int {
	if len(rest) < 12 {
		return batch.HeaderSize
	}
	return h.Size()
}

func (a *answer) done() bool { return a.end != noEnd && a.chunk.To >= a.end }

// clip is an offset, but not beyond the end.
func (a *answer) clip(offset int64) int64 {
	if a.end != noEnd {
		return min(offset, a.end)
	}
	return offset
}

func (a *answer) add(raw []byte, h batch.Header) error {
	if h.BaseOffset <= a.last {
		return fmt.Errorf("%w: offset %d follows offset %d", batch.ErrCorrupt, h.BaseOffset, a.last)
	}
	c := a.chunk
	if a.end != noEnd && h.BaseOffset >= a.end {
		c.absent(AbsentHole, c.To, a.end, 0) // nothing between the position and the end
		c.To, c.LastEpoch = a.end, -1
		return nil
	}
	if err := batch.CheckCRC(raw); err != nil {
		return err
	}
	a.last = h.LastOffset()
	if h.BaseOffset > c.To {
		c.absent(AbsentHole, c.To, h.BaseOffset, 0)
		c.To = h.BaseOffset
	}
	kind, err := a.classify(raw, &h)
	if err != nil {
		return err
	}
	from, to := c.To, a.clip(a.last+1)
	if to <= from {
		return nil // wholly below the position: it has been accounted for
	}
	switch kind {
	case "":
		c.Batches = append(c.Batches, Batch{Header: h, Raw: raw})
	case AbsentAborted:
		c.absent(kind, from, to, min(int64(h.NumRecords), to-from))
	default:
		c.absent(kind, from, to, 0)
	}
	c.To, c.LastEpoch = to, h.LeaderEpoch
	return nil
}

// classify says what a batch is: "" is data to hand out. An empty batch is what compaction leaves of one
// whose producer's last sequence it has to remember.
func (a *answer) classify(raw []byte, h *batch.Header) (string, error) {
	if h.IsControl() {
		kind, err := batch.ControlType(raw)
		if err != nil {
			return "", err
		}
		if a.aborts != nil {
			a.aborts.marker(h, kind)
		}
		return AbsentMarker, nil
	}
	if a.aborts != nil && a.aborts.aborted(h) {
		return AbsentAborted, nil
	}
	if h.NumRecords == 0 {
		return AbsentHole, nil
	}
	return "", nil
}
