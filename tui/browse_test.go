package tui

import (
	"context"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/archive"
)

// fakeRecords answers for a partition whose offsets hold what at makes of them; nil is a hole.
type fakeRecords struct {
	start, end int64
	at         func(offset int64) *engine.Record
	fail       error
	reads      int
	most       int // records that one answer may have, 0: as many as asked for
}

func (f *fakeRecords) Records(_ context.Context, _ *archive.ViewPart, from int64, n int) (*engine.RecordPage, error) {
	f.reads++
	if f.fail != nil {
		return nil, f.fail
	}
	if f.most > 0 {
		n = min(n, f.most)
	}
	p := &engine.RecordPage{Next: -1, Proved: true}
	for o := max(from, f.start); o < f.end; o++ {
		r := f.at(o)
		if r == nil {
			continue
		}
		if len(p.Records) == n {
			p.Next, p.Proved = o, false
			return p, nil
		}
		r.Offset = o
		p.Records = append(p.Records, *r)
	}
	return p, nil
}

func (f *fakeRecords) OffsetAt(_ context.Context, _ *archive.ViewPart, ms int64) (int64, error) {
	for o := f.start; o < f.end; o++ {
		if r := f.at(o); r != nil && r.Timestamp >= ms {
			return o, f.fail
		}
	}
	return -1, f.fail
}

// firstMS is when the crafted run's first record was written: 2026-08-14 00:00 UTC.
const firstMS = 1786665600000

// plainRecord is a record with a key and a JSON value, a second after the one before.
func plainRecord(o int64) *engine.Record {
	key, value := []byte("order-"+itoa(int(o))), []byte(`{"zeta":1,"alpha":[true,null]}`)
	return &engine.Record{Timestamp: firstMS + o*1000, Key: key, KeyLen: len(key), Value: value, ValueLen: len(value), Segment: "segments/x/0/0.log", Compression: "lz4"}
}

// craftedRun is a run of three topics: one with a gap, a compacted one, and one that was made anew.
func craftedRun(name string, records *fakeRecords) *runSource {
	seg := func(from, to int64) archive.ViewSegment {
		s := archive.Segment{Key: "segments/0a/0/" + itoa(int(from)) + ".log", SHA256: "9f3c1b7a5502de91", Size: 1000, From: archive.Int64(from), To: archive.Int64(to),
			BaseOffset: archive.Int64(from), LastOffset: archive.Int64(to - 1), Records: to - from, Batches: 3, LargestBatch: 400,
			MinTimestamp: archive.Int64(firstMS + from*1000), MaxTimestamp: archive.Int64(firstMS + (to-1)*1000), TimestampsExact: true}
		return archive.ViewSegment{Held: archive.Held{Segment: s, RunID: "20260813T020000Z-aa0001"}, Until: archive.Int64(to), Counted: to - from}
	}
	cut := seg(records.end-100, records.end+50)
	cut.Until, cut.Counted = archive.Int64(records.end), 100
	part := archive.ViewPart{Partition: 3, Start: archive.Int64(records.start - 40), End: archive.Int64(records.end), Records: records.end - records.start, Bytes: 2000, LastEpoch: 7,
		Segments: []archive.ViewSegment{seg(records.start, records.end-100), cut}, Absent: archive.Absent{Markers: 2, Aborted: 1},
		Gaps: []archive.Range{{From: archive.Int64(records.start - 40), To: archive.Int64(records.start), Reason: "deleted by retention before it was captured"}}}
	view := &archive.View{Topics: []archive.ViewTopic{
		{ManifestTopic: archive.ManifestTopic{Name: name, ID: [16]byte{1}}, FirstRun: "20260701T020000Z-aa0000"},
		{ManifestTopic: archive.ManifestTopic{Name: name, ID: [16]byte{2}}, Current: true, FirstRun: "20260813T020000Z-aa0001", Parts: []archive.ViewPart{part}},
		{ManifestTopic: archive.ManifestTopic{Name: "prices", ID: [16]byte{3}, Compacted: true}, Current: true, FirstRun: "20260701T020000Z-aa0000"},
	}}
	d := &engine.Description{BackupID: "prod-eu", RunID: "20260814T020000Z-aa0002", SourceCluster: "prod-eu", SourceClusterID: "kQ3xyz", Checksum: "sha256:9f3c1b7a", Signature: "not checked",
		CreatedAt: testNow.Add(-time.Hour), StartedAt: testNow.Add(-2 * time.Hour), Tool: archive.Tool{Name: "kustody", Version: "1.0.0"}, Records: part.Records, Bytes: 2000,
		Previous: &archive.Previous{RunID: "20260813T020000Z-aa0001"}, Runs: make([]engine.ChainRun, 2), Findings: []string{name + "/3: 40 offsets are lost"},
		Topics: []engine.DescribedTopic{{Name: name, ID: "01", FirstRun: "20260701T020000Z-aa0000"}, {Name: name, ID: "02", Current: true, FirstRun: "20260813T020000Z-aa0001", Partitions: 1, Segments: 2, Records: part.Records, Bytes: 2000, Gaps: part.Gaps},
			{Name: "prices", ID: "03", Current: true, FirstRun: "20260701T020000Z-aa0000", Compacted: true}}}
	src := &runSource{backup: d.BackupID, run: d.RunID}
	src.opened = loader[*openedRun]{value: lookInto(&engine.RunView{Description: d, View: view}, records), has: true, asOf: testNow}
	return src
}

// atRecords drives a console to the records of the crafted run's partition with a gap.
func atRecords(t testing.TB, f *fakeRecords, w, h int) *driver {
	t.Helper()
	d := drive(t, Desk{Cluster: "prod-eu"}, w, h, ThemeDark)
	s := newRunScreen(d.c, craftedRun("payments", f))
	d.run(d.c.push(s))
	s.fill()
	d.keys("down enter enter enter")
	d.frame() // a table knows its height once it was drawn
	return d
}

// copiedBy is what a command puts on the clipboard.
func copiedBy(cmd tea.Cmd) string {
	if cmd == nil {
		return ""
	}
	return fmt.Sprint(cmd())
}
