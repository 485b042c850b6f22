package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka"
	"kustody/kafka/embedded"
)

// named selects topics by name, as main does it.
func named(names ...string) Selection {
	return Selection{Include: names, Match: func(n string, _ bool) bool { return slices.Contains(names, n) },
		Unmatched: func(all []string) []string {
			return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(all, n) })
		}}
}

// TestE03_nothingIsNoPass: a misspelt filter and no check at all are errors, nothing to compare is
// INDETERMINATE: never exit 0.
func TestE03_nothingIsNoPass(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 2, nil)
	p.signed(nil) // the topic is empty
	r, s := validated(t, p.validating(), ExitFindings)
	if r.Overall != evidence.Indeterminate {
		t.Errorf("nothing to compare is %s", r.Overall)
	}
	for _, name := range []string{evidence.MessageCountCheck, evidence.OffsetRangeCheck, evidence.ContentCheck} {
		if c := check(t, r, name); c.Outcome != evidence.Indeterminate {
			t.Errorf("%s over no record is %s", name, c.Outcome)
		}
	}
	for _, m := range r.ComplianceMappings {
		if m.EvidenceForControl {
			t.Errorf("nothing compared is evidence for %s", m.Control)
		}
	}
	if s.Get("report") == nil {
		t.Error("no report was written")
	}
	entries := len(p.witness().Ledger.Entries())
	o := p.validating()
	o.Checks = &Checks{}
	validated(t, o, ExitUsage)
	o.Checks = &Checks{MessageCount: &CountCheck{Topics: named("ordrs")}}
	_, s = validated(t, o, ExitUsage)
	if !strings.Contains(s.Error, "ordrs") || !strings.Contains(s.Error, "orders") {
		t.Errorf("the error does not name the topic: %s", s.Error)
	}
	o.Checks = &Checks{Content: &ContentCheck{Topics: named("ordrs")}}
	validated(t, o, ExitUsage)
	if now := p.witness().Ledger.Entries(); len(now) <= entries || now[len(now)-1].Verdict != evidence.VerdictError {
		t.Error("the ledger does not know of a validation that ended with an error")
	}
	o.Checks, o.RestoreID = nil, "r9"
	validated(t, o, ExitUsage)
	o.BackupID = "other"
	validated(t, o, ExitNoArchive)
}

// TestE04_scope: a topic in scope that was not restored, or not compared, fails; so does a name in scope
// that was never captured.
func TestE04_scope(t *testing.T) {
	p := newProof(t, embedded.Options{})
	for _, name := range []string{"orders", "audit"} {
		p.topic(name, 1, nil)
		p.produce(name, 0, 0, 50)
	}
	p.signed(func(o *RestoreOptions) { o.Topics = named("orders") })
	skip := map[string]evidence.Outcome{evidence.ConsumerGroupOffsetCheck: evidence.Skipped}
	failed := map[string]evidence.Outcome{evidence.ConsumerGroupOffsetCheck: evidence.Skipped, evidence.ScopeCheck: evidence.Failed}
	r, _ := validated(t, p.validating(), ExitFindings)
	outcomes(t, r, failed)
	if c := check(t, r, evidence.ScopeCheck); c.Detail != "2 topics in scope; 1 captured, restored and compared" || !strings.Contains(c.Problems[0], "audit") {
		t.Errorf("%s %q", c.Detail, c.Problems)
	}
	o := p.validating()
	o.Scope = named("orders")
	r, _ = validated(t, o, ExitDone)
	outcomes(t, r, skip)
	if !strings.Contains(strings.Join(r.Coverage, "\n"), "1 topic of the run were not restored: audit") {
		t.Errorf("coverage does not name what was not restored: %q", r.Coverage)
	}
	o.Scope = named("orders", "payments")
	r, _ = validated(t, o, ExitFindings)
	outcomes(t, r, failed)
	o.Scope = named("orders")
	o.Checks = &Checks{ArchiveIntegrity: true, Scope: true}
	r, _ = validated(t, o, ExitFindings)
	outcomes(t, r, failed)
}

// TestE05_rangesGoThroughTheMap: the source's log begins at 650 after retention, the target's at 0.
func TestE05_rangesGoThroughTheMap(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("a", 1, nil)
	p.produce("a", 0, 0, 800)
	if err := p.broker.DeleteRecords("a", 0, 650); err != nil {
		t.Fatal(err)
	}
	p.signed(nil)
	r, _ := validated(t, p.validating(), ExitDone)
	part := check(t, r, evidence.OffsetRangeCheck).Topics[0].Partitions[0]
	if *part.FirstSourceOffset != 650 || *part.LastSourceOffset != 799 || *part.FirstTargetOffset != 0 || *part.LastTargetOffset != 149 {
		t.Errorf("ranges: %d to %d became %d to %d", *part.FirstSourceOffset, *part.LastSourceOffset, *part.FirstTargetOffset, *part.LastTargetOffset)
	}
}

// TestE06_onlyWhatPassedSatisfies: controls name the checks that failed as failed, and checksums_valid is
// what was computed.
func TestE06_onlyWhatPassedSatisfies(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 2, nil)
	p.odd("orders", 1, 100)
	p.signed(p.lie(on(5, func(recs []embedded.Record, i int) []embedded.Record { recs[i].Timestamp++; return recs })))
	r, _ := validated(t, p.validating(), ExitFindings)
	m := r.ComplianceMappings["sox_itgc"]
	if !slices.Equal(m.FailedBy, []string{evidence.ContentCheck}) || slices.Contains(m.SatisfiedBy, evidence.ContentCheck) || m.EvidenceForControl {
		t.Errorf("satisfied by %v, failed by %v", m.SatisfiedBy, m.FailedBy)
	}
	if v := r.Integrity.ChecksumsValid; v == nil || !*v {
		t.Error("checksums_valid is not true for a good archive")
	}
	o := p.validating()
	o.Checks = &Checks{MessageCount: &CountCheck{}}
	if r, _ = validated(t, o, ExitDone); r.Integrity.ChecksumsValid != nil {
		t.Error("checksums_valid is said although none was computed")
	}
	p.flipSegment()
	r, s := validated(t, p.validating(), ExitBroken)
	if v := r.Integrity.ChecksumsValid; v == nil || *v || r.Integrity.ObjectsFailed != 1 {
		t.Errorf("checksums_valid with a broken segment: %+v", r.Integrity)
	}
	if c := check(t, r, evidence.ArchiveIntegrityCheck); c.Outcome != evidence.Failed || !strings.Contains(strings.Join(s.Findings, " "), ".log") {
		t.Errorf("%s, findings %q", c.Outcome, s.Findings)
	}
}

// flipSegment flips a bit in the middle of a segment.
func (p *proof) flipSegment() {
	p.t.Helper()
	for key, body := range everything(p.t, p.store) {
		if strings.HasSuffix(key, ".log") {
			body = bytes.Clone(body)
			body[len(body)/2] ^= 4
			p.store.Replace(key, body)
			return
		}
	}
}

// TestE12_usedBefore: a second report of the same restore names the first; a topic that is another one
// now fails.
func TestE12_usedBefore(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 1, nil)
	p.produce("orders", 0, 0, 50)
	p.signed(nil)
	first, _ := validated(t, p.validating(), ExitDone)
	if len(first.Restore.EarlierReports) != 0 {
		t.Errorf("the first report names earlier ones: %v", first.Restore.EarlierReports)
	}
	second, s := validated(t, p.validating(), ExitDone)
	if !slices.Equal(second.Restore.EarlierReports, []string{first.ReportID}) || !strings.Contains(strings.Join(s.Notes, "\n"), first.ReportID) {
		t.Errorf("earlier reports %v, notes %q", second.Restore.EarlierReports, s.Notes)
	}
	if second.Restore.Topics[0].TopicID != p.broker.TopicID("restore-r1.orders").String() || second.Restore.StartedAt.IsZero() {
		t.Errorf("restore: %+v", second.Restore)
	}
	if err := p.broker.DeleteTopic("restore-r1.orders"); err != nil {
		t.Fatal(err)
	}
	p.topic("restore-r1.orders", 1, nil)
	p.produce("restore-r1.orders", 0, 0, 50)
	r, _ := validated(t, p.validating(), ExitFindings)
	if c := check(t, r, evidence.ContentCheck); c.Outcome != evidence.Failed || !strings.Contains(strings.Join(c.Problems, " "), "another topic has its name") {
		t.Errorf("a topic made anew: %s %q", c.Outcome, c.Problems)
	}
	if err := p.broker.DeleteTopic("restore-r1.orders"); err != nil {
		t.Fatal(err)
	}
	r, _ = validated(t, p.validating(), ExitFindings)
	if c := check(t, r, evidence.MessageCountCheck); c.Outcome != evidence.Failed || !strings.Contains(strings.Join(c.Problems, " "), "not there any more") {
		t.Errorf("a topic that is gone: %s %q", c.Outcome, c.Problems)
	}
}

// TestE24_oldRestoreIsStale: with a schedule only a restore started in the slot's period is evidence.
func TestE24_oldRestoreIsStale(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.series.Schedules = []evidence.ScheduleSpec{{Kind: evidence.SlotReport, Cron: "0 0 * * *", ToleranceSeconds: 3600}}
	p.topic("orders", 1, nil)
	p.produce("orders", 0, 0, 50)
	p.signed(nil)
	p.now = time.Date(2026, 11, 21, 0, 5, 0, 0, time.UTC)
	p.restored(func(o *RestoreOptions) { o.RestoreID = "r2" })
	r, _ := validated(t, p.validating(), ExitDone)
	if r.Stale || r.Slot == nil {
		t.Fatalf("stale %v, slot %v", r.Stale, r.Slot)
	}
	p.now = time.Date(2026, 11, 22, 0, 5, 0, 0, time.UTC)
	r, s := validated(t, p.validating(), ExitFindings)
	if !r.Stale || r.Overall != evidence.Passed || !strings.Contains(strings.Join(s.Findings, " "), "stale") {
		t.Errorf("stale %v, %s, findings %q", r.Stale, r.Overall, s.Findings)
	}
	slots := p.witness().Ledger.Slots(p.now)
	if n := len(slots); n < 2 || slots[n-2].Verdict != evidence.VerdictPassed || slots[n-1].Verdict != evidence.VerdictStale {
		t.Errorf("slots: %+v", slots)
	}
}

// TestE26_E09_nothingOfTheDataNorASecret: markers in keys, values, headers and passwords are found in no
// report, no ledger entry and no event, whatever differs.
func TestE26_E09_nothingOfTheDataNorASecret(t *testing.T) {
	t.Parallel() // a login that fails takes its time
	const marker, secret = "MARKER-9f3c", "SECRET-77aa"
	p := newProof(t, embedded.Options{Users: []embedded.User{{Mechanism: "PLAIN", Name: "alice", Password: secret, Super: true}}})
	p.topic("orders", 2, nil)
	var recs []embedded.Record
	for i := range 60 {
		recs = append(recs, embedded.Record{Timestamp: baseTime + int64(i), Key: fmt.Appendf(nil, "%s-k%d", marker, i), Value: fmt.Appendf(nil, "%s-v%d", marker, i),
			Headers: []embedded.Header{{Key: marker + "-h", Value: []byte(marker)}, {Key: marker + "\x00", Value: nil}}})
	}
	if _, err := p.broker.Produce("orders", 1, recs...); err != nil {
		t.Fatal(err)
	}
	p.signed(p.lie(func(tp kafka.TopicPartition, at int64, recs []embedded.Record) []embedded.Record {
		recs[3].Value = append(recs[3].Value, marker...)
		recs[9].Headers[0].Key += marker
		recs[11].Headers[1].Key += marker
		recs[12].Headers = nil
		return slices.Insert(slices.Delete(recs, 20, 21), 30, embedded.Record{Timestamp: 1, Key: []byte(marker)})
	}))
	j := Validation(t.Context(), p.validating())
	s, _ := j.Wait()
	if s.Exit != ExitFindings || check(t, j.Report(), evidence.ContentCheck).Topics[0].Partitions[1].DifferencesTotal < 6 {
		t.Fatalf("exit %d, report %+v", s.Exit, check(t, j.Report(), evidence.ContentCheck))
	}
	search := func(where, text string) {
		for _, word := range []string{marker, secret} {
			if strings.Contains(text, word) {
				t.Errorf("%s holds %s", where, word)
			}
		}
	}
	search("an event", lines(t, j))
	for key, body := range everything(t, p.vault) {
		search(key, string(body))
	}
	for key, body := range everything(t, p.store) {
		if !strings.HasSuffix(key, ".log") {
			search(key, string(body))
		}
	}
	o := p.validating()
	wrong := p.broker.Cluster()
	wrong.Security.Password = secret + "-wrong"
	o.ReadBack = func() (IndependentReader, error) {
		return kafka.OpenReadBack(wrong, kafka.ReadBackOptions{Stall: 2 * time.Second, StallAtEnd: time.Second})
	}
	j = Validation(t.Context(), o)
	s, _ = j.Wait()
	if s.Exit != ExitFindings || j.Report().Overall != evidence.Failed && j.Report().Overall != evidence.Indeterminate {
		t.Errorf("with a wrong password: exit %d, %s", s.Exit, s.Error)
	}
	search("an event of the failed login", lines(t, j))
	for key, body := range everything(t, p.vault) {
		search(key, string(body))
	}
}

// TestE08_unsignedIsSaid: without keys there is a report, and it says what it is not.
func TestE08_unsignedIsSaid(t *testing.T) {
	p := newProof(t, embedded.Options{})
	p.topic("orders", 1, nil)
	p.produce("orders", 0, 0, 50)
	p.backup(p.options(), ExitDone)
	p.restore(p.restoring(), ExitDone)
	o := p.validating()
	o.Keys, o.Witness = archive.Keys{}, &Witness{Store: p.vault, Prefix: "evidence/"}
	r, s := validated(t, o, ExitDone)
	all := strings.Join(r.Coverage, "\n")
	if r.Key != nil || r.Ledger != nil || s.Get("report") == nil || s.Get("signature") != nil || !strings.Contains(all, "not signed") || !strings.Contains(all, "signatures of the archive's documents were not checked") {
		t.Errorf("key %v, coverage %q", r.Key, r.Coverage)
	}
	body := everything(t, p.vault)[s.Get("report").(string)]
	if _, err := evidence.VerifyReport(body, nil, nil, evidence.ReportPlace{}); err == nil {
		t.Error("an unsigned report verifies without a key")
	}
	o.Witness = nil
	r, s = validated(t, o, ExitDone)
	if s.Get("report") != nil || !strings.Contains(strings.Join(r.Coverage, "\n"), "no evidence is configured") {
		t.Errorf("without evidence: %v, %q", s.Get("report"), r.Coverage)
	}
	o.Keys = p.keys() // a trusted key, and an archive without signatures
	validated(t, o, ExitBroken)
}

// TestE02_mappingIsRead: topics restored under other names, and a group under another, are compared
// without anything typed again; a receipt of another cluster is not taken.
func TestE02_mappingIsRead(t *testing.T) {
	p := newProof(t, embedded.Options{})
	for _, name := range []string{"orders", "audit"} {
		p.topic(name, 2, nil)
		p.odd(name, 1, 70)
	}
	if err := p.admin.CommitGroup(t.Context(), "billing", []kafka.GroupOffset{{Topic: "orders", Partition: 1, Offset: 33}}); err != nil {
		t.Fatal(err)
	}
	p.signed(func(o *RestoreOptions) {
		o.Mapping = map[string]string{"orders": "audit-copy", "audit": "orders-copy"}
		o.Groups = func(id string) (string, bool) { return id + "-copy", true }
	})
	r, _ := validated(t, p.validating(), ExitDone)
	outcomes(t, r, nil)
	if topics := check(t, r, evidence.ContentCheck).Topics; len(topics) != 2 || topics[0].Topic != "audit" || topics[0].Target != "orders-copy" {
		t.Errorf("topics %+v", topics)
	}
	other := newWorld(t, embedded.Options{ClusterID: "another"})
	o := p.validating()
	o.Target, o.Admin, o.ReadBack = other.client, other.admin, other.opener()
	validated(t, o, ExitUsage)
	o.RestoreID = "r1"
	validated(t, o, ExitUsage)
}
