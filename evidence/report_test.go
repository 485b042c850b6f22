package evidence

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func ptr[T any](v T) *T { return &v }

// sampleReport is a complete report as an engine would fill it, not sealed.
func sampleReport() *Report {
	from := utc("2026-11-22 02:00")
	return &Report{
		ReportID: "validation-a1b2c3d4", GeneratedAt: from.Add(90 * time.Second), Level: LevelEveryRecord, DurationMS: 45,
		Tool:     Tool{Name: "kustody", Version: "1.0.0", Commit: "8c2f1e0", BinarySHA256: Digest([]byte("binary"))},
		Coverage: []string{"3 records stamped by the broker came back as CreateTime of the same instant"},
		Backup: Backup{BackupID: "financial-data-weekly", RunID: "20261122T020000Z-abc123", ManifestSHA256: Digest([]byte("manifest")),
			ManifestSignature: SignatureValid, SourceCluster: ClusterRef{Declared: "prod-us-east-1", Observed: "kQ3x9aw"},
			FinishedAt: from, Topics: 1, Partitions: 2, Records: 7, Bytes: 700},
		Restore: Restore{RestoreID: "r1", ReceiptSHA256: Digest([]byte("receipt")), ReceiptSignature: SignatureValid,
			TargetCluster: ClusterRef{Observed: "vLid"}, StartedAt: from.Add(10 * time.Second), FinishedAt: from.Add(70 * time.Second),
			Records: 7, Bytes: 700, NewestRecordMS: ptr(Int64(from.Add(-time.Hour).UnixMilli())),
			Topics: []RestoredTopic{{Source: "transactions", SourceTopicID: strings.Repeat("0a", 16), Target: "validation-transactions",
				TopicID: strings.Repeat("0b", 16), HeldOpen: []string{"retention.ms"}, Partitions: 2, Records: 7}}},
		Checks:      []Check{passedCheck(MessageCountCheck), passedCheck(OffsetRangeCheck)},
		Integrity:   Integrity{ObjectsExpected: 2, ObjectsVerified: 2, BytesVerified: 700, BatchesVerified: 3, RecordsCompared: 7},
		Retention:   NewRetention(2555, 0, "COMPLIANCE", from),
		Ledger:      &LedgerRef{StartedSequence: 3, HeadSequence: 3, HeadSHA256: Digest([]byte("head"))},
		Series:      "financial-data-weekly",
		Slot:        &SlotRef{Kind: SlotReport, Due: from},
		TriggeredBy: SelfDeclared("weekly-sox-validation-cron"), Operator: SelfDeclared("ci"),
	}
}

func passedCheck(name string) Check {
	return Check{Name: name, Outcome: Passed, Detail: "1 topic; 7 expected, 7 restored; 0 discrepancies", StartedAt: utc("2026-11-22 02:01"), DurationMS: 12,
		Expected: 7, Observed: 7, Topics: []TopicCheck{{Topic: "transactions", Target: "validation-transactions", Outcome: Passed,
			Partitions: []PartitionCheck{{Partition: 0, Outcome: Passed, Expected: 7, Observed: 7, RecordsRoot: Digest(nil),
				FirstSourceOffset: ptr(Int64(100)), LastSourceOffset: ptr(Int64(106)), FirstTargetOffset: ptr(Int64(0)), LastTargetOffset: ptr(Int64(6))}}}}}
}

func TestOverall(t *testing.T) {
	tests := []struct {
		outcomes []Outcome
		want     Outcome
	}{
		{nil, Indeterminate},
		{[]Outcome{Skipped, Skipped}, Indeterminate},
		{[]Outcome{Passed}, Passed},
		{[]Outcome{Passed, Skipped}, Passed},
		{[]Outcome{Passed, Indeterminate}, Indeterminate},
		{[]Outcome{Indeterminate, Failed, Passed}, Failed},
		{[]Outcome{Skipped, Failed}, Failed},
		{[]Outcome{Passed, "passed"}, Indeterminate},
		{[]Outcome{Passed, ""}, Indeterminate},
	}
	for _, tt := range tests {
		if got := Overall(tt.outcomes...); got != tt.want {
			t.Errorf("Overall(%q) = %s, want %s", tt.outcomes, got, tt.want)
		}
	}
}

func TestLevels(t *testing.T) {
	for _, l := range []Level{LevelEveryRecord, LevelCounts, LevelSample, LevelTolerance(0), LevelTolerance(12)} {
		if !l.Known() {
			t.Errorf("%q is not known", l)
		}
		if l.EvidenceForControl() != (l == LevelEveryRecord) {
			t.Errorf("%q: evidence %v", l, l.EvidenceForControl())
		}
	}
	for _, l := range []Level{"", "all", "tolerance", "tolerance -1", "tolerance 1 or so", "Every record compared"} {
		if l.Known() {
			t.Errorf("%q is known", l)
		}
	}
	if got := LevelCounts.Remark(); got != "counts only; contents were not compared" {
		t.Errorf("remark %q", got)
	}
}

// E06: controls are satisfied by checks that passed, never by those that failed; checksums_valid is
// computed.
func TestE06_NothingIsConstant(t *testing.T) {
	r := sampleReport()
	r.Checks[1].Outcome = Failed
	r.Checks = append(r.Checks, Check{Name: ScopeCheck, Outcome: Skipped})
	r.Integrity.ObjectsVerified, r.Integrity.ObjectsFailed = 1, 1
	r.Seal()
	sox := r.ComplianceMappings["sox_itgc"]
	if strings.Join(sox.SatisfiedBy, " ") != MessageCountCheck || strings.Join(sox.FailedBy, " ") != OffsetRangeCheck || strings.Join(sox.NotAnsweredBy, " ") != ScopeCheck {
		t.Errorf("satisfied by %v, failed by %v, not answered by %v", sox.SatisfiedBy, sox.FailedBy, sox.NotAnsweredBy)
	}
	if r.Overall != Failed || sox.EvidenceForControl || *r.Integrity.ChecksumsValid {
		t.Errorf("overall %s, evidence %v, checksums valid %v", r.Overall, sox.EvidenceForControl, *r.Integrity.ChecksumsValid)
	}

	r = sampleReport()
	r.Integrity.ObjectsVerified = 1 // one was never looked at
	r.Seal()
	if *r.Integrity.ChecksumsValid {
		t.Error("checksums are valid although one object was not read")
	}
	r.Integrity = Integrity{ObjectsExpected: 2}
	r.Seal()
	if r.Integrity.ChecksumsValid != nil {
		t.Error("checksums are called valid or not although none was computed")
	}

	r = sampleReport()
	r.Seal()
	if sox := r.ComplianceMappings["sox_itgc"]; r.Overall != Passed || !*r.Integrity.ChecksumsValid || !sox.EvidenceForControl || len(sox.FailedBy) != 0 {
		t.Errorf("a good report is not: %s %+v", r.Overall, sox)
	}
	r.Level = LevelCounts
	r.Seal()
	if sox := r.ComplianceMappings["sox_itgc"]; sox.EvidenceForControl || !strings.Contains(strings.Join(sox.Notes, " "), "counts only") {
		t.Errorf("counts alone are evidence for a control: %+v", sox)
	}
}

func TestMappingsOfEveryFramework(t *testing.T) {
	years := map[string]int{"sox_itgc": 7, "hipaa": 6, "pci_dss": 1, "mifid2": 5, "cmmc": 6, "gdpr_art32": 0, "soc2": 0}
	got := ComplianceMappings([]Check{{Name: "X", Outcome: Passed}}, LevelEveryRecord, NewRetention(2555, 0, "", utc("2026-11-20")))
	if len(got) != len(years) || len(Frameworks()) != len(years) {
		t.Fatalf("%d frameworks", len(got))
	}
	for name, want := range years {
		m := got[name]
		switch {
		case m.Control == "":
			t.Errorf("%s names no control", name)
		case want == 0 && m.EvidenceRetentionRequiredYears != nil:
			t.Errorf("%s requires %d years", name, *m.EvidenceRetentionRequiredYears)
		case want != 0 && *m.EvidenceRetentionRequiredYears != want:
			t.Errorf("%s requires %d years, want %d", name, *m.EvidenceRetentionRequiredYears, want)
		}
		if m.EvidenceRetentionConfiguredDays != 2555 {
			t.Errorf("%s: %d days", name, m.EvidenceRetentionConfiguredDays)
		}
	}
	if c := got["sox_itgc"].Control; c != "IT General Controls - Backup and Recovery" {
		t.Errorf("sox_itgc controls %q", c)
	}
}

// E14: 2,555 days are not seven years.
func TestE14_RetentionInCalendarYears(t *testing.T) {
	tests := []struct {
		days, years int
		from, want  string
	}{
		{2555, 7, "2026-11-20", "2555 days end on 2033-11-18, 2 days before 7 years do (2033-11-20)"},
		{2555, 7, "2025-01-01", "1 day before"},
		{2556, 7, "2026-11-20", "1 day before"},
		{2557, 7, "2026-11-20", ""},
		{365, 1, "2026-11-20", ""},
		{365, 1, "2027-11-20", "1 day before 1 year do"},
		{0, 7, "2026-11-20", "no retention is configured"},
		{0, 0, "2026-11-20", ""},
	}
	for _, tt := range tests {
		got := RetentionNote(tt.days, tt.years, utc(tt.from))
		if !strings.Contains(got, tt.want) || (tt.want == "" && got != "") {
			t.Errorf("%d days from %s: %q, want %q", tt.days, tt.from, got, tt.want)
		}
	}
	if r := NewRetention(0, 7, "COMPLIANCE", utc("2026-11-20")); r.ConfiguredDays != 2557 || r.Until() != utc("2033-11-20") {
		t.Errorf("seven years: %d days until %s", r.ConfiguredDays, r.Until())
	}
}

// E07: anyone checks a report with openssl; every line that VerifyReport offers is run here.
func TestE07_OpensslSaysVerifiedOK(t *testing.T) {
	ctx, st, s := context.Background(), newMem(), testSigner(t)
	r := sampleReport()
	r.Seal()
	stored, err := PutReport(ctx, st, "evidence-reports/sox/", r, s)
	must(t, err)
	if want := "evidence-reports/sox/validation-a1b2c3d4/2026/11/validation-a1b2c3d4.json"; stored.File.Key != want {
		t.Errorf("key %s, want %s", stored.File.Key, want)
	}
	if strings.Join(st.order, " ") != stored.SignatureFile.Key+" "+stored.File.Key {
		t.Errorf("put in the order %v", st.order)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"the report.json": stored.Body, "report.sig": stored.Signature, "pub.pem": s.PublicKey().PEM()} {
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	v, err := VerifyReport(stored.Body, stored.Signature, s.PublicKey(), ReportPlace{Key: stored.File.Key, ReportFile: "the report.json"})
	must(t, err)
	if !v.Verified || v.Verdict != "genuine and unchanged; the time is the signer's" {
		t.Errorf("verdict %q", v.Verdict)
	}
	byHand := map[string]string{StepChecksum: v.SHA256, StepSignature: "Verified OK\n", StepKey: s.PublicKey().Fingerprint()}
	for _, step := range v.Steps {
		if !step.Checked || !step.OK {
			t.Errorf("step %+v", step)
		}
		if want, some := byHand[step.Name]; some {
			if out, ok := shell(t, dir, step.ByHand); !ok || !strings.HasPrefix(out, want) {
				t.Errorf("%s says %q, want %q", step.ByHand, out, want)
			}
		}
	}
	stored.Body[100] ^= 1
	must(t, os.WriteFile(filepath.Join(dir, "the report.json"), stored.Body, 0o644))
	if out, ok := shell(t, dir, v.Steps[2].ByHand); ok || !strings.Contains(out, "Verification failure") {
		t.Errorf("of an edited report openssl says %q", out)
	}
}

// E08: without a trusted key nothing is ever VERIFIED.
func TestE08_NoKeyNeverVerifies(t *testing.T) {
	s, r := testSigner(t), sampleReport()
	r.Seal()
	stored, err := PutReport(context.Background(), newMem(), "", r, s)
	must(t, err)
	v, err := VerifyReport(stored.Body, stored.Signature, nil, ReportPlace{ExpectedSHA256: stored.File.SHA256})
	if !errors.Is(err, ErrNoTrustedKey) || v.Verified || !strings.Contains(v.Verdict, "not verified") {
		t.Errorf("err = %v, %q", err, v.Verdict)
	}
	for _, step := range v.Steps {
		if (step.Name == StepSignature || step.Name == StepKey) && (step.Checked || step.OK) {
			t.Errorf("%s is said to hold without a key", step.Name)
		}
	}
	v, err = VerifyReport([]byte("{}"), nil, nil, ReportPlace{})
	var failed *VerificationError
	if !errors.Is(err, ErrNoTrustedKey) || !errors.As(err, &failed) || v.Verified {
		t.Errorf("err = %v", err)
	}
}

// signedAs signs bytes that no report of ours would have.
func signedAs(t *testing.T, s *Signer, body string) ([]byte, []byte) {
	t.Helper()
	sig, err := s.Sign([]byte(body))
	must(t, err)
	return []byte(body), sig
}

func TestVerifyReportFailsClosed(t *testing.T) {
	s := testSigner(t)
	sealed := func(bend func(*Report)) string {
		r := sampleReport()
		r.Key = s.PublicKey().Ref()
		r.Seal()
		if bend != nil {
			bend(r)
		}
		body, err := Encode(r)
		must(t, err)
		return string(body)
	}
	good := sealed(nil)
	place := ReportPlace{Key: "e/validation-a1b2c3d4/2026/11/validation-a1b2c3d4.json"}
	tests := []struct {
		name, body string
		place      ReportPlace
		step       string
	}{
		{"good", good, place, ""},
		{"E22 overall twice", strings.Replace(good, `"overall": "PASSED",`, `"overall": "PASSED", "OVERALL": "FAILED",`, 1), place, StepDocument},
		{"unknown key", strings.Replace(good, `"overall": "PASSED",`, `"overall": "PASSED", "approved": true,`, 1), place, StepDocument},
		{"newer format", strings.Replace(good, `"format": 1,`, `"format": 2,`, 1), place, StepDocument},
		{"another kind", strings.Replace(good, `"kind": "report",`, `"kind": "manifest",`, 1), place, StepDocument},
		{"another place", good, ReportPlace{Key: "e/validation-00000000/2026/11/validation-00000000.json"}, StepPlace},
		{"another month", good, ReportPlace{Key: "e/validation-a1b2c3d4/2026/10/validation-a1b2c3d4.json"}, StepPlace},
		{"another checksum", good, ReportPlace{ExpectedSHA256: Digest(nil)}, StepChecksum},
		{"an id with a path", sealed(func(r *Report) { r.ReportID = "../../x" }), ReportPlace{}, StepPlace},
		{"another key", sealed(func(r *Report) { r.Key.Fingerprint = Digest(nil) }), place, StepKey},
		{"says unsigned", sealed(func(r *Report) { r.Key = nil }), place, StepKey},
		{"verdict not that of the checks", sealed(func(r *Report) { r.Checks[0].Outcome = Failed }), place, StepVerdict},
		{"check not that of its parts", sealed(func(r *Report) { r.Checks[0].Topics[0].Partitions[0].Outcome = Failed }), place, StepVerdict},
		{"differences in what passed", sealed(func(r *Report) { r.Checks[0].Topics[0].Partitions[0].DifferencesTotal = 1 }), place, StepVerdict},
		{"no level", sealed(func(r *Report) { r.Level = "" }), place, StepVerdict},
		{"no checks", sealed(func(r *Report) { r.Checks = []Check{} }), place, StepVerdict},
		{"nothing", "", place, StepRead},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, sig := signedAs(t, s, tt.body)
			v, err := VerifyReport(body, sig, s.PublicKey(), tt.place)
			if tt.step == "" {
				must(t, err)
				return
			}
			var failed *VerificationError
			if !errors.As(err, &failed) || v.Verified {
				t.Fatalf("err = %v, verified %v", err, v.Verified)
			}
			found := false
			for _, step := range failed.Failed {
				found = found || step.Name == tt.step
			}
			if !found {
				t.Errorf("failed at %v, want %s", err, tt.step)
			}
		})
	}
	body, sig := signedAs(t, s, good)
	if _, err := VerifyReport(body, sig[:len(sig)-1], s.PublicKey(), place); err == nil {
		t.Error("a cut signature verifies")
	}
}

// H03: any single flipped bit of a report or its signature is found.
func TestH03_AnyFlippedBitOfAReport(t *testing.T) {
	s, r := testSigner(t), sampleReport()
	r.Seal()
	stored, err := PutReport(context.Background(), newMem(), "", r, s)
	must(t, err)
	for i := 0; i < len(stored.Body); i += 5 {
		stored.Body[i] ^= 1 << (i % 8)
		if _, err := VerifyReport(stored.Body, stored.Signature, s.PublicKey(), ReportPlace{}); err == nil {
			t.Fatalf("bit flipped in byte %d of the report, and it verifies", i)
		}
		stored.Body[i] ^= 1 << (i % 8)
	}
	for i := range stored.Signature {
		stored.Signature[i] ^= 1 << (i % 8)
		if _, err := VerifyReport(stored.Body, stored.Signature, s.PublicKey(), ReportPlace{}); err == nil {
			t.Fatalf("bit flipped in byte %d of the signature, and it verifies", i)
		}
		stored.Signature[i] ^= 1 << (i % 8)
	}
}

func TestReportIDsAreNeverUsedTwice(t *testing.T) {
	ctx, s := context.Background(), testSigner(t)
	tests := []struct{ name, taken string }{
		{"report", "e/validation-a1b2c3d4/2026/11/validation-a1b2c3d4.json"},
		{"report of another month", "e/validation-a1b2c3d4/2025/01/validation-a1b2c3d4.json"},
		{"stray signature", "e/validation-a1b2c3d4/2026/11/validation-a1b2c3d4.sig"},
		{"PDF", "e/validation-a1b2c3d4/2026/11/validation-a1b2c3d4.pdf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := newMem()
			must(t, st.Put(ctx, tt.taken, []byte("theirs")))
			r := sampleReport()
			r.Seal()
			stored, err := PutReport(ctx, st, "e/", r, s)
			must(t, err)
			if r.ReportID == "validation-a1b2c3d4" || !strings.Contains(stored.File.Key, r.ReportID) {
				t.Errorf("id %s, key %s", r.ReportID, stored.File.Key)
			}
			if string(st.objects[tt.taken]) != "theirs" {
				t.Error("what was there is gone")
			}
			_, err = VerifyReport(stored.Body, stored.Signature, s.PublicKey(), ReportPlace{Key: stored.File.Key})
			must(t, err)
		})
	}
}

// E23 for reports: after a crash between any two puts, the same report is finished under its id.
func TestE23_ReportDiesBetweenPuts(t *testing.T) {
	ctx, s := context.Background(), testSigner(t)
	for puts := range 3 {
		st := newMem()
		st.allowed = puts
		r := sampleReport()
		r.Seal()
		if _, err := PutReport(ctx, st, "e/", r, s); (err == nil) != (puts == 2) {
			t.Fatalf("after %d puts: %v", puts, err)
		}
		st.allowed = -1
		stored, err := PutReport(ctx, st, "e/", r, s)
		must(t, err)
		if r.ReportID != "validation-a1b2c3d4" || len(st.objects) != 2 {
			t.Errorf("after %d puts: id %s, %d objects", puts, r.ReportID, len(st.objects))
		}
		_, err = VerifyReport(stored.Body, stored.Signature, s.PublicKey(), ReportPlace{Key: stored.File.Key})
		must(t, err)
	}
}

func TestDifferencesAreBounded(t *testing.T) {
	var p PartitionCheck
	for range 3 * MaxDifferences {
		p.AddDifference(Difference{Field: "value"})
	}
	if len(p.Differences) != MaxDifferences || p.DifferencesTotal != 3*MaxDifferences {
		t.Errorf("%d listed of %d", len(p.Differences), p.DifferencesTotal)
	}
}

func TestSettle(t *testing.T) {
	c := passedCheck("X")
	c.Topics[0].Partitions = append(c.Topics[0].Partitions, PartitionCheck{Partition: 1, Outcome: Failed})
	c.Settle()
	if c.Outcome != Failed || c.Topics[0].Outcome != Failed {
		t.Errorf("%s, %s", c.Outcome, c.Topics[0].Outcome)
	}
	c.Topics = nil
	c.Settle()
	if c.Outcome != Indeterminate {
		t.Errorf("nothing compared is %s", c.Outcome)
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add(readFile(f, "testdata/golden/report.json"))
	f.Add([]byte(`{"format":1,"kind":"report"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseReport(data)
		if err != nil {
			return
		}
		first, err := Encode(r)
		must(t, err)
		again, err := ParseReport(first)
		must(t, err)
		second, err := Encode(again)
		must(t, err)
		if string(first) != string(second) {
			t.Errorf("%q changes meaning when written again", data)
		}
	})
}
