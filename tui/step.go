package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/evidence"
)

// stepScreen is one step of a verification, everything compared in full.
type stepScreen struct {
	check *reportCheck
	at    int
	text  reader
}

func (s *stepScreen) step() evidence.Step { return s.check.steps[s.at] }

func (s *stepScreen) name(*console) string           { return "step " + itoa(s.at+1) + ", " + s.step().Name }
func (s *stepScreen) enter(*console) tea.Cmd         { return nil }
func (s *stepScreen) wheel(_ *console, n int)        { s.text.move(n) }
func (s *stepScreen) state(*console) (l, right line) { return nil, nil }

func (s *stepScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.text.press(k)
}

func (s *stepScreen) actions(c *console) []action {
	noEntry := "no entry of the ledger names the report"
	if s.check.entry != nil {
		noEntry = ""
	}
	turn := func(step int) func() tea.Cmd {
		return func() tea.Cmd {
			at := s.at + step
			if at < 0 || at >= len(s.check.steps) {
				return c.told(map[bool]string{true: "this is the first step", false: "this is the last step"}[step < 0])
			}
			s.at, s.text.top = at, 0
			return nil
		}
	}
	return []action{
		can(keys.Open, func() tea.Cmd { return c.openEntry(s.check.entry.Sequence) }).named("the ledger entry").unless(noEntry),
		can(keys.Previous, turn(-1)).named("step before"),
		can(keys.Next, turn(1)).named("next step"),
	}
}

func (s *stepScreen) draw(c *console, w, h int) body {
	r, x := s.check, s.step()
	t := &sheet{w: w}
	m := r.stepMark(x)
	t.lines = append(t.lines, flow(line{{" ", plain}}, c.theme.glyph(m), bold, itoa(s.at+1)+"  "+x.Name+": "+stepState(x), w)...)
	t.blank()
	t.lines = append(t.lines, para(plain, capital(x.Sentence)+".", w)...)
	t.blank()
	t.field("Report", r.key)
	if x.Name != evidence.StepChain || r.entry == nil { // the chain shows them where they stand
		t.field("Expected", groups(x.Expected))
		t.field("Computed", groups(x.Computed))
	}
	if x.Name == evidence.StepKey || x.Name == evidence.StepSignature {
		if r.trusted != nil {
			t.field("Trusted key", groups(r.trusted.Fingerprint()))
			t.field("From", first(r.trusted.File(), "as it was given"))
		} else {
			t.field("Trusted key", "none: give the one you received by another road with --public-key FILE")
		}
		if r.folder != nil {
			t.field("Key in folder", groups(r.folder.Fingerprint()))
		}
	}
	if r.entry != nil && (x.Name == evidence.StepChain || x.Name == evidence.StepLedger || x.Name == evidence.StepTime) {
		s.chain(t)
	}
	if lines := s.byHand(); len(lines) > 0 {
		t.lines = append(append(t.lines, nil), byHandTitle(c, r.trusted, w)...)
		for _, l := range lines {
			t.lines = append(t.lines, commandLines(l, w)...)
		}
	}
	return s.text.draw(t.lines, h)
}

// stepState is a step in words.
func stepState(x evidence.Step) string {
	switch {
	case !x.Checked:
		return "could not be looked at"
	case x.OK:
		return "holds"
	}
	return "does not hold"
}

// chain shows the entry that names the report, the one before it, and the hash that joins them.
func (s *stepScreen) chain(t *sheet) {
	r := s.check
	if r.before != nil {
		key, _ := entryKey(r.ledger, r.before)
		t.title("Entry " + plainNumber(r.before.Sequence) + ", " + string(r.before.Type) + ", " + stampSeconds(r.before.Time) + " UTC")
		t.field("File", key)
		t.field("sha256", groups(r.before.SHA256))
	}
	key, _ := entryKey(r.ledger, r.entry)
	t.title("Entry " + plainNumber(r.entry.Sequence) + ", " + string(r.entry.Type) + ", " + stampSeconds(r.entry.Time) + " UTC")
	t.field("File", key)
	t.field("previous", groups(first(r.entry.PreviousSHA256, "none: it is the first")))
	if r.before != nil {
		word := "the sha256 of entry " + plainNumber(r.before.Sequence) + " joins the two"
		if r.before.SHA256 != r.entry.PreviousSHA256 {
			word = "this is NOT the sha256 of entry " + plainNumber(r.before.Sequence)
		}
		t.field("", word)
	}
	t.field("sha256", groups(r.entry.SHA256))
}

// byHand are the lines that do the step without this program.
func (s *stepScreen) byHand() []string {
	x := s.step()
	if x.ByHand == "" {
		return nil
	}
	return []string{x.ByHand}
}

func (s *stepScreen) copied(c *console) (string, string) {
	x, r := s.step(), s.check
	parts := []string{"Report " + r.id + ", step " + itoa(s.at+1) + ", " + x.Name + ": " + stepState(x) + "; " + x.Sentence + "."}
	if x.Expected != "" {
		parts = append(parts, "Expected: "+x.Expected)
	}
	if x.Computed != "" {
		parts = append(parts, "Computed: "+x.Computed)
	}
	if x.Name == evidence.StepChain && r.entry != nil {
		if r.before != nil {
			parts = append(parts, "Entry "+plainNumber(r.before.Sequence)+" sha256: "+r.before.SHA256)
		}
		parts = append(parts, "Entry "+plainNumber(r.entry.Sequence)+" previous_sha256: "+r.entry.PreviousSHA256, "Entry "+plainNumber(r.entry.Sequence)+" sha256: "+r.entry.SHA256)
	}
	return "the step", strings.Join(append(parts, s.byHand()...), "\n")
}
