package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"kustody/engine/archive"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// checkingArchive are the options of a deep check of every run, with a trusted key.
func (p *proof) checkingArchive() ValidateOptions {
	return ValidateOptions{Env: p.env(), Store: p.store, Keys: archive.Keys{Trusted: p.signer.PublicKey()}, BackupID: "b1", Deep: true}
}

func (p *proof) checked(o ValidateOptions, want Exit) Summary {
	p.t.Helper()
	return wait(p.t, Validate(p.t.Context(), o), want)
}

// small is a signed archive of two runs and a restore, a few kilobytes in all.
func small(t *testing.T) *proof {
	t.Helper()
	p := newProof(t, embedded.Options{})
	p.topic("a", 2, nil)
	p.produce("a", 0, 0, 12)
	p.produce("a", 1, 0, 3)
	p.signed(nil)
	p.produce("a", 0, 12, 5)
	b := p.options()
	b.Topics.Match = func(name string, _ bool) bool { return name == "a" }
	b.Env, b.Keys = p.env(), p.keys()
	p.backup(b, ExitDone)
	return p
}

func TestValidateAGoodArchive(t *testing.T) {
	p := small(t)
	s := p.checked(p.checkingArchive(), ExitDone)
	if s.Get("runs") != 2 || s.Get("broken") != 0 || s.Get("records") != int64(20) || len(s.Notes) != 0 {
		t.Errorf("facts %v, notes %q", s.Facts, s.Notes)
	}
	o := p.checkingArchive()
	o.Deep, o.Keys = false, archive.Keys{}
	s = p.checked(o, ExitDone)
	if !strings.Contains(strings.Join(s.Notes, "\n"), "signatures not checked") {
		t.Errorf("notes %q", s.Notes)
	}
	runs, err := archive.Open(p.store, "b1", archive.Keys{}).Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o = p.checkingArchive()
	o.RunID = runs[0].ID
	if s = p.checked(o, ExitDone); s.Get("runs") != 1 || s.Get("records") != int64(15) {
		t.Errorf("one run: %v", s.Facts)
	}
	o.RunID = "20200101T000000Z-abcdef"
	p.checked(o, ExitNoArchive)
	o.RunID, o.BackupID = "", "b2"
	p.checked(o, ExitNoArchive)
}

// TestH03_anyFlippedBit: a bit flipped in any stored object is found, and the object is named. Of every
// object bits all over it are tried, of signatures and segments' headers all.
func TestH03_anyFlippedBit(t *testing.T) {
	p := small(t)
	r := rand.New(rand.NewPCG(3, 3))
	objects := everything(t, p.store)
	tried := 0
	for key, body := range objects {
		if strings.HasSuffix(key, "/lock") {
			continue
		}
		for _, bit := range bitsOf(r, key, len(body)) {
			tried++
			bad := bytes.Clone(body)
			bad[bit/8] ^= 1 << (bit % 8)
			p.store.Replace(key, bad)
			s, err := Validate(t.Context(), p.checkingArchive()).Wait()
			if name := strings.TrimPrefix(key, "b1/"); s.Exit != ExitBroken || !strings.Contains(strings.Join(s.Findings, "\n"), name) {
				t.Fatalf("bit %d of %s: exit %d, %v, findings %q", bit, key, s.Exit, err, s.Findings)
			}
		}
		p.store.Replace(key, body)
	}
	p.checked(p.checkingArchive(), ExitDone)
	t.Logf("%d flipped bits in %d objects", tried, len(objects))
}

// bitsOf chooses bits to flip: every byte of the first and last 64 with one bit each, and some between.
func bitsOf(r *rand.Rand, key string, size int) []int {
	var bits []int
	for at := range size {
		edge := at < 64 || at >= size-64
		every := 61
		if strings.HasSuffix(key, ".sig") {
			every = 7
		}
		if (edge && at%5 == 0) || at%every == 0 {
			bits = append(bits, at*8+r.IntN(8))
		}
	}
	return bits
}

// TestH03_missingAndSwapped: objects that are gone, cut short, or stand in for each other.
func TestH03_missingAndSwapped(t *testing.T) {
	p := small(t)
	objects := everything(t, p.store)
	var last string
	for key := range objects {
		if strings.HasSuffix(key, "/lock") {
			continue
		}
		if strings.HasSuffix(key, "manifest.json") && key > last {
			last = key
		}
	}
	for key, body := range objects {
		if strings.HasSuffix(key, "/lock") || key == last || strings.HasSuffix(key, "receipt.json") {
			continue // without its last document a run or restore is one that has not finished
		}
		for what, bad := range map[string][]byte{"gone": nil, "cut short": body[:len(body)-1], "longer": append(bytes.Clone(body), 'x')} {
			p.store.Replace(key, bad)
			o := p.checkingArchive()
			o.Deep = strings.HasSuffix(key, ".log") && what == "cut short"
			s, err := Validate(t.Context(), o).Wait()
			if name := strings.TrimPrefix(key, "b1/"); s.Exit != ExitBroken || !strings.Contains(strings.Join(s.Findings, "\n"), name) {
				t.Errorf("%s, %s: exit %d, %v, findings %q", key, what, s.Exit, err, s.Findings)
			}
			p.store.Replace(key, body)
		}
	}
}

// TestE21_plantedSegment: a segment and a sidecar that another hand laid beside a dead run's are found;
// what a dead run of ours left is a note.
func TestE21_plantedSegment(t *testing.T) {
	p := small(t)
	ctx := t.Context()
	id := p.broker.TopicID("a")
	plant := func(keys archive.Keys, run string) string {
		t.Helper()
		c := archive.Open(p.store, "b1", keys)
		w := c.WritePartition(archive.PartitionOptions{RunID: run, TopicID: id, Topic: "a", Partition: 0, Start: 17, Epoch: -1, MaxBytes: 1 << 20, Exact: true})
		raw := craft("", 17, embedded.Record{Timestamp: 1, Value: []byte("planted")})
		h, stats := headerOf(t, raw)
		if err := w.Append(ctx, raw, h, stats, archive.Span{From: 17, To: 18}); err != nil {
			t.Fatal(err)
		}
		if err := w.Roll(ctx); err != nil {
			t.Fatal(err)
		}
		return w.Held()[0].Key
	}
	if _, err := p.opened().PutPlan(ctx, &archive.Plan{RunID: "20261120T130000Z-aaaaaa"}); err != nil {
		t.Fatal(err)
	}
	const dead = "20991120T130000Z-aaaaaa"
	a := archive.Open(p.store, "b1", p.keys())
	runs, err := a.Runs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := a.Plan(ctx, runs[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	plan.Doc.RunID = dead
	if _, err := a.PutPlan(ctx, plan.Doc); err != nil {
		t.Fatal(err)
	}
	ours := plant(p.keys(), dead)
	s := p.checked(p.checkingArchive(), ExitDone)
	if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, ours) {
		t.Errorf("notes %q", s.Notes)
	}
	theirs := plant(archive.Keys{}, dead)
	s = p.checked(p.checkingArchive(), ExitBroken)
	if len(s.Findings) != 1 || !strings.Contains(s.Findings[0], archive.SidecarKey(theirs)) {
		t.Errorf("findings %q", s.Findings)
	}
}

// TestValidateFindsForks: two runs that follow the same one.
func TestValidateFindsForksAndUnfinished(t *testing.T) {
	p := small(t)
	a := archive.Open(p.store, "b1", p.keys())
	runs, err := a.Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Manifest(t.Context(), runs[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := a.Plan(t.Context(), runs[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	plan.Doc.RunID = "20991120T130000Z-cccccc"
	f, err := a.PutPlan(t.Context(), plan.Doc)
	if err != nil {
		t.Fatal(err)
	}
	s := p.checked(p.checkingArchive(), ExitDone)
	if !strings.Contains(strings.Join(s.Notes, "\n"), "has not finished") {
		t.Errorf("an unfinished run: %q", s.Notes)
	}
	second.Doc.RunID, second.Doc.PlanSHA256 = plan.Doc.RunID, f.SHA256
	if _, err := a.PutManifest(t.Context(), second.Doc); err != nil {
		t.Fatal(err)
	}
	s = p.checked(p.checkingArchive(), ExitBroken)
	if !strings.Contains(strings.Join(s.Findings, "\n"), "forks") {
		t.Errorf("a fork: %q", s.Findings)
	}
}

// TestValidateCannotTell: a store that does not answer is no broken archive.
func TestValidateCannotTell(t *testing.T) {
	p := small(t)
	p.store.SetFaults(storage.Faults{Fail: func(op storage.Op, key string) error {
		if op == "get" && strings.HasSuffix(key, ".log") {
			return fmt.Errorf("the store is not well")
		}
		return nil
	}})
	p.checked(p.checkingArchive(), ExitFailed)
	p.store.SetFaults(storage.Faults{})
	p.checked(p.checkingArchive(), ExitDone)
}

// TestAccounts: every way in which segments, gaps and tail can fail to cover a range.
func TestAccountsOfAChain(t *testing.T) {
	p := small(t)
	a := archive.Open(p.store, "b1", archive.Keys{})
	v, err := a.View(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	if errs := archive.Accounts(v); len(errs) != 0 {
		t.Fatalf("a good chain: %v", errs)
	}
	for name, spoil := range map[string]func(m *archive.ManifestPartition){
		"a segment missing":  func(m *archive.ManifestPartition) { m.Segments = nil },
		"an end too far":     func(m *archive.ManifestPartition) { m.End++ },
		"an overlap":         func(m *archive.ManifestPartition) { m.Segments = append(slices.Clone(m.Segments), m.Segments...) },
		"a gap over records": func(m *archive.ManifestPartition) { m.Gaps = []archive.Range{{From: m.Start, To: m.End}} },
		"a tail of nothing":  func(m *archive.ManifestPartition) { m.Tail.Markers = 3 },
		"wrong records":      func(m *archive.ManifestPartition) { m.Records++ },
	} {
		v, err := a.View(t.Context(), "latest")
		if err != nil {
			t.Fatal(err)
		}
		spoil(&v.Chain[0].Doc.Topics[0].Partitions[0])
		if errs := archive.Accounts(v); len(errs) == 0 {
			t.Errorf("%s is not noticed", name)
		}
	}
}
