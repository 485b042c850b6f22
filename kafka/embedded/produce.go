package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// helperTimeout bounds every request of the helpers; the cluster is in the same process.
const helperTimeout = 20 * time.Second

// Header is one header of a record; a nil value is null.
type Header struct {
	Key   string
	Value []byte
}

// Record is one record to write. Nil key and value are null. Timestamps are milliseconds and are
// written as they are, far ones too.
type Record struct {
	Timestamp  int64
	Key, Value []byte
	Headers    []Header
}

// BatchOptions are the fields of a batch header that EncodeBatch cannot know. Start from NoProducer.
type BatchOptions struct {
	BaseOffset    int64
	LeaderEpoch   int32
	ProducerID    int64 // -1: none
	ProducerEpoch int16
	BaseSequence  int32
	Transactional bool
	LogAppendTime bool   // sets the timestamp-type bit; MaxTimestamp is the last record's
	Codec         string // "", gzip, snappy, lz4, zstd
}

// NoProducer are the options of a batch that no idempotent producer wrote.
var NoProducer = BatchOptions{LeaderEpoch: -1, ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1}

// EncodeBatch is a record batch v2, written apart from the code under test so that each can find
// the other's mistakes.
func EncodeBatch(o BatchOptions, recs ...Record) []byte {
	b := kmsg.RecordBatch{
		FirstOffset: o.BaseOffset, PartitionLeaderEpoch: o.LeaderEpoch, Magic: 2,
		LastOffsetDelta: int32(len(recs) - 1), NumRecords: int32(len(recs)),
		ProducerID: o.ProducerID, ProducerEpoch: o.ProducerEpoch, FirstSequence: o.BaseSequence,
	}
	if len(recs) > 0 {
		b.FirstTimestamp, b.MaxTimestamp = recs[0].Timestamp, recs[0].Timestamp
	}
	if o.Transactional {
		b.Attributes |= 1 << 4
	}
	if o.LogAppendTime {
		b.Attributes |= 1 << 3
	}
	for i, r := range recs {
		b.MaxTimestamp = max(b.MaxTimestamp, r.Timestamp)
		b.Records = appendRecord(b.Records, i, r.Timestamp-b.FirstTimestamp, r)
	}
	var codec int16
	b.Records, codec = compress(o.Codec, b.Records)
	b.Attributes |= codec
	return Seal(b.AppendTo(nil))
}

// Seal puts length and CRC-32C into an encoded batch whose other fields are set.
func Seal(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

func appendRecord(dst []byte, i int, delta int64, r Record) []byte {
	k := kmsg.Record{OffsetDelta: int32(i), TimestampDelta: int32(delta), TimestampDelta64: delta, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		k.Headers = append(k.Headers, kmsg.Header{Key: h.Key, Value: h.Value})
	}
	k.Length = int32(len(k.AppendTo(nil)) - 1) // a length of 0 takes one byte
	return k.AppendTo(dst)
}

func compress(codec string, src []byte) ([]byte, int16) {
	codecs := map[string]kgo.CompressionCodec{
		"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	c, ok := codecs[codec]
	if !ok {
		return src, 0
	}
	comp, err := kgo.DefaultCompressor(c)
	if err != nil {
		panic(fmt.Sprintf("embedded: compressor %s: %v", codec, err)) // a mistake in the caller
	}
	out, typ := comp.Compress(new(bytes.Buffer), src)
	return bytes.Clone(out), int16(typ)
}

// Produce writes recs as one batch, without a producer id, and returns its base offset.
func (b *Broker) Produce(topic string, partition int32, recs ...Record) (int64, error) {
	return b.ProduceBatch(topic, partition, EncodeBatch(NoProducer, recs...))
}

// ProduceBatch sends one encoded batch to the partition's leader and returns its base offset.
func (b *Broker) ProduceBatch(topic string, partition int32, raw []byte) (int64, error) {
	return b.produce(topic, partition, raw, nil)
}

func (b *Broker) produce(topic string, partition int32, raw []byte, txn *string) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), helperTimeout)
	defer cancel()
	cl, err := b.kgo()
	if err != nil {
		return -1, err
	}
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TransactionID, req.TimeoutMillis = -1, txn, int32(helperTimeout.Milliseconds())
	t, p := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	t.Topic, t.TopicID = topic, b.TopicID(topic)
	p.Partition, p.Records = partition, raw
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	leader := b.fake.LeaderFor(topic, partition)
	resp, err := req.RequestWith(ctx, brokerOf{cl, leader})
	if err != nil {
		return -1, fmt.Errorf("produce to %s/%d: %w", topic, partition, err)
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return -1, fmt.Errorf("produce to %s/%d: the answer is not about one partition", topic, partition)
	}
	answer := resp.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return -1, fmt.Errorf("produce to %s/%d: %w", topic, partition, err)
	}
	return answer.BaseOffset, nil
}

// brokerOf sends requests to one broker.
type brokerOf struct {
	cl   *kgo.Client
	node int32
}

func (b brokerOf) Request(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	return b.cl.Broker(int(b.node)).Request(ctx, req)
}

// kgo is the helpers' own client; it logs in as the first user.
func (b *Broker) kgo() (*kgo.Client, error) {
	addrs := b.Addrs()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.client != nil {
		return b.client, nil
	}
	opts := append([]kgo.Opt{kgo.SeedBrokers(addrs...), kgo.ClientID("embedded")}, b.loginOpts()...)
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("client of embedded broker: %w", err)
	}
	b.client = cl
	return cl, nil
}
