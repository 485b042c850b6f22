package tui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/demo"
	"kustody/evidence"
)

// auditDesk is a folder of evidence and a public key, and nothing else: no archive, no cluster, no work.
func auditDesk(t testing.TB) Desk {
	t.Helper()
	return deskOf(storedYear(t))
}

func deskOf(y *demo.Stored) Desk {
	return Desk{Location: y.Location, Zone: time.UTC, ReadOnly: "started with --evidence", Now: y.Now,
		Evidence: func(context.Context) (engine.LedgerOptions, error) { return y.Ledger(), nil }}
}

// asked is a desk whose evidence is asked for in another way.
func (d Desk) asked(change func(*engine.LedgerOptions)) Desk {
	before := d.Evidence
	d.Evidence = func(ctx context.Context) (engine.LedgerOptions, error) {
		o, err := before(ctx)
		change(&o)
		return o, err
	}
	return d
}

// damagedYear is a copy of the year of one's own, in which something is broken.
func damagedYear(t testing.TB, damage func(archive string)) Desk {
	t.Helper()
	y, err := demo.OpenYear(filepath.Join(t.TempDir(), "year"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.Close() })
	damage(filepath.Join(y.Dir, "archive"))
	return deskOf(y)
}

// verifiedYear is what verification finds in the stored year, found once.
var verifiedYear struct {
	once    sync.Once
	ledger  *engine.LedgerVerification
	reports *engine.ReportList
	err     error
}

// audit opens the console on the stored year, which was verified before.
func audit(t testing.TB, w, h int, theme string) *driver {
	t.Helper()
	y := storedYear(t)
	v := &verifiedYear
	v.once.Do(func() {
		ctx := context.Background()
		if v.ledger, v.err = engine.VerifyLedger(ctx, y.Ledger()); v.err == nil {
			v.reports, v.err = engine.ListReports(ctx, engine.QueryOptions{Store: y.Ledger().Store, Trusted: y.Trusted})
		}
	})
	if v.err != nil {
		t.Fatal(v.err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	tour := &Tour{c: newConsole(ctx, auditDesk(t), Look{Theme: theme, Quiet: true})}
	tour.c.after = func(time.Duration, tea.Msg) tea.Cmd { return nil }
	tour.c.w, tour.c.h = w, h
	asOf := y.Now().Add(-3 * time.Minute)
	tour.c.data.ledger = loader[*engine.LedgerVerification]{value: v.ledger, has: true, asOf: asOf}
	tour.c.data.reports = loader[*engine.ReportList]{value: v.reports, has: true, asOf: asOf}
	tour.run(tour.c.arrive())
	return &driver{tour, t}
}

// copied is what y copies on the screen in front.
func (d *driver) copied() string {
	d.t.Helper()
	s, ok := d.c.screen().(copier)
	if !ok {
		d.t.Fatal("nothing can be copied here")
	}
	_, text := s.copied(d.c)
	return text
}

// lineWith is the first line of the screen that holds a text.
func (d *driver) lineWith(text string) string {
	d.t.Helper()
	for _, l := range strings.Split(d.frame().Text(), "\n") {
		if strings.Contains(l, text) {
			return l
		}
	}
	d.t.Fatalf("no line of the screen shows %q:\n%s", text, d.frame().Text())
	return ""
}

// TestAuditor steps through a year as somebody does who got a folder and a public key.
func TestAuditor(t *testing.T) {
	for _, size := range goldenSizes {
		d := drive(t, auditDesk(t), size.x, size.y, ThemeDark)
		d.has("[3 Evidence]", "2026", "46 slots due · 44 passed · 1 failed · 1 missed", "▸ 2026-11-15 02:00", "✓ every record", "the chain is genuine and unbroken (272 entries), with 2 findings")
		d.keys("n")
		d.has("▸ 2026-06-28 02:00", "no report", "? MISSED")
		d.keys("enter")
		d.has("No report for the slot due 2026-06-28 02:00 UTC", "entered by entry 162", "unbroken as given to you")
		if size.x >= wideFrom {
			d.has("▸ #162", "Entries of the ledger that bear on it")
		}
		if got := d.copied(); !strings.Contains(got, "whoever holds the signing key could have rebuilt it, and no outside witness has seen its head") ||
			!strings.Contains(got, "No exception explains it") || !strings.Contains(got, "271:ed99a736f8c44f49fbcef4f62d98cadf497aaca5cfbf5c696406327562237dff") {
			t.Errorf("the gap is told as %q", got)
		}
		d.keys("enter")
		d.has("162, slot_missed")
		d.keys(map[bool]string{true: "pgdown"}[size.x < wideFrom])
		d.has("sha256sum evidence/ledger/0000000162.json")
		d.keys("esc", "n")
		d.has("Verdict   ✓ genuine and unchanged", "It says   ✗ FAILED, every record compared", "2026-03-22 02:00 again ✓ every record")
		d.keys("]")
		d.has("2026-03-22 02:00 again", "It says   ✓ PASSED, every record compared, 5 of 5 topics")
		got := d.copied()
		for _, want := range []string{"Report validation-9b5aa34c (sha256 0ef2b2c9d9b537ae", "genuine and unchanged; the time is the signer's word", "It says PASSED, every record compared",
			"for the report of series demo-weekly due 2026-03-22T02:00:00Z", storedYear(t).Trusted.Fingerprint(), "Ledger entry 95", "Not proved:", "no head kept elsewhere"} {
			if !strings.Contains(got, want) {
				t.Errorf("the verdict lacks %q: %s", want, got)
			}
		}
		d.keys("y")
		d.has("copied the verdict")
		d.keys("esc")
		d.has("▸       run again")
	}
}

// TestAuditorByTheList goes the same way through the list alone.
func TestAuditorByTheList(t *testing.T) {
	d := audit(t, 120, 36, ThemeDark)
	d.keys("n", "n")
	d.has("▸ 2026-03-22 02:00", "✗ FAILED", "report due 2026-03-22 02:00 UTC", "validation-9b5aa34c")
	if got := d.copied(); !strings.Contains(got, "2026-03-22 02:00 UTC: FAILED.") || !strings.Contains(got, "validation-5b0fa62d") {
		t.Errorf("the failed slot is told as %q", got)
	}
	d.keys("down", "enter")
	d.has("validation-9b5aa34c", "genuine and unchanged")
	d.keys("esc", "n")
	d.has("▸ 2026-06-28 02:00")
	d.keys("N")
	d.has("▸ 2026-03-22 02:00")
	d.keys("v")
	d.has("validation-5b0fa62d: genuine and unchanged")
	d.keys("[")
	d.has(" 2025 ", "6 slots due · 6 passed")
	d.keys("[")
	d.has("this is the first year")
	d.keys("]")
	d.has(" 2026 ")
}

// TestEvidenceCommands goes to places by their names.
func TestEvidenceCommands(t *testing.T) {
	d := audit(t, 120, 36, ThemeDark)
	command := func(text string) {
		d.keys(":")
		d.text(text)
		d.keys("enter")
	}
	command("slot 2026-03-24")
	d.has("▸ 2026-03-22 02:00")
	command("slot 2026-03-22 01:00")
	d.has("▸ 2026-03-15 02:00")
	command("slot monday")
	d.has(`cannot read "monday" as a date`)
	d.keys("esc")
	command("evidence 2025")
	d.has(" 2025 ", "6 slots due")
	command("evidence 1999")
	d.has("no evidence of the year")
	d.keys("esc")
	command("report 5b0fa")
	d.has("validation-5b0fa62d", "FAILED")
	command("report validation-00000000")
	d.has(`there is no report "validation-00000000"`)
	command("ledger 95")
	d.has("entry 95", "validation-9b5aa34c")
	command("ledger")
	d.has("272 entries · 2 to explain", "not pinned")
	command("ledger x")
	d.has("is no number of an entry")
}

// TestLedgerScreen goes from finding to finding.
func TestLedgerScreen(t *testing.T) {
	d := audit(t, 80, 24, ThemeDark)
	d.keys("L")
	d.has("▸   271", "genesis  50499309", "head     271: ed99a736")
	if got := d.copied(); got != "271:ed99a736f8c44f49fbcef4f62d98cadf497aaca5cfbf5c696406327562237dff" {
		t.Errorf("y copies %q", got)
	}
	d.keys("n")
	d.has("due 2026-06-28T02:00:00Z was missed", "(entered by entry 162)")
	d.keys("n")
	d.has("due 2026-03-22T02:00:00Z failed")
	d.keys("/slot_missed", "enter")
	d.has("1 of 272 rows", "162")
}

// TestPins shows what it means when the two ends of the ledger are given.
func TestPins(t *testing.T) {
	head := "271:ed99a736f8c44f49fbcef4f62d98cadf497aaca5cfbf5c696406327562237dff"
	genesis := verifiedGenesis(t)
	d := drive(t, auditDesk(t).asked(func(o *engine.LedgerOptions) { o.Head, o.Genesis = head, genesis }), 120, 36, ThemeDark)
	d.keys("n", "enter")
	d.has("The head "+head[:20], "nothing up to there was rebuilt or cut off")
	d.lacks("no outside witness")
	d.keys("L")
	d.lacks("not pinned")
	d = drive(t, auditDesk(t).asked(func(o *engine.LedgerOptions) { o.Genesis = strings.Repeat("0", 64) }), 120, 36, ThemeDark)
	d.has("✗ the ledger does not verify")
}

func verifiedGenesis(t *testing.T) string {
	audit(t, 80, 24, ThemeDark)
	return verifiedYear.ledger.Genesis
}

// TestE08ConsoleWithoutKey: without a trusted key nothing is called verified, anywhere.
func TestE08ConsoleWithoutKey(t *testing.T) {
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

// edit changes a file.
func edit(t testing.TB, name string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err == nil {
		err = os.Chmod(name, 0o600)
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
