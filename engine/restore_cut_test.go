package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/batch"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// FuzzCutter cuts batches of any size, codec and age, at any limit and window. What comes out must be
// what a broker takes, hold exactly the records of the window, and be the same the second time.
func FuzzCutter(f *testing.F) {
	f.Add(uint8(4), uint8(9), int64(0), int64(8000), uint16(4000), uint16(0), false, false)
	f.Add(uint8(0), uint8(30), int64(3000), int64(20_000), uint16(300), uint16(0x0405), false, true)
	f.Add(uint8(1), uint8(12), int64(-9), int64(1<<40), uint16(200), uint16(0xffff), true, false)
	f.Fuzz(func(t *testing.T, codec, n uint8, from, to int64, limit, gone uint16, stamped, headers bool) {
		o := embedded.NoProducer
		o.Codec, o.BaseOffset, o.LogAppendTime = []string{"", "gzip", "snappy", "lz4", "zstd"}[codec%5], 100, stamped
		var recs []embedded.Record
		for i := range int(n%40) + 1 {
			recs = append(recs, embedded.Record{Timestamp: int64(i * 7919 % 30_000), Key: fmt.Append(nil, i), Value: noise(uint64(i), i*13%200)})
		}
		raw := embedded.EncodeBatch(o, recs...)
		if hole := func(o int64) bool { return o == 100 || gone>>((o-100)%16)&1 == 0 }; gone != 0 {
			raw = thin(t, raw, hole)
		}
		h, err := batch.ParseHeader(raw)
		if err != nil {
			t.Fatal(err)
		}
		v := sieve{window: window(from, to), lo: -1 << 63, hi: 1<<63 - 1, until: 1<<63 - 1}
		var want []string
		if err := batch.NewDecoder(batch.Limits{}).Walk(raw, func(r *batch.Record) error {
			if v.record(r) {
				want = append(want, string(batch.AppendCanonical(nil, r)))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		first, err := cutAll(t, newCutter(0, int64(limit), headers, nil), raw, h, v, int(limit), headers)
		var large *RecordTooLargeError
		if errors.As(err, &large) {
			return
		}
		if err != nil || !slices.Equal(first, want) {
			t.Fatalf("%d records are kept, want %d; %v", len(first), len(want), err)
		}
	})
}

// cutAll cuts one batch twice, and takes the records out of what comes out.
func cutAll(t *testing.T, c *cutter, raw []byte, h batch.Header, v sieve, limit int, headers bool) ([]string, error) {
	t.Helper()
	var out []string
	dec := batch.NewDecoder(batch.Limits{})
	got, err := c.cut(raw, h, v)
	if err != nil {
		return nil, err
	}
	var again []cutBatch
	for _, b := range got {
		b.raw = slices.Clone(b.raw)
		again = append(again, b)
		x, err := batch.ParseHeader(b.raw)
		if err != nil || batch.CheckCRC(b.raw) != nil || len(b.raw) > limit && limit > 0 || x.LogAppendTime() ||
			int(x.NumRecords) != b.records || int(x.LastOffsetDelta) != b.records-1 {
			t.Fatalf("a batch of %d bytes that no broker takes: %+v, %v", len(b.raw), x, err)
		}
		if err := dec.Walk(b.raw, func(r *batch.Record) error {
			if headers {
				r.Headers = r.Headers[:len(r.Headers)-3]
			}
			out = append(out, string(batch.AppendCanonical(nil, r)))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	twice, err := c.cut(raw, h, v)
	if err != nil || len(twice) != len(again) {
		t.Fatalf("the second time it makes %d batches of it, not %d (%v)", len(twice), len(again), err)
	}
	for i := range twice {
		if twice[i].records != again[i].records || twice[i].first != again[i].first || string(twice[i].raw) != string(again[i].raw) {
			t.Fatalf("the second time batch %d is another", i)
		}
	}
	return out, nil
}

// TestR03_untrustedJournalIsNotTaken plants a journal without a signature.
func TestR03_untrustedJournalIsNotTaken(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	priv, pub, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	keys := archive.Keys{}
	if keys.Signer, err = evidence.ParseSigner(priv); err != nil {
		t.Fatal(err)
	}
	if keys.Trusted, err = evidence.ParsePublicKey(pub); err != nil {
		t.Fatal(err)
	}
	c := newCrafted(t, w.store)
	c.archive = archive.Open(w.store, "b1", keys)
	c.add("orders", nil, series("", 4, 5))
	c.seal()
	o := w.restoring()
	o.Keys, o.RestoreID = keys, ""
	planted := o
	planted.Keys.Signer, planted.Keys.Trusted = nil, nil
	planted.Target = &wreck{RestoreTarget: w.client, before: func(int, kafka.TopicPartition, []byte) error { return errKilled }}
	if _, err := Restore(t.Context(), planted).Wait(); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	p, err := PlanRestore(t.Context(), o)
	if err != nil || p.Resumes || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "cannot be trusted") {
		t.Fatalf("plan: resumes %v, warnings %q, %v", p.Resumes, p.Warnings, err)
	}
	w.restore(o, ExitDone)
	w.sameRecords("orders", 0, 0, c.records["orders/0"])
}

// TestR13_appendedAndCalledOutOfOrder lets a broker append a batch and then deny its sequence, or say
// only that it has it: the end tells that it is there.
func TestR13_appendedAndCalledOutOfOrder(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := buildArchive(t, w.store, "orders", nil, series("", 8, 5))
	o := w.restoring()
	o.Target = &wreck{RestoreTarget: w.client, after: func(n int, _ kafka.TopicPartition, _ []byte) error {
		if n == 3 || n == 6 {
			return kafka.ErrOutOfOrder
		}
		return nil
	}}
	w.restore(o, ExitDone)
	w.sameRecords("orders", 0, 0, c.records["orders/0"])
	if n := o.Target.(*wreck).n; n != 8 {
		t.Errorf("%d appends for 8 batches", n)
	}
}

// TestFinishCountsTheWindowOnly counts what expires of the records that were restored, and no others.
func TestFinishCountsTheWindowOnly(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	buildArchive(t, w.store, "orders", map[string]string{"retention.ms": "3600000"}, shuffled("zstd"))
	o := w.restoring()
	o.Window, o.ApplyConfigs = window(baseTime+10_000, baseTime+21_000), true
	if s := w.restore(o, ExitDone); s.Get("records") != int64(11) || s.Get("expiring_records") != int64(11) {
		t.Errorf("facts %v", s.Facts)
	}
	if got := w.onTopic("orders"); got["retention.ms"] != "3600000" || got["cleanup.policy"] != "" {
		t.Errorf("configs %v", got)
	}
}

// TestRestoreFindsWhatDoesNotFit changes what lies in the archive behind a restore's back.
func TestRestoreFindsWhatDoesNotFit(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := newCrafted(t, w.store)
	c.add("orders", nil, series("", 4, 5))
	c.topics[0].Partitions[0].Segments[0].Records++ // the manifest says one more than there are
	c.seal()
	s, err := Restore(t.Context(), w.restoring()).Wait()
	if s.Exit != ExitBroken || !strings.Contains(err.Error(), "its manifest says 16") {
		t.Errorf("a manifest that counts wrong: exit %d, %v", s.Exit, err)
	}
	w = newWorld(t, embedded.Options{})
	buildArchive(t, w.store, "orders", nil, series("", 4, 5))
	w.restore(w.restoring(), ExitDone)
	key := "b1/" + archive.JournalKey("r1")
	body, err := storage.ReadAll(t.Context(), w.store, key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	w.store.Replace(key, []byte(strings.Replace(string(body), `"created_by": "`, `"created_by": "not `, 1)))
	if s, err := Restore(t.Context(), w.restoring()).Wait(); s.Exit != ExitBroken || !strings.Contains(err.Error(), "another journal") {
		t.Errorf("a journal that was changed: exit %d, %v", s.Exit, err)
	}
}
