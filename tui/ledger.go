package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kustody/evidence"
	"kustody/tui/units"
)

// ledgerRow is an entry of the ledger, or a finding that belongs to no entry that is there.
type ledgerRow struct {
	entry *evidence.Sealed
	found []evidence.Found
	n     int64 // of the entry; -1: none
	key   string
}

func (r ledgerRow) id() string {
	if r.entry == nil && len(r.found) > 0 {
		return plainNumber(r.n) + r.found[0].Key + r.found[0].Sentence
	}
	return plainNumber(r.n)
}

// worst is the gravest finding of the row.
func (r ledgerRow) worst() evidence.Severity {
	v := evidence.Verification{Findings: r.found}
	return v.Worst()
}

// ledgerScreen lists the entries of the ledger, the newest first, and what verification found.
type ledgerScreen struct {
	listing[ledgerRow]
	going int64 // entry to put the cursor on; -1: none
}

// openLedger shows the ledger.
func (c *console) openLedger() tea.Cmd { return c.push(newLedgerScreen(c)) }

func newLedgerScreen(c *console) *ledgerScreen {
	type row = ledgerRow
	s := &ledgerScreen{going: -1}
	state := func(r row) span {
		m, word := s.entryMark(c, r)
		g := c.theme.glyph(m)
		return span{strings.TrimRight(g.text+" "+word, " "), g.style}
	}
	field := func(of func(*evidence.Sealed) string, st style) func(row) span {
		return func(r row) span {
			if r.entry == nil {
				return span{"", plain}
			}
			return span{of(r.entry), st}
		}
	}
	s.table = newTable("row", row.id, func(r row) string { return r.searched() + " " + state(r).text },
		column[row]{title: "#", min: 5, right: true, sort: 'n', less: compare(func(r row) int64 { return r.n }), cell: func(r row) span {
			if r.n < 0 {
				return span{"—", dim}
			}
			return span{plainNumber(r.n), plain}
		}},
		column[row]{title: "TIME", min: 16, cell: field(func(e *evidence.Sealed) string { return stamp(e.Time) }, plain)},
		column[row]{title: "TYPE", min: 11, sort: 't', less: compare(func(r row) string {
			return field(func(e *evidence.Sealed) string { return string(e.Type) }, plain)(r).text
		}),
			cell: func(r row) span {
				if r.entry == nil {
					return span{"finding", warn}
				}
				return span{string(r.entry.Type), plain}
			}},
		column[row]{title: "SERIES", min: 11, flex: 1, drop: 2, cell: field(func(e *evidence.Sealed) string { return e.Series }, dim)},
		column[row]{title: "VERDICT", min: 8, cell: field(func(e *evidence.Sealed) string { return string(e.Verdict) }, plain)},
		column[row]{title: "SUBJECT", min: 16, flex: 4, cell: func(r row) span {
			if r.entry == nil {
				return span{first(r.found[0].Key, r.found[0].Sentence), plain}
			}
			return span{subjectWords(r.entry), dim}
		}},
		column[row]{title: "KEY", min: 8, drop: 3, cell: field(func(e *evidence.Sealed) string { return keyStart(e.KeyID) }, dim)},
		column[row]{title: "FOUND", min: 9, sort: 'f', less: compare(func(r row) string { return string(r.worst()) }), cell: state})
	return s
}

func (r ledgerRow) searched() string {
	parts := []string{plainNumber(r.n)}
	if e := r.entry; e != nil {
		parts = append(parts, stamp(e.Time), string(e.Type), e.Series, string(e.Verdict), subjectWords(e), e.KeyID, e.SHA256, e.Job, e.Detail)
	}
	for _, f := range r.found {
		parts = append(parts, f.Key, f.Sentence)
	}
	return strings.Join(parts, " ")
}

// entryMark is what verification says of a row. Without a trusted key nothing is good.
func (s *ledgerScreen) entryMark(c *console, r ledgerRow) (mark, string) {
	switch r.worst() {
	case evidence.Broken:
		return markBad, "broken"
	case evidence.Finding:
		return markFinding, "finding"
	}
	v := c.data.ledger.value
	if v == nil || v.Options.PublicKey == nil {
		return markAbout, ""
	}
	if r.worst() == evidence.Note {
		return markOK, "note"
	}
	return markOK, "signed"
}

// subjectWords tell what an entry is about.
func subjectWords(e *evidence.Sealed) string {
	var parts []string
	if e.Type == evidence.TypeGenesis && e.Genesis != nil {
		var names []string
		for _, x := range e.Genesis.Series {
			names = append(names, x.Series)
		}
		return "series " + strings.Join(names, ", ") + "; " + units.Count(int64(len(e.Genesis.PublicKeys)), "public key")
	}
	for _, ref := range e.Slots {
		if e.Type == evidence.TypeSlotMissed || e.Type == evidence.TypeReport {
			parts = append(parts, ref.Kind+" due "+stamp(ref.Due))
		}
	}
	for _, k := range []string{"report_id", "action", "restore_id", "run_id", "job"} {
		if v := e.Subject[k]; v != "" && !(k == "run_id" && e.Subject["restore_id"] != "") {
			parts = append(parts, v)
		}
	}
	if len(parts) == 0 && e.Detail != "" {
		return e.Detail
	}
	return strings.Join(parts, ", ")
}

func (s *ledgerScreen) name(*console) string { return "ledger" }

func (s *ledgerScreen) enter(c *console) tea.Cmd {
	s.fill(c)
	return c.loadLedger(false, func() tea.Cmd { s.fill(c); return nil })
}

func (s *ledgerScreen) refresh(c *console) tea.Cmd {
	return c.loadLedger(true, func() tea.Cmd { s.fill(c); return nil })
}

// fill makes the rows anew: findings that belong to no entry first, then the entries.
func (s *ledgerScreen) fill(c *console) {
	v := c.data.ledger.value
	if v == nil {
		return
	}
	at := map[int64]int{}
	var rows, others []ledgerRow
	for i := range v.Entries {
		at[v.Entries[i].Sequence] = len(rows)
		rows = append(rows, ledgerRow{entry: &v.Entries[i], n: v.Entries[i].Sequence})
	}
	for _, f := range v.Findings {
		if i, ok := at[f.Sequence]; ok && f.Sequence >= 0 {
			rows[i].found = append(rows[i].found, f)
		} else if f.Severity != evidence.Note {
			others = append(others, ledgerRow{n: f.Sequence, found: []evidence.Found{f}, key: f.Key})
		}
	}
	slices.Reverse(rows)
	s.table.set(append(others, rows...))
	if s.going >= 0 && s.table.goTo(plainNumber(s.going)) {
		s.going = -1
	}
}

func (s *ledgerScreen) actions(c *console) []action {
	r, has := s.table.current()
	none := ""
	if !has || r.entry == nil {
		none = "there is no entry under the cursor"
	}
	return []action{
		can(keys.Open, func() tea.Cmd { return c.openEntry(r.n) }).unless(none),
		can(keys.NextProblem, func() tea.Cmd { return s.seek(c, 1) }),
		can(keys.PreviousProblem, func() tea.Cmd { return s.seek(c, -1) }).hidden(),
	}
}

func (s *ledgerScreen) seek(c *console, step int) tea.Cmd {
	return seekFor(c, &s.table, step, func(r ledgerRow) bool {
		return r.worst() == evidence.Broken || r.worst() == evidence.Finding
	}, "nothing in the ledger has a finding")
}

func (s *ledgerScreen) copied(*console) (string, string) {
	r, ok := s.table.current()
	switch {
	case !ok:
		return "", ""
	case r.entry == nil:
		return "the finding", r.found[0].String()
	}
	return "the head at this entry", evidence.Head{Sequence: r.n, SHA256: r.entry.SHA256}.String()
}

const ledgerAbove = 4

func (s *ledgerScreen) click(c *console, at point, double bool) tea.Cmd {
	if s.table.clickAt(at.y-ledgerAbove) && double {
		return c.do(s.actions(c)[0])
	}
	return nil
}

func (s *ledgerScreen) draw(c *console, w, h int) body {
	if b, ok := c.data.ledger.page(c, w, h); ok {
		return b
	}
	v := c.data.ledger.value
	pin := func(given string) span {
		if given == "" {
			return span{"   not pinned", warn}
		}
		return span{"   given: " + middle(given, 24), dim}
	}
	lines := []line{
		c.trustLine(newEvidenceBook(v, nil)),
		{{" genesis  ", dim}, {grouped(v.Genesis, w-26), plain}, pin(v.Options.Genesis)},
		{{" head     ", dim}, {plainNumber(v.Head.Sequence) + ": " + grouped(v.Head.SHA256, w-32), plain}, pin(v.Options.Head)},
		rule(w, -1, -1),
	}
	const below = 3
	rows := h - len(lines) - below - 1
	if h < 14 {
		return body{lines: append(lines[:1:1], s.table.draw(c, w, h-1, true)...)}
	}
	lines = append(append(lines, filled(s.table.draw(c, w, rows, true), rows)...), rule(w, -1, -1))
	return body{lines: append(lines, s.foot(c, w, below)...)}
}

// foot tells what was found at the row under the cursor.
func (s *ledgerScreen) foot(c *console, w, h int) []line {
	r, ok := s.table.current()
	if !ok {
		return nil
	}
	var out []line
	for _, f := range r.found {
		m := map[evidence.Severity]mark{evidence.Broken: markBad, evidence.Finding: markFinding, evidence.Note: markWait}[f.Severity]
		text := f.Sentence
		if r.entry == nil {
			text = f.String()
		}
		out = append(out, flow(line{{" ", plain}}, c.theme.glyph(m), plain, text, w)...)
	}
	if len(out) == 0 && r.entry != nil {
		out = append(out, line{{" sha256 " + r.entry.SHA256, dim}}, line{{" job " + first(r.entry.Job, "none") + "   " + r.entry.Detail, dim}})
	}
	if len(out) > h {
		out = append(out[:h-1], line{{" … " + itoa(len(out)-h+1) + " more lines: enter shows them", dim}})
	}
	return out
}

func (s *ledgerScreen) state(c *console) (left, right line) {
	if l := s.table.status(); l != nil {
		return l, nil
	}
	if l := c.data.ledger.wait(c); l != nil {
		return l, nil
	}
	v := c.data.ledger.value
	if v == nil {
		return nil, nil
	}
	count := func(sev evidence.Severity, word string) string {
		if n := v.Count(sev); n > 0 {
			return " · " + itoa(n) + " " + word
		}
		return ""
	}
	left = say(" " + entryCount(len(v.Entries)) + count(evidence.Broken, "broken") + count(evidence.Finding, "to explain") + count(evidence.Note, "notes") +
		fmt.Sprintf(" · %s files read and as named", itoa(v.Objects)))
	if v.Unread > 0 {
		left = left.add(warn, " · "+itoa(v.Unread)+" not looked at")
	}
	return left, line{{s.table.more(), dim}}
}
