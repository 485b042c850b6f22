package demo

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kustody/engine"
	"kustody/evidence"
	"kustody/storage"
)

// copied is the demo's archive in a folder of its own that a test may change.
func copied(t *testing.T, from string) (string, *storage.Filesystem) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a copy, isn't it")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	s, err := storage.OpenFilesystem(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return dir, s
}

func verifyAll(t *testing.T, o engine.LedgerOptions, want engine.Exit) (*engine.Job, engine.Summary) {
	t.Helper()
	j := engine.VerifyEvidence(t.Context(), engine.VerifyEvidenceOptions{Ledger: o})
	s, err := j.Wait()
	if s.Exit != want {
		t.Fatalf("exit %d, want %d: %v, %q", s.Exit, want, err, s.Findings)
	}
	return j, s
}

// of are the facts of a type.
func of(j *engine.Job, kind string) []engine.Event {
	events, _ := j.EventsSince(0)
	var found []engine.Event
	for _, e := range events {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

// TestVerifyEverything: the demo's year verifies; the missed and the failed week are findings.
func TestVerifyEverything(t *testing.T) {
	r := short(t)
	before := len(files(t, r.Archive, ""))
	j, s := verifyAll(t, engine.LedgerOptions{Store: open(t, r), PublicKey: publicKey(t, r), Genesis: r.Genesis, Head: r.Head.String(), AsOf: r.Now}, engine.ExitFindings)
	v := j.Verification()
	if v == nil || v.Ledger == nil || len(v.Ledger.Entries) != r.Entries {
		t.Fatalf("%+v", v)
	}
	reports := len(files(t, filepath.Join(r.Archive, "evidence"), ".json")) - r.Entries
	for key, want := range map[string]any{"reports": reports, "verified": reports, "not_verified": 0, "slots": weeks, "missed": 1, "ledger_findings": 2, "entries": r.Entries} {
		if got := s.Get(key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if len(s.Findings) != 2 || len(of(j, "ledger_verified")) != 1 || of(j, "ledger_verified")[0].Get("verified") != true {
		t.Errorf("%q, %v", s.Findings, of(j, "ledger_verified"))
	}
	warned := 0
	for _, e := range of(j, "finding") {
		if e.Level == engine.LevelWarning {
			warned++
		}
	}
	told := of(j, "report_verified")
	if len(told) != reports || len(v.Reports) != reports || warned != 2 {
		t.Fatalf("%d reports are told and %d kept, of %d; %d warnings", len(told), len(v.Reports), reports, warned)
	}
	failed := 0
	for i, x := range v.Reports {
		if !x.Verified || x.Report == nil || x.Item.SHA256 == "" || x.Item.Signature != evidence.SignatureValid || x.Verdict != "genuine and unchanged; the time is the signer's" {
			t.Errorf("%+v", x)
		}
		if x.Item.Overall == evidence.Failed {
			failed++
		}
		if i > 0 && x.Item.GeneratedAt.Before(v.Reports[i-1].Item.GeneratedAt) {
			t.Error("the reports are not in the order of their times")
		}
	}
	if failed != 1 {
		t.Errorf("%d reports failed", failed)
	}
	if snap := j.Snapshot(); snap.Step != 2 || snap.Steps != 2 || snap.Done != int64(reports) || snap.Total != int64(reports) {
		t.Errorf("%+v", snap)
	}
	if after := len(files(t, r.Archive, "")); after != before {
		t.Errorf("%d files were there, and %d are", before, after)
	}
}

// TestE08_verifyEverythingWithoutKey: nothing is called verified.
func TestE08_verifyEverythingWithoutKey(t *testing.T) {
	r := short(t)
	j, s := verifyAll(t, engine.LedgerOptions{Store: open(t, r), AsOf: r.Now}, engine.ExitBroken)
	if _, err := j.Wait(); !errors.Is(err, evidence.ErrNoTrustedKey) || s.Get("verified") != 0 {
		t.Errorf("%v, %v", err, s.Get("verified"))
	}
	for _, x := range j.Verification().Reports {
		if x.Verified || strings.HasPrefix(x.Verdict, "genuine") {
			t.Errorf("%+v", x)
		}
	}
	if of(j, "ledger_verified")[0].Get("verified") != false {
		t.Error("the ledger is called verified")
	}
}

// TestVerifyEverythingFindsOne: a report that was changed is told by itself, and the others by no error.
func TestVerifyEverythingFindsOne(t *testing.T) {
	r := short(t)
	dir, st := copied(t, r.Archive)
	edit(t, filepath.Join(dir, r.ReportKey), func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	j, s := verifyAll(t, engine.LedgerOptions{Store: st, PublicKey: publicKey(t, r), AsOf: r.Now}, engine.ExitBroken)
	wrong := 0
	for _, e := range of(j, "report_verified") {
		if e.Get("verified") != false {
			t.Errorf("%s is verified beside a ledger that is not", e.Get("key"))
		}
		if e.Level == engine.LevelError {
			if wrong++; e.Get("key") != r.ReportKey {
				t.Errorf("%s is said to be wrong", e.Text())
			}
		}
	}
	if wrong != 1 || s.Get("verified") != 0 {
		t.Errorf("%d reports are wrong, %v verified", wrong, s.Get("verified"))
	}
}

// TestVerifyEverythingWithoutLedger: reports alone verify, and that nothing proves them complete is a finding.
func TestVerifyEverythingWithoutLedger(t *testing.T) {
	r := short(t)
	dir, st := copied(t, filepath.Join(r.Archive, "evidence"))
	if err := os.RemoveAll(filepath.Join(dir, "ledger")); err != nil {
		t.Fatal(err)
	}
	j, s := verifyAll(t, engine.LedgerOptions{Store: st, PublicKey: publicKey(t, r)}, engine.ExitFindings)
	if v := j.Verification(); v.Ledger != nil || s.Get("verified") != len(v.Reports) || len(v.Reports) == 0 || !strings.Contains(s.Findings[0], "there is no ledger") {
		t.Errorf("%+v, %q", s.Facts, s.Findings)
	}
	verifyAll(t, engine.LedgerOptions{Store: storage.NewMemory(), PublicKey: publicKey(t, r)}, engine.ExitNoArchive)
}

// watched is a store that tells what is read.
type watched struct {
	storage.Store
	get func(key string)
}

func (w *watched) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	w.get(key)
	return w.Store.Get(ctx, key)
}

// TestVerifyEverythingCancelled stops between two reports.
func TestVerifyEverythingCancelled(t *testing.T) {
	r := short(t)
	var job atomic.Pointer[engine.Job]
	started := make(chan struct{})
	st := &watched{Store: open(t, r), get: func(string) {
		<-started
		if j := job.Load(); j.Snapshot().Phase == "reports" {
			j.Cancel()
		}
	}}
	j := engine.VerifyEvidence(t.Context(), engine.VerifyEvidenceOptions{Ledger: engine.LedgerOptions{Store: st, PublicKey: publicKey(t, r), AsOf: r.Now}})
	job.Store(j)
	close(started)
	s, err := j.Wait()
	if s.Exit != engine.ExitCancelled || !errors.Is(err, engine.ErrCancelled) || j.Verification() != nil || len(of(j, "report_verified")) > 1 {
		t.Errorf("exit %d, %v, %v", s.Exit, err, s.Facts)
	}
}

func edit(t *testing.T, file string, change func([]byte) []byte) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(file), os.WriteFile(file, change(body), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func replace(old, with string) func([]byte) []byte {
	return func(b []byte) []byte { return []byte(strings.Replace(string(b), old, with, 1)) }
}

// byHand runs a line as somebody without kustody would.
func byHand(t *testing.T, dir, line string) (string, bool) {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), err == nil
}

// TestE07_stepsByHand: each line that a face shows beside a step confirms the step in a shell that stands
// in the root of the store, also where the evidence was copied to another place, and does not confirm what
// was changed.
func TestE07_stepsByHand(t *testing.T) {
	needOpenSSL(t)
	for _, name := range []string{"jq", "sha256sum"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(name + " is missing")
			}
			t.Skip(name + " is missing")
		}
	}
	r := short(t)
	for _, below := range []string{"", "evidence"} {
		dir, st := copied(t, filepath.Join(r.Archive, below))
		pem := filepath.Join(t.TempDir(), "the key.pem")
		if err := os.WriteFile(pem, publicKey(t, r).PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		pub, err := evidence.LoadPublicKey(pem)
		if err != nil {
			t.Fatal(err)
		}
		ledger, err := engine.VerifyLedger(t.Context(), engine.LedgerOptions{Store: st, PublicKey: pub, AsOf: r.Now})
		if err != nil {
			t.Fatal(err)
		}
		report, err := engine.FindReport(t.Context(), st, strings.TrimSuffix(filepath.Base(r.ReportKey), ".json"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := engine.VerifyOneReport(t.Context(), st, report, pub, ledger)
		if err != nil || !v.Verified {
			t.Fatalf("%v, %+v", err, v)
		}
		checkByHand(t, dir, v)
		spoiled(t, dir, pem, v)
	}
}

// checkByHand runs every line once: all confirm.
func checkByHand(t *testing.T, dir string, v *engine.VerifiedReport) {
	t.Helper()
	want := map[string]string{evidence.StepRead: "", evidence.StepChecksum: v.Item.SHA256, evidence.StepSignature: "Verified OK", evidence.StepDocument: evidence.KindReport,
		evidence.StepKey: v.Report.Key.Fingerprint, evidence.StepPlace: v.Item.ReportID, evidence.StepVerdict: string(v.Item.Overall), evidence.StepLedger: v.Item.SHA256, evidence.StepChain: ""}
	for _, s := range v.Steps {
		expected, some := want[s.Name]
		if some != (s.ByHand != "") {
			t.Errorf("%s: the line is %q", s.Name, s.ByHand)
			continue
		}
		if !some {
			continue
		}
		delete(want, s.Name)
		if s.Name == evidence.StepChain {
			expected = s.Expected
		}
		if out, ok := byHand(t, dir, s.ByHand); !ok || !strings.HasPrefix(out, expected) || out == "" {
			t.Errorf("%s: %s\n%s", s.Name, s.ByHand, out)
		}
	}
	if len(want) > 0 {
		t.Errorf("no step asks %v", want)
	}
}

// spoiled changes files one after the other, and runs the lines that must not confirm them.
func spoiled(t *testing.T, dir, pem string, v *engine.VerifiedReport) {
	t.Helper()
	lines := map[string]string{}
	var entry, before string
	for _, s := range v.Steps {
		lines[s.Name] = s.ByHand
		if s.Name == evidence.StepChain { // …"$(sha256sum < BEFORE | …)" 'filter' ENTRY
			fields := strings.Fields(s.ByHand)
			entry, before = fields[len(fields)-1], fields[6]
		}
	}
	_, other, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(dir, v.Item.Key)
	month := v.Item.GeneratedAt.Format("2006-01-02")
	for _, tc := range []struct {
		name, file string
		change     func([]byte) []byte
		lines      []string
	}{
		{"a report cut short", report, func(b []byte) []byte { return b[:len(b)-20] }, []string{evidence.StepRead, evidence.StepChecksum, evidence.StepSignature, evidence.StepDocument, evidence.StepPlace, evidence.StepVerdict, evidence.StepLedger}},
		{"a bit", report, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, []string{evidence.StepChecksum, evidence.StepSignature, evidence.StepLedger}},
		{"another kind", report, replace(evidence.KindReport, "else"), []string{evidence.StepDocument}},
		{"another id", report, replace(`"report_id": "`+v.Item.ReportID, `"report_id": "validation-00000000`), []string{evidence.StepPlace}},
		{"another month", report, replace(`"generated_at": "`+month, `"generated_at": "1999-01-01`), []string{evidence.StepPlace}},
		{"another verdict", report, replace(`"overall": "PASSED"`, `"overall": "FAILED"`), []string{evidence.StepVerdict}},
		{"another outcome", report, replace(`"outcome": "PASSED"`, `"outcome": "FAILED"`), []string{evidence.StepVerdict}},
		{"another key", pem, func([]byte) []byte { return other }, []string{evidence.StepKey, evidence.StepSignature}},
		{"an entry of another report", filepath.Join(dir, entry), replace(v.Item.SHA256, strings.Repeat("0", 64)), []string{evidence.StepLedger}},
		{"another entry before", filepath.Join(dir, before), func(b []byte) []byte { return append(b, '\n') }, []string{evidence.StepChain}},
	} {
		var was []byte
		edit(t, tc.file, func(b []byte) []byte {
			was = append(was, b...)
			return tc.change(b)
		})
		for _, name := range tc.lines {
			if out, ok := byHand(t, dir, lines[name]); ok {
				t.Errorf("%s, and %s still confirms: %s\n%s", tc.name, name, lines[name], out)
			}
		}
		edit(t, tc.file, func([]byte) []byte { return was })
	}
	missing := filepath.Join(dir, before)
	if err := os.Rename(missing, missing+".away"); err != nil {
		t.Fatal(err)
	}
	if out, ok := byHand(t, dir, lines[evidence.StepChain]); ok {
		t.Errorf("the entry before is gone, and the line confirms: %s", out)
	}
	if err := os.Rename(missing+".away", missing); err != nil {
		t.Fatal(err)
	}
	checkByHand(t, dir, v) // whole again
}

// TestVerificationAsOf: the time of slots is the one that is asked for.
func TestVerificationAsOf(t *testing.T) {
	r := short(t)
	_, s := verifyAll(t, engine.LedgerOptions{Store: open(t, r), PublicKey: publicKey(t, r), AsOf: r.Now.Add(30 * 24 * time.Hour)}, engine.ExitFindings)
	if n, _ := s.Get("missed").(int); n < 3 {
		t.Errorf("%d weeks are missed a month later", n)
	}
}
