package demo

import (
	"archive/tar"
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
)

var updateYear = flag.Bool("update-year", false, "make the stored year anew (go test ./engine/demo -run TestDemoYearUpdate -update-year)")

// pack makes of a demo's directory what Unpack takes. Files of a kind stand together: their likeness is
// what makes the packed year small. Absolute paths become those of StoredLocation.
func pack(t *testing.T, dir string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	names := files(t, dir, "")
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(filepath.Ext(a), filepath.Ext(b)) })
	for _, path := range names {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		if name == configFile {
			body = bytes.ReplaceAll(body, []byte(dir), []byte("/demo"))
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Mode: 0o600, Size: int64(len(body)), Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestDemoYearUpdate makes the stored year anew, when asked.
func TestDemoYearUpdate(t *testing.T) {
	if !*updateYear {
		t.Skip("only with -update-year")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	digest, err := engine.ExecutableSHA256()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run(t.Context(), Options{Dir: dir, BinarySHA256: digest, Weeks: 52, Payments: yearPayments, Host: "demo-host", Tool: archive.Tool{Name: "kustody", Version: "1.0.0"},
		Out: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	packed := pack(t, dir)
	if err := os.WriteFile(yearFile(t), packed, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d bytes packed", len(files(t, dir, "")), len(packed))
}

const yearPayments = 24

func yearFile(t *testing.T) string {
	t.Helper()
	root, err := RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, filepath.FromSlash(YearFile))
}

// unpacked is the stored year, unpacked once for all tests that only read it.
var unpacked struct {
	once   sync.Once
	dir    string
	stored *Stored
	err    error
}

func year(t *testing.T) *Stored {
	t.Helper()
	unpacked.once.Do(func() {
		if unpacked.dir, unpacked.err = os.MkdirTemp("", "kustody-year-"); unpacked.err != nil {
			return
		}
		began := time.Now()
		unpacked.stored, unpacked.err = OpenYear(unpacked.dir)
		t.Logf("unpacked and opened in %s", time.Since(began).Round(time.Millisecond))
	})
	if unpacked.err != nil {
		t.Fatal(unpacked.err)
	}
	return unpacked.stored
}

// TestDemoYearVerifies: the stored year is one of 52 weeks whose ledger, reports and manifests verify with
// its key, but for the weeks that went wrong; and it names the place that it always names.
func TestDemoYearVerifies(t *testing.T) {
	s := year(t)
	v, err := engine.VerifyLedger(t.Context(), s.Ledger())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Findings {
		if f.Severity == evidence.Broken {
			t.Error(f)
		}
	}
	count := map[evidence.Verdict]int{}
	for _, slot := range v.Slots {
		count[slot.Verdict]++
	}
	if count[evidence.VerdictPassed] != 50 || count[evidence.VerdictFailed] != 1 || count[evidence.VerdictMissed] != 1 || len(count) != 3 {
		t.Errorf("the year's weeks: %v", count)
	}
	for _, e := range v.Entries {
		if e.Host != "demo-host" {
			t.Fatalf("entry %d names host %q", e.Sequence, e.Host)
		}
	}
	q := s.Query()
	reports, err := engine.ListReports(t.Context(), q)
	if err != nil || len(reports.Reports) != 53 || len(reports.Broken) != 0 || reports.StorageLocation != StoredLocation {
		t.Fatalf("%d reports, %+v, at %s: %v", len(reports.Reports), reports.Broken, reports.StorageLocation, err)
	}
	for _, r := range reports.Reports {
		if r.Signature != evidence.SignatureValid {
			t.Errorf("report %s: signature %s", r.ReportID, r.Signature)
		}
		body, _, err := engine.FetchReport(t.Context(), q.Store, engine.StoredReport{ReportID: r.ReportID, Key: r.Key, SignatureKey: r.SignatureKey})
		if err != nil {
			t.Fatal(err)
		}
		doc, err := evidence.ParseReport(body)
		if err != nil {
			t.Fatal(err)
		}
		if r.Topics != len(doc.Restore.Topics) || r.BackupTopics != doc.Backup.Topics || r.Records != doc.Restore.Records || r.Records == 0 ||
			r.TimeToRestoreMS != doc.Restore.TimeToRestoreMS || r.NewestRecordAgeMS == nil || *r.NewestRecordAgeMS != *doc.Restore.NewestRecordAgeMS {
			t.Errorf("report %s is listed as %+v, and says %+v", r.ReportID, r, doc.Restore)
		}
	}
	backups, err := engine.ListBackups(t.Context(), q)
	if err != nil || len(backups.Backups) != 54 || len(backups.Broken)+len(backups.Unfinished) != 0 || backups.StorageLocation != s.Location {
		t.Errorf("%d backups, %+v broken, at %s: %v", len(backups.Backups), backups.Broken, backups.StorageLocation, err)
	}
}

// TestDemoYearByOpenssl: signatures of every kind of document in the stored year verify without kustody.
func TestDemoYearByOpenssl(t *testing.T) {
	needOpenSSL(t)
	s := year(t)
	checked := map[string]int{}
	for _, sig := range files(t, filepath.Join(s.Dir, archiveDir), ".sig") {
		body := documentSignature.ReplaceAllString(sig, ".json")
		if body == sig {
			body = strings.TrimSuffix(sig, ".sig") + ".json"
		}
		kind, _, _ := strings.Cut(filepath.Base(body), "-")
		if strings.Contains(sig, "ledger") {
			kind = "entry"
		}
		if checked[kind]++; checked[kind] > 3 {
			continue
		}
		if err := opensslVerifies(s.PublicKeyPath, sig, body); err != nil {
			t.Error(err)
		}
	}
	for _, kind := range []string{"entry", "validation", "manifest.json", "plan.json", "receipt.json", "journal.json"} {
		if checked[kind] == 0 {
			t.Errorf("the year has no signed %s (it has %v)", kind, checked)
		}
	}
}

// TestDemoYearIsReadOnly: nothing that is done with a stored year changes it, and it names no other place
// than its own.
func TestDemoYearIsReadOnly(t *testing.T) {
	s := year(t)
	store := s.Query().Store
	if err := store.Put(t.Context(), "x", nil); err == nil {
		t.Error("something was put into it")
	}
	text, err := os.ReadFile(filepath.Join(s.Dir, configFile))
	if err != nil || !bytes.Contains(text, []byte(`path = "/demo/archive"`)) || bytes.Contains(text, []byte(os.TempDir())) {
		t.Errorf("its configuration: %v\n%s", err, text)
	}
	if !s.Now().Equal(Now()) || s.BackupID != backupID {
		t.Errorf("it ends at %s and holds %s", s.Now(), s.BackupID)
	}
	if info, err := os.Stat(yearFile(t)); err != nil || info.Size() > 1_200_000 {
		t.Errorf("it has %d bytes packed: %v", info.Size(), err)
	}
}

// TestDemoStoredWantsADemo: a directory that no demo made is not opened.
func TestDemoStoredWantsADemo(t *testing.T) {
	if _, err := OpenStored(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty directory: %v", err)
	}
	if s, err := OpenStored(short(t).Dir); err != nil {
		t.Error(err)
	} else {
		s.Close()
	}
	t.Chdir(t.TempDir())
	if root, err := RepositoryRoot(); err == nil {
		t.Errorf("outside of the repository its root is %s", root)
	}
}

// packedOf packs made-up headers, each with as many bytes as it says.
func packedOf(t *testing.T, headers ...*tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(w, zeros{}, h.Size); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestDemoUnpackRefuses: what leads out of the directory, links and absurd sizes are refused, and nothing
// is written outside.
func TestDemoUnpackRefuses(t *testing.T) {
	file := func(name string) *tar.Header {
		return &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: 1}
	}
	many := make([]*tar.Header, 9)
	for i := range many {
		many[i] = &tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("archive/%d", i), Size: maxPackedFile}
	}
	for name, packed := range map[string][]byte{
		"up":                 packedOf(t, file("../escaped")),
		"up from within":     packedOf(t, file("archive/../../escaped")),
		"up and back":        packedOf(t, file("archive/x/../y")),
		"absolute":           packedOf(t, file("/escaped")),
		"foreign":            packedOf(t, file("thesis.txt")),
		"empty part":         packedOf(t, file("archive//x")),
		"backslash":          packedOf(t, file(`archive\..\..\escaped`)),
		"a folder's name":    packedOf(t, file("archive")),
		"in a file":          packedOf(t, file("kustody.toml/x")),
		"twice":              packedOf(t, file("archive/x"), file("archive/x")),
		"file as folder":     packedOf(t, file("archive/x"), file("archive/x/y")),
		"folder":             packedOf(t, &tar.Header{Typeflag: tar.TypeDir, Name: "archive/x/"}),
		"symbolic link":      packedOf(t, &tar.Header{Typeflag: tar.TypeSymlink, Name: "archive/x", Linkname: "../../escaped"}),
		"hard link":          packedOf(t, &tar.Header{Typeflag: tar.TypeLink, Name: "archive/x", Linkname: "../escaped"}),
		"through a link":     packedOf(t, &tar.Header{Typeflag: tar.TypeSymlink, Name: "archive/x", Linkname: "../.."}, file("archive/x/escaped")),
		"a file too large":   packedOf(t, &tar.Header{Typeflag: tar.TypeReg, Name: "archive/x", Size: maxPackedFile + 1}),
		"too large together": packedOf(t, many...),
		"cut off":            packedOf(t, file("archive/x"), file("archive/y"))[:40],
		"nothing packed":     []byte("not at all"),
	} {
		base := t.TempDir()
		dir := filepath.Join(base, "a", "demo")
		if s, err := Unpack(dir, bytes.NewReader(packed)); err == nil {
			s.Close()
			t.Errorf("%s: no error", name)
		} else if !errors.Is(err, ErrPacked) {
			t.Errorf("%s: %v", name, err)
		}
		for _, at := range []string{base, filepath.Join(base, "a")} {
			if _, err := os.Lstat(filepath.Join(at, "escaped")); err == nil {
				t.Errorf("%s: it climbed out", name)
			}
		}
	}
}

// TestDemoUnpackReplacesADemo: what was packed unpacks to the same bytes; over an earlier demo it unpacks
// too, over anything else it does not.
func TestDemoUnpackReplacesADemo(t *testing.T) {
	from, dir := short(t).Dir, t.TempDir()
	packed := pack(t, from)
	for range 2 {
		s, err := Unpack(dir, bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		for _, path := range files(t, from, "") {
			rel, err := filepath.Rel(from, path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, rel)); err != nil || rel != configFile && !bytes.Equal(got, want) {
				t.Errorf("%s: %v, or not the same", rel, err)
			}
		}
		if n, m := len(files(t, from, "")), len(files(t, dir, "")); n != m {
			t.Errorf("%d files were packed, %d unpacked", n, m)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(dir, bytes.NewReader(packed)); !errors.Is(err, ErrForeignDir) {
		t.Errorf("over something else: %v", err)
	}
}
