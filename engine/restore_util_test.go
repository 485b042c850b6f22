package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// stored is one record of a crafted archive, or one read from a target.
type stored struct {
	offset    int64
	timestamp int64
	key       []byte
	canonical string
	headers   []string
}

// crafted is an archive made of crafted batches, without any source cluster.
type crafted struct {
	t       *testing.T
	archive *archive.Archive
	store   storage.Store
	plan    archive.Plan
	topics  []archive.ManifestTopic
	perSeg  int  // batches in a segment
	exact   bool // timestamps looked at, record by record
	records map[string][]stored
}

func newCrafted(t *testing.T, store storage.Store) *crafted {
	return &crafted{t: t, store: store, archive: archive.Open(store, "b1", archive.Keys{}), perSeg: 3, exact: true, records: map[string][]stored{},
		plan: archive.Plan{RunID: "20261120T020000Z-aaaaaa", Source: archive.Cluster{Observed: "source"}}}
}

// buildArchive makes an archive of one topic; parts holds the batches of each partition.
func buildArchive(t *testing.T, store storage.Store, topic string, configs map[string]string, parts ...[][]byte) *crafted {
	t.Helper()
	c := newCrafted(t, store)
	c.add(topic, configs, parts...)
	c.seal()
	return c
}

// add writes a topic's segments.
func (c *crafted) add(topic string, configs map[string]string, parts ...[][]byte) {
	c.t.Helper()
	mt := archive.ManifestTopic{Name: topic, Full: true, ReplicationFactor: 3, Configs: configs, Compacted: strings.Contains(configs["cleanup.policy"], "compact")}
	copy(mt.ID[:], topic)
	if mt.Configs == nil {
		mt.Configs = map[string]string{}
	}
	for p, batches := range parts {
		mt.Partitions = append(mt.Partitions, c.partition(mt, int32(p), batches))
	}
	c.topics = append(c.topics, mt)
}

func (c *crafted) partition(mt archive.ManifestTopic, p int32, batches [][]byte) archive.ManifestPartition {
	c.t.Helper()
	ctx := c.t.Context()
	w := c.archive.WritePartition(archive.PartitionOptions{RunID: c.plan.RunID, TopicID: mt.ID, Topic: mt.Name, Partition: p, Epoch: -1, MaxBytes: 1 << 40, Exact: c.exact})
	dec := batch.NewDecoder(batch.Limits{})
	name := fmt.Sprintf("%s/%d", mt.Name, p)
	for i, raw := range batches {
		h, err := batch.ParseHeader(raw)
		c.ok(err)
		s, err := dec.Scan(raw)
		c.ok(err)
		if !c.exact {
			s = archive.HeaderStats(h)
		}
		c.ok(dec.Walk(raw, func(r *batch.Record) error { c.records[name] = append(c.records[name], remember(r)); return nil }))
		c.ok(w.Append(ctx, raw, h, s, archive.Span{From: w.Position(), To: h.LastOffset() + 1}))
		if (i+1)%c.perSeg == 0 {
			c.ok(w.Roll(ctx))
		}
	}
	c.ok(w.Roll(ctx))
	m := archive.ManifestPartition{Partition: p, End: archive.Int64(w.Position()), LastEpoch: w.Epoch(), Segments: w.Held(), Gaps: []archive.Range{}}
	for _, s := range m.Segments {
		m.Records += s.Records
		m.Bytes += s.Size
		m.Absent = m.Absent.Plus(s.Absent)
	}
	return m
}

// seal puts plan and manifest.
func (c *crafted) seal() {
	c.t.Helper()
	f, err := c.archive.PutPlan(c.t.Context(), &c.plan)
	c.ok(err)
	_, err = c.archive.PutManifest(c.t.Context(), &archive.Manifest{RunID: c.plan.RunID, PlanSHA256: f.SHA256, Chain: 1, Complete: true,
		Source: c.plan.Source, Topics: c.topics, CreatedAt: time.Now().UTC(), StartedAt: time.Now().UTC()})
	c.ok(err)
}

func (c *crafted) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func remember(r *batch.Record) stored {
	s := stored{offset: r.Offset, timestamp: r.Timestamp, key: slices.Clone(r.Key), canonical: string(batch.AppendCanonical(nil, r))}
	for _, h := range r.Headers {
		s.headers = append(s.headers, string(h.Key)+"="+string(h.Value))
	}
	return s
}

// craft makes a batch of records with consecutive offsets from base.
func craft(codec string, base int64, recs ...embedded.Record) []byte {
	o := embedded.NoProducer
	o.Codec, o.BaseOffset, o.LeaderEpoch = codec, base, 3
	return embedded.EncodeBatch(o, recs...)
}

// series makes dense batches of n records each, from offset 0 on, timestamps one second apart.
func series(codec string, batches, n int) [][]byte {
	var out [][]byte
	for b := range batches {
		var recs []embedded.Record
		for i := range n {
			at := b*n + i
			recs = append(recs, embedded.Record{Timestamp: baseTime + int64(at)*1000, Key: fmt.Appendf(nil, "key-%d", at%13), Value: fmt.Appendf(nil, "value number %d", at)})
		}
		out = append(out, craft(codec, int64(b*n), recs...))
	}
	return out
}

const baseTime = int64(1_700_000_000_000)

// thin takes records out of a batch as a log cleaner does: their offsets stay, and so do the batch's.
func thin(t *testing.T, raw []byte, keep func(offset int64) bool) []byte {
	t.Helper()
	h, err := batch.ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := batch.NewEncoder(batch.EncodeOptions{Codec: h.Codec()})
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := batch.Filter(batch.NewDecoder(batch.Limits{}), enc, nil, raw, func(r *batch.Record) bool { return keep(r.Offset) })
	if err != nil {
		t.Fatal(err)
	}
	first, err := batch.ParseHeader(out)
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint32(out[23:], uint32(h.LastOffset()-first.BaseOffset)) // the cleaner keeps a batch's last offset
	return embedded.Seal(out)
}

// noise is data that does not compress.
func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// restoring are the options of a plain restore of everything.
func (w *world) restoring() RestoreOptions {
	return RestoreOptions{Target: w.client, Admin: w.admin, Store: w.store, BackupID: "b1", RestoreID: "r1", AppendTimeout: 20 * time.Second,
		Topics: Selection{Include: []string{"*"}}}
}

// restore runs one and asks for an exit code.
func (w *world) restore(o RestoreOptions, want Exit) Summary {
	w.t.Helper()
	return wait(w.t, Restore(w.t.Context(), o), want)
}

// log reads a whole partition of the target, uncommitted too.
func (w *world) log(topic string, partition int32) ([]stored, []batch.Header) {
	w.t.Helper()
	tp, end := w.end(topic, partition)
	r := w.client.Read(tp, kafka.ReadOptions{Start: 0, End: end, LastEpoch: -1, ReadUncommitted: true})
	defer r.Close()
	var out []stored
	var heads []batch.Header
	dec := batch.NewDecoder(batch.Limits{})
	for end > 0 {
		c, err := r.Next(w.t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			w.t.Fatal(err)
		}
		for _, b := range c.Batches {
			heads = append(heads, b.Header)
			if err := dec.Walk(b.Raw, func(r *batch.Record) error { out = append(out, remember(r)); return nil }); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return out, heads
}

// end asks for a partition's end.
func (w *world) end(topic string, partition int32) (kafka.TopicPartition, int64) {
	w.t.Helper()
	found, err := w.client.Topics(w.t.Context(), topic)
	if err != nil {
		w.t.Fatal(err)
	}
	tp := kafka.TopicPartition{Topic: topic, ID: found[0].ID, Partition: partition}
	at, err := w.client.Offsets(w.t.Context(), kafka.HighWatermark, []kafka.TopicPartition{tp})
	if err != nil {
		w.t.Fatal(err)
	}
	return tp, at[tp].Offset
}

// sameRecords compares what should be in a target partition with what is there, from an offset on.
func (w *world) sameRecords(topic string, partition int32, from int, want []stored) {
	w.t.Helper()
	got, _ := w.log(topic, partition)
	if len(got) != from+len(want) {
		w.t.Fatalf("%s/%d holds %d records, want %d behind %d", topic, partition, len(got), len(want), from)
	}
	for i, x := range want {
		if g := got[from+i]; g.canonical != x.canonical {
			w.t.Fatalf("%s/%d: record %d (source offset %d) differs: timestamp %d, want %d\n got %x\nwant %x", topic, partition, i, x.offset, g.timestamp, x.timestamp, g.canonical, x.canonical)
		}
	}
}

// within filters records by a window.
func within(recs []stored, w archive.Window) []stored {
	return slices.DeleteFunc(slices.Clone(recs), func(r stored) bool { return !w.Contains(r.timestamp) })
}

func window(from, to int64) archive.Window {
	a, b := archive.Int64(from), archive.Int64(to)
	return archive.Window{Start: &a, End: &b}
}

func (w *world) receipt(id string) *archive.Receipt {
	w.t.Helper()
	d, err := w.archive().Receipt(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Doc
}

// errKilled stands for the end of a process.
var errKilled = errors.New("killed")

// wreck is a target that breaks at chosen appends.
type wreck struct {
	RestoreTarget
	mu     sync.Mutex
	n      int
	before func(n int, tp kafka.TopicPartition, raw []byte) error // nothing is appended
	after  func(n int, tp kafka.TopicPartition, raw []byte) error // appended, and the answer is lost
}

func (w *wreck) Append(ctx context.Context, tp kafka.TopicPartition, raw []byte, timeout time.Duration) (kafka.Appended, error) {
	w.mu.Lock()
	w.n++
	n := w.n
	w.mu.Unlock()
	if w.before != nil {
		if err := w.before(n, tp, raw); err != nil {
			return kafka.Appended{}, err
		}
	}
	got, err := w.RestoreTarget.Append(ctx, tp, raw, timeout)
	if err == nil && w.after != nil {
		err = w.after(n, tp, raw)
	}
	return got, err
}
