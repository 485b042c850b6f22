package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/storage"
)

// made is one short demo that the tests look at.
var made struct {
	once   sync.Once
	base   string
	result *Result
	lines  []string
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if made.base != "" {
		os.RemoveAll(made.base)
	}
	if unpacked.stored != nil {
		unpacked.stored.Close()
	}
	if unpacked.dir != "" {
		os.RemoveAll(unpacked.dir)
	}
	os.Exit(code)
}

const weeks = 6

func short(t *testing.T) *Result {
	t.Helper()
	made.once.Do(func() {
		if made.base, made.err = os.MkdirTemp("", "kustody demo "); made.err != nil {
			return
		}
		o := Options{Dir: filepath.Join(made.base, "it's"), Weeks: weeks, Out: func(line string) { made.lines = append(made.lines, line) }}
		made.result, made.err = Run(context.Background(), o)
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.result
}

func publicKey(t *testing.T, r *Result) *evidence.PublicKey {
	t.Helper()
	pub, err := evidence.LoadPublicKey(r.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func open(t *testing.T, r *Result) *storage.Filesystem {
	t.Helper()
	s, err := storage.OpenFilesystem(r.Archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// documentSignature is how signatures beside documents are named: with the hash of what they sign.
var documentSignature = regexp.MustCompile(`\.[0-9a-f]{16}\.sig$`)

// files lists what lies below a folder and ends so.
func files(t *testing.T, root, end string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, end) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// opensslVerifies runs the line that an auditor would.
func opensslVerifies(pub, sig, file string) error {
	out, err := exec.Command("openssl", "dgst", "-sha256", "-verify", pub, "-signature", sig, file).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "Verified OK" {
		return fmt.Errorf("%s: %v: %s", sig, err, out)
	}
	return nil
}

func needOpenSSL(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is missing")
		}
		t.Skip("openssl is missing")
	}
}

// TestE07_demoSignaturesByOpenssl: every signature under the demo's archive verifies without kustody, and
// every document has one.
func TestE07_demoSignaturesByOpenssl(t *testing.T) {
	needOpenSSL(t)
	r := short(t)
	checkSignatures(t, r)
}

func checkSignatures(t *testing.T, r *Result) {
	t.Helper()
	signed := map[string]bool{}
	g := new(errgroup.Group)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for _, sig := range files(t, r.Archive, ".sig") {
		body := documentSignature.ReplaceAllString(sig, ".json")
		if body == sig {
			body = strings.TrimSuffix(sig, ".sig") + ".json"
		}
		signed[body] = true
		g.Go(func() error { return opensslVerifies(r.PublicKey, sig, body) })
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	bodies := files(t, r.Archive, ".json")
	if len(bodies) < 100 {
		t.Errorf("only %d documents", len(bodies))
	}
	for _, body := range bodies {
		if !signed[body] {
			t.Errorf("%s is not signed", body)
		}
	}
}

// TestDemoLinesVerify: the lines that the summary shows work in a shell, also where the path is no plain word.
func TestDemoLinesVerify(t *testing.T) {
	needOpenSSL(t)
	r := short(t)
	for _, line := range r.OpenSSL {
		out, err := exec.Command("sh", "-c", line).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "Verified OK" {
			t.Errorf("%s\n%v: %s", line, err, out)
		}
	}
	if len(r.OpenSSL) != 3 || len(r.Next) < 5 {
		t.Errorf("%d lines for openssl, %d commands", len(r.OpenSSL), len(r.Next))
	}
}

// TestDemoSlots: one week was missed, one failed and was tested again without becoming green, all others
// passed.
func TestDemoSlots(t *testing.T) { checkSlots(t, short(t), weeks) }

func checkSlots(t *testing.T, r *Result, weeks int) {
	t.Helper()
	v := verified(t, r)
	if len(v.Slots) != weeks {
		t.Fatalf("%d slots, not %d", len(v.Slots), weeks)
	}
	for i, s := range v.Slots {
		want := evidence.VerdictPassed
		switch i {
		case weeks / 3:
			want = evidence.VerdictFailed
			if len(s.Attempts) != 2 || s.Attempts[0].Verdict != evidence.VerdictFailed || s.Attempts[1].Verdict != evidence.VerdictPassed {
				t.Errorf("the failed week's attempts: %+v", s.Attempts)
			}
		case weeks * 3 / 5:
			want = evidence.VerdictMissed
			if len(s.Attempts) != 0 || s.Closing < 0 {
				t.Errorf("the missed week: %+v", s)
			}
		}
		if s.Verdict != want {
			t.Errorf("slot %d, due %s, is %s, not %s", i, s.Due, s.Verdict, want)
		}
	}
	if r.Slots[evidence.VerdictPassed] != weeks-2 || r.Slots[evidence.VerdictFailed] != 1 || r.Slots[evidence.VerdictMissed] != 1 {
		t.Errorf("the result counts %v", r.Slots)
	}
}

func verified(t *testing.T, r *Result) *evidence.Verification {
	t.Helper()
	st := open(t, r)
	v, err := evidence.Verify(t.Context(), st, evidence.VerifyOptions{Prefix: evidencePrefix, PublicKey: publicKey(t, r), GenesisSHA256: r.Genesis,
		Head: r.Head.String(), AsOf: r.Now, Stores: map[string]evidence.Store{evidence.RootArchive: st}, Objects: documents(t, r)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// documents are the manifests and what restores left, which some entry must name.
func documents(t *testing.T, r *Result) []evidence.RootedKey {
	t.Helper()
	var keys []evidence.RootedKey
	for _, f := range files(t, filepath.Join(r.Archive, backupID), ".json") {
		rel, err := filepath.Rel(r.Archive, f)
		if err != nil {
			t.Fatal(err)
		}
		if key := filepath.ToSlash(rel); strings.HasSuffix(key, "/manifest.json") || strings.Contains(key, "/restores/") {
			keys = append(keys, evidence.RootedKey{Root: evidence.RootArchive, Key: key})
		}
	}
	return keys
}

// TestDemoLedger: the ledger is unbroken between both pins, names every document, and its only findings
// are the two weeks that did not go well.
func TestDemoLedger(t *testing.T) {
	r := short(t)
	v := verified(t, r)
	var found []string
	for _, f := range v.Findings {
		if f.Severity != evidence.Note {
			found = append(found, f.String())
		}
	}
	if len(found) != 2 || !strings.Contains(found[0], "failed") || !strings.Contains(found[1], "missed") {
		t.Errorf("findings:\n%s", strings.Join(found, "\n"))
	}
	if v.Objects == 0 || v.Objects != r.Objects || len(v.Entries) != r.Entries {
		t.Errorf("%d objects and %d entries; the result says %d and %d", v.Objects, len(v.Entries), r.Objects, r.Entries)
	}
}

// TestDemoArchiveValidates: every segment of the archive reads, hashes and decodes as its documents say.
func TestDemoArchiveValidates(t *testing.T) {
	r := short(t)
	s, err := engine.Validate(t.Context(), engine.ValidateOptions{Store: open(t, r), Keys: archive.Keys{Trusted: publicKey(t, r)}, BackupID: r.BackupID, Deep: true}).Wait()
	if err != nil || s.Exit != engine.ExitDone {
		t.Errorf("exit %d, %v, findings %q", s.Exit, err, s.Findings)
	}
	for _, n := range s.Notes {
		if strings.Contains(n, "no manifest names") || strings.Contains(n, "none of an archive's") {
			t.Error(n)
		}
	}
}

// TestE26_demoEvidenceHoldsNoRecords: what stood in records stands in no report and no entry, and the
// private key in nothing at all.
func TestE26_demoEvidenceHoldsNoRecords(t *testing.T) {
	r := short(t)
	marks := []string{"ACC-1", "CLEARING-", "tx-0000", "500105170", "card_payment", "trace-id", "operator-override", "svc-core-banking"}
	marks = append(marks, merchants...)
	if raw, err := os.ReadFile(r.PrivateKey); err != nil {
		t.Fatal(err)
	} else {
		marks = append(marks, strings.Split(string(raw), "\n")[1])
	}
	all := files(t, filepath.Join(r.Archive, "evidence"), "")
	for _, f := range append(all, r.Config) {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range marks {
			if bytes.Contains(body, []byte(m)) {
				t.Errorf("%s holds %q", f, m)
			}
		}
	}
	if len(all) < 50 {
		t.Errorf("only %d files of evidence", len(all))
	}
	if out := strings.Join(made.lines, "\n"); strings.Contains(out, "ACC-1") || !strings.Contains(out, "MISSED") || !strings.Contains(out, "FAILED") {
		t.Errorf("the demo says\n%s", out)
	}
}

// TestDemoDirectory: an earlier demo is replaced, anything else is left alone; the private key is its
// owner's.
func TestDemoDirectory(t *testing.T) {
	r := short(t)
	if info, err := os.Stat(r.PrivateKey); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info.Mode(), err)
	}
	dir := t.TempDir()
	steps := []struct {
		name    string
		do      func() error
		foreign bool
	}{
		{"empty", func() error { return nil }, false},
		{"its own", func() error { return os.MkdirAll(filepath.Join(dir, archiveDir, "x"), 0o700) }, false},
		{"something else in it", func() error { return os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o600) }, true},
		{"its own again", func() error { return os.Remove(filepath.Join(dir, "thesis.txt")) }, false},
		{"a link in its place", func() error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, archiveDir)), os.Symlink(t.TempDir(), filepath.Join(dir, archiveDir)))
		}, true},
		{"no marker", func() error {
			return errors.Join(os.Remove(filepath.Join(dir, archiveDir)), os.Remove(filepath.Join(dir, marker)))
		}, true},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Fatal(err)
		}
		if err := prepareDir(dir); errors.Is(err, ErrForeignDir) != s.foreign || err != nil && !s.foreign {
			t.Errorf("%s: %v", s.name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, archiveDir, "x")); !s.foreign && err == nil {
			t.Errorf("%s: what the earlier demo left is still there", s.name)
		}
	}
}

func TestDemoOptions(t *testing.T) {
	for _, o := range []Options{{}, {Dir: t.TempDir(), Weeks: 4}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Dir: t.TempDir(), Weeks: 5}); err == nil {
		t.Error("a cancelled demo ended well")
	}
}
