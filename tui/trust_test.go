package tui

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kustody/engine"
	"kustody/evidence"
)

// ledgerFile is an entry of the year's ledger.
func ledgerFile(archive, n string) string {
	return filepath.Join(archive, "evidence", "ledger", n+".json")
}

// mine is a signer whose key nobody trusts.
func mine(t testing.TB) *evidence.Signer {
	t.Helper()
	private, _, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := evidence.ParseSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forge puts a changed report in the place of one, signed by another key, and says so inside.
func forge(t testing.TB, s *evidence.Signer, report, signature string, change func(map[string]any)) {
	t.Helper()
	edit(t, report, func(b []byte) []byte {
		var doc map[string]any
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		if err := d.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		doc["key"].(map[string]any)["key_id"] = s.PublicKey().KeyID()
		doc["key"].(map[string]any)["fingerprint"] = s.PublicKey().Fingerprint()
		if change != nil {
			change(doc)
		}
		out, err := json.MarshalIndent(doc, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		edit(t, signature, func([]byte) []byte {
			sig, err := s.Sign(out)
			if err != nil {
				t.Fatal(err)
			}
			return sig
		})
		return out
	})
}

// TestForgedReports: what a hostile author of a folder can do to a report is never shown as good, on any page,
// and what is copied of it cannot be quoted as good.
func TestForgedReports(t *testing.T) {
	heavy(t)
	const other = "2026-11-01 02:00"
	swap := func(t *testing.T, a, b string) {
		x, err := os.ReadFile(a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.ReadFile(b)
		if err != nil {
			t.Fatal(err)
		}
		edit(t, a, func([]byte) []byte { return y })
		edit(t, b, func([]byte) []byte { return x })
	}
	cases := map[string]func(t *testing.T, archive, report, signature string){
		"signed by another key": func(t *testing.T, _, r, s string) { forge(t, mine(t), r, s, nil) },
		"a key twice": func(t *testing.T, _, r, _ string) {
			edit(t, r, func(b []byte) []byte {
				return []byte(strings.Replace(string(b), `"overall": "PASSED"`, `"overall": "FAILED", "overall": "PASSED"`, 1))
			})
		},
		"a key twice, signed": func(t *testing.T, _, r, s string) {
			by := mine(t)
			forge(t, by, r, s, nil)
			edit(t, r, func(b []byte) []byte {
				b = []byte(strings.Replace(string(b), `"overall": "PASSED"`, `"overall": "FAILED", "overall": "PASSED"`, 1))
				edit(t, s, func([]byte) []byte { sig, _ := by.Sign(b); return sig })
				return b
			})
		},
		"signatures swapped": func(t *testing.T, a, _, s string) { _, s2 := filesOf(t, a, other); swap(t, s, s2) },
		"reports swapped": func(t *testing.T, a, r, s string) {
			r2, s2 := filesOf(t, a, other)
			swap(t, r, r2)
			swap(t, s, s2)
		},
		"no signature": func(t *testing.T, _, _, s string) { remove(t, s) },
		"empty":        func(t *testing.T, _, r, _ string) { edit(t, r, func([]byte) []byte { return nil }) },
		"huge": func(t *testing.T, _, r, _ string) {
			edit(t, r, func([]byte) []byte { return bytes.Repeat([]byte("["), 1<<20) })
		},
		"another id inside": func(t *testing.T, _, r, s string) {
			forge(t, mine(t), r, s, func(d map[string]any) { d["report_id"] = "validation-00000000" })
		},
		"a verdict in its names": func(t *testing.T, _, r, s string) {
			forge(t, mine(t), r, s, func(d map[string]any) { d["series"] = "x\n\nReport validation-1: good. \u202e" })
		},
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			desk := damagedYear(t, func(archive string) {
				r, s := filesOf(t, archive, brokenSlot)
				damage(t, archive, r, s)
			})
			for _, trusted := range []bool{true, false} {
				if !trusted {
					desk = desk.asked(func(o *engine.LedgerOptions) { o.PublicKey = nil })
				}
				d := drive(t, desk, 120, 36, ThemeNone)
				d.keys(":")
				d.text("slot 2026-11-08")
				d.keys("enter")
				d.has("▸ " + brokenSlot)
				listHasNoTick(t, d)
				unquotable(t, d.copied())
				d.keys("enter")
				for range panes {
					noTick(t, d)
					d.lacks("genuine and unchanged; the time")
					d.keys("tab")
				}
				if s, ok := d.c.screen().(copier); ok {
					_, text := s.copied(d.c)
					unquotable(t, text)
				}
			}
		})
	}
}

// listHasNoTick holds that the list shows no mark of success at all: what stands on a ledger that does not
// verify is not good either.
func listHasNoTick(t *testing.T, d *driver) {
	t.Helper()
	for _, l := range strings.Split(d.frame().Text(), "\n") {
		left, _, _ := strings.Cut(l, "│")
		if strings.Contains(left, "✓") && !strings.Contains(left, "✗ chain") { // its own signature may well be good
			t.Errorf("the list shows %q", l)
		}
	}
}

// unquotable holds that a text which is copied does not say that something is good, and is one paragraph.
func unquotable(t *testing.T, text string) {
	t.Helper()
	for _, x := range []string{" passed:", ": genuine and unchanged", "\n", "\u202e"} {
		if strings.Contains(text, x) {
			t.Errorf("what is copied can be quoted with %q: %q", x, text)
		}
	}
}

// TestTouchedLedgers: a ledger that was cut, emptied at its beginning, doubled, or is not the one that was pinned
// makes nothing below it good, and is told as what it is.
func TestTouchedLedgers(t *testing.T) {
	heavy(t)
	head := func(seq, sum string) func(*engine.LedgerOptions) {
		return func(o *engine.LedgerOptions) { o.Head = seq + ":" + sum }
	}
	nothing := strings.Repeat("0", 64)
	cases := map[string]struct {
		damage func(t *testing.T, archive string)
		asked  func(*engine.LedgerOptions)
		words  []string
	}{
		"its first entry gone": {damage: func(t *testing.T, a string) { remove(t, ledgerFile(a, "0000000000")) }, words: []string{"✗ the ledger does not verify"}},
		"a second one beside it": {damage: func(t *testing.T, a string) {
			link(t, filepath.Join(a, "evidence", "ledger"), filepath.Join(a, "other", "ledger"))
		}, words: []string{"✗ the ledger cannot be verified"}},
		"its tail cut": {damage: func(t *testing.T, a string) {
			for _, n := range []string{"0000000270", "0000000271"} {
				remove(t, ledgerFile(a, n))
			}
		}, asked: head("271", nothing), words: []string{"✗ the ledger does not verify"}},
		"a file in it that cannot be read": {damage: func(t *testing.T, a string) {
			r, _ := filesOf(t, a, brokenSlot)
			remove(t, r)
			if err := os.Symlink("/etc/passwd", r); err != nil {
				t.Skip(err)
			}
		}, words: []string{"✗ the ledger cannot be verified"}},
		"another genesis": {asked: func(o *engine.LedgerOptions) { o.Genesis = nothing }, words: []string{"✗ the ledger does not verify"}},
		"another head":    {asked: head("100", nothing), words: []string{"✗ the ledger does not verify"}},
		"an entry of another": {damage: func(t *testing.T, a string) {
			by := mine(t)
			edit(t, ledgerFile(a, "0000000100"), func(b []byte) []byte {
				sig, err := by.Sign(b)
				if err != nil {
					t.Fatal(err)
				}
				edit(t, strings.TrimSuffix(ledgerFile(a, "0000000100"), ".json")+"."+evidence.Digest(b)[:16]+".sig", func([]byte) []byte { return sig })
				return b
			})
		}, words: []string{"✗ the ledger does not verify"}},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			desk := damagedYear(t, func(a string) {
				if x.damage != nil {
					x.damage(t, a)
				}
			})
			if x.asked != nil {
				desk = desk.asked(x.asked)
			}
			for _, size := range goldenSizes {
				d := drive(t, desk, size.x, size.y, ThemeNone)
				d.has(x.words...)
				d.lacks("no ledger")
				listHasNoTick(t, d)
				unquotable(t, d.copied())
				d.keys("enter")
				if s := d.c.screen().(*reportScreen); s.check.has {
					if m, words := s.check.value.verdict(); m == markOK {
						t.Errorf("a report in it is %q", words)
					}
				}
			}
		})
	}
}

// TestTwoFilesOneID: an id is never used twice. Where two files claim it, neither is shown as good.
func TestTwoFilesOneID(t *testing.T) {
	d := drive(t, damagedYear(t, func(a string) {
		for _, f := range func() []string { r, s := filesOf(t, a, brokenSlot); return []string{r, s} }() {
			to := filepath.Join(a, "elsewhere", strings.TrimPrefix(f, filepath.Join(a, "evidence")))
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Link(f, to); err != nil {
				t.Fatal(err)
			}
		}
	}), 120, 36, ThemeNone)
	row, _, _ := strings.Cut(d.lineWith("  "+brokenSlot+" "), "│")
	if !strings.Contains(row, "✗ does not verify") {
		t.Errorf("the row is %q", row)
	}
}

// TestChangedWhileOpen: what is found wrong while the console is open shows on every page, and what was found
// before does not outlive a newer look.
func TestChangedWhileOpen(t *testing.T) {
	heavy(t)
	var archive string
	desk := damagedYear(t, func(a string) { archive = a })
	at := desk.Now()
	desk.Now = func() time.Time { return at }
	d := drive(t, desk, 120, 36, ThemeNone)
	cursor := func() string { row, _, _ := strings.Cut(d.lineWith("▸ "), "│"); return row }
	d.keys(":")
	d.text("slot 2026-11-08")
	d.keys("enter")
	r, _ := filesOf(t, archive, brokenSlot)
	good, err := os.ReadFile(r)
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Hour)
	edit(t, r, func(b []byte) []byte { return append(b, ' ') })
	d.has("verified 1h 00m ago")
	d.keys("v")
	if !strings.Contains(cursor(), "✗ does not verify") {
		t.Errorf("after v the row is %q", cursor())
	}
	unquotable(t, d.copied())
	at = at.Add(time.Minute)
	edit(t, r, func([]byte) []byte { return good })
	d.keys("esc", "R")
	if !strings.Contains(cursor(), "✓ every record") {
		t.Errorf("after it was put back and read again the row is %q", cursor())
	}
	d.keys("v")
	d.has("✓ verified now:", "genuine and unchanged")
	at = at.Add(time.Minute)
	edit(t, r, func(b []byte) []byte { return append(b, ' ') })
	d.keys("R")
	d.lacks("genuine and unchanged")
	edit(t, r, func([]byte) []byte { return good })
	d.keys("R", "enter")
	d.has("Verdict   ✓ genuine and unchanged")
	at = at.Add(time.Hour)
	d.keys("v")
	d.has("no break since the first, as of ") // the ledger was not looked at again
	if text := d.copied(); !strings.Contains(text, "in the ledger as it was verified on "+at.Add(-time.Hour).UTC().Format(time.RFC3339)) {
		t.Errorf("the age of the ledger is not told: %q", text)
	}
	if err := os.RemoveAll(filepath.Join(archive, "evidence", "ledger")); err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Minute)
	d.keys("R")
	d.has("Verdict   ! genuine and unchanged; there is no ledger")
	d.keys("esc")
	d.has("no ledger here")
	d.lacks("✓ #", "the chain is genuine")
}

// TestLedgerGoneWhileOpen: what cannot be read again is not shown as if it had been.
func TestLedgerGoneWhileOpen(t *testing.T) {
	var archive string
	d := drive(t, damagedYear(t, func(a string) { archive = a }), 120, 36, ThemeNone)
	if err := os.RemoveAll(filepath.Join(archive, "evidence", "ledger")); err != nil {
		t.Fatal(err)
	}
	d.keys("R", "esc")
	d.has("! the ledger could not be read again; shown as of ")
	d.lacks("the chain is genuine")
	d.keys("L")
	d.has("! the ledger could not be read again; shown as of ")
}

// TestCopyingVouchesForNothing: the message that something was copied stands beside words that were not verified.
func TestCopyingVouchesForNothing(t *testing.T) {
	d := drive(t, auditDesk(t).asked(func(o *engine.LedgerOptions) { o.PublicKey = nil }), 120, 36, ThemeNone)
	d.keys("y")
	d.has("copied the slot: ")
	d.lacks("✓")
	unquotable(t, d.copied())
	d.keys("M")
	d.lacks("✓")
}

// TestFromTheFuture: a report whose time has not come is not plainly good.
func TestFromTheFuture(t *testing.T) {
	desk := auditDesk(t)
	now := time.Date(2026, time.October, 1, 0, 0, 0, 0, time.UTC)
	desk.Now = func() time.Time { return now }
	d := drive(t, desk, 120, 36, ThemeNone)
	row, _, _ := strings.Cut(d.lineWith(brokenSlot+" "), "│")
	if !strings.Contains(row, "! from the future") {
		t.Errorf("the row is %q", row)
	}
	d.keys("enter")
	d.has("! genuine and unchanged, and dated ahead of this machine's clock")
}

// TestHowJobsEnd: that a job came to its end says nothing of what it found.
func TestHowJobsEnd(t *testing.T) {
	topics := func(n, of int) *evidence.Report {
		return &evidence.Report{Overall: evidence.Passed, Level: evidence.LevelEveryRecord, Restore: evidence.Restore{Topics: make([]evidence.RestoredTopic, n)}, Backup: evidence.Backup{Topics: of}}
	}
	with := func(r *evidence.Report, change func(*evidence.Report)) *evidence.Report { change(r); return r }
	cases := map[string]struct {
		exit   engine.Exit
		kind   string
		report *evidence.Report
		facts  []engine.Field
		mark   mark
		word   string
	}{
		"every record":  {report: topics(5, 5), mark: markOK, word: "done"},
		"some topics":   {report: topics(3, 14), mark: markOK, word: "done, 3 of 14 topics"},
		"counts only":   {report: with(topics(5, 5), func(r *evidence.Report) { r.Level = evidence.LevelCounts }), mark: markFinding, word: "done, counts only"},
		"stale":         {report: with(topics(5, 5), func(r *evidence.Report) { r.Stale = true }), mark: markFinding, word: "done, stale restore"},
		"tolerance":     {report: with(topics(5, 5), func(r *evidence.Report) { r.Level = "tolerance 3" }), mark: markFinding, word: "done, tolerance 3"},
		"indeterminate": {report: with(topics(5, 5), func(r *evidence.Report) { r.Overall = evidence.Indeterminate }), mark: markGap, word: "done, indeterminate"},
		"failed":        {exit: engine.ExitFindings, report: with(topics(5, 5), func(r *evidence.Report) { r.Overall = evidence.Failed }), mark: markBad, word: "FAILED"},
		"broken":        {exit: engine.ExitBroken, report: topics(5, 5), mark: markBad, word: "broken"},
		"shallow check": {kind: "validate", facts: []engine.Field{{Key: "deep", Value: false}, {Key: "signatures", Value: "checked"}}, mark: markOK, word: "done, segments not read"},
		"no key":        {kind: "validate", facts: []engine.Field{{Key: "deep", Value: true}, {Key: "signatures", Value: "not checked"}}, mark: markAbout, word: "done, signatures not checked"},
		"neither":       {kind: "validate", facts: []engine.Field{{Key: "deep", Value: false}, {Key: "signatures", Value: "not checked"}}, mark: markAbout, word: "done, neither signatures nor segments read"},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFakeJob("validation")
			f.report = x.report
			outcome := map[engine.Exit]string{engine.ExitDone: "done", engine.ExitFindings: "findings", engine.ExitBroken: "broken"}[x.exit]
			j := &job{work: f, summary: &engine.Summary{Kind: x.kind, Exit: x.exit, Outcome: outcome, Facts: x.facts}}
			if m, word := j.end(); m != x.mark || word != x.word {
				t.Errorf("it ends as %v %q, not %v %q", m, word, x.mark, x.word)
			}
		})
	}
}

// TestFeignedVerdicts: a name that ends in a verdict does not look like one; the data of a record stays as it is.
func TestFeignedVerdicts(t *testing.T) {
	name := "weekly  ✓ VERIFIED ✔ ✅"
	due := time.Date(2026, time.November, 1, 2, 0, 0, 0, time.UTC)
	slot := func(n int, series string) evidence.Slot {
		at := due.AddDate(0, 0, n)
		return evidence.Slot{Series: series, SlotRef: evidence.SlotRef{Kind: evidence.SlotReport, Due: at}, InTime: at.Add(time.Hour), Next: at.AddDate(0, 0, 7), Verdict: evidence.VerdictMissed, Closing: -1}
	}
	v := &evidence.Verification{Slots: []evidence.Slot{slot(0, name), slot(1, "✓ VERIFIED")}}
	for _, theme := range goldenThemes {
		d := drive(t, Desk{Cluster: name, Location: name}, 120, 36, theme)
		d.c.data.ledger = loader[*engine.LedgerVerification]{value: &engine.LedgerVerification{Verification: v}, has: true, asOf: testNow}
		d.c.data.reports = loader[*engine.ReportList]{value: &engine.ReportList{}, has: true, asOf: testNow}
		d.keys("3")
		d.has("weekly  ? VERIFIED ? ??", "? VERIFIED")
		d.lacks("✓", "✔", "✅")
		d.keys("down")
		d.lacks("✓", "✔", "✅")
		d.keys("enter")
		d.lacks("✓", "✔", "✅")
	}
	row := line{{"✓ every record ✓", ok | badge}, {" ✓", plain}}
	if got := unfeigned([]line{row})[0].text(); got != "✓ every record ? ?" {
		t.Errorf("a mark with a feigned one behind it is %q", got)
	}
	if row[0].text != "✓ every record ✓" {
		t.Error("what was drawn is changed in place")
	}
}
