package evidence

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindReportsAndLedgers(t *testing.T) {
	w := threeWeeks(t)
	for _, key := range []string{"e/validation-00000001/2026/11/validation-00000001.sig", "other/validation-00000002/2026/11/validation-00000002.json",
		"other/validation-00000002/2026/11/validation-00000003.json", "validation-00000004/2026/11/validation-00000004.json",
		"validation-00000004/2026/11/validation-00000004.pdf", "x/myledger/0000000000.json", "notes.json"} {
		must(t, w.st.Put(w.ctx, key, nil))
	}
	all, err := FindReports(w.ctx, w.st, "")
	must(t, err)
	if len(all) != 5 {
		t.Errorf("%d reports: %+v", len(all), all)
	}
	for _, r := range all {
		want := map[string]string{"validation-00000002": "other/", "validation-00000004": ""}
		prefix, ours := want[r.ID]
		if !ours {
			prefix = "e/"
		}
		if r.Prefix != prefix || (r.PDFKey != "") != (r.ID == "validation-00000004") || (r.SignatureKey != "") != !ours {
			t.Errorf("%+v", r)
		}
	}
	below, err := FindReports(w.ctx, w.st, "e")
	must(t, err)
	if len(below) != 3 {
		t.Errorf("below e: %+v", below)
	}
	ledgers, err := FindLedgers(w.ctx, w.st, "")
	must(t, err)
	if strings.Join(ledgers, " ") != "e/" {
		t.Errorf("ledgers %q", ledgers)
	}
}

// What the console shows of a report's place in the ledger, and the lines to do it by hand.
func TestStepsByHand(t *testing.T) {
	w := threeWeeks(t)
	v := w.verify(VerifyOptions{})
	report := v.Entries[4].Files[0]
	dir := t.TempDir()
	w.st.writeTo(t, dir)
	steps := v.Steps(report.Root, report.Key, report.SHA256)
	if !steps[0].OK || !steps[1].OK || steps[2].Checked {
		t.Errorf("%+v", steps)
	}
	if out, ok := shell(t, dir, steps[0].ByHand); !ok || !strings.Contains(out, report.SHA256) {
		t.Errorf("%s: %s", steps[0].ByHand, out)
	}
	if out, ok := shell(t, dir, steps[1].ByHand); !ok || !strings.HasPrefix(out, steps[1].Expected) {
		t.Errorf("%s: %s", steps[1].ByHand, out)
	}
	if steps := v.Steps(report.Root, report.Key, Digest(nil)); steps[0].OK {
		t.Error("another checksum is in the ledger")
	}
	if steps := v.Steps(RootArchive, report.Key, report.SHA256); steps[0].OK || steps[1].OK {
		t.Error("a file of another store is in the ledger")
	}
	w.st.objects[LedgerKey("e/", 2)][10] ^= 1
	broken := w.verify(VerifyOptions{}).Steps(report.Root, report.Key, report.SHA256)
	if broken[1].OK || !strings.Contains(broken[1].Sentence, "entry 2") {
		t.Errorf("%+v", broken[1])
	}
}

// The script says how it is used, and nothing else, when it is called wrongly.
func TestScriptUsage(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "v.sh"), []byte(VerifyScript), 0o644))
	if out, ok := shell(t, dir, "sh v.sh nothing here"); ok || !strings.HasPrefix(out, "usage:") {
		t.Errorf("%s", out)
	}
}
