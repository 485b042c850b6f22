package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/embedded"
)

// comparing are the options of a validation of a crafted archive: unsigned, and without a plan that
// names topics, so nothing is in scope.
func (w *world) comparing() ValidationOptions {
	c := AllChecks()
	c.Scope = false
	return ValidationOptions{Target: w.client, Admin: w.admin, ReadBack: w.opener(), Store: w.store, BackupID: "b1", Checks: c}
}

// TestValidationFollowsTheRestore: whatever a restore may do to records by design is expected, and is
// said: windows, holes, append times, offset headers, other partitions.
func TestValidationFollowsTheRestore(t *testing.T) {
	for name, change := range map[string]func(o *RestoreOptions){
		"as it is":       func(*RestoreOptions) {},
		"a window":       func(o *RestoreOptions) { o.Window = window(baseTime+7000, baseTime+33_000) },
		"offset headers": func(o *RestoreOptions) { o.OffsetHeaders = true },
		"murmur2":        func(o *RestoreOptions) { o.Repartition, o.Partitions = "murmur2", func(string) int { return 3 } },
		"round robin":    func(o *RestoreOptions) { o.Repartition, o.Partitions = "round_robin", func(string) int { return 5 } },
		"all of it":      func(o *RestoreOptions) { o.OffsetHeaders, o.Window = true, window(baseTime+2000, baseTime+48_000) },
		"headers, spread": func(o *RestoreOptions) {
			o.OffsetHeaders, o.Repartition, o.Partitions = true, "murmur2", func(string) int { return 4 }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, embedded.Options{})
			mixed(t, w.store)
			o := w.restoring()
			change(&o)
			w.restore(o, ExitDone)
			r, _ := validated(t, w.comparing(), ExitDone)
			outcomes(t, r, map[string]evidence.Outcome{evidence.ConsumerGroupOffsetCheck: evidence.Skipped})
			if r.Integrity.RecordsCompared == 0 || r.Integrity.RecordsCompared != r.Restore.Records {
				t.Errorf("%d of %d records compared", r.Integrity.RecordsCompared, r.Restore.Records)
			}
			if o.Window.All() != strings.Contains(strings.Join(r.Exceptions, "\n"), "LogAppendTime") { // the window leaves that batch out
				t.Errorf("exceptions %q", r.Exceptions)
			}
		})
	}
}

// TestOffsetHeadersAreChecked: a restored header that names another source offset is found.
func TestOffsetHeadersAreChecked(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 2, nil)
	p.odd("orders", 1, 60)
	lie := p.lie(on(17, func(recs []embedded.Record, i int) []embedded.Record {
		recs[i].Headers[0].Value = []byte("18")
		return recs
	}))
	p.signed(func(o *RestoreOptions) { o.OffsetHeaders = true; lie(o) })
	r, _ := validated(t, p.validating(), ExitFindings)
	shows(t, r, []string{"17>17 header[0].value 2/2"})
}

// TestRawReaderDecides: what the independent client cannot show is compared by the raw reader, counted,
// and found when it is wrong; a name that goes on behind a NUL byte does not pass for the right one.
func TestRawReaderDecides(t *testing.T) {
	nul := func(recs []embedded.Record) []embedded.Record {
		recs[3].Timestamp = -1
		recs[5].Headers = []embedded.Header{{Key: "a\x00b", Value: []byte("v")}}
		return recs
	}
	for name, x := range map[string]struct {
		change func(recs []embedded.Record) []embedded.Record
		want   []string
	}{
		"all right":             {func(recs []embedded.Record) []embedded.Record { return recs }, nil},
		"behind the NUL":        {func(recs []embedded.Record) []embedded.Record { recs[5].Headers[0].Key = "a\x00c"; return recs }, []string{"5>5 header[0].name 3/3"}},
		"the NUL gone":          {func(recs []embedded.Record) []embedded.Record { recs[5].Headers[0].Key = "a"; return recs }, []string{"5>5 header[0].name 3/1"}},
		"value beside a NUL":    {func(recs []embedded.Record) []embedded.Record { recs[5].Value = []byte("x"); return recs }, []string{"5>5 value 0/1"}},
		"a NUL where none was":  {func(recs []embedded.Record) []embedded.Record { recs[4].Headers[0].Key += "\x00evil"; return recs }, []string{"4>4 header[0].name 5/10"}},
		"timestamp -1 made 0":   {func(recs []embedded.Record) []embedded.Record { recs[3].Timestamp = 0; return recs }, []string{"3>3 timestamp 8/8"}},
		"a timestamp made -1":   {func(recs []embedded.Record) []embedded.Record { recs[7].Timestamp = -1; return recs }, []string{"7>7 timestamp 8/8"}},
		"far timestamps differ": {func(recs []embedded.Record) []embedded.Record { recs[8].Timestamp++; return recs }, []string{"8>8 timestamp 8/8"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, embedded.Options{})
			var recs []embedded.Record
			for i := range 12 {
				recs = append(recs, embedded.Record{Timestamp: baseTime + int64(i), Value: []byte{}, Headers: []embedded.Header{{Key: "trace", Value: []byte("1")}}})
			}
			recs[8].Timestamp = 253_402_300_799_999
			buildArchive(t, w.store, "orders", nil, nil, [][]byte{craft("zstd", 0, nul(recs)...)})
			p := &proof{world: w}
			o := w.restoring()
			p.lie(func(_ kafka.TopicPartition, _ int64, recs []embedded.Record) []embedded.Record { return x.change(recs) })(&o)
			w.restore(o, ExitDone)
			if x.want == nil {
				r, _ := validated(t, w.comparing(), ExitDone)
				if r.Integrity.RecordsByRawReader != 2 || !strings.Contains(strings.Join(r.Exceptions, "\n"), "raw reader decided") {
					t.Errorf("%d by the raw reader; %q", r.Integrity.RecordsByRawReader, r.Exceptions)
				}
				return
			}
			r, _ := validated(t, w.comparing(), ExitFindings)
			shows(t, r, x.want)
		})
	}
}

// TestLevels: what is left out stands beside the verdict, and is no evidence for a control.
func TestLevels(t *testing.T) {
	p := newProof(t, embedded.Options{})
	for _, name := range []string{"orders", "audit"} {
		p.topic(name, 2, nil)
		p.produce(name, 0, 0, 120)
	}
	drop := on(50, func(recs []embedded.Record, i int) []embedded.Record { return slices.Delete(recs, i, i+1) })
	p.odd("orders", 1, 100)
	p.signed(p.lie(drop)) // one record of orders/1 is missing
	for name, x := range map[string]struct {
		checks Checks
		level  string
		exit   Exit
	}{
		"counts":            {Checks{MessageCount: &CountCheck{}}, "counts only", ExitFindings},
		"ranges":            {Checks{OffsetRange: true}, "counts only", ExitFindings},
		"tolerance":         {Checks{MessageCount: &CountCheck{Tolerance: 1}}, "tolerance 1", ExitDone},
		"threshold":         {Checks{MessageCount: &CountCheck{FailThreshold: 1}}, "tolerance 1", ExitDone},
		"other topic":       {Checks{MessageCount: &CountCheck{Topics: named("audit")}}, "counts only", ExitDone},
		"contents of other": {Checks{Content: &ContentCheck{Topics: named("audit")}}, "sample", ExitDone},
		"everything":        {Checks{Content: &ContentCheck{}}, "every record compared", ExitFindings},
	} {
		o := p.validating()
		o.Checks = &x.checks
		r, s := validated(t, o, x.exit)
		if string(r.Level) != x.level || s.Get("level_remark") != r.Level.Remark() || len(r.Checks) != 1 {
			t.Errorf("%s: level %q, checks %d", name, r.Level, len(r.Checks))
		}
		covered := strings.Contains(strings.Join(r.Coverage, "\n"), r.Level.Remark())
		if m := r.ComplianceMappings["soc2"]; m.EvidenceForControl || covered == (x.level == "every record compared") {
			t.Errorf("%s: evidence %v, coverage %q", name, m.EvidenceForControl, r.Coverage)
		}
	}
	o := p.validating()
	o.Checks = &Checks{Content: &ContentCheck{Sample: 0.1, Topics: named("audit")}}
	r, _ := validated(t, o, ExitDone)
	if r.Level != evidence.LevelSample || r.Integrity.RecordsCompared != 12 || check(t, r, evidence.ContentCheck).Topics[0].Partitions[0].RecordsRoot != "" {
		t.Errorf("sample: %s, %d compared", r.Level, r.Integrity.RecordsCompared)
	}
}

// TestForeignRecords: around the restored range others may write if the topic was there before; in a
// topic that the restore made nobody may.
func TestForeignRecords(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 1, nil)
	p.produce("orders", 0, 0, 60)
	p.topic("mine", 1, map[string]string{"retention.ms": "-1"})
	p.produce("mine", 0, 0, 7)
	b := p.options()
	b.Topics = named("orders")
	b.Keys, b.Env, b.Witness = p.keys(), p.env(), p.witness()
	p.backup(b, ExitDone)
	p.restored(func(o *RestoreOptions) { o.Mapping, o.AllowExisting = map[string]string{"orders": "mine"}, true })
	p.produce("mine", 0, 0, 5)
	r, _ := validated(t, p.validating(), ExitDone)
	if c := strings.Join(r.Coverage, "\n"); !strings.Contains(c, "5 offsets behind the restored range") {
		t.Errorf("coverage %q", c)
	}
	if part := check(t, r, evidence.OffsetRangeCheck).Topics[0].Partitions[0]; *part.FirstTargetOffset != 7 || *part.LastTargetOffset != 66 {
		t.Errorf("range %d to %d", *part.FirstTargetOffset, *part.LastTargetOffset)
	}
	p.restored(func(o *RestoreOptions) { o.RestoreID = "r2" })
	validated(t, p.validating(), ExitDone)
	p.produce("restore-r2.orders", 0, 0, 1)
	r, _ = validated(t, p.validating(), ExitFindings)
	outcomes(t, r, map[string]evidence.Outcome{evidence.MessageCountCheck: evidence.Failed, evidence.OffsetRangeCheck: evidence.Failed,
		evidence.ContentCheck: evidence.Failed, evidence.ConsumerGroupOffsetCheck: evidence.Skipped})
	o := p.validating()
	o.RestoreID = "r1"
	validated(t, o, ExitDone)
	if err := p.broker.DeleteRecords("restore-r2.orders", 0, 45); err != nil { // retention, too early
		t.Fatal(err)
	}
	r, _ = validated(t, p.validating(), ExitFindings)
	c := check(t, r, evidence.ContentCheck).Topics[0].Partitions[0]
	if c.DifferencesTotal != 46 || *c.Differences[0].SourceOffset != 0 || !strings.Contains(strings.Join(check(t, r, evidence.OffsetRangeCheck).Problems, " "), "were deleted") {
		t.Errorf("%d differences, first %+v", c.DifferencesTotal, c.Differences[0])
	}
}

// TestGroupOffsetsAreChecked: groups that stand where the map says, one that was moved on, and one whose
// next record is another one.
func TestGroupOffsetsAreChecked(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := newCrafted(t, w.store)
	a := series("zstd", 10, 5)
	a[3] = thin(t, a[3], func(o int64) bool { return o == 16 || o == 19 })
	c.add("orders", map[string]string{"cleanup.policy": "compact"}, a, series("", 2, 5))
	for _, n := range []int64{0, 4, 15, 17, 19, 20, 33, 41, 42, 50} {
		c.plan.Groups = append(c.plan.Groups, archive.Group{ID: fmt.Sprint("g", n), Offsets: []archive.GroupOffset{
			{Topic: "orders", Partition: 0, Offset: archive.Int64(n)}, {Topic: "orders", Partition: 1, Offset: 10}}})
	}
	c.seal()
	o := w.restoring()
	o.Window = window(baseTime+4000, baseTime+42_000)
	o.Groups = func(id string) (string, bool) { return "copy-" + id, true }
	w.restore(o, ExitDone)
	r, _ := validated(t, w.comparing(), ExitDone)
	if g := check(t, r, evidence.ConsumerGroupOffsetCheck); g.Outcome != evidence.Passed || g.Expected != 20 || g.Detail != "10 groups and 20 offsets checked; 0 issues" {
		t.Errorf("%s %s", g.Outcome, g.Detail)
	}
	if err := w.admin.CommitGroup(t.Context(), "copy-g17", []kafka.GroupOffset{{Topic: "orders", Partition: 0, Offset: 3}}); err != nil {
		t.Fatal(err)
	}
	r, _ = validated(t, w.comparing(), ExitFindings)
	if g := check(t, r, evidence.ConsumerGroupOffsetCheck); g.Outcome != evidence.Failed || len(g.Problems) != 1 || !strings.Contains(g.Problems[0], "copy-g17") {
		t.Errorf("%s %q", g.Outcome, g.Problems)
	}
	w2 := newWorld(t, embedded.Options{})
	w2.store = w.store
	o = w2.restoring()
	o.RestoreID, o.Groups = "r2", func(id string) (string, bool) { return id, id == "g4" }
	p := &proof{world: w2}
	p.lie(func(tp kafka.TopicPartition, at int64, recs []embedded.Record) []embedded.Record {
		if tp.Partition == 0 && at == 0 {
			recs[4].Value[0] ^= 1
		}
		return recs
	})(&o)
	w2.restore(o, ExitDone)
	r, _ = validated(t, w2.comparing(), ExitFindings)
	if g := check(t, r, evidence.ConsumerGroupOffsetCheck); g.Outcome != evidence.Failed || len(g.Problems) != 1 || !strings.Contains(g.Problems[0], "not the one captured at offset 4") {
		t.Errorf("%s %q", g.Outcome, g.Problems)
	}
}
