package tui

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kustody/engine"
	"kustody/engine/demo"
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
	dir := filepath.Join(t.TempDir(), "year")
	link(t, storedYear(t).Dir, dir)
	damage(filepath.Join(dir, "archive"))
	y, err := demo.OpenStored(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.Close() })
	return deskOf(y)
}

// link makes a tree of links to the files of another. Nothing in it may be written in place.
func link(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rest), 0o700)
		}
		return os.Link(path, filepath.Join(to, rest))
	})
	if err != nil {
		t.Fatal(err)
	}
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
	heavy(t)
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
	d.has(`"monday" is no time: write a time such as 2026-08-14`)
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
	heavy(t)
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

// TestVerifyAll: what the verification of everything found is taken over by the list.
func TestVerifyAll(t *testing.T) {
	d := audit(t, 120, 36, ThemeDark)
	now := d.c.desk.Now()
	d.c.desk.Now = func() time.Time { return now }
	d.has("verified 3m 00s ago")
	d.keys("V")
	<-d.c.jobs[0].Done()
	d.send(pollMsg{})
	if d.c.verified == nil {
		t.Fatal("the job has ended, and the console does not know what it found")
	}
	now = now.Add(time.Minute)
	d.keys("3")
	d.has("verified 1m 00s ago:", "genuine and unchanged")
}
