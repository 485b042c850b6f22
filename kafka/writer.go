package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kustody/kafka/batch"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// produceByID is the first version of Produce that names topics by id (KIP-516, Kafka 4.1).
const produceByID = 13

// Producer is an idempotent producer's identity. Under it a broker drops what it has appended before.
type Producer struct {
	ID    int64
	Epoch int16
}

// Appended is where a broker put a batch. BaseOffset is -1 where the broker only said that it had the
// batch already (Duplicate); of a batch sent again it is the offset of the first time.
type Appended struct {
	BaseOffset int64
	LogStart   int64
	Duplicate  bool
}

// InitProducer gets a producer id, without a transactional id. Without the right to write idempotently
// the error names it.
func (c *Client) InitProducer(ctx context.Context) (Producer, error) {
	pat := patience{limit: c.o.RetryFor}
	for {
		p, err := c.initOnce(ctx)
		if err == nil {
			return p, nil
		}
		if !permanent(err) && ctx.Err() == nil {
			if late := pat.failed(ctx, err); late == nil {
				continue
			}
		}
		return Producer{}, Diagnose(fmt.Errorf("get a producer id: %w", err), c.cluster)
	}
}

func (c *Client) initOnce(ctx context.Context) (Producer, error) {
	req := kmsg.NewPtrInitProducerIDRequest()
	resp, err := roundTrip[*kmsg.InitProducerIDResponse](ctx, c.lanes[0], anyBroker, req, c.o.Timeout)
	if err == nil {
		err = codeError(resp.ErrorCode, nil)
	}
	if err != nil {
		return Producer{}, err
	}
	return Producer{ID: resp.ProducerID, Epoch: resp.ProducerEpoch}, nil
}

// Append sends one batch, retargeted already, to the partition's leader and waits until all in-sync
// replicas have it (acks=all). What may have been lost on the way (a connection, a deadline, a leader that
// moved, too few replicas) is sent again, the same bytes, until timeout has passed: an idempotent batch
// (a producer id at or above 0) is appended once only. Without a producer id it is sent again only where
// the broker said that it did not append; else the error is an *UncertainError.
//
// Batches of one partition must be sent one after the other. Errors: *RefusedError, ErrOutOfOrder,
// *DeletedError, *UncertainError, and what the last try said when the time is up.
func (c *Client) Append(ctx context.Context, tp TopicPartition, raw []byte, timeout time.Duration) (Appended, error) {
	h, err := batch.ParseHeader(raw)
	if err != nil {
		return Appended{}, fmt.Errorf("append to %s: %w", tp, err)
	}
	if timeout <= 0 {
		timeout = c.o.RetryFor
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	a := appender{c: c, tp: tp, k: c.lane(tp), raw: raw, idempotent: h.ProducerID >= 0, pat: patience{limit: timeout}}
	for {
		out, err := a.try(ctx)
		if err == nil {
			return out, nil
		}
		if err := a.after(ctx, err); err != nil {
			return Appended{BaseOffset: -1}, err
		}
	}
}

// UncertainError says that nobody knows whether a batch was appended: the answer to the only try that
// could be made did not come. For idempotent batches it means that the time was up.
type UncertainError struct {
	Partition TopicPartition
	Err       error
}

// Error says what is not known.
func (e *UncertainError) Error() string {
	return fmt.Sprintf("it is not known whether the broker appended to %s: %v", e.Partition, e.Err)
}

// Unwrap is what went wrong at the last try.
func (e *UncertainError) Unwrap() error { return e.Err }

// appender is one batch on its way.
type appender struct {
	c          *Client
	tp         TopicPartition
	k          *kgo.Client
	raw        []byte
	idempotent bool
	pat        patience
	seq        uint64
	uncertain  bool // a try may have been appended
	corrupt    bool // the broker found a try damaged
}

// try sends the batch once.
func (a *appender) try(ctx context.Context) (Appended, error) {
	ld, err := a.c.leader(ctx, a.k, a.tp, a.seq)
	a.seq = ld.seq
	if err != nil {
		return Appended{}, err
	}
	timeout := a.c.o.Timeout
	req := kmsg.NewPtrProduceRequest()
	req.Acks = -1
	req.TimeoutMillis = int32((timeout * 3 / 4).Milliseconds()) // the broker gives up before we do
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = a.tp.Partition, a.raw
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.TopicID = a.tp.Topic, a.tp.ID
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := roundTrip[*kmsg.ProduceResponse](ctx, a.k, ld.node, req, timeout)
	if err != nil {
		a.uncertain = true
		return Appended{}, fmt.Errorf("broker %d: %w", ld.node, err)
	}
	return a.read(ctx, resp, ld.node)
}

// read takes the partition's answer out of a response. Brokers that take topics by name only are asked
// for the id afterwards: the name may have gone to another topic.
func (a *appender) read(ctx context.Context, resp *kmsg.ProduceResponse, node int32) (Appended, error) {
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		a.uncertain = true
		return Appended{}, errors.New("the answer is not for the one partition that was sent")
	}
	p := &resp.Topics[0].Partitions[0]
	if p.ErrorCode == 0 && resp.Version < produceByID && !a.tp.ID.IsZero() {
		if err := a.c.stillSame(ctx, a.k, node, a.tp); err != nil {
			a.uncertain = true
			return Appended{}, err
		}
	}
	if p.ErrorCode == codeDuplicateSequence {
		return Appended{BaseOffset: p.BaseOffset, LogStart: p.LogStartOffset, Duplicate: true}, nil
	}
	return Appended{BaseOffset: p.BaseOffset, LogStart: p.LogStartOffset}, a.judge(p)
}

// judge turns the answer's code into an error.
func (a *appender) judge(p *kmsg.ProduceResponseTopicPartition) error {
	switch p.ErrorCode {
	case 0:
		return nil
	case codeOutOfOrder:
		return &permanentError{fmt.Errorf("append to %s: %w", a.tp, ErrOutOfOrder)}
	case codeUnknownTopic, codeUnknownTopicID, codeInconsistentID:
		return fmt.Errorf("%w: %s", errSuspect, codeName(p.ErrorCode))
	case codeRequestTimedOut, codeNotEnoughReplicasAfterAppend, codeUnknownServer:
		a.uncertain = true
		return codeError(p.ErrorCode, p.ErrorMessage)
	case codeCorruptMessage: // bytes can be hurt on their way, once
		if !a.corrupt {
			a.corrupt = true
			return codeError(p.ErrorCode, p.ErrorMessage)
		}
	default:
		if again(p.ErrorCode) {
			return codeError(p.ErrorCode, p.ErrorMessage)
		}
	}
	return a.refused(p)
}

func (a *appender) refused(p *kmsg.ProduceResponseTopicPartition) error {
	r := &RefusedError{Partition: a.tp, Code: p.ErrorCode, RecordIndex: -1}
	if p.ErrorMessage != nil {
		r.Message = *p.ErrorMessage
	}
	if len(p.ErrorRecords) > 0 {
		r.RecordIndex = int(p.ErrorRecords[0].RelativeOffset)
		if m := p.ErrorRecords[0].ErrorMessage; m != nil && *m != "" {
			r.Message = *m
		}
	}
	return &permanentError{r}
}

// after decides whether the batch may be sent again, and pauses; an error is final.
func (a *appender) after(ctx context.Context, err error) error {
	if errors.Is(err, errSuspect) {
		if gone := a.c.confirmDeleted(ctx, a.tp); gone != nil {
			return gone
		}
	}
	var ours *permanentError
	if errors.As(err, &ours) {
		return ours.error
	}
	err = fmt.Errorf("append to %s: %w", a.tp, err)
	if permanent(err) {
		return a.doubt(Diagnose(err, a.c.cluster))
	}
	if a.uncertain && !a.idempotent {
		return a.doubt(err)
	}
	if late := a.pat.failed(ctx, err); late != nil {
		if ctx.Err() != nil {
			late = fmt.Errorf("%w (%w)", err, ctx.Err())
		}
		return a.doubt(late)
	}
	return nil
}

// doubt says so where an earlier try may have been appended.
func (a *appender) doubt(err error) error {
	if a.uncertain {
		return &UncertainError{Partition: a.tp, Err: err}
	}
	return err
}
