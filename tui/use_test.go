package tui

import (
	"context"
	"strings"
	"testing"

	"kustody/engine"
	"kustody/evidence"
)

// newestReport is the id of the report that the last entries of the ledger name.
func newestReport(t testing.TB, l *engine.LedgerVerification) (id string, at int) {
	t.Helper()
	for i := len(l.Entries) - 1; i >= 0; i-- {
		if e := l.Entries[i]; e.Type == evidence.TypeReport {
			return e.Subject["report_id"], i
		}
	}
	t.Fatal("no entry names a report")
	return "", 0
}

// A report that was written after the ledger was read is judged by the ledger as it is now: whoever opens
// the report of a drill that has just ended must not read that no entry names it.
func TestReportYoungerThanTheLedgerInSight(t *testing.T) {
	heavy(t)
	for _, stale := range []bool{true, false} { // by a job of this console, and by another process
		d := drive(t, yearDesk(t), 120, 36, ThemeDark)
		d.keys("3")
		l := *d.c.data.ledger.value
		id, at := newestReport(t, &l)
		l.Entries = l.Entries[:at]
		d.c.data.ledger.value, d.c.data.ledger.stale = &l, stale
		d.keys("1", ":")
		d.text("report " + id)
		d.keys("enter")
		d.has(id, "genuine and unchanged")
		d.lacks("no ledger entry names this file", "no entry of the ledger names it")
	}
}

// After a job the topics are asked for again, and until they have answered the old ones stay.
func TestTopicsAreAskedAgainAfterAJob(t *testing.T) {
	d := atTopics(t, aCoverage(), 120, 36)
	asked := 0
	d.c.desk.Source = func(context.Context) (engine.CoverageOptions, func(), error) {
		asked++
		return engine.CoverageOptions{}, nil, context.DeadlineExceeded
	}
	d.keys("1", "4")
	if asked != 0 {
		t.Fatalf("nothing has changed, and the cluster was asked %d times", asked)
	}
	d.c.data.topics.stale = true
	d.keys("1", "4")
	if asked != 1 {
		t.Errorf("a job has changed the cluster, and it was asked %d times", asked)
	}
	d.has("orders.v2", strings.TrimSpace("cannot read the topics of prod-eu"))
}

// While a filter is typed, the line of keys promises none that would only write a letter.
func TestFooterWhileTyping(t *testing.T) {
	d := drive(t, yearDesk(t), 80, 24, ThemeDark)
	for _, section := range []string{"1", "3"} {
		d.keys(section, "/")
		foot := lastLine(d)
		for _, no := range []string{"open", "verify", "restore", "? help", "command"} {
			if strings.Contains(foot, no) {
				t.Errorf("while a filter is typed the keys are %q", foot)
			}
		}
		if !strings.Contains(foot, "enter done") || !strings.Contains(foot, "esc leave") {
			t.Errorf("the way out is not named: %q", foot)
		}
		d.keys("esc")
		if foot := lastLine(d); !strings.Contains(foot, "enter open") || !strings.Contains(foot, "? help") {
			t.Errorf("the keys did not come back: %q", foot)
		}
	}
}

func lastLine(d *driver) string {
	lines := strings.Split(d.frame().Text(), "\n")
	return lines[len(lines)-1]
}

// Help lists / and s where they do something, and only there.
func TestHelpOfLookingThrough(t *testing.T) {
	d := drive(t, yearDesk(t), 120, 36, ThemeDark)
	d.keys("?")
	d.frame()
	d.keys("pgdown")
	d.has("/          filter", "s          sort")
	d.keys("x", "3", "enter", "?") // a report is no table
	d.frame()
	d.keys("pgdown")
	d.has("G          last")
	d.lacks("filter", "sort")
}

// A reason that is longer than the box goes on below.
func TestHelpTellsTheWholeReason(t *testing.T) {
	desk, _ := wizardDesk(t)
	d := drive(t, desk(), 60, 16, ThemeDark)
	d.keys("r", "?")
	text := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "─", " ").Replace(d.frame().Text())), " ")
	if !strings.Contains(text, "no topic is marked: space marks the one under the cursor, ctrl+a all that are shown)") {
		t.Errorf("help does not tell the reason:\n%s", d.frame().Text())
	}
}

// In a field of a form letters are text: the line of keys and help promise none of them.
func TestFieldPromisesNoLetters(t *testing.T) {
	desk, _ := wizardDesk(t)
	desk2 := desk()
	d := drive(t, desk2, 120, 36, ThemeDark)
	d.c.data.topics = loader[*engine.Coverage]{value: coverage(), has: true, asOf: testNow}
	d.keys("b")
	d.has("y copy as --batch")
	d.keys("tab")
	d.has("ctrl+u clear")
	if foot := lastLine(d); strings.Contains(foot, "y copy") {
		t.Errorf("y writes a letter here, and the keys are %q", foot)
	}
	d.keys("?")
	d.lacks("copy as --batch", "mouse on or off")
}

// What was filled in is not lost by a key that goes elsewhere, and it is asked before it is.
func TestHalfFilledFormIsNotLost(t *testing.T) {
	desk, _ := wizardDesk(t)
	fill := func() *driver {
		d := drive(t, desk(), 120, 36, ThemeDark)
		d.keys("r", "space")
		d.has("1 of 5 topics marked")
		return d
	}
	d := fill()
	d.keys("1") // the section it is in
	d.has("Leave this restore? What was filled in is lost", "y leave it   esc no")
	d.keys("esc")
	d.has("1 of 5 topics marked", "esc leave")
	d.keys("3", "1") // another one, and back
	d.has("1 of 5 topics marked")
	for _, word := range []string{"help", "messages", "evidence", "jobs"} {
		d.keys(":")
		d.text(word)
		d.keys("enter")
		d.lacks("What was filled in is lost")
		if word == "help" || word == "messages" {
			d.keys("esc")
		} else {
			d.keys("1")
		}
		d.has("1 of 5 topics marked")
	}
	d.keys("ctrl+c")
	d.has("What was filled in is lost", "y leave kustody")
	d.keys("ctrl+c", "esc")
	d.has("1 of 5 topics marked")
	d.keys("1", "y")
	d.has("[1 Backups]", "54 runs")
	d.lacks("topics marked")
}

// What was said in passing does not follow to another screen, and an answer that is neither good nor bad
// has no tick.
func TestPassingMessages(t *testing.T) {
	d := drive(t, yearDesk(t), 120, 36, ThemeDark)
	d.keys("y")
	d.has("copied the run's id")
	d.lacks("✓ copied") // what is copied stands beside it, and was perhaps not verified
	d.keys("j")
	d.has("copied the run's id")
	d.keys("enter")
	d.lacks("copied the run's id")
	d.keys("3", "[", "[")
	d.has("this is the first year")
	d.lacks("✓ this is the first year")
}

// Names that differ at their ends only can be told apart.
func TestLongNamesAreCutInTheMiddle(t *testing.T) {
	v := aCoverage()
	long := "restore-20261120T112000Z-c241c2."
	v.Topics = append(v.Topics, engine.TopicCoverage{Name: long + "ledger-entries", ID: "c1", Partitions: 3}, engine.TopicCoverage{Name: long + "transactions", ID: "c2", Partitions: 6})
	d := atTopics(t, v, 60, 16)
	d.keys("G", "k")
	d.has("r-entries", "nsactions")
	d.Resize(80, 24)
	d.has("edger-entries", "transactions", "restore-2026")
}

// A column that is not drawn is none to sort by.
func TestSortMenuNamesDrawnColumns(t *testing.T) {
	d := drive(t, yearDesk(t), 120, 36, ThemeDark)
	d.keys("s")
	d.has("sort by", "t taken", "e evidence")
	d.lacks("a archive")
}

// The legend explains every mark of the strip, also where the sentence of the year leaves it little room.
func TestLegendExplainsEveryMark(t *testing.T) {
	heavy(t)
	for _, size := range []point{{120, 36}, {80, 24}} {
		d := drive(t, auditDesk(t), size.x, size.y, ThemeDark)
		d.keys("3")
		d.has("✓ pass", "✗ failed", "? missed", "· not due")
	}
}

// Someone who gave another public key than the one that signed is told so, and not only that nothing holds.
func TestWrongKeyIsNamed(t *testing.T) {
	heavy(t)
	_, text, err := evidence.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := evidence.ParsePublicKey(text)
	if err != nil {
		t.Fatal(err)
	}
	d := drive(t, auditDesk(t).asked(func(o *engine.LedgerOptions) { o.PublicKey = other }), 80, 24, ThemeDark)
	d.keys("3")
	d.has("✗ the ledger does not verify: it names key ", "yours is "+other.KeyID()[:8], "✗ does not verify")
	d = drive(t, auditDesk(t), 80, 24, ThemeDark)
	d.keys("3")
	d.lacks("yours is")
}

// However long a message is, the keys that show the rest of it and dismiss it are in sight.
func TestLongMessageLeavesRoomForItsKeys(t *testing.T) {
	d := drive(t, yearDesk(t), 80, 24, ThemeDark)
	d.c.note(badNews, "start the drill: source: connect to [127.0.0.1:9092]: unable to dial: connection refused: nothing listens there")
	d.has("start the drill: source", "M all of it", "esc dismiss")
	d.keys("esc")
	d.lacks("start the drill")
}

// At the top of a section esc leads nowhere, and an error there does not promise it.
func TestErrorAtTheTop(t *testing.T) {
	d := drive(t, Desk{Cluster: "prod-eu"}, 80, 24, ThemeDark)
	d.has("no archive was named", "R try again")
	d.lacks("esc back")
}

// R tries an offer again that did not work, with what was typed for it, to be mended.
func TestOfferIsTriedAgain(t *testing.T) {
	var asked []string
	d := drive(t, Desk{Offers: someOffers(func(_ context.Context, typed string) (Desk, error) {
		asked = append(asked, typed)
		return Desk{}, context.DeadlineExceeded
	})}, 80, 24, ThemeDark)
	d.keys("e")
	d.text("/evidense")
	d.keys("enter")
	d.has("that did not work", "R try again")
	d.keys("R")
	d.has("folder: /evidense")
	d.keys("backspace", "backspace", "ce", "enter")
	if strings.Join(asked, " ") != "/evidense /evidence" {
		t.Errorf("tried with %q", asked)
	}
}

// A complaint about a time is a whole sentence, also in half of a narrow screen.
func TestTimeComplaintIsWhole(t *testing.T) {
	desk, _ := wizardDesk(t)
	d := drive(t, desk(), 80, 24, ThemeDark)
	d.keys("r", "space", "enter")
	d.text("25:00")
	d.has(`"25:00" is no time`, "You may write")
	d.lacks("or now, or")
}

// What a job has written stands first, above its notes.
func TestSummaryBeginsWithWhatWasWritten(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	j := newFakeJob("restore")
	j.end(engine.ExitDone, "done", func(s *engine.Summary) {
		s.Notes = []string{strings.Repeat("a long note ", 40), strings.Repeat("another one ", 40)}
		s.Facts = []engine.Field{engine.F("target_cluster", "demo-bank"), engine.F("topics", 3), engine.F("partitions", 12), engine.F("records", int64(4890112)), engine.F("bytes", int64(821<<20))}
	})
	d.watch(j, "restore 3 topics")
	d.poll()
	d.has("Restored   4,890,112 records, 12 partitions, 3 topics, 821.0 MiB into demo-bank", "2 notes")
}

// That nothing can be written is said on the smallest screen as well.
func TestReadOnlyOnASmallScreen(t *testing.T) {
	d := drive(t, auditDesk(t), 60, 16, ThemeDark)
	d.has("read-only")
}

// The command that goes on with a cancelled job can be typed as it stands there.
func TestGoOnIsACommand(t *testing.T) {
	d := drive(t, Desk{}, 120, 36, ThemeDark)
	f := newFakeJob("backup")
	j := d.watch(f, "full backup")
	j.again = "kustody --batch --config prod.toml backup --full"
	f.end(engine.ExitCancelled, "cancelled", nil)
	d.poll()
	d.has("How to go on", "To go on: kustody --batch --config prod.toml backup --full")
	d.lacks("Kustody --batch")
}

// Where the way to a screen is too long, the names on the way are cut, and that of the screen is not.
func TestBreadcrumbsEndWithTheScreen(t *testing.T) {
	d := drive(t, yearDesk(t), 80, 24, ThemeDark)
	d.keys("3")
	id, _ := newestReport(t, d.c.data.ledger.value)
	d.watch(newFakeJob("drill"), "drill of every topic in demo-bank, and of some more topics besides")
	d.run(d.c.openReport(id))
	d.has("Jobs › j-1 drill of ever… › ", "› "+id)
}
