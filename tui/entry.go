package tui

import (
	"context"
	"io"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/evidence"
)

// maxEntryShown bounds what is read of one entry for the screen.
const maxEntryShown = 8 << 20

// entryText is one entry as it lies in the store, and what its signature came to.
type entryText struct {
	body    string
	sha256  string
	signed  error // nil: a good signature by the trusted key, where there is one
	missing string
}

// entryScreen is one entry of the ledger in full.
type entryScreen struct {
	n    int64
	load loader[*entryText]
	text reader
}

// openEntry shows one entry of the ledger.
func (c *console) openEntry(n int64) tea.Cmd { return c.push(&entryScreen{n: n}) }

func (s *entryScreen) name(*console) string { return "entry " + plainNumber(s.n) }

// entry is the entry as it was verified with the ledger, and the one before it; nil where there is none.
func (s *entryScreen) entry(c *console) (e, before *evidence.Sealed) {
	if l := c.data.ledger.value; l != nil {
		for i := range l.Entries {
			switch l.Entries[i].Sequence {
			case s.n:
				e = &l.Entries[i]
			case s.n - 1:
				before = &l.Entries[i]
			}
		}
	}
	return e, before
}

func (s *entryScreen) enter(c *console) tea.Cmd {
	if !c.data.ledger.has || c.data.ledger.stale {
		return c.loadLedger(false, func() tea.Cmd { return s.read(c) })
	}
	return s.read(c)
}

func (s *entryScreen) refresh(c *console) tea.Cmd { return s.read(c) }

// read fetches the exact bytes of the entry and of its signature.
func (s *entryScreen) read(c *console) tea.Cmd {
	e, _ := s.entry(c)
	if e == nil || c.desk.Evidence == nil {
		return nil
	}
	key, sigKey := entryKey(c.data.ledger.value, e)
	return s.load.load(c, "entry "+plainNumber(s.n), func(ctx context.Context) (*entryText, error) {
		o, err := c.desk.Evidence(ctx)
		if err != nil {
			return nil, err
		}
		get := func(key string, limit int64) ([]byte, error) {
			r, err := o.Store.Get(ctx, key)
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return io.ReadAll(io.LimitReader(r, limit))
		}
		body, err := get(key, maxEntryShown)
		if err != nil {
			return nil, err
		}
		t := &entryText{body: string(body), sha256: evidence.Digest(body)}
		sig, err := get(sigKey, 1<<16)
		switch {
		case err != nil:
			t.signed = err
			t.missing = "there is no signature " + sigKey
		case o.PublicKey != nil:
			t.signed = o.PublicKey.Verify(body, sig)
		}
		return t, nil
	}, nil)
}

func (s *entryScreen) actions(c *console) []action {
	e, _ := s.entry(c)
	report := "the entry names no report"
	if e != nil && e.Type == evidence.TypeReport && e.Subject["report_id"] != "" {
		report = ""
	}
	turn := func(step int64) func() tea.Cmd {
		return func() tea.Cmd {
			next := &entryScreen{n: s.n + step}
			if x, _ := next.entry(c); x == nil {
				return c.told("there is no entry " + plainNumber(s.n+step))
			}
			return c.replace(next)
		}
	}
	return []action{
		can(keys.Open, func() tea.Cmd { return c.openReport(e.Subject["report_id"]) }).named("its report").unless(report),
		can(keys.Previous, turn(-1)).named("entry before"),
		can(keys.Next, turn(1)).named("next entry"),
	}
}

func (s *entryScreen) press(c *console, k tea.KeyPressMsg) (tea.Cmd, bool) {
	return nil, s.text.press(k)
}
func (s *entryScreen) wheel(_ *console, n int) { s.text.move(n) }

func (s *entryScreen) state(c *console) (left, right line) {
	if l := s.load.wait(c); l != nil {
		return l, nil
	}
	return c.trustLine(newEvidenceBook(c.data.ledger.value, nil)), nil
}

// entryFields are the fields of an entry in words.
func entryFields(s *sheet, e *evidence.Sealed) {
	s.names = 16
	s.field("Entry", plainNumber(e.Sequence)+", "+string(e.Type))
	s.field("Time", stampSeconds(e.Time)+" UTC, by the signer's clock")
	s.field("Series", e.Series)
	s.field("Job", e.Job)
	if e.StartedSequence != nil {
		s.field("Belongs to", "the job that entry "+plainNumber(*e.StartedSequence)+" started"+map[bool]string{true: ", and closes it"}[e.Closes])
	}
	for _, x := range e.Slots {
		s.field("Slot", x.Kind+" due "+stamp(x.Due)+" UTC")
	}
	s.field("Verdict", string(e.Verdict))
	s.field("Detail", e.Detail)
	var names []string
	for k := range e.Subject {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		s.field("  "+k, e.Subject[k])
	}
	if e.Operator.Value != "" {
		s.field("Operator", e.Operator.Value+" ("+e.Operator.Source+") on "+e.Host)
	}
	s.field("Key", e.KeyID)
}

func (s *entryScreen) draw(c *console, w, h int) body {
	e, before := s.entry(c)
	if e == nil {
		if b, ok := c.data.ledger.page(c, w, h); ok {
			return b
		}
		return body{lines: []line{nil, say(" The ledger has no readable entry " + plainNumber(s.n) + ". " + entryCount(len(c.data.ledger.value.Entries)) + " can be read.")}}
	}
	t := &sheet{w: w}
	s.found(c, t)
	entryFields(t, e)
	t.blank()
	key, _ := entryKey(c.data.ledger.value, e)
	t.field("File", key)
	t.field("sha256", groups(e.SHA256))
	t.field("previous", groups(first(e.PreviousSHA256, "none: it is the first")))
	if before != nil {
		word := "is the sha256 of entry " + plainNumber(before.Sequence)
		if before.SHA256 != e.PreviousSHA256 {
			word = "is NOT the sha256 of entry " + plainNumber(before.Sequence) + ", which is " + before.SHA256
		}
		t.field("", word)
	}
	s.signature(c, t)
	t.lines = append(append(t.lines, nil), byHandTitle(c, c.data.ledger.value.Options.PublicKey, w)...)
	for _, x := range s.byHand(c) {
		t.lines = append(t.lines, commandLines(x, w)...)
	}
	if s.load.has {
		t.title("The entry, as it lies there")
		for _, l := range strings.Split(strings.TrimRight(s.load.value.body, "\n"), "\n") {
			t.lines = append(t.lines, flow(line{{"   ", plain}}, span{}, dim, l, w)...)
		}
	} else if s.load.err != nil {
		t.lines = append(t.lines, c.failure("Cannot read the entry.", s.load.err, w)...)
	}
	return s.text.draw(t.lines, h)
}

// found tells what verification has to say of the entry, before anything else.
func (s *entryScreen) found(c *console, t *sheet) {
	some := false
	for _, f := range c.data.ledger.value.Findings {
		if f.Sequence != s.n {
			continue
		}
		m := map[evidence.Severity]mark{evidence.Broken: markBad, evidence.Finding: markFinding, evidence.Note: markWait}[f.Severity]
		t.lines = append(t.lines, flow(line{{" ", plain}}, c.theme.glyph(m), markStyles[m]&^bold, f.Sentence, t.w)...)
		some = true
	}
	if some {
		t.blank()
	}
}

// signature tells what the signature came to, as it was read for this page.
func (s *entryScreen) signature(c *console, t *sheet) {
	if !s.load.has {
		return
	}
	x := s.load.value
	m, words := markOK, "good, by the trusted key"
	switch {
	case x.missing != "":
		m, words = markBad, x.missing
	case x.signed != nil:
		m, words = markBad, x.signed.Error()
	case c.data.ledger.value.Options.PublicKey == nil:
		m, words = markAbout, "not checked: there is no trusted public key"
	}
	t.lines = append(t.lines, flow(line{{" " + pad("Signature", 16) + " ", dim}}, c.theme.glyph(m), markStyles[m]&^bold, words, t.w)...)
	if e, _ := s.entry(c); e != nil && x.sha256 != e.SHA256 {
		t.lines = append(t.lines, para(bad, "The file has changed since the ledger was verified: its sha256 is now "+x.sha256+". R looks again.", t.w)...)
	}
}

// keyFile is the file of a key for a shell.
func keyFile(pub *evidence.PublicKey) string {
	if pub == nil {
		return "pub.pem"
	}
	return first(pub.File(), "pub.pem")
}

// byHand are the lines that check the entry without this program.
func (s *entryScreen) byHand(c *console) []string {
	e, before := s.entry(c)
	if e == nil {
		return nil
	}
	key, sigKey := entryKey(c.data.ledger.value, e)
	out := []string{"sha256sum " + evidence.ShellFile(key) + " | grep " + evidence.ShellWord(e.SHA256),
		"openssl dgst -sha256 -verify " + evidence.ShellFile(keyFile(c.data.ledger.value.Options.PublicKey)) + " -signature " + evidence.ShellFile(sigKey) + " " + evidence.ShellFile(key)}
	if before != nil {
		b, _ := entryKey(c.data.ledger.value, before)
		out = append(out, `jq -er --arg sum "$(sha256sum < `+evidence.ShellFile(b)+` | cut -c1-64)" '.previous_sha256 | select(. == $sum)' `+evidence.ShellFile(key))
	}
	return out
}

func (s *entryScreen) copied(c *console) (string, string) {
	e, _ := s.entry(c)
	if e == nil {
		return "", ""
	}
	parts := []string{"Ledger entry " + plainNumber(e.Sequence) + ", sha256 " + e.SHA256 + ", previous_sha256 " + first(e.PreviousSHA256, "none")}
	if s.load.has {
		parts = append(parts, s.load.value.body)
	}
	return "the entry", strings.Join(append(parts, s.byHand(c)...), "\n")
}
