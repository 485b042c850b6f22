package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"kustody/engine/archive"
	"kustody/kafka"
	"kustody/kafka/embedded"
)

// bulky is two batches of 500 records of 4 KiB that do not compress.
func bulky() [][]byte {
	var out [][]byte
	for b := range 2 {
		var recs []embedded.Record
		for i := range 500 {
			recs = append(recs, embedded.Record{Timestamp: baseTime, Value: noise(uint64(b*500+i), 4096)})
		}
		out = append(out, craft("zstd", int64(b*500), recs...))
	}
	return out
}

// TestR02_batchesLargerThanTheTargetTakes meets all three: the limit is set, the batch is split, the
// record is refused before anything is written.
func TestR02_batchesLargerThanTheTargetTakes(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := buildArchive(t, w.store, "orders", nil, bulky())
	w.restore(w.restoring(), ExitDone)
	w.sameRecords("orders", 0, 0, c.records["orders/0"])
	held := w.receipt("r1").Topics[0].HeldOpen
	if v, ok := held["max.message.bytes"]; !ok || v != "" {
		t.Errorf("held open: %v", held)
	}
	o := w.restoring()
	o.RestoreID, o.Mapping = "r2", map[string]string{"orders": "small"}
	w.topic("small", 1, map[string]string{"max.message.bytes": "300000", "retention.ms": "-1"})
	s := w.restore(o, ExitDone)
	w.sameRecords("small", 0, 0, c.records["orders/0"])
	if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "1000 records were re-encoded into smaller batches") }) {
		t.Errorf("notes %q", s.Notes)
	}
	o.RestoreID, o.Mapping = "r3", map[string]string{"orders": "tiny"}
	w.topic("tiny", 1, map[string]string{"max.message.bytes": "4000", "retention.ms": "-1"})
	w.restore(o, ExitUsage)
	if n := w.broker.Info("tiny", 0).HighWatermark; n != 0 {
		t.Errorf("%d records were written before the refusal", n)
	}
}

// shuffled is a partition whose timestamps have nothing to do with offsets.
func shuffled(codec string) [][]byte {
	var out [][]byte
	for b := range 8 {
		var recs []embedded.Record
		for i := range 10 {
			at := int64(b*10 + i)
			recs = append(recs, embedded.Record{Timestamp: baseTime + (at*37%80)*1000, Value: fmt.Appendf(nil, "record %d", at)})
		}
		out = append(out, craft(codec, int64(b*10), recs...))
	}
	return out
}

// TestR04_windowIsHalfOpenAndLooksAtEveryRecord restores windows of shuffled timestamps, with sidecars
// that know them and with such that do not.
func TestR04_windowIsHalfOpenAndLooksAtEveryRecord(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	for i, exact := range []bool{true, false} {
		c := newCrafted(t, w.store)
		c.archive, c.exact, c.perSeg = archive.Open(w.store, fmt.Sprint("b", i), archive.Keys{}), exact, 3-2*i
		c.add("orders", nil, shuffled("lz4"))
		c.seal()
		for k, win := range []archive.Window{window(baseTime+20_000, baseTime+50_000), window(baseTime+79_000, baseTime+80_000),
			{Start: window(baseTime+40_001, 0).Start}, {End: window(0, baseTime+1).End}, window(baseTime-5, baseTime+80_000)} {
			o := w.restoring()
			o.BackupID, o.RestoreID, o.Window = fmt.Sprint("b", i), fmt.Sprintf("r%d", k), win
			o.Mapping = map[string]string{"orders": fmt.Sprintf("orders-%d-%d", i, k)}
			want := within(c.records["orders/0"], win)
			plan, err := PlanRestore(t.Context(), o)
			if err != nil || plan.Records != int64(len(want)) || len(plan.Conflicts) > 0 {
				t.Fatalf("window %d: the plan counts %d records, want %d; %v %q", k, plan.Records, len(want), err, plan.Conflicts)
			}
			w.restore(o, ExitDone)
			w.sameRecords(o.Mapping["orders"], 0, 0, want)
		}
		o := w.restoring()
		o.BackupID, o.Window = fmt.Sprint("b", i), window(baseTime+80_000, baseTime+90_000)
		w.restore(o, ExitUsage) // there is nothing in it
	}
}

// TestR05_groupsStandWhereTheMapSays translates offsets across holes, a window and the end.
func TestR05_groupsStandWhereTheMapSays(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := newCrafted(t, w.store)
	a := series("zstd", 10, 5)
	a[3] = thin(t, a[3], func(o int64) bool { return o == 16 || o == 19 })
	c.add("orders", map[string]string{"cleanup.policy": "compact"}, a, series("", 2, 5))
	at := []int64{0, 4, 12, 15, 16, 17, 18, 19, 20, 33, 41, 42, 49, 50}
	for _, n := range at {
		c.plan.Groups = append(c.plan.Groups, archive.Group{ID: fmt.Sprint("g", n), Offsets: []archive.GroupOffset{
			{Topic: "orders", Partition: 0, Offset: archive.Int64(n), Metadata: "m"}, {Topic: "orders", Partition: 1, Offset: 10}, {Topic: "other", Offset: 7}}})
	}
	c.plan.Groups = append(c.plan.Groups, archive.Group{ID: "unread", Error: "no rights"})
	c.seal()
	o := w.restoring()
	o.Window = window(baseTime+4000, baseTime+42_000)
	o.Groups = func(id string) (string, bool) { return "copy-" + id, id != "g4" }
	s := w.restore(o, ExitFindings)
	want := within(c.records["orders/0"], o.Window)
	w.sameRecords("orders", 0, 0, want)
	for _, n := range at {
		got, err := w.admin.GroupOffsets(t.Context(), fmt.Sprint("copy-g", n))
		if err != nil {
			t.Fatal(err)
		}
		if n == 4 {
			if len(got) != 0 {
				t.Errorf("g4 was not asked for, and has %v", got)
			}
			continue
		}
		next := slices.IndexFunc(want, func(r stored) bool { return r.offset >= n })
		if next < 0 {
			next = len(want)
		}
		if len(got) != 2 || got[0].Offset != int64(next) || got[0].Metadata != "m" || got[1].Offset != int64(len(c.records["orders/1"])-4) {
			t.Errorf("offset %d: %+v, want %d", n, got, next)
		}
	}
	rec := w.receipt("r1")
	if n := len(at) - 1; len(rec.Groups) != n+1 || !rec.Groups[n-1].Offsets[0].AtEnd || rec.Groups[0].Offsets[0].AtEnd || rec.Groups[n].Error == "" {
		t.Errorf("receipt: %+v", rec.Groups)
	}
	if n := len(rec.Topics[0].Partitions[0].Map); n > 4 {
		t.Errorf("the map has %d pieces for 4 segments", n)
	}
	if len(s.Findings) != 1 || !strings.Contains(s.Findings[0], "no rights") {
		t.Errorf("findings %q", s.Findings)
	}
}

// TestR06_oneFailedPartitionFailsTheJob refuses one partition for good.
func TestR06_oneFailedPartitionFailsTheJob(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := buildArchive(t, w.store, "orders", nil, series("", 6, 5), series("", 6, 5), series("", 6, 5))
	o := w.restoring()
	o.Target = &wreck{RestoreTarget: w.client, before: func(_ int, tp kafka.TopicPartition, raw []byte) error {
		if tp.Partition == 1 && strings.Contains(string(raw), "value number 17") {
			return &kafka.RefusedError{Partition: tp, Code: 87, Message: "no", RecordIndex: 2}
		}
		return nil
	}}
	s, err := Restore(t.Context(), o).Wait()
	if s.Exit != ExitFailed || s.Error == "" || !strings.Contains(err.Error(), "orders/1") || !strings.Contains(err.Error(), "source offset 17") {
		t.Fatalf("exit %d, %v", s.Exit, err)
	}
	if list, _ := w.archive().Restores(t.Context()); len(list) != 1 || list[0].Done {
		t.Errorf("a receipt was written: %+v", list)
	}
	for p, n := range []int64{30, 15, 30} { // R11: nothing behind the refused batch
		if got := w.broker.Info("orders", int32(p)).HighWatermark; got != n {
			t.Errorf("partition %d holds %d records, want %d", p, got, n)
		}
	}
	w.restore(w.restoring(), ExitDone) // the cause is gone
	for p := range int32(3) {
		w.sameRecords("orders", p, 0, c.records[fmt.Sprintf("orders/%d", p)])
	}
}

// TestR07_headersOnlyWhenAskedFor restores with offset headers, and restores a restore.
func TestR07_headersOnlyWhenAskedFor(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	recs := []embedded.Record{{Timestamp: baseTime, Value: []byte("a"), Headers: []embedded.Header{{Key: "x"}, {Key: headerOffset, Value: []byte("77")}}}, {Timestamp: 5}}
	c := buildArchive(t, w.store, "orders", nil, [][]byte{craft("zstd", 40, recs...)})
	o := w.restoring()
	o.OffsetHeaders = true
	w.restore(o, ExitDone)
	got, _ := w.log("orders", 0)
	want := [][]string{{"x=", "kustody-offset=77", "kustody-offset=40", "kustody-partition=0", fmt.Sprint("kustody-timestamp=", baseTime)},
		{"kustody-offset=41", "kustody-partition=0", "kustody-timestamp=5"}}
	for i := range want {
		if !slices.Equal(got[i].headers, want[i]) {
			t.Errorf("record %d has the headers %q, want %q", i, got[i].headers, want[i])
		}
	}
	if rec := w.receipt("r1"); !rec.OffsetHeaders || rec.Topics[0].Partitions[0].Rewritten != 2 {
		t.Errorf("the receipt does not say so: %+v", rec.Topics[0].Partitions[0])
	}
	o.OffsetHeaders, o.RestoreID, o.Mapping = false, "r2", map[string]string{"orders": "plain"}
	w.restore(o, ExitDone)
	w.sameRecords("plain", 0, 0, c.records["orders/0"])
}

// TestR08_targetWithData refuses it, or counts from where it ends.
func TestR08_targetWithData(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := buildArchive(t, w.store, "orders", nil, series("", 6, 5))
	w.topic("orders", 2, map[string]string{"retention.ms": "-1"})
	w.produce("orders", 0, 0, 11)
	o := w.restoring()
	s, err := Restore(t.Context(), o).Wait()
	if s.Exit != ExitUsage || !strings.Contains(err.Error(), "holds 11 records") {
		t.Fatalf("exit %d, %v", s.Exit, err)
	}
	if list, _ := w.archive().Restores(t.Context()); len(list) != 0 || w.broker.Info("orders", 0).HighWatermark != 11 {
		t.Error("something was written")
	}
	plan := func() *RestorePlan {
		p, err := PlanRestore(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	segments := len(c.open().part(t, "orders", 0).Segments)
	if p := plan(); !p.Topics[0].Occupied || p.Topics[0].Holds != 11 || len(p.Conflicts) != 1 || p.Segments() != segments {
		t.Errorf("the plan says occupied: %v, %d records, %d segments, %q", p.Topics[0].Occupied, p.Topics[0].Holds, p.Segments(), p.Conflicts)
	}
	o.AllowTopics = []string{"orders"}
	if p := plan(); p.Topics[0].Occupied || p.Topics[0].Holds != 11 || len(p.Conflicts) != 0 {
		t.Errorf("allowed, the plan says occupied: %v, %d records, %q", p.Topics[0].Occupied, p.Topics[0].Holds, p.Conflicts)
	}
	dead := o
	dead.Target = &wreck{RestoreTarget: w.client, after: func(n int, _ kafka.TopicPartition, _ []byte) error {
		if n == 3 {
			return errKilled
		}
		return nil
	}}
	if s, _ := Restore(t.Context(), dead).Wait(); s.Exit != ExitFailed {
		t.Fatal(s.Error)
	}
	w.restore(o, ExitDone)
	w.sameRecords("orders", 0, 11, c.records["orders/0"])
	if p := w.receipt("r1").Topics[0]; p.Created || p.Partitions[0].Start != 11 || len(p.HeldOpen) != 0 {
		t.Errorf("receipt: %+v", p)
	}
}

// TestR09_targetDeletedAndMadeAgain replaces the target topic while it is restored.
func TestR09_targetDeletedAndMadeAgain(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	buildArchive(t, w.store, "orders", nil, series("", 6, 5))
	o := w.restoring()
	o.Target = &wreck{RestoreTarget: w.client, after: func(n int, _ kafka.TopicPartition, _ []byte) error {
		if n == 3 {
			if err := w.broker.DeleteTopic("orders"); err != nil {
				return err
			}
			return w.broker.CreateTopic("orders", 1, nil)
		}
		return nil
	}}
	s, err := Restore(t.Context(), o).Wait()
	if s.Exit != ExitFailed || !strings.Contains(err.Error(), "another topic created under its name") {
		t.Fatalf("exit %d, %v", s.Exit, err)
	}
	if n := w.broker.Info("orders", 0).HighWatermark; n != 0 {
		t.Errorf("%d records went into the new topic", n)
	}
}

// TestR12_appendTimesStay re-encodes LogAppendTime batches with the time the broker gave them.
func TestR12_appendTimesStay(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	late := embedded.NoProducer
	late.LogAppendTime, late.Codec = true, "lz4"
	raw := embedded.EncodeBatch(late, embedded.Record{Timestamp: baseTime}, embedded.Record{Timestamp: 7}, embedded.Record{Timestamp: baseTime + 60_000})
	c := buildArchive(t, w.store, "orders", map[string]string{"message.timestamp.type": "LogAppendTime"}, [][]byte{raw})
	s := w.restore(w.restoring(), ExitDone)
	w.sameRecords("orders", 0, 0, c.records["orders/0"])
	got, heads := w.log("orders", 0)
	for _, r := range got {
		if r.timestamp != baseTime+60_000 {
			t.Errorf("timestamp %d", r.timestamp)
		}
	}
	if heads[0].LogAppendTime() || heads[0].Codec().String() != "lz4" {
		t.Errorf("attributes %x", heads[0].Attributes)
	}
	p := w.receipt("r1").Topics[0]
	if p.Partitions[0].Stamped != 3 || p.HeldOpen["message.timestamp.type"] != "LogAppendTime" || !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "3 records were re-encoded with the append time") }) {
		t.Errorf("receipt %+v, notes %q", p, s.Notes)
	}
}

// TestR15_deleteHorizonAndTransactionsAreCleared looks at the batches in the target's log.
func TestR15_deleteHorizonAndTransactionsAreCleared(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	raw := craft("", 0, embedded.Record{Timestamp: baseTime, Key: []byte("k")}, embedded.Record{Timestamp: baseTime + 5, Key: []byte("l")})
	raw[22] |= 0x50 // transactional, delete horizon
	c := buildArchive(t, w.store, "orders", map[string]string{"cleanup.policy": "compact"}, [][]byte{embedded.Seal(raw)})
	w.restore(w.restoring(), ExitDone)
	_, heads := w.log("orders", 0)
	if a := heads[0].Attributes; a != 0 || heads[0].NumRecords != 2 {
		t.Errorf("attributes %#x", a)
	}
	w.sameRecords("orders", 0, 0, c.records["orders/0"])
}

// TestR16_foreignWriter writes into the target between the batches of a restore, and between its death
// and its being gone on with, where offsets alone would fit.
func TestR16_foreignWriter(t *testing.T) {
	for _, whileDead := range []bool{false, true} {
		w := newWorld(t, embedded.Options{})
		buildArchive(t, w.store, "orders", nil, series("", 30, 1))
		o := w.restoring()
		foreign := func() { w.produce("orders", 0, 500, 3) }
		broken := o
		broken.Target = &wreck{RestoreTarget: w.client, after: func(n int, _ kafka.TopicPartition, _ []byte) error {
			switch {
			case n == 9 && whileDead:
				return errKilled
			case n == 9:
				foreign()
			}
			return nil
		}}
		s, err := Restore(t.Context(), broken).Wait()
		if whileDead {
			foreign()
			s, err = Restore(t.Context(), o).Wait()
		}
		if s.Exit != ExitFailed || !strings.Contains(err.Error(), "somebody else writes") || !strings.Contains(err.Error(), "cannot go on") {
			t.Fatalf("exit %d, %v", s.Exit, err)
		}
		w.client.Close()
		w.broker.Close()
	}
}

// TestC14_configsComeBack restores captured configs, those that would harm by `restore finish` only.
func TestC14_configsComeBack(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	captured := map[string]string{"cleanup.policy": "compact,delete", "retention.ms": "3600000", "segment.bytes": "1048576", "min.insync.replicas": "2",
		"message.timestamp.difference.max.ms": "1000", "message.format.version": "2.8", "compression.type": "producer"}
	c := buildArchive(t, w.store, "orders", captured, series("", 4, 5))
	o := w.restoring()
	s := w.restore(o, ExitDone)
	w.sameRecords("orders", 0, 0, c.records["orders/0"])
	want := map[string]string{"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", "segment.bytes": "1048576", "min.insync.replicas": "1",
		"message.timestamp.type": "CreateTime", "message.timestamp.before.max.ms": farthest, "message.timestamp.after.max.ms": farthest, "compression.type": "producer"}
	if got := w.onTopic("orders"); !maps.Equal(got, want) {
		t.Errorf("configs\n got %v\nwant %v", got, want)
	}
	if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "restore finish --restore-id r1") }) {
		t.Errorf("notes %q", s.Notes)
	}
	fo := FinishOptions{Target: w.client, Admin: w.admin, Store: w.store, BackupID: "b1", RestoreID: "r1", DryRun: true}
	dry := wait(t, FinishRestore(t.Context(), fo), ExitDone)
	if dry.Get("expiring_records") != int64(20) || !maps.Equal(w.onTopic("orders"), want) {
		t.Errorf("dry run: %v", dry.Facts)
	}
	fo.DryRun = false
	done := wait(t, FinishRestore(t.Context(), fo), ExitDone)
	want = map[string]string{"cleanup.policy": "compact,delete", "retention.ms": "3600000", "segment.bytes": "1048576", "min.insync.replicas": "1", "compression.type": "producer"}
	if got := w.onTopic("orders"); !maps.Equal(got, want) {
		t.Errorf("after finish\n got %v\nwant %v", got, want)
	}
	if !slices.ContainsFunc(done.Notes, func(n string) bool { return strings.Contains(n, "nobody could write") }) {
		t.Errorf("notes %q", done.Notes)
	}
	wait(t, FinishRestore(t.Context(), fo), ExitDone) // and again
	fo.RestoreID = "r9"
	wait(t, FinishRestore(t.Context(), fo), ExitUsage)
}

// onTopic reads the configs that are set on a topic itself.
func (w *world) onTopic(name string) map[string]string {
	w.t.Helper()
	all, err := w.admin.Configs(w.t.Context(), []string{name})
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{}
	for _, c := range all[name] {
		if c.OnTopic() {
			out[c.Name] = c.Value
		}
	}
	return out
}

// TestR10_existingTopicsThatWouldLoseRecords refuses each of them, before anything is written.
func TestR10_existingTopicsThatWouldLoseRecords(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := newCrafted(t, w.store)
	c.exact = false // the age must then be read
	c.add("orders", nil, shuffled(""))
	c.seal()
	for i, x := range []struct{ name, value string }{{"cleanup.policy", "compact"}, {"message.timestamp.type", "LogAppendTime"}, {"retention.ms", "604800000"},
		{"retention.bytes", "100"}, {"message.timestamp.before.max.ms", "86400000"}} {
		to := fmt.Sprintf("there-%d", i)
		w.topic(to, 1, map[string]string{x.name: x.value})
		o := w.restoring()
		o.Mapping = map[string]string{"orders": to}
		s, err := Restore(t.Context(), o).Wait()
		if s.Exit != ExitUsage || !strings.Contains(err.Error(), x.name+"="+x.value) || w.broker.Info(to, 0).HighWatermark != 0 {
			t.Errorf("%s: exit %d, %v", x.name, s.Exit, err)
		}
		if got := w.onTopic(to); len(got) != 1 || got[x.name] != x.value {
			t.Errorf("%s: the topic's configs are now %v", x.name, got)
		}
	}

	o := w.restoring()
	o.NoCreate, o.Mapping = true, map[string]string{"orders": "nowhere"}
	w.restore(o, ExitUsage)
}
