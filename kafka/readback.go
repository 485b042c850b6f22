package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ReadBackOptions bound one ReadBack. The zero value is good.
type ReadBackOptions struct {
	GroupID        string        // librdkafka wants one, though nothing joins or commits; default "kustody-readback"
	MaxQueuedBytes int64         // payload read ahead at most, default 16 MiB; small records cost several times as much memory
	Stall          time.Duration // without a record or other progress for so long a read fails, default 60 s
	StallAtEnd     time.Duration // the same, when the broker says that the log ends before the range does, default 10 s
}

func (o ReadBackOptions) applyDefaults() ReadBackOptions {
	if o.GroupID == "" {
		o.GroupID = "kustody-readback"
	}
	if o.MaxQueuedBytes <= 0 {
		o.MaxQueuedBytes = 16 << 20
	}
	if o.Stall <= 0 {
		o.Stall = time.Minute
	}
	if o.StallAtEnd <= 0 {
		o.StallAtEnd = min(10*time.Second, o.Stall)
	}
	return o
}

// ReadBack is the independent reader: a librdkafka consumer that is told what to read and commits
// nothing. It reads committed records only and checks every CRC.
//
// It is for one goroutine at a time. One handle fills about one core, so a job opens one for each of its
// workers and gives each a queue of partitions, or several partitions at once (Partitions).
type ReadBack struct {
	cluster  Cluster
	opts     ReadBackOptions
	consumer *rd.Consumer
	log      *logRing

	mu     sync.Mutex
	closed bool
}

// Range is a part of one partition: [Start, End). End must come from ListOffsets (last stable offset or
// less), asked before the read.
type Range struct {
	TopicPartition
	Start, End int64
}

// OpenReadBack makes the consumer. It connects with the first read, whose error tells if that fails.
func OpenReadBack(c Cluster, o ReadBackOptions) (*ReadBack, error) {
	conf, err := c.rdkafka()
	if err != nil {
		return nil, err
	}
	c, _ = c.normal() // rdkafka has checked it
	o = o.applyDefaults()
	readBackConf(conf, o)
	log := newLogRing(conf, c.Security)
	consumer, err := rd.NewConsumer(&conf)
	if err != nil {
		log.stop()
		return nil, Diagnose(fmt.Errorf("open read-back: %w", err), c)
	}
	return &ReadBack{cluster: c, opts: o, consumer: consumer, log: log}, nil
}

// readBackConf sets what a faithful and fast read needs; librdkafka's defaults are neither.
func readBackConf(conf rd.ConfigMap, o ReadBackOptions) {
	conf["group.id"] = o.GroupID
	conf["check.crcs"] = true // by default a flipped bit is delivered
	conf["isolation.level"] = "read_committed"
	conf["auto.offset.reset"] = "error" // never jump over what is missing
	conf["enable.auto.commit"] = false
	conf["enable.auto.offset.store"] = false
	conf["enable.partition.eof"] = true
	conf["fetch.queue.backoff.ms"] = 1   // one second by default, six times slower
	conf["fetch.wait.max.ms"] = 100      // how long an end that holds no record keeps us waiting
	conf["queued.min.messages"] = 50_000 // per partition; what bounds the memory of small records
	conf["queued.max.messages.kbytes"] = int(max(o.MaxQueuedBytes>>10, 1))
	conf["topic.metadata.propagation.max.ms"] = 5000 // what is read was made long ago; 30 s by default until a missing topic is said
	conf["max.poll.interval.ms"] = 86_400_000        // nothing is joined, and comparing may take its time
	conf["receive.message.max.bytes"] = 1 << 30
}

// Close ends the consumer. End a read that is under way through its context first: Close waits for it.
func (r *ReadBack) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	_ = r.consumer.Close() // it only tells of a group that was never joined
	r.log.stop()
}

// Partition hands every committed record in [start, end) of one partition to fn, in order. The record
// and its slices are valid until fn returns; an error of fn ends the read and is returned as it is.
//
// The end is judged by position: the read ends with the record at end−1, with one beyond it, or, where
// the last offsets hold no record (a transaction's marker, aborted or compacted records), when the broker
// says that nothing follows at or after end. Without progress it fails with *StalledError. librdkafka
// reads by name and follows a topic that is made anew under it without a word, so compare the topic's id
// before and after.
func (r *ReadBack) Partition(ctx context.Context, tp TopicPartition, start, end int64, fn func(*ReadRecord) error) error {
	return r.Partitions(ctx, []Range{{TopicPartition: tp, Start: start, End: end}}, func(_ int, rec *ReadRecord) error { return fn(rec) })
}

// Partitions is Partition for several ranges at once, each of another partition: fn also gets the range's
// index. Records of one partition come in order, those of different partitions in any mixture. It is
// faster than one after the other, above all where their leaders are different brokers.
func (r *ReadBack) Partitions(ctx context.Context, ranges []Range, fn func(i int, rec *ReadRecord) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("read back: %w", errClosed)
	}
	read, err := newReading(r, ranges, fn)
	if err != nil || len(read.open) == 0 {
		return err
	}
	return read.run(ctx)
}

// StalledError says that a read-back got no further.
type StalledError struct {
	Range
	Next  int64         // the offset after the last record or known hole
	EOF   int64         // where the broker last said that the log ends; -1 if it did not
	After time.Duration // without progress
	Err   error         // the last thing librdkafka reported; nil if nothing
}

// Error says where it stands and what is known of the cause.
func (e *StalledError) Error() string {
	s := fmt.Sprintf("read back %s: no progress for %v at offset %d, %d was to be reached", e.TopicPartition, e.After, e.Next, e.End)
	if e.EOF >= 0 {
		s += fmt.Sprintf("; the broker says that the committed records end at %d", e.EOF)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + "; was the topic deleted, or its records, or is its leader away?"
}

// Unwrap gives what librdkafka reported.
func (e *StalledError) Unwrap() error { return e.Err }
