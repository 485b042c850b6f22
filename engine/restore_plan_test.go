package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/embedded"
)

// literal selects topics by name.
func literal(names ...string) Selection {
	return Selection{Include: names, Match: func(name string, _ bool) bool { return slices.Contains(names, name) },
		Unmatched: func(there []string) []string {
			return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(there, n) })
		}}
}

// TestRestoreRefusals asks for what cannot be meant. Nothing may be written.
func TestRestoreRefusals(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := newCrafted(t, w.store)
	c.add("orders", nil, series("", 2, 5), series("", 2, 5))
	c.add("payments", nil, series("", 2, 5))
	c.seal()
	w.topic("one", 1, map[string]string{"retention.ms": "-1"})
	before := w.keys()
	for _, x := range []struct {
		name string
		set  func(o *RestoreOptions)
		exit Exit
		says string
	}{
		{"misspelt topic", func(o *RestoreOptions) { o.Topics = literal("orders", "paymets") }, ExitUsage, "paymets"},
		{"nothing selected", func(o *RestoreOptions) { o.Topics = literal() }, ExitUsage, "no topic is selected"},
		{"mapping of nothing", func(o *RestoreOptions) { o.Mapping = map[string]string{"order": "x"} }, ExitUsage, `"order"`},
		{"two into one", func(o *RestoreOptions) { o.Mapping = map[string]string{"orders": "x", "payments": "x"} }, ExitUsage, `both be restored into "x"`},
		{"long name", func(o *RestoreOptions) { o.Mapping = map[string]string{"orders": strings.Repeat("x", 250)} }, ExitUsage, "250 characters"},
		{"odd name", func(o *RestoreOptions) { o.Mapping = map[string]string{"orders": "a b"} }, ExitUsage, `"a b"`},
		{"empty window", func(o *RestoreOptions) { o.Window = window(5, 5) }, ExitUsage, "is empty"},
		{"bad id", func(o *RestoreOptions) { o.RestoreID = "../x" }, ExitUsage, "restore_id"},
		{"bad partitioner", func(o *RestoreOptions) { o.Repartition = "random" }, ExitUsage, "random"},
		{"unknown run", func(o *RestoreOptions) { o.RunID = "20250101T000000Z-000000" }, ExitNoArchive, "no finished run"},
		{"unknown archive", func(o *RestoreOptions) { o.BackupID = "b2" }, ExitNoArchive, "no such archive"},
		{"unknown incarnation", func(o *RestoreOptions) { o.Incarnations = map[string]kafka.TopicID{"orders": {9}} }, ExitUsage, "no topic"},
		{"target too small", func(o *RestoreOptions) {
			o.Topics, o.Mapping = literal("orders"), map[string]string{"orders": "one"}
		}, ExitUsage, "has 1 partitions, and the source had 2"},
	} {
		o := w.restoring()
		x.set(&o)
		s, err := Restore(t.Context(), o).Wait()
		if s.Exit != x.exit || err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: exit %d, %v; want exit %d, %q", x.name, s.Exit, err, x.exit, x.says)
		}
	}
	if w.keys() != before {
		t.Error("something was written")
	}
}

// TestRestorePlan reads a plan, and makes sure that a dry run is nothing more.
func TestRestorePlan(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := newCrafted(t, w.store)
	c.plan.Source.Observed = "kfake"
	c.add("orders", map[string]string{"cleanup.policy": "compact", "retention.ms": "1000"}, series("zstd", 4, 5), series("", 2, 5))
	c.seal()
	o := w.restoring()
	o.RestoreID, o.Window = "", window(baseTime, baseTime+12_000)
	before := w.keys()
	p, err := PlanRestore(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	topic := p.Topics[0]
	if topic.Target != "restore-"+p.RestoreID+".orders" || topic.Partitions != 2 || topic.Exists || p.Records != 12+10 || topic.Parts[0].Records != 12 {
		t.Errorf("plan: %+v", topic)
	}
	if topic.ReplicationFactor != 1 || !slices.ContainsFunc(p.Notes, func(n string) bool { return strings.Contains(n, "replication factor 3 is capped to 1") }) {
		t.Errorf("replication factor %d, notes %q", topic.ReplicationFactor, p.Notes)
	}
	if topic.HeldOpen["cleanup.policy"] != "compact" || topic.Configs["retention.ms"] != "-1" || topic.HeldOpen["retention.ms"] != "1000" || len(p.Conflicts) != 0 {
		t.Errorf("configs %v, held open %v, conflicts %q", topic.Configs, topic.HeldOpen, p.Conflicts)
	}
	again, err := PlanRestore(t.Context(), o)
	if err != nil || again.Digest != p.Digest {
		t.Errorf("the same plan has the digests %s and %s (%v)", p.Digest, again.Digest, err)
	}
	for name, change := range map[string]func(*RestoreOptions){
		"window": func(o *RestoreOptions) { o.Window.End = nil }, "headers": func(o *RestoreOptions) { o.OffsetHeaders = true },
		"mapping": func(o *RestoreOptions) { o.Mapping = map[string]string{"orders": "x"} }, "partitioner": func(o *RestoreOptions) { o.Repartition = "murmur2" },
		"finish": func(o *RestoreOptions) { o.ApplyConfigs = true },
	} {
		other := o
		change(&other)
		if q, err := PlanRestore(t.Context(), other); err != nil || q.Digest == p.Digest {
			t.Errorf("another %s, and the digest is the same (%v)", name, err)
		}
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
	o.DryRun = true
	s := w.restore(o, ExitDone)
	if w.keys() != before || !slices.Contains(s.Notes, "dry run: nothing was written") {
		t.Errorf("the dry run wrote something, or does not say that it did not: %q", s.Notes)
	}
	if there, err := w.client.Topics(t.Context()); err != nil || len(there) != 0 {
		t.Errorf("the dry run made %v", there)
	}
}

// TestRestoreOlderIncarnation chooses a topic that was deleted and made again by its id.
func TestRestoreOlderIncarnation(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("orders", 1, nil)
	w.produce("orders", 0, 0, 30)
	old, _ := w.log("orders", 0)
	id := w.broker.TopicID("orders")
	w.backup(w.options(), ExitDone)
	if err := w.broker.DeleteTopic("orders"); err != nil {
		t.Fatal(err)
	}
	w.topic("orders", 1, nil)
	w.produce("orders", 0, 1000, 40)
	now, _ := w.log("orders", 0)
	if s, err := Backup(t.Context(), w.options()).Wait(); err != nil {
		t.Fatal(s, err)
	}
	o := w.restoring()
	w.restore(o, ExitDone)
	w.sameRecords("restore-r1.orders", 0, 0, now)
	o.RestoreID, o.Incarnations = "r2", map[string]kafka.TopicID{"orders": id}
	w.restore(o, ExitDone)
	w.sameRecords("restore-r2.orders", 0, 0, old)
}

// TestRestoreOfAChain restores what three incremental runs captured together.
func TestRestoreOfAChain(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	w.topic("orders", 2, nil)
	for i := range 3 {
		w.produce("orders", 0, i*50, 50)
		w.produce("orders", 1, i*20, 20)
		w.backup(w.options(), ExitDone)
	}
	w.restore(w.restoring(), ExitDone)
	for p := range int32(2) {
		want, _ := w.log("orders", p)
		w.sameRecords("restore-r1.orders", p, 0, want)
	}
}

// TestBrokenSegmentStopsItsPartition flips a byte in a segment: that partition stops, the others go on,
// and the exit code says that something stored does not verify.
func TestBrokenSegmentStopsItsPartition(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := buildArchive(t, w.store, "orders", nil, series("", 6, 5), series("", 6, 5))
	v, err := c.archive.View(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	seg := v.Topics[0].Parts[0].Segments[1]
	r, err := c.archive.Store().Get(t.Context(), seg.Key)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, seg.Size)
	if _, err := r.Read(data); err != nil {
		t.Fatal(err)
	}
	data[len(data)-3] ^= 1
	w.store.Replace(c.archive.Dir+seg.Key, data)
	s, err := Restore(t.Context(), w.restoring()).Wait()
	if s.Exit != ExitBroken || !strings.Contains(err.Error(), seg.Key) {
		t.Fatalf("exit %d, %v", s.Exit, err)
	}
	w.sameRecords("orders", 0, 0, c.records["orders/0"][:25])
	w.sameRecords("orders", 1, 0, c.records["orders/1"])
}

// TestActiveGroupIsReported restores offsets of a group that has a member at the target.
func TestActiveGroupIsReported(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	c := newCrafted(t, w.store)
	c.add("orders", nil, series("", 2, 5))
	c.plan.Groups = []archive.Group{{ID: "billing", Offsets: []archive.GroupOffset{{Topic: "orders", Offset: 3}}}, {ID: "idle", Offsets: []archive.GroupOffset{{Topic: "orders", Offset: 4}}}}
	c.seal()
	w.topic("busy", 1, nil)
	k, err := kgo.NewClient(kgo.SeedBrokers(w.broker.Addrs()...), kgo.ConsumerGroup("billing"), kgo.ConsumeTopics("busy"))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		k.PollFetches(ctx)
		cancel()
		if _, gen := k.GroupMetadata(); gen > 0 {
			break
		}
	}
	o := w.restoring()
	o.Groups = func(id string) (string, bool) { return id, true }
	p, err := PlanRestore(t.Context(), o)
	if err != nil || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "billing") {
		t.Fatalf("warnings %q, %v", p.Warnings, err)
	}
	s := w.restore(o, ExitFindings)
	w.sameRecords("orders", 0, 0, c.records["orders/0"])
	if len(s.Findings) != 1 || !strings.Contains(s.Findings[0], "active members") {
		t.Errorf("findings %q", s.Findings)
	}
	if got, err := w.admin.GroupOffsets(t.Context(), "idle"); err != nil || len(got) != 1 || got[0].Offset != 4 {
		t.Errorf("the other group stands at %v (%v)", got, err)
	}
}

// TestRestoreIsEnteredInTheLedger follows a restore that fails, one that goes on, one that is repeated,
// and the finish, and has the ledger verified with every receipt of the tree.
func TestRestoreIsEnteredInTheLedger(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	priv, pub, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.ParseSigner(priv)
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := evidence.ParsePublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	c := newCrafted(t, w.store)
	c.archive = archive.Open(w.store, "b1", archive.Keys{Signer: signer, Trusted: trusted})
	c.add("orders", nil, series("", 6, 5))
	c.seal()
	ledger, err := evidence.Open(t.Context(), w.store, "evidence/", signer, evidence.LedgerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := w.restoring()
	o.Keys = archive.Keys{Signer: signer, Trusted: trusted}
	o.Witness = &Witness{Ledger: ledger, Store: w.store, Prefix: "evidence/", Signer: signer, Series: evidence.SeriesSpec{Series: "b1"}}
	dead := o
	dead.Target = &wreck{RestoreTarget: w.client, before: func(n int, _ kafka.TopicPartition, _ []byte) error {
		if n == 3 {
			return errKilled
		}
		return nil
	}}
	if _, err := Restore(t.Context(), dead).Wait(); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	w.restore(o, ExitDone)
	w.restore(o, ExitDone)
	wait(t, FinishRestore(t.Context(), FinishOptions{Target: w.client, Admin: w.admin, Store: w.store, Keys: o.Keys, Witness: o.Witness, BackupID: "b1", RestoreID: "r1"}), ExitDone)
	var objects []evidence.RootedKey
	for _, key := range []string{archive.JournalKey("r1"), archive.ReceiptKey("r1"), archive.FinishKey("r1")} {
		objects = append(objects, evidence.RootedKey{Root: evidence.RootArchive, Key: "b1/" + key})
	}
	v, err := evidence.Verify(t.Context(), w.store, evidence.VerifyOptions{Prefix: "evidence/", PublicKey: trusted, Objects: objects,
		Stores: map[string]evidence.Store{evidence.RootArchive: w.store}})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range v.Entries {
		said = append(said, strings.TrimSpace(fmt.Sprint(e.Type, " ", e.Verdict)))
	}
	want := []string{"genesis", "started", "restore error", "started", "restore passed", "started", "restore passed", "started", "restore passed"}
	if !slices.Equal(said, want) {
		t.Errorf("entries %q, want %q", said, want)
	}
	if g := v.Worst(); g == evidence.Broken || g == evidence.Finding {
		t.Errorf("findings %+v", v.Findings)
	}
}

// TestRestoreKeepsToItsRate holds a restore to a number of bytes per second.
func TestRestoreKeepsToItsRate(t *testing.T) {
	w := newWorld(t, embedded.Options{})
	buildArchive(t, w.store, "orders", nil, series("", 30, 10))
	o := w.restoring()
	o.MaxBytesPerSecond = 10_000
	began := time.Now()
	s := w.restore(o, ExitDone)
	n := s.Get("bytes").(int64)
	if least := time.Duration(n-10_000) * time.Second / 10_000; time.Since(began) < least*9/10 {
		t.Errorf("%d bytes in %s", n, time.Since(began))
	}
	j := Restore(t.Context(), w.restoring())
	wait(t, j, ExitDone)
	events, _ := j.EventsSince(0)
	if events[len(events)-1].Type != "summary" {
		t.Errorf("the last event is %s", events[len(events)-1].Type)
	}
}

// TestACLsAreCopied copies the rules of restored topics and groups, under their new names, and none
// that reach further.
func TestACLsAreCopied(t *testing.T) {
	w := newWorld(t, embedded.Options{ACLs: true, Users: []embedded.User{{Mechanism: "PLAIN", Name: "root", Password: "root-secret", Super: true}}})
	c := newCrafted(t, w.store)
	c.add("orders", nil, series("", 2, 5))
	rule := archive.ACL{ResourceType: "TOPIC", ResourceName: "orders", PatternType: "LITERAL", Principal: "User:alice", Host: "*", Operation: "READ", Permission: "ALLOW"}
	other, prefixed, every := rule, rule, rule
	other.ResourceName, prefixed.PatternType, every.ResourceName = "payments", "PREFIXED", "*"
	group := rule
	group.ResourceType, group.ResourceName = "GROUP", "billing"
	c.plan.ACLs = []archive.ACL{rule, other, prefixed, every, group}
	c.plan.Groups = []archive.Group{{ID: "billing", Offsets: []archive.GroupOffset{{Topic: "orders", Offset: 3}}}}
	c.seal()
	o := w.restoring()
	o.CopyACLs, o.Mapping = true, map[string]string{"orders": "copy"}
	o.Groups = func(id string) (string, bool) { return id + "-copy", true }
	s := w.restore(o, ExitDone)
	acls, err := w.admin.ACLs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range acls {
		got = append(got, a.Resource+" "+a.Name+" "+a.Principal+" "+a.Operation)
	}
	slices.Sort(got)
	if want := []string{"GROUP billing-copy User:alice READ", "TOPIC copy User:alice READ"}; !slices.Equal(got, want) {
		t.Errorf("ACLs %q, want %q", got, want)
	}
	if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.HasPrefix(n, "2 ACLs for prefixes") }) {
		t.Errorf("notes %q", s.Notes)
	}
}
