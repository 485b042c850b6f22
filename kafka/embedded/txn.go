package embedded

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// TxnProducer writes transactions, one after the other, under one transactional id. One goroutine.
type TxnProducer struct {
	b     *Broker
	id    string
	pid   int64
	epoch int16
	seq   map[string]int32 // next sequence, by topic/partition
	added map[string]bool  // partitions of the open transaction
}

// TxnProducer gets a producer id for a transactional id; an open transaction of an earlier holder of
// the id is aborted.
func (b *Broker) TxnProducer(id string) (*TxnProducer, error) {
	p := &TxnProducer{b: b, id: id, seq: map[string]int32{}, added: map[string]bool{}}
	req := kmsg.NewPtrInitProducerIDRequest()
	req.TransactionalID, req.TransactionTimeoutMillis = &id, 60_000
	resp, err := request[*kmsg.InitProducerIDResponse](b, req)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		return nil, fmt.Errorf("start transactional producer %s: %w", id, err)
	}
	p.pid, p.epoch = resp.ProducerID, resp.ProducerEpoch
	return p, nil
}

// ID is the producer id that stands in the batches.
func (p *TxnProducer) ID() int64 { return p.pid }

// Produce writes recs as one batch inside the transaction, which the first call after Commit or Abort
// opens. It returns the base offset.
func (p *TxnProducer) Produce(topic string, partition int32, recs ...Record) (int64, error) {
	key := fmt.Sprintf("%s/%d", topic, partition)
	if !p.added[key] {
		if err := p.add(topic, partition); err != nil {
			return -1, err
		}
		p.added[key] = true
	}
	o := BatchOptions{LeaderEpoch: -1, ProducerID: p.pid, ProducerEpoch: p.epoch, BaseSequence: p.seq[key], Transactional: true}
	base, err := p.b.produce(topic, partition, EncodeBatch(o, recs...), &p.id)
	if err == nil {
		p.seq[key] += int32(len(recs))
	}
	return base, err
}

func (p *TxnProducer) add(topic string, partition int32) error {
	req := kmsg.NewPtrAddPartitionsToTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch = p.id, p.pid, p.epoch
	t := kmsg.NewAddPartitionsToTxnRequestTopic()
	t.Topic, t.Partitions = topic, []int32{partition}
	req.Topics = append(req.Topics, t)
	resp, err := request[*kmsg.AddPartitionsToTxnResponse](p.b, req)
	if err != nil {
		return fmt.Errorf("add %s/%d to transaction: %w", topic, partition, err)
	}
	for _, t := range resp.Topics {
		for _, rp := range t.Partitions {
			if err := kerr.ErrorForCode(rp.ErrorCode); err != nil {
				return fmt.Errorf("add %s/%d to transaction: %w", topic, partition, err)
			}
		}
	}
	return nil
}

// Commit ends the transaction; its records can be read, and each partition gets a marker.
func (p *TxnProducer) Commit() error { return p.end(true) }

// Abort ends the transaction; its records are never delivered, and each partition gets a marker.
func (p *TxnProducer) Abort() error { return p.end(false) }

func (p *TxnProducer) end(commit bool) error {
	req := kmsg.NewPtrEndTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = p.id, p.pid, p.epoch, commit
	resp, err := request[*kmsg.EndTxnResponse](p.b, req)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("end transaction of %s: %w", p.id, err)
	}
	clear(p.added)
	if resp.Version >= 5 && resp.ProducerID >= 0 && (resp.ProducerID != p.pid || resp.ProducerEpoch != p.epoch) {
		p.pid, p.epoch = resp.ProducerID, resp.ProducerEpoch // a new epoch starts at sequence 0
		clear(p.seq)
	}
	return nil
}

func request[R kmsg.Response](b *Broker, req kmsg.Request) (R, error) {
	var zero R
	ctx, cancel := context.WithTimeout(context.Background(), helperTimeout)
	defer cancel()
	cl, err := b.kgo()
	if err != nil {
		return zero, err
	}
	resp, err := cl.Request(ctx, req)
	if err != nil {
		return zero, err
	}
	return resp.(R), nil
}

// loginOpts let the helpers' client in. The authority is not checked: both ends are this process.
func (b *Broker) loginOpts() []kgo.Opt {
	var opts []kgo.Opt
	if b.opts.TLS != nil {
		opts = append(opts, kgo.DialTLSConfig(&tls.Config{InsecureSkipVerify: true, Certificates: b.opts.TLS.Certificates}))
	}
	if len(b.opts.Users) == 0 {
		return opts
	}
	u := b.opts.Users[0]
	var m sasl.Mechanism
	switch u.Mechanism {
	case "PLAIN":
		m = plain.Auth{User: u.Name, Pass: u.Password}.AsMechanism()
	case "SCRAM-SHA-256":
		m = scram.Auth{User: u.Name, Pass: u.Password}.AsSha256Mechanism()
	default:
		m = scram.Auth{User: u.Name, Pass: u.Password}.AsSha512Mechanism()
	}
	return append(opts, kgo.SASL(m))
}
