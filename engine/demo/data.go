package demo

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"kustody/kafka"
	"kustody/kafka/embedded"
)

// topic is one topic of the bank that never was.
type topic struct {
	name       string
	partitions int32
	configs    map[string]string
	codec      string // of its producer
}

var topics = []topic{
	{name: "transactions", partitions: 6, configs: map[string]string{"min.insync.replicas": "1"}},
	{name: "ledger-entries", partitions: 3},
	{name: "settlements", partitions: 3, codec: "zstd"},
	{name: "audit-log", partitions: 2, codec: "gzip"},
	{name: "ledger-accounts", partitions: 1, configs: map[string]string{"cleanup.policy": "compact"}, codec: "lz4"},
}

// groups are the readers of the topics, and how far each is behind.
var groups = []struct {
	id, topic string
	lag       int64
}{
	{"fraud-scoring", "transactions", 0},
	{"statement-printer", "transactions", 37},
	{"settlement-batch", "settlements", 2},
	{"ledger-projector", "ledger-entries", 11},
}

// bank writes what a small bank writes into Kafka. Equal seeds write equal records.
type bank struct {
	broker   *embedded.Broker
	rng      *rand.Rand
	booking  *embedded.TxnProducer
	accounts int
	next     int // number of the next transaction
	posted   int // records that readers will see
	aborted  int // records of transactions that were aborted
}

func newBank(b *embedded.Broker, seed uint64) (*bank, error) {
	for _, t := range topics {
		if err := b.CreateTopic(t.name, t.partitions, t.configs); err != nil {
			return nil, err
		}
	}
	p, err := b.TxnProducer("core-banking-1")
	if err != nil {
		return nil, err
	}
	return &bank{broker: b, rng: rand.New(rand.NewPCG(seed, 0x6b7573746f6479)), booking: p, accounts: 240, next: 1}, nil
}

// live writes what happens in [from, to); n is how much.
func (b *bank) live(from, to time.Time, n int) error {
	for _, write := range []func(from, to time.Time, n int) error{b.book, b.settle, b.audit, b.balances} {
		if err := write(from, to, n); err != nil {
			return fmt.Errorf("write made-up records: %w", err)
		}
	}
	b.accounts += 2
	return nil
}

// at is the moment of event i of n. Events reach their topic out of order: most up to forty minutes late,
// one in twelve by up to half a day.
func (b *bank) at(from, to time.Time, i, n int) time.Time {
	t := from.Add(to.Sub(from) / time.Duration(n+1) * time.Duration(i+1))
	t = t.Add(-time.Duration(b.rng.IntN(2400)) * time.Second)
	if b.rng.IntN(12) == 0 {
		t = t.Add(-time.Duration(b.rng.IntN(12*60)) * time.Minute)
	}
	if t.Before(from) {
		return from
	}
	return t
}

// perTransaction is how many bookings one Kafka transaction holds.
const perTransaction = 40

// book writes card payments and transfers, and the two ledger entries of each, in transactions. About
// one in twelve is aborted; its records are written again.
func (b *bank) book(from, to time.Time, n int) error {
	for i := 0; i < n; {
		k := min(perTransaction, n-i)
		abort := b.rng.IntN(12) == 0
		batches := b.bookings(from, to, i, k, n)
		for _, x := range batches {
			if _, err := b.booking.Produce(x.topic, x.partition, x.records...); err != nil {
				return err
			}
		}
		if abort {
			b.aborted += countRecords(batches)
			if err := b.booking.Abort(); err != nil {
				return err
			}
			continue
		}
		if err := b.booking.Commit(); err != nil {
			return err
		}
		b.posted += countRecords(batches)
		b.next += k
		i += k
	}
	return nil
}

// posting is what goes to one partition in one request.
type posting struct {
	topic     string
	partition int32
	records   []embedded.Record
}

func countRecords(batches []posting) int {
	n := 0
	for _, b := range batches {
		n += len(b.records)
	}
	return n
}

// bookings makes k payments with their ledger entries, dealt to partitions by key.
func (b *bank) bookings(from, to time.Time, i, k, n int) []posting {
	var d dealer
	for j := range k {
		p := b.payment(b.next+j, b.at(from, to, i+j, n))
		d.deal("transactions", p.record())
		for _, e := range p.entries() {
			d.deal("ledger-entries", e)
		}
	}
	return d.postings
}

// dealer collects records by partition, in order.
type dealer struct{ postings []posting }

func (d *dealer) deal(topic string, r embedded.Record) {
	p := partitionOf(topic, r.Key)
	i := slices.IndexFunc(d.postings, func(x posting) bool { return x.topic == topic && x.partition == p })
	if i < 0 {
		i = len(d.postings)
		d.postings = append(d.postings, posting{topic: topic, partition: p})
	}
	d.postings[i].records = append(d.postings[i].records, r)
}

// partitionOf deals by key; a record without one goes where its headers' first value leads.
func partitionOf(name string, key []byte) int32 {
	h := fnv.New32a()
	h.Write(key)
	t := topics[slices.IndexFunc(topics, func(t topic) bool { return t.name == name })]
	return int32(h.Sum32() % uint32(t.partitions))
}

// settle writes the settlement files of each scheme: one four times a day, the others in the evening.
func (b *bank) settle(from, to time.Time, n int) error {
	var d dealer
	for at := from.Truncate(6 * time.Hour).Add(45 * time.Minute); at.Before(to); at = at.Add(6 * time.Hour) {
		if at.Before(from) {
			continue
		}
		d.deal("settlements", b.settlement(schemes[0], at, n))
		if at.Hour() == 18 {
			for i, scheme := range schemes[1:] {
				d.deal("settlements", b.settlement(scheme, at.Add(time.Duration(i)*7*time.Minute), n))
			}
		}
	}
	return b.send("settlements", d.postings)
}

// audit writes who did what; its records have no key and are dealt in turn.
func (b *bank) audit(from, to time.Time, n int) error {
	n /= 3
	parts := make([]posting, 2)
	for i := range n {
		p := &parts[i%2]
		p.topic, p.partition = "audit-log", int32(i%2)
		p.records = append(p.records, b.auditEvent(b.at(from, to, i, n)))
	}
	return b.send("audit-log", parts)
}

// balances writes the new balance of some accounts, and closes one now and then with a tombstone.
func (b *bank) balances(from, to time.Time, n int) error {
	n /= 6
	p := posting{topic: "ledger-accounts"}
	for i := range n {
		p.records = append(p.records, b.balance(b.at(from, to, i, n)))
	}
	return b.send("ledger-accounts", []posting{p})
}

// send writes batches as their topic's producer would, at most a hundred records in one.
func (b *bank) send(name string, batches []posting) error {
	o := embedded.NoProducer
	o.Codec = topics[slices.IndexFunc(topics, func(t topic) bool { return t.name == name })].codec
	for _, x := range batches {
		for part := range slices.Chunk(x.records, 100) {
			if _, err := b.broker.ProduceBatch(x.topic, x.partition, embedded.EncodeBatch(o, part...)); err != nil {
				return err
			}
			b.posted += len(part)
		}
	}
	return nil
}

// committer commits consumer groups' offsets.
type committer interface {
	CommitGroup(ctx context.Context, group string, offsets []kafka.GroupOffset) error
}

// read moves the consumer groups to where they stand now.
func (b *bank) read(ctx context.Context, admin committer) error {
	for _, g := range groups {
		var offsets []kafka.GroupOffset
		t := topics[slices.IndexFunc(topics, func(t topic) bool { return t.name == g.topic })]
		for p := range t.partitions {
			end := b.broker.Info(t.name, p).LastStableOffset
			offsets = append(offsets, kafka.GroupOffset{Topic: t.name, Partition: p, Offset: max(end-g.lag, 0)})
		}
		if err := admin.CommitGroup(ctx, g.id, offsets); err != nil {
			return err
		}
	}
	return nil
}

// traceID is sixteen hex digits, in binary as tracing libraries put it into headers.
func (b *bank) traceID() []byte { return binary.BigEndian.AppendUint64(nil, b.rng.Uint64()) }
