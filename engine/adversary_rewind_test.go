package engine

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
)

// epochLog answers fetches and offsets of one partition from batches that a test lays out, with leader
// epochs, and answers a fetch from another history as Kafka does (KIP-320).
type epochLog struct {
	mu      sync.Mutex
	batches [][]byte
	end     int64
	fetched func()       // before an answer
	leader  atomic.Int32 // epoch in answers about offsets
}

// piece is some consecutive offsets of one leader epoch.
type piece struct {
	epoch    int32
	from, to int64
	marker   bool
}

// become replaces the log.
func (l *epochLog) become(t *testing.T, pieces ...piece) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches = nil
	for _, p := range pieces {
		for at := p.from; at < p.to; at += 10 {
			enc, err := batch.NewEncoder(batch.EncodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			h := batch.Template()
			h.LeaderEpoch = p.epoch
			n := min(10, p.to-at)
			for i := range n {
				rec := batch.Record{Offset: at + i, Timestamp: 1_700_000_000_000 + at + i, Value: []byte{byte('a' + p.epoch)}}
				if p.marker {
					h.Attributes, rec.Key, rec.Value = 0x30, []byte{0, 0, 0, 1}, make([]byte, 6)
				}
				if err := enc.Append(&rec); err != nil {
					t.Fatal(err)
				}
			}
			raw, err := enc.Encode(nil, h)
			if err != nil {
				t.Fatal(err)
			}
			l.batches = append(l.batches, raw)
		}
		l.end = p.to
	}
}

// endOf is the last epoch at or below one, and where it ends.
func (l *epochLog) endOf(epoch int32) (int32, int64) {
	last := int32(-1)
	for _, raw := range l.batches {
		h, _ := batch.ParseHeader(raw)
		if h.LeaderEpoch > epoch {
			return last, h.BaseOffset
		}
		last = h.LeaderEpoch
	}
	return last, l.end
}

func (l *epochLog) fetch(req *kmsg.FetchRequest) kmsg.Response {
	if l.fetched != nil {
		l.fetched()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	rp := req.Topics[0].Partitions[0]
	resp := req.ResponseKind().(*kmsg.FetchResponse)
	rt := kmsg.NewFetchResponseTopic()
	rt.Topic, rt.TopicID = req.Topics[0].Topic, req.Topics[0].TopicID
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.HighWatermark, p.LastStableOffset, p.LogStartOffset = rp.Partition, l.end, l.end, 0
	epoch, end := l.endOf(rp.LastFetchedEpoch)
	switch {
	case rp.LastFetchedEpoch >= 0 && (epoch < rp.LastFetchedEpoch || end < rp.FetchOffset):
		p.DivergingEpoch.Epoch, p.DivergingEpoch.EndOffset = epoch, end
	case rp.FetchOffset > l.end:
		p.ErrorCode, p.HighWatermark, p.LastStableOffset, p.LogStartOffset = 1, -1, -1, -1
	default:
		for _, raw := range l.batches {
			if h, _ := batch.ParseHeader(raw); h.LastOffset() >= rp.FetchOffset {
				p.RecordBatches = append(p.RecordBatches, raw...)
			}
		}
		if len(p.RecordBatches) == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
	rt.Partitions = append(rt.Partitions, p)
	resp.Topics = append(resp.Topics, rt)
	return resp
}

func (l *epochLog) offsets(req *kmsg.ListOffsetsRequest) kmsg.Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = t.Topic
		for _, rp := range t.Partitions {
			p := kmsg.NewListOffsetsResponseTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch = rp.Partition, l.end, l.leader.Load()
			if rp.Timestamp == -2 {
				p.Offset = 0
			}
			rt.Partitions = append(rt.Partitions, p)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

// epochWorld is a world whose topic a is such a log.
func epochWorld(t *testing.T) (*world, *epochLog) {
	w := newWorld(t, embedded.Options{Topics: map[string]int32{"a": 1}})
	l := &epochLog{}
	w.broker.Answer(embedded.Fetch, func(_ int32, req kmsg.Request) kmsg.Response { return l.fetch(req.(*kmsg.FetchRequest)) })
	w.broker.Answer(embedded.ListOffsets, func(_ int32, req kmsg.Request) kmsg.Response {
		return l.offsets(req.(*kmsg.ListOffsetsRequest))
	})
	return w, l
}

// TestC19_histories: whatever the source replaces, the archive then equals it, the run has a finding, and
// the archive can be read, checked and gone on with.
func TestC19_histories(t *testing.T) {
	tests := []struct {
		name          string
		before, after []piece
		from          string
		complete      bool // go on until a manifest lists the whole chain
	}{
		{"records", []piece{{1, 0, 50, false}, {1, 50, 70, false}}, []piece{{1, 0, 50, false}, {2, 50, 90, false}}, "offset 50", false},
		{"a marker at the end, and no record", []piece{{1, 0, 10, false}, {1, 10, 11, true}}, []piece{{1, 0, 10, false}, {2, 10, 30, false}}, "offset 10", true},
		{"whole segments and a marker", []piece{{1, 0, 20, false}, {1, 20, 40, false}, {1, 40, 41, true}}, []piece{{1, 0, 20, false}, {2, 20, 60, false}}, "offset 20", true},
		{"everything", []piece{{1, 0, 30, false}, {1, 30, 31, true}}, []piece{{2, 0, 60, false}}, "offset 0", false},
		{"twice: the new leader's history has an epoch that the archive never saw", []piece{{1, 0, 50, false}, {3, 50, 100, false}},
			[]piece{{1, 0, 50, false}, {2, 50, 80, false}, {4, 80, 120, false}}, "offset 50", false},
		{"in the middle of a batch", []piece{{1, 0, 40, false}}, []piece{{1, 0, 25, false}, {2, 25, 60, false}}, "offset 25", true},
		{"the log is shorter now", []piece{{1, 0, 50, false}}, []piece{{1, 0, 20, false}}, "offset 20", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, l := epochWorld(t)
			l.become(t, tt.before...)
			o := w.options()
			o.Capture.SegmentMaxBytes, o.Capture.Compression = 300, "producer"
			w.backup(o, ExitDone)
			l.become(t, tt.after...)
			s := w.backup(o, ExitFindings)
			if all := strings.Join(s.Findings, "\n"); !strings.Contains(all, "replaced what it held from "+tt.from) {
				t.Errorf("findings %q, want one from %s", s.Findings, tt.from)
			}
			w.same("a", 1)
			w.backup(o, ExitDone)
			w.same("a", 1)
			wait(t, Validate(t.Context(), ValidateOptions{Store: w.store, BackupID: "b1", Deep: true}), ExitDone)
			if !tt.complete {
				return
			}
			w.completes(o)
			w.same("a", 1)
			wait(t, Validate(t.Context(), ValidateOptions{Store: w.store, BackupID: "b1", Deep: true}), ExitDone)
		})
	}
}

// TestC19_shorterBeforeItWasRead: the source loses the end of its log after the plan was frozen and before
// it was read. The run ends with a finding; it does not wait for the lost records for ever.
func TestC19_shorterBeforeItWasRead(t *testing.T) {
	w, l := epochWorld(t)
	l.become(t, piece{1, 0, 50, false})
	var once sync.Once
	l.fetched = func() {
		once.Do(func() {
			l.become(t, piece{1, 0, 20, false})
			l.leader.Store(1)
		})
	}
	var err error
	if w.client, err = kafka.OpenWith(t.Context(), w.broker.Cluster(), kafka.ClientOptions{RetryFor: 300 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	s := w.backup(w.options(), ExitFindings)
	if !strings.Contains(strings.Join(s.Findings, "\n"), "from offset 20") {
		t.Errorf("findings %q", s.Findings)
	}
	w.same("a", 1)
	l.become(t, piece{1, 0, 20, false}, piece{2, 20, 40, false})
	w.backup(w.options(), ExitDone)
	w.same("a", 1)
	wait(t, Validate(t.Context(), ValidateOptions{Store: w.store, BackupID: "b1", Deep: true}), ExitDone)
}

// completes runs until a manifest is complete, and once more.
func (w *world) completes(o BackupOptions) {
	w.t.Helper()
	for range archive.ChainMax {
		w.backup(o, ExitDone)
		if head, err := w.archive().Head(w.t.Context()); err != nil {
			w.t.Fatal(err)
		} else if head.Doc.Complete {
			w.backup(o, ExitDone)
			return
		}
	}
	w.t.Fatal("no manifest is complete")
}
