package tui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kustody/engine"
	"kustody/evidence"
)

// TestE08ConsoleWithoutKey: without a trusted key nothing is called verified, anywhere.
func TestE08ConsoleWithoutKey(t *testing.T) {
	heavy(t)
	for _, size := range goldenSizes {
		d := drive(t, auditDesk(t).asked(func(o *engine.LedgerOptions) { o.PublicKey = nil }), size.x, size.y, ThemeDark)
		d.has("~ every record", "no trusted key: nothing is verified", "--public-key")
		unproved := func() {
			t.Helper()
			d.lacks("✓", "genuine", "VERIFIED", "verified now", "signed by key")
		}
		unproved()
		d.keys("enter")
		d.has("~ matches a key in this folder; not trusted", "--public-key FILE")
		unproved()
		if got := d.copied(); !strings.Contains(got, "Looked at without a trusted key") || strings.Contains(got, "genuine") {
			t.Errorf("the verdict without a key is %q", got)
		}
		d.keys("down", "down", "enter") // the signature
		d.has("3  Signature")
		unproved()
		d.keys("esc", "tab")
		unproved()
		d.keys("tab")
		unproved()
		d.keys("esc", "n", "enter")
		d.has("Their signatures were not")
		unproved()
		d.keys("enter")
		unproved()
		d.keys("esc", "esc", "L")
		unproved()
	}
}

// TestWrongKey: with a key that signed nothing here, nothing is good.
func TestWrongKey(t *testing.T) {
	heavy(t)
	_, pem, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := evidence.ParsePublicKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	d := drive(t, auditDesk(t).asked(func(o *engine.LedgerOptions) { o.PublicKey = other }), 120, 36, ThemeDark)
	d.has("✗ the ledger does not verify", "✗ does not verify", "1 missed · 45 do not verify")
	d.lacks("✓", "genuine")
	d.keys("enter")
	d.has("✗ not genuine, or changed: do not believe it", "Failed    Signature, Key, Chain")
	d.lacks("✓")
	if got := d.copied(); !strings.Contains(got, "do not believe it") {
		t.Errorf("the verdict is %q", got)
	}
	d.keys("esc", "L")
	d.has("✗ broken", "✗ the ledger does not verify")
	d.lacks("✓")
	d.keys("enter")
	d.has("Signature        ✗")
	d.lacks("✓")
}

// the report of the slot due 2026-11-08, and its ledger entry.
const (
	brokenSlot  = "2026-11-08 02:00"
	brokenEntry = "0000000256"
)

// filesOf are the files of the first report of a slot.
func filesOf(t testing.TB, archive, slot string) (report, signature string) {
	t.Helper()
	for _, r := range verifiedList(t).Reports {
		if r.Slot != nil && stamp(r.Slot.Due) == slot {
			return filepath.Join(archive, filepath.FromSlash(r.Key)), filepath.Join(archive, filepath.FromSlash(r.SignatureKey))
		}
	}
	t.Fatal("the year has no report for " + slot)
	return "", ""
}

func verifiedList(t testing.TB) *engine.ReportList {
	audit(t, 80, 24, ThemeDark)
	return verifiedYear.reports
}

// edit puts another file in the place of a file.
func edit(t testing.TB, name string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err == nil {
		err = os.Remove(name)
	}
	if err == nil {
		err = os.WriteFile(name, change(data), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// TestBrokenReports: a report that was touched is shown so, everywhere, with the step that failed.
func TestBrokenReports(t *testing.T) {
	heavy(t)
	swap := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !strings.Contains(string(b), from) {
				t.Fatalf("there is no %q to change", from)
			}
			return []byte(strings.Replace(string(b), from, to, 1))
		}
	}
	cases := []struct {
		what, slot string
		damage     func(report, signature string)
		steps      string
		words      string
	}{
		{"a figure", "2026-11-08 02:00", func(r, _ string) { edit(t, r, swap(`"records": `, `"records": 9`)) }, "Checksum, Signature, Ledger", "its sha256"},
		{"its verdict", "2026-11-01 02:00", func(r, _ string) { edit(t, r, swap(`"overall": "PASSED"`, `"overall": "FAILED"`)) }, "Checksum, Signature, Verdict", "its sha256"},
		{"half of it", "2026-10-25 02:00", func(r, _ string) { edit(t, r, func(b []byte) []byte { return b[:len(b)/2] }) }, "Checksum, Signature, Document", "was changed"},
		{"the signature cut", "2026-10-18 02:00", func(_, s string) { edit(t, s, func(b []byte) []byte { return b[:len(b)-9] }) }, "Signature", "was changed"},
		{"no signature", "2026-10-11 02:00", func(_, s string) { remove(t, s) }, "Signature", "is missing"},
	}
	d := drive(t, damagedYear(t, func(archive string) {
		for _, x := range cases {
			x.damage(filesOf(t, archive, x.slot))
		}
	}), 120, 36, ThemeDark)
	d.has("✗ the ledger does not verify", "5 do not verify")
	for _, x := range cases {
		t.Run(x.what, func(t *testing.T) {
			d.t = t
			row := d.lineWith(x.slot + " ")
			if !strings.Contains(row, "✗ does not verify") || strings.Contains(strings.SplitN(row, "│", 2)[0], "✓") {
				t.Errorf("the row is %q", row)
			}
			d.keys("n")
			d.has("▸ " + x.slot)
			if got := d.copied(); !strings.Contains(got, "does not verify") || !strings.Contains(got, x.words) {
				t.Errorf("the slot is told as %q", got)
			}
			d.keys("enter")
			d.has("✗ not genuine, or changed: do not believe it", "Failed    "+x.steps)
			noTick(t, d)
			if got := d.copied(); !strings.Contains(got, "do not believe it. What did not hold: "+x.steps) || strings.Contains(got, "genuine and unchanged") {
				t.Errorf("the verdict is %q", got)
			}
			d.keys("tab")
			noTick(t, d)
			d.keys("tab")
			noTick(t, d)
			d.has("✗ evidence/")
			d.keys("esc")
		})
	}
}

// noTick holds that the page of a report, but for its neighbours, shows no mark of success.
func noTick(t *testing.T, d *driver) {
	t.Helper()
	lines := strings.Split(d.frame().Text(), "\n")
	for _, l := range lines[:len(lines)-4] {
		if strings.Contains(l, "✓") {
			t.Errorf("the page of a broken report shows %q", l)
		}
	}
}

// TestE11ConsoleDeletedReport: a report that is gone leaves a trace: the ledger names it.
func TestE11ConsoleDeletedReport(t *testing.T) {
	heavy(t)
	d := drive(t, damagedYear(t, func(archive string) {
		r, s := filesOf(t, archive, brokenSlot)
		remove(t, r)
		remove(t, s)
	}), 120, 36, ThemeDark)
	d.has("✗ the ledger does not verify", "1 do not verify")
	d.keys("n")
	d.has("▸ "+brokenSlot, "✗ report missing")
	if got := d.copied(); !strings.Contains(got, "is missing") {
		t.Errorf("the slot is told as %q", got)
	}
	d.keys("enter")
	d.has("✗ missing: entry 256 of the ledger names it, and it is not here", "1 Read", "the file is not there", "It is not here. What the ledger says of it:")
	noTick(t, d)
	if got := d.copied(); !strings.Contains(got, "missing: entry 256 of the ledger names it") {
		t.Errorf("the verdict is %q", got)
	}
}

// TestE11ConsoleEditedLedger: an entry that was edited, or is gone, breaks the chain, and is shown.
func TestE11ConsoleEditedLedger(t *testing.T) {
	heavy(t)
	entry := func(archive string) string { return filepath.Join(archive, "evidence", "ledger", brokenEntry+".json") }
	for name, x := range map[string]struct {
		damage func(archive string)
		words  []string
	}{
		"edited": {func(a string) {
			edit(t, entry(a), func(b []byte) []byte {
				return []byte(strings.Replace(string(b), `"verdict": "passed"`, `"verdict": "failed"`, 1))
			})
		}, []string{"256", "257"}},
		"deleted": {func(a string) { remove(t, entry(a)) }, []string{"256"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, damagedYear(t, x.damage), 120, 36, ThemeDark)
			d.has("✗ the ledger does not verify")
			row := strings.SplitN(d.lineWith(brokenSlot+" "), "│", 2)[0]
			if strings.Contains(row, "✓") {
				t.Errorf("the slot of the broken entry reads %q", row)
			}
			if row := strings.SplitN(d.lineWith("2026-11-01 02:00"), "│", 2)[0]; !strings.Contains(row, "✗ #") {
				t.Errorf("the chain of another slot reads %q", row)
			}
			d.keys("L")
			d.has("✗ the ledger does not verify")
			for _, n := range x.words {
				d.keys("/"+n, "enter")
				d.has("✗ broken")
				d.keys("esc")
			}
			if name == "edited" {
				d.keys(":")
				d.text("ledger 256")
				d.keys("enter")
				d.has("Signature        ✗")
				d.lacks("✓")
			}
		})
	}
}

// TestUnnamedReport: a report that no entry names is a row, and a finding.
func TestUnnamedReport(t *testing.T) {
	heavy(t)
	d := drive(t, damagedYear(t, func(archive string) {
		r, _ := filesOf(t, archive, brokenSlot)
		data, err := os.ReadFile(r)
		if err != nil {
			t.Fatal(err)
		}
		place := filepath.Join(archive, "evidence", "validation-0badc0de", "2026", "11")
		if err := os.MkdirAll(place, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(place, "validation-0badc0de.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}), 120, 36, ThemeDark)
	d.has("1 report without a slot")
	d.text("/0badc0de")
	d.keys("enter", "enter")
	d.has("validation-0badc0de", "✗ not genuine", "no ledger entry names this file")
}

// TestFolderWithoutLedger: reports alone verify, and nothing is said about what is missing.
func TestFolderWithoutLedger(t *testing.T) {
	heavy(t)
	d := drive(t, damagedYear(t, func(archive string) {
		if err := os.RemoveAll(filepath.Join(archive, "evidence", "ledger")); err != nil {
			t.Fatal(err)
		}
	}), 120, 36, ThemeDark)
	d.has("no ledger: a report that is missing would not be noticed", "✓ every record")
	d.keys("enter")
	d.has("! genuine and unchanged; there is no ledger", "not checked: there is no ledger below")
	d.lacks("Verdict   ✓")
	d.keys("esc", "L")
	d.has("there is no ledger")
}

// TestEvidenceStates: nothing there, an error, and a desk without evidence.
func TestEvidenceStates(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	d.keys("3")
	d.has("no evidence was named")
	down := auditDesk(t)
	down.Evidence = func(context.Context) (engine.LedgerOptions, error) {
		return engine.LedgerOptions{}, &engine.Problem{Exit: engine.ExitFailed, Err: errors.New("access denied"), Hint: "give it s3:ListBucket"}
	}
	for _, keys := range []string{"", "L"} {
		d = drive(t, down, 80, 24, ThemeDark)
		d.keys(keys)
		d.has("access denied", "give it s3:ListBucket", "R try again")
	}
	d.keys(":", "report")
	d.text(" validation-12345678")
	d.keys("enter")
	d.has("access denied")
}
