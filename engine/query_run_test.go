package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"kustody/engine/archive"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// open opens the newest run of a crafted archive.
func (c *crafted) open() *RunView {
	c.t.Helper()
	r, err := OpenRun(c.t.Context(), QueryOptions{Store: c.store, BackupID: "b1"})
	c.ok(err)
	return r
}

// part is one partition of the newest incarnation.
func (r *RunView) part(t *testing.T, topic string, partition int32) *archive.ViewPart {
	t.Helper()
	vt, ok := r.View.Topic(topic)
	if ok {
		for i := range vt.Parts {
			if vt.Parts[i].Partition == partition {
				return &vt.Parts[i]
			}
		}
	}
	t.Fatalf("no %s/%d", topic, partition)
	return nil
}

// TestOpenRun: the newest run, a named one, and none. The manifests of the chain are read once.
func TestOpenRun(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	q := QueryOptions{Store: w.store, BackupID: "b1"}
	if _, err := OpenRun(t.Context(), q); ExitCode(err) != ExitNoArchive {
		t.Fatalf("no archive: exit %d, %v", ExitCode(err), err)
	}
	w.topic("a", 1, nil)
	var runs []string
	for i := range 3 {
		w.produce("a", 0, i*10, 10)
		w.backup(w.options(), ExitDone)
		r, err := OpenRun(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, r.RunID)
	}
	reads := map[string]int{}
	w.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == storage.OpGet {
			reads[key]++
		}
		return nil
	}})
	for i, id := range []string{runs[0], runs[1], "latest", ""} {
		q.RunID = id
		r, err := OpenRun(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want := min(i, 2)
		d, err := DescribeBackup(t.Context(), q)
		if err != nil || r.RunID != runs[want] || r.View.Run.Doc.RunID != runs[want] || r.Checksum != d.Checksum || r.Description.Records != int64(10*want+10) {
			t.Errorf("run %q: %s with %d records (%v)", id, r.RunID, r.Description.Records, err)
		}
	}
	for key := range reads {
		if strings.HasSuffix(key, ".log") {
			t.Errorf("the segment %s was read", key)
		}
	}
	clear(reads)
	if _, err := OpenRun(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	for key, n := range reads {
		if n != 1 {
			t.Errorf("%s was read %d times", key, n)
		}
	}
	q.RunID = "20200101T000000Z-000000"
	if _, err := OpenRun(t.Context(), q); ExitCode(err) != ExitNoArchive {
		t.Errorf("no such run: exit %d, %v", ExitCode(err), err)
	}
	list, err := ListBackups(t.Context(), QueryOptions{Store: w.store})
	if err != nil || len(list.Backups) != 3 {
		t.Fatal(list, err)
	}
	for i, want := range []string{"", runs[0], runs[1]} {
		if got := list.Backups[i].Previous; got != want {
			t.Errorf("run %d follows %q, want %q", i, got, want)
		}
	}
}

// TestRecordsPages reads a partition of several codecs and segments in pages of every size.
func TestRecordsPages(t *testing.T) {
	store := storage.NewMemory()
	c := newCrafted(t, store)
	var batches [][]byte
	for i, codec := range []string{"", "gzip", "snappy", "lz4", "zstd", "", "zstd"} {
		batches = append(batches, craft(codec, int64(i*5), embedded.Record{Timestamp: baseTime, Key: []byte("k"), Value: fmt.Appendf(nil, "v%d", i)},
			embedded.Record{Timestamp: baseTime + 1}, embedded.Record{Timestamp: baseTime - 7, Key: []byte{}, Value: []byte{}}, embedded.Record{}, embedded.Record{Value: []byte("x")}))
	}
	batches[3] = thin(t, batches[3], func(at int64) bool { return at == 16 || at == 18 }) // 15, 17 and 19 are gone
	c.add("orders", map[string]string{"cleanup.policy": "compact"}, batches, nil)
	c.seal()
	r, want := c.open(), c.records["orders/0"]
	part := r.part(t, "orders", 0)
	for _, n := range []int{1, 2, 3, 5, 7, 33, 1000} {
		for from := int64(-3); from < 40; from++ {
			i, _ := slices.BinarySearchFunc(want, from, func(s stored, at int64) int { return int(s.offset - at) })
			var got []Record
			for at := from; at >= 0 || at == from; {
				p, err := r.Records(t.Context(), part, at, n)
				if err != nil {
					t.Fatal(err)
				}
				if len(p.Records) > n || p.Next >= 0 && (len(p.Records) != n || p.Next <= at) {
					t.Fatalf("from %d, %d at most: %d records, next %d", at, n, len(p.Records), p.Next)
				}
				if n == 1000 && !p.Proved {
					t.Fatal("all was read, and nothing is proved")
				}
				got = append(got, p.Records...)
				if at = p.Next; at < 0 {
					break
				}
			}
			if len(got) != len(want)-i {
				t.Fatalf("from %d in pages of %d: %d records, want %d", from, n, len(got), len(want)-i)
			}
			for k, g := range got {
				sameShown(t, g, want[i+k])
			}
		}
	}
	p, err := r.Records(t.Context(), part, 0, 1)
	if err != nil || p.Proved || p.Next != 1 {
		t.Errorf("one record of many: %+v, %v", p, err)
	}
	read := map[string]bool{}
	store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error { read[strings.TrimPrefix(key, c.archive.Dir)] = true; return nil }})
	if p, err := r.Records(t.Context(), part, 16, 2); err != nil || p.Next != 20 || len(read) != 1 || !read[part.Segments[1].Key] {
		t.Errorf("two records of the second segment: %+v, %v, and %v was read", p, err, read)
	}
	clear(read)
	if p, err := r.Records(t.Context(), part, 13, 2); err != nil || p.Next != 16 || !p.Proved || len(read) != 1 || !read[part.Segments[0].Key] {
		t.Errorf("the last two records of the first segment: %+v, %v, and %v was read", p, err, read)
	}
	store.SetFaults(storage.Faults{})
	if got := p.Records[0]; got.Compression != "none" || got.Segment != part.Segments[0].Key || got.LogAppendTime {
		t.Errorf("record: %+v", got)
	}
	p, err = r.Records(t.Context(), part, 0, 0)
	if err != nil || len(p.Records) != 0 || p.Next != 0 {
		t.Errorf("no records asked for: %+v, %v", p, err)
	}
	p, err = r.Records(t.Context(), r.part(t, "orders", 1), 0, 9)
	if err != nil || len(p.Records) != 0 || p.Next != -1 || !p.Proved {
		t.Errorf("empty partition: %+v, %v", p, err)
	}
}

// sameShown compares a record that is not cut.
func sameShown(t *testing.T, g Record, want stored) {
	t.Helper()
	rec := batch.Record{Offset: g.Offset, Timestamp: g.Timestamp, Key: g.Key, Value: g.Value}
	for _, h := range g.Headers {
		rec.Headers = append(rec.Headers, batch.RecordHeader{Key: h.Key, Value: h.Value})
	}
	if g.Offset != want.offset || string(batch.AppendCanonical(nil, &rec)) != want.canonical {
		t.Fatalf("offset %d, want %d: %+v", g.Offset, want.offset, g)
	}
	for _, x := range []struct {
		b []byte
		n int
	}{{g.Key, g.KeyLen}, {g.Value, g.ValueLen}} {
		if x.b == nil && x.n != -1 || x.b != nil && x.n != len(x.b) {
			t.Fatalf("offset %d: length %d for %v", g.Offset, x.n, x.b)
		}
	}
}

// TestRecordsAreCut: long fields, many headers and a page of large records are bounded, and say so.
func TestRecordsAreCut(t *testing.T) {
	long := noise(1, RecordShown+9)
	var many []embedded.Header
	for i := range HeadersShown + 5 {
		many = append(many, embedded.Header{Key: "h", Value: fmt.Appendf(nil, "%d", i)})
	}
	var big []embedded.Record
	for range 3 * pageShown / RecordShown {
		big = append(big, embedded.Record{Value: long[:RecordShown]})
	}
	c := buildArchive(t, storage.NewMemory(), "a", nil, [][]byte{
		craft("", 0, embedded.Record{Key: long, Value: long, Headers: []embedded.Header{{Key: "a", Value: long}, {Key: "b", Value: nil}, {Key: string(long), Value: []byte{}}}}, embedded.Record{Headers: many}),
		craft("zstd", 2, big...)})
	r := c.open()
	part := r.part(t, "a", 0)
	p, err := r.Records(t.Context(), part, 0, 2)
	if err != nil || len(p.Records) != 2 {
		t.Fatal(p, err)
	}
	a, b := p.Records[0], p.Records[1]
	if !bytes.Equal(a.Key, long[:RecordShown]) || !bytes.Equal(a.Value, long[:RecordShown]) || a.KeyLen != len(long) || a.ValueLen != len(long) {
		t.Errorf("key %d of %d, value %d of %d bytes", len(a.Key), a.KeyLen, len(a.Value), a.ValueLen)
	}
	h := a.Headers
	if a.HeaderCount != 3 || len(h) != 3 || len(h[0].Value) != RecordShown-1 || h[0].ValueLen != len(long) || h[1].Value != nil || h[1].ValueLen != -1 || len(h[2].Key) != 0 || h[2].KeyLen != len(long) || h[2].ValueLen != 0 {
		t.Errorf("headers: %d, of lengths %d %d %d", a.HeaderCount, len(h[0].Value), h[1].ValueLen, h[2].KeyLen)
	}
	if len(b.Headers) != HeadersShown || b.HeaderCount != len(many) || string(b.Headers[HeadersShown-1].Value) != fmt.Sprint(HeadersShown-1) {
		t.Errorf("%d of %d headers", len(b.Headers), b.HeaderCount)
	}
	seen := 0
	for at := int64(2); at >= 0; {
		p, err := r.Records(t.Context(), part, at, math.MaxInt)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(p.Records); n > pageShown/RecordShown {
			t.Fatalf("a page of %d MiB", n*RecordShown>>20)
		}
		seen += len(p.Records)
		at = p.Next
	}
	if seen != len(big) {
		t.Errorf("%d records in pages, want %d", seen, len(big))
	}
}

// TestRecordsBehindACut: where the source was rewritten, what no longer counts is not shown.
func TestRecordsBehindACut(t *testing.T) {
	store := storage.NewMemory()
	c := buildArchive(t, store, "a", nil, series("zstd", 3, 5))
	r := c.open()
	part := r.part(t, "a", 0)
	part.Segments[0].Until, part.Segments[0].Counted = 12, 12
	for n := 1; n < 20; n++ {
		var got []int64
		for at := int64(0); at >= 0; {
			p, err := r.Records(t.Context(), part, at, n)
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range p.Records {
				got = append(got, rec.Offset)
			}
			at = p.Next
		}
		if len(got) != 12 || got[11] != 11 {
			t.Fatalf("pages of %d: offsets %v", n, got)
		}
	}
	store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error { t.Errorf("%s %s", op, key); return nil }})
	if p, err := r.Records(t.Context(), part, 12, 5); err != nil || len(p.Records) != 0 || p.Next != -1 {
		t.Errorf("behind the cut: %+v, %v", p, err)
	}
	store.SetFaults(storage.Faults{})
	for ms, want := range map[int64]int64{baseTime - 5: 0, baseTime + 11_000: 11, baseTime + 11_001: -1, baseTime + 14_000: -1} {
		if got, err := r.OffsetAt(t.Context(), part, ms); err != nil || got != want {
			t.Errorf("offset at %d: %d, %v; want %d", ms-baseTime, got, err, want)
		}
	}
}

// TestH03_recordsOfARottenSegment flips one bit in every byte of a segment, one after the other: whoever
// reads all of it is told, with the object's name.
func TestH03_recordsOfARottenSegment(t *testing.T) {
	store := storage.NewMemory()
	c := buildArchive(t, store, "a", nil, series("zstd", 4, 6))
	r := c.open()
	part := r.part(t, "a", 0)
	s := part.Segments[0]
	key := c.archive.Dir + s.Key
	good, err := storage.ReadAll(t.Context(), store, key, 1<<20)
	c.ok(err)
	asks := map[string]func() error{
		"Records":  func() error { _, err := r.Records(t.Context(), part, 0, 1000); return err },
		"OffsetAt": func() error { _, err := r.OffsetAt(t.Context(), part, baseTime+1_000_000); return err },
		"Count": func() error {
			_, err := r.Count(t.Context(), nil, window(baseTime+1000, baseTime+3000))
			return err
		},
	}
	part.Segments[0].MaxTimestamp = archive.Int64(baseTime + 2_000_000) // so that looking for a time reads all of it
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		store.Replace(key, bad)
		for name, ask := range asks {
			var broken *archive.BrokenError
			if err := ask(); !errors.As(err, &broken) || broken.Key != s.Key || ExitCode(err) != ExitBroken {
				t.Fatalf("%s, bit %d of byte %d flipped: %v", name, i%8, i, err)
			}
		}
	}
	for _, x := range [][]byte{good[:len(good)-1], append(bytes.Clone(good), 0), {}, nil} {
		store.Replace(key, x)
		var broken *archive.BrokenError
		if _, err := r.Records(t.Context(), part, 0, 1000); !errors.As(err, &broken) || broken.Key != s.Key {
			t.Errorf("%d of %d bytes: %v", len(x), len(good), err)
		}
	}
	// A base offset is in no CRC. The page of a few records behind it is not said to be proved.
	store.Replace(key, append([]byte{0, 0, 0, 0, 0, 0, 0, 1}, good[8:]...))
	if p, err := r.Records(t.Context(), part, 0, 2); err != nil || p.Proved {
		t.Errorf("a moved batch: %+v, %v", p, err)
	}
}

// TestOffsetAt: timestamps that go up and down, at every millisecond; segments that are older are not read.
func TestOffsetAt(t *testing.T) {
	for _, exact := range []bool{true, false} {
		store := storage.NewMemory()
		c := newCrafted(t, store)
		c.exact, c.perSeg = exact, 2
		times := []int64{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 38, 4, 6}
		var batches [][]byte
		for i := 0; i < len(times); i += 2 {
			batches = append(batches, craft("lz4", int64(i), embedded.Record{Timestamp: baseTime + times[i]}, embedded.Record{Timestamp: baseTime + times[i+1]}))
		}
		c.add("a", nil, batches)
		c.seal()
		r := c.open()
		part := r.part(t, "a", 0)
		for ms := int64(-2); ms < 45; ms++ {
			want := int64(slices.IndexFunc(times, func(x int64) bool { return x >= ms }))
			if got, err := r.OffsetAt(t.Context(), part, baseTime+ms); err != nil || got != want {
				t.Errorf("exact %v: offset at %d is %d, %v; want %d", exact, ms, got, err, want)
			}
		}
		reads := 0
		store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error { reads++; return nil }})
		if at, err := r.OffsetAt(t.Context(), part, baseTime+20); err != nil || at != 17 || exact && reads != 1 {
			t.Errorf("exact %v: offset %d after %d reads, %v", exact, at, reads, err)
		}
	}
}

// TestCount counts windows as a restore's plan does, and as records read one by one say.
func TestCount(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	for _, exact := range []bool{true, false} {
		w.store = storage.NewMemory()
		c := newCrafted(t, w.store)
		c.exact, c.perSeg = exact, 2
		c.add("orders", nil, series("zstd", 7, 5), nil, series("", 2, 5))
		c.add("payments", nil, series("", 3, 4))
		c.seal()
		r := c.open()
		for _, win := range []archive.Window{{}, window(baseTime+3000, baseTime+23_500), window(baseTime, baseTime+1), window(baseTime+34_000, baseTime+90_000), window(1, 2)} {
			got, err := r.Count(t.Context(), func(name string) bool { return name == "orders" }, win)
			if err != nil || len(got) != 1 {
				t.Fatal(got, err)
			}
			want := TopicCount{Topic: "orders", Partitions: 3, First: math.MaxInt64, Last: math.MinInt64}
			for p := range 3 {
				recs := within(c.records[fmt.Sprintf("orders/%d", p)], win)
				if len(recs) == 0 {
					want.Empty++
				}
				for _, rec := range recs {
					want.Records++
					want.First, want.Last = min(want.First, rec.timestamp), max(want.Last, rec.timestamp)
				}
			}
			o := w.restoring()
			o.Topics, o.Window = literal("orders"), win
			plan, err := PlanRestore(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			g := got[0]
			if g.Records != want.Records || g.Empty != want.Empty || g.Partitions != 3 || g.Records != plan.Records || g.Bytes != plan.Bytes {
				t.Errorf("exact %v: %+v, want %+v; the plan has %d records, %d bytes", exact, g, want, plan.Records, plan.Bytes)
			}
			if g.Records > 0 && (g.First != want.First || g.Last != want.Last) {
				t.Errorf("exact %v: from %d to %d, want %d to %d", exact, g.First-baseTime, g.Last-baseTime, want.First-baseTime, want.Last-baseTime)
			}
			if g.Guessed != (!exact && win.All()) {
				t.Errorf("exact %v, window %+v: guessed %v", exact, win, g.Guessed)
			}
		}
		all, err := r.Count(t.Context(), nil, archive.Window{})
		if err != nil || len(all) != 2 || all[1].Topic != "payments" || all[1].Records != 12 {
			t.Errorf("all topics: %+v, %v", all, err)
		}
	}
}

// TestCountsTheNewestIncarnation, as a restore takes it.
func TestCountsTheNewestIncarnation(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("a", 1, nil)
	w.produce("a", 0, 0, 30)
	w.backup(w.options(), ExitDone)
	if err := w.broker.DeleteTopic("a"); err != nil {
		t.Fatal(err)
	}
	w.topic("a", 2, nil)
	w.produce("a", 1, 1_000_000, 7)
	if s, err := Backup(t.Context(), w.options()).Wait(); err != nil {
		t.Fatal(s, err)
	}
	r, err := OpenRun(t.Context(), QueryOptions{Store: w.store, BackupID: "b1"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Count(t.Context(), nil, archive.Window{})
	if err != nil || len(got) != 1 || got[0].Records != 7 || got[0].Partitions != 2 || got[0].Empty != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if lo, hi, ok := r.Cover(nil); !ok || lo != baseTime+1_000_000 || hi != baseTime+1_000_006 {
		t.Errorf("covers %d to %d, %v", lo-baseTime, hi-baseTime, ok)
	}
	if _, _, ok := r.Cover(func(string) bool { return false }); ok {
		t.Error("no topic covers something")
	}
}

// TestRunQueriesEnd: a cancelled query says so and nothing else.
func TestRunQueriesEnd(t *testing.T) {
	store := storage.NewMemory()
	c := buildArchive(t, store, "a", nil, series("", 6, 5))
	r := c.open()
	part := r.part(t, "a", 0)
	for name, ask := range map[string]func(ctx context.Context) error{
		"OpenRun": func(ctx context.Context) error {
			_, err := OpenRun(ctx, QueryOptions{Store: store, BackupID: "b1"})
			return err
		},
		"Records":  func(ctx context.Context) error { _, err := r.Records(ctx, part, 0, 9); return err },
		"OffsetAt": func(ctx context.Context) error { _, err := r.OffsetAt(ctx, part, baseTime+1); return err },
		"Count": func(ctx context.Context) error {
			_, err := r.Count(ctx, nil, window(baseTime+1, baseTime+20_000))
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		store.SetFaults(storage.Faults{Fail: func(storage.Op, string) error { cancel(); <-ctx.Done(); return nil }})
		if err := ask(ctx); !errors.Is(err, context.Canceled) || ExitCode(err) != ExitCancelled {
			t.Errorf("%s ended with %v", name, err)
		}
		store.SetFaults(storage.Faults{})
	}
}

// TestNewest: one incarnation under each name, the same that the view answers with.
func TestNewest(t *testing.T) {
	topic := func(name, run string, current bool) archive.ViewTopic {
		return archive.ViewTopic{ManifestTopic: archive.ManifestTopic{Name: name}, FirstRun: run, Current: current}
	}
	r := &RunView{View: &archive.View{Topics: []archive.ViewTopic{topic("a", "1", false), topic("a", "2", true), topic("a", "3", false), topic("b", "1", false),
		topic("b", "2", false), topic("c", "1", true)}}}
	for _, x := range []struct {
		filter func(string) bool
		want   string
	}{{nil, "a2 b2 c1"}, {func(name string) bool { return name != "b" }, "a2 c1"}, {func(string) bool { return false }, ""}} {
		var got []string
		for _, n := range r.Newest(x.filter) {
			got = append(got, n.Name+n.FirstRun)
			if same, _ := r.View.Topic(n.Name); same != n {
				t.Errorf("the view's own %s is the one of run %s", n.Name, same.FirstRun)
			}
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("got %q, want %q", got, x.want)
		}
	}
}
