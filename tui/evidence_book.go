package tui

import (
	"slices"
	"strings"
	"time"

	"kustody/engine"
	"kustody/evidence"
	"kustody/tui/units"
)

// rowKind says what a row of evidence is.
type rowKind int

const (
	rowSlot  rowKind = iota // a slot of the ledger, also a missed one
	rowAgain                // a further attempt of the slot: it changes nothing
	rowLoose                // a report that belongs to no slot
	rowNext                 // the next due time: nothing can be there yet
)

// evidenceRow is one row of the evidence: a slot and what became of it.
type evidenceRow struct {
	kind     rowKind
	slot     evidence.Slot
	attempt  *evidence.Attempt  // whose verdict stands here; nil: none
	closing  *evidence.Sealed   // the entry with the verdict, or that says it was missed; nil: none
	report   *engine.ReportItem // nil: none, or it cannot be believed
	reportID string
	at       time.Time // of a report without a slot, when it was generated
	broken   string    // why it does not verify
	unnamed  bool      // no ledger entry names the report
}

// due is the time that the row stands at.
func (r evidenceRow) due() time.Time {
	if r.kind == rowLoose {
		return r.at
	}
	return r.slot.Due
}

func (r evidenceRow) lane() string { return r.slot.Series + "\x00" + r.slot.Kind }

func (r evidenceRow) id() string {
	id := r.lane() + "\x00" + r.due().Format(time.RFC3339Nano)
	if r.kind == rowAgain {
		return id + "\x00" + r.attempt.Job
	}
	if r.kind == rowLoose {
		return r.reportID
	}
	return id
}

// evidenceBook is the ledger and the reports as rows, the oldest first.
type evidenceBook struct {
	ledger  *engine.LedgerVerification // nil: there is none
	trusted bool                       // a public key came by another road
	why     error                      // why there is no ledger, where that is known
	rows    []evidenceRow
	lanes   int // kinds of slots of all series
	keys    int // that sign entries
	items   map[string]*engine.ReportItem
	bad     map[string]string    // report id to why it cannot be believed
	badAt   map[string]time.Time // the month in whose folder it lies
	breaks  map[int64]string     // sequence to the first break
	entries map[int64]*evidence.Sealed
}

// newEvidenceBook joins what was verified of the ledger with the reports. Each may be nil.
func newEvidenceBook(l *engine.LedgerVerification, list *engine.ReportList) *evidenceBook {
	b := &evidenceBook{ledger: l, items: map[string]*engine.ReportItem{}, bad: map[string]string{}, badAt: map[string]time.Time{}, breaks: map[int64]string{},
		entries: map[int64]*evidence.Sealed{}}
	if list != nil {
		for i := range list.Reports {
			b.take(&list.Reports[i])
		}
		for _, x := range list.Broken {
			b.bad[reportIDOf(x.Key)], b.badAt[reportIDOf(x.Key)] = x.Problem, monthOf(x.Key)
		}
	}
	if l != nil {
		signers := map[string]bool{}
		b.trusted = l.Options.PublicKey != nil
		for _, f := range l.Findings {
			if f.Severity == evidence.Broken && b.breaks[f.Sequence] == "" {
				b.breaks[f.Sequence] = f.Sentence
			}
		}
		for i := range l.Entries {
			b.entries[l.Entries[i].Sequence] = &l.Entries[i]
			signers[l.Entries[i].KeyID] = true
		}
		b.keys = len(signers)
	} else if list != nil {
		b.trusted = list.Checked
		for _, r := range list.Reports {
			b.trusted = b.trusted || r.Signature == evidence.SignatureValid
		}
	}
	b.slots()
	b.loose()
	slices.SortStableFunc(b.rows, func(x, y evidenceRow) int { return x.due().Compare(y.due()) })
	return b
}

// reportIDOf is the id of a report by the name of its file.
func reportIDOf(key string) string {
	return strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".json")
}

// monthOf is the month in whose folder a report lies: of one that cannot be read, nothing else is known.
func monthOf(key string) time.Time {
	parts := strings.Split(key, "/")
	if len(parts) < 3 {
		return time.Time{}
	}
	t, _ := time.Parse("2006/01", strings.Join(parts[len(parts)-3:len(parts)-1], "/")) // the zero time: unknown
	return t
}

// slots makes the rows of slots, of further attempts, and of what is due next.
func (b *evidenceBook) slots() {
	if b.ledger == nil {
		return
	}
	lanes := map[string]bool{}
	for i, s := range b.ledger.Slots {
		row := evidenceRow{kind: rowSlot, slot: s, closing: b.entries[s.Closing]}
		for k := range s.Attempts {
			if s.Attempts[k].Closing == s.Closing && s.Closing >= 0 {
				row.attempt = &b.ledger.Slots[i].Attempts[k]
			}
		}
		b.fill(&row)
		b.rows = append(b.rows, row)
		for k := range s.Attempts {
			if a := &b.ledger.Slots[i].Attempts[k]; a != row.attempt {
				more := evidenceRow{kind: rowAgain, slot: s, attempt: a, closing: b.entries[a.Closing]}
				b.fill(&more)
				b.rows = append(b.rows, more)
			}
		}
		lane := row.lane()
		if last := i == len(b.ledger.Slots)-1 || b.ledger.Slots[i+1].Series+"\x00"+b.ledger.Slots[i+1].Kind != lane; last && !s.Next.IsZero() {
			next := s
			next.Due, next.Verdict, next.Attempts, next.Closing, next.Next = s.Next, evidence.VerdictOpen, nil, -1, time.Time{}
			b.rows = append(b.rows, evidenceRow{kind: rowNext, slot: next})
		}
		lanes[lane] = true
	}
	b.lanes = len(lanes)
}

// fill finds the report of an attempt, and whether anything that the attempt stands on is broken.
func (b *evidenceBook) fill(r *evidenceRow) {
	if r.closing != nil {
		r.broken = b.breaks[r.closing.Sequence]
	}
	if r.attempt == nil {
		return
	}
	r.reportID = r.attempt.ReportID
	r.report = b.items[r.reportID]
	for _, e := range b.ledger.Entries {
		if e.Sequence == r.attempt.Started || e.StartedSequence != nil && *e.StartedSequence == r.attempt.Started {
			r.broken = first(r.broken, b.breaks[e.Sequence])
		}
	}
	r.broken = first(r.broken, b.bad[r.reportID])
}

// loose makes rows of the reports that belong to no slot.
func (b *evidenceBook) loose() {
	known := map[string]bool{}
	for _, r := range b.rows {
		known[r.reportID] = true
	}
	named := map[string]*evidence.Sealed{}
	for _, e := range b.entries {
		if id := e.Subject["report_id"]; id != "" && e.Type == evidence.TypeReport {
			named[id] = e
		}
	}
	var added []evidenceRow
	add := func(id string, r evidenceRow) {
		if known[id] {
			return
		}
		known[id] = true
		r.kind, r.reportID, r.closing = rowLoose, id, named[id]
		r.unnamed = b.ledger != nil && r.closing == nil
		if r.closing != nil {
			r.broken = first(r.broken, b.breaks[r.closing.Sequence])
			if r.at.IsZero() {
				r.at = r.closing.Time
			}
			r.slot.Series = r.closing.Series
		}
		added = append(added, r)
	}
	for id, x := range b.items {
		r := evidenceRow{report: x, at: x.GeneratedAt}
		r.slot.Series, r.slot.Kind = x.Series, evidence.SlotReport
		add(id, r)
	}
	for id, why := range b.bad {
		add(id, evidenceRow{broken: why, at: b.badAt[id]})
	}
	for id := range named {
		add(id, evidenceRow{broken: b.missingWhy(id)})
	}
	slices.SortFunc(added, func(x, y evidenceRow) int { return strings.Compare(x.reportID, y.reportID) })
	b.rows = append(b.rows, added...)
}

// missingWhy says of a report that the ledger names and the list does not have why that is.
func (b *evidenceBook) missingWhy(id string) string {
	if len(b.items)+len(b.bad) == 0 {
		return ""
	}
	return first(b.bad[id], "the ledger names it, and it is not here")
}

// gone says that a report is not among those that lie in the store, good or bad.
func (b *evidenceBook) gone(id string) bool {
	return id != "" && len(b.items) > 0 && b.items[id] == nil && b.bad[id] == ""
}

// longest is how wide the names of series and kinds are, at most so many cells.
func (b *evidenceBook) longest(most int) int {
	w := 6
	for _, r := range b.rows {
		w = max(w, width(r.seriesWords()))
	}
	return min(w, most)
}

// years are those in which something stands, the newest last.
func (b *evidenceBook) years() []int {
	var out []int
	for _, r := range b.rows {
		if y := r.year(); y != 0 && !slices.Contains(out, y) && r.kind != rowNext {
			out = append(out, y)
		}
	}
	slices.Sort(out)
	return out
}

func (r evidenceRow) year() int {
	if r.due().IsZero() {
		return 0
	}
	return r.due().UTC().Year()
}

// inTrouble says that the ledger itself does not verify.
func (b *evidenceBook) inTrouble() bool { return len(b.breaks) > 0 }

// result is the verdict on a row: mark and words, with level and coverage, never a bare tick.
func (b *evidenceBook) result(r evidenceRow, now time.Time) (mark, string) {
	switch {
	case r.kind == rowNext:
		return markWait, "not due yet"
	case r.slot.Verdict == evidence.VerdictMissed && r.kind == rowSlot:
		return markGap, "MISSED"
	case r.broken != "" && b.gone(r.reportID):
		return markBad, "report missing"
	case r.broken != "":
		return markBad, "does not verify"
	case r.unnamed:
		return markFinding, "not in ledger"
	}
	verdict := r.slot.Verdict
	if r.kind == rowAgain {
		if verdict = r.attempt.Verdict; verdict == "" {
			return markFinding, map[bool]string{true: "abandoned", false: "no verdict"}[r.attempt.Abandoned]
		}
	}
	if r.kind == rowLoose {
		return b.inTime(r, now, "")
	}
	switch verdict {
	case evidence.VerdictOpen:
		if r.slot.Overdue(now) {
			return markFinding, "overdue"
		}
		return markWait, "open"
	case evidence.VerdictFailed:
		if r.report != nil && r.report.Overall == evidence.Indeterminate {
			return markFinding, "indeterminate"
		}
		return markBad, "FAILED"
	case evidence.VerdictError:
		return markBad, "ERROR"
	case evidence.VerdictStale:
		return markFinding, "stale restore"
	case evidence.VerdictLate:
		_, words := b.inTime(r, now, "late, ")
		return markFinding, words
	}
	return b.inTime(r, now, "")
}

// levelled is a pass with how much was compared.
func (b *evidenceBook) levelled(r evidenceRow, before string) (mark, string) {
	if r.slot.Kind == evidence.SlotBackup && r.reportID == "" {
		if b.unread(r) {
			return markAbout, before + "backed up, unread"
		}
		return b.good(markOK), before + "backed up"
	}
	if r.report == nil {
		return markAbout, before + "passed, unread"
	}
	words := before + scopeWords(*r.report)
	switch {
	case r.report.Overall == evidence.Failed:
		return markBad, "FAILED"
	case r.report.Overall != evidence.Passed:
		return markFinding, strings.ToLower(string(r.report.Overall))
	case r.report.Stale:
		return markFinding, "stale restore"
	case b.good(markOK) != markOK || r.report.Signature != evidence.SignatureValid:
		return markAbout, words
	case !r.report.Level.EvidenceForControl():
		return markFinding, words
	}
	return b.good(markOK), words
}

// scopeWords are level and coverage in few words.
func scopeWords(r engine.ReportItem) string {
	if r.Topics >= r.BackupTopics {
		return levelWords(r.Level)
	}
	part := itoa(r.Topics) + " of " + units.Count(int64(r.BackupTopics), "topic")
	if r.Level.EvidenceForControl() {
		return part
	}
	return levelWords(r.Level) + ", " + part
}

// problem says that somebody has to look at the row.
func (b *evidenceBook) problem(r evidenceRow, now time.Time) bool {
	m, _ := b.result(r, now)
	return m == markFinding || m == markBad || m == markGap
}

// place is the entry that the row stands on, and whether the chain holds there.
func (b *evidenceBook) place(r evidenceRow) (mark, string) {
	switch {
	case r.closing == nil:
		return markNone, "—"
	case b.breaks[r.closing.Sequence] != "" || b.inTrouble():
		return markBad, "#" + plainNumber(r.closing.Sequence)
	}
	return b.good(markOK), "#" + plainNumber(r.closing.Sequence)
}

// tally counts the slots among some rows in words: "52 slots due · 50 passed · 1 failed · 1 missed".
func (b *evidenceBook) tally(rows []evidenceRow, now time.Time) string {
	due, loose := 0, 0
	n := map[string]int{}
	for _, r := range rows {
		switch {
		case r.kind == rowLoose:
			loose++
			continue
		case r.kind != rowSlot:
			continue
		}
		due++
		switch m, _ := b.result(r, now); {
		case r.broken != "" && r.slot.Verdict != evidence.VerdictMissed:
			n["not verified"]++
		case r.slot.Verdict == evidence.VerdictOpen && m == markFinding:
			n["overdue"]++
		default:
			n[string(r.slot.Verdict)]++
		}
	}
	parts := []string{b.doubt() + units.Count(int64(due), "slot") + " due"}
	for _, word := range []string{"passed", "late", "stale", "failed", "error", "missed", "overdue", "open", "not verified"} {
		if n[word] > 0 {
			parts = append(parts, itoa(n[word])+" "+map[string]string{"not verified": "do not verify", "error": "in error"}[word]+
				map[bool]string{true: word}[word != "not verified" && word != "error"])
		}
	}
	if loose > 0 {
		parts = append(parts, units.Count(int64(loose), "report")+" without a slot")
	}
	return strings.Join(parts, " · ")
}

// otherKey is the key that every entry of the ledger names, where that is not the trusted one; else "".
// What an entry names proves nothing, and still it tells a wrong key from a broken ledger.
func (b *evidenceBook) otherKey() string {
	if b.ledger == nil || b.ledger.Options.PublicKey == nil || len(b.ledger.Entries) == 0 {
		return ""
	}
	id := b.ledger.Entries[0].KeyID
	for i := range b.ledger.Entries {
		if e := &b.ledger.Entries[i]; len(id) < 8 || e.KeyID != id || e.KeyID == b.ledger.Options.PublicKey.KeyID() {
			return ""
		}
	}
	return id
}
