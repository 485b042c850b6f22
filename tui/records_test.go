package tui

import (
	"errors"
	"strings"
	"testing"

	"kustody/engine"
)

func recordsAt(d *driver) *recordsScreen { return d.c.screen().(*recordsScreen) }

// offsets of the rows that are here, and the one under the cursor.
func (s *recordsScreen) here() (first, last, at int64, n int) {
	r, _ := s.table.current()
	n = len(s.table.rows)
	return s.table.rows[0].Offset, s.table.rows[n-1].Offset, r.Offset, n
}

func wantHere(t *testing.T, d *driver, what string, first, last, at int64) {
	t.Helper()
	f, l, a, n := recordsAt(d).here()
	if f != first || l != last || a != at || int64(n) != last-first+1 {
		t.Errorf("%s: %d rows, %d to %d, the cursor on %d; want %d to %d, on %d", what, n, f, l, a, first, last, at)
	}
}

// TestRecordsPages: pages are read as one scrolls, each record once and in order, in both directions.
func TestRecordsPages(t *testing.T) {
	f := &fakeRecords{start: 100, end: 3100, at: plainRecord}
	d := atRecords(t, f, 80, 24)
	wantHere(t, d, "opened", 100, 599, 100)
	d.has("500 of 3,000 records read", "offsets 100–599", "2026-08-14 00:01:40.000", "order-100")
	d.keys(strings.Repeat("pgdown ", 30))
	if _, last, at, n := recordsAt(d).here(); last != 1099 || n != 1000 || at > 1099 {
		t.Errorf("scrolled: %d rows to %d, at %d", n, last, at)
	}
	d.keys("G")
	wantHere(t, d, "the end", 2600, 3099, 3099)
	reads := f.reads
	d.keys("G")
	if f.reads != reads {
		t.Error("the end was read again")
	}
	d.keys(strings.Repeat("pgup ", 35))
	if first, last, _, _ := recordsAt(d).here(); first != 2100 || last != 3099 {
		t.Errorf("scrolled up: %d to %d", first, last)
	}
	d.keys("g")
	wantHere(t, d, "the beginning", 100, 599, 100)
}

// TestRecordsGo: to an offset and to a time; what was asked for and is not there is said.
func TestRecordsGo(t *testing.T) {
	f := &fakeRecords{start: 100, end: 3100, at: func(o int64) *engine.Record {
		if o%10 == 5 {
			return nil
		}
		return plainRecord(o)
	}}
	d := atRecords(t, f, 80, 24)
	d.keys("o")
	d.has("offset from 60 to 3,099:", "enter go")
	d.keys("1,205 enter")
	d.has("offset 1,205 holds no record; the next one is 1,206")
	if _, _, at, _ := recordsAt(d).here(); at != 1206 {
		t.Errorf("at %d", at)
	}
	d.keys("o 70 enter")
	d.has("offset 70 holds no record, it is lost: deleted by retention")
	d.keys("o 9999 enter")
	d.has("captured up to offset 3,099")
	d.keys("esc o x7 enter")
	d.has("an offset is a number")
	d.keys("esc t")
	d.has("time (UTC):")
	d.text("2026-08-14 00:30")
	d.keys("enter")
	if _, _, at, _ := recordsAt(d).here(); at != 1800 {
		t.Errorf("at 00:30 the cursor is on %d", at)
	}
	d.keys("t", "soon", "enter")
	if recordsAt(d).prompt == nil {
		t.Error("a text that is no time was taken")
	}
	d.keys("esc t")
	d.text("2027-01-01 00:00")
	d.keys("enter")
	d.has("no record of the partition is as late as 2027-01-01 00:00:00.000 UTC")
	if _, _, at, _ := recordsAt(d).here(); at != 1800 {
		t.Errorf("a time without a record moved the cursor to %d", at)
	}
}

// TestRecordsSparse: a compacted partition is read backwards over its holes.
func TestRecordsSparse(t *testing.T) {
	f := &fakeRecords{start: 100, end: 900_100, most: 7, at: func(o int64) *engine.Record {
		if o < 10_000 || o == 500_000 || o > 900_000 {
			return plainRecord(o)
		}
		return nil
	}}
	d := atRecords(t, f, 80, 24)
	d.keys("G")
	if _, last, at, n := recordsAt(d).here(); last != 900_099 || at != last || n != 99 {
		t.Errorf("the end: %d rows to %d, at %d", n, last, at)
	}
	d.keys(strings.Repeat("pgup ", 9))
	if first, _, _, _ := recordsAt(d).here(); first != 500_000 {
		t.Errorf("before the hole: %d", first)
	}
}

// TestRecordsFail: what cannot be read leaves what is there, says so, and is tried again by R alone.
func TestRecordsFail(t *testing.T) {
	f := &fakeRecords{start: 100, end: 3100, at: plainRecord}
	d := atRecords(t, f, 80, 24)
	f.fail = errors.New("segments/0a/0/2.log: sha256 differs")
	d.keys(strings.Repeat("pgdown ", 40))
	wantHere(t, d, "failed", 100, 599, 599)
	d.keys("esc") // the message
	d.has("reading on failed: segments/0a/0/2.log: sha256 differs", "R try again", "order-599")
	reads := f.reads
	d.keys("down up down")
	if f.reads != reads {
		t.Error("it reads again by itself")
	}
	f.fail = nil
	d.keys("R")
	if _, last, _, _ := recordsAt(d).here(); last != 1099 {
		t.Errorf("tried again: up to %d", last)
	}
	f.fail = errors.New("gone")
	d = atRecords(t, f, 80, 24)
	d.has("Cannot read records of payments/3 from offset 100.", "gone")
}

// TestRecordsAreTrimmed: what is kept has a bound, and what was dropped is read again.
func TestRecordsAreTrimmed(t *testing.T) {
	heavy(t)
	f := &fakeRecords{start: 0, end: 60_000, at: plainRecord}
	d := atRecords(t, f, 80, 24)
	s := recordsAt(d)
	for s.next >= 0 {
		d.keys("j")
		s.table.move(len(s.table.shown))
	}
	first, last, _, n := s.here()
	if n > keptRecords || last != 59_999 || int64(n) != last-first+1 {
		t.Errorf("%d rows, %d to %d", n, first, last)
	}
	s.table.move(-n)
	d.keys("k")
	if before, _, _, _ := s.here(); before != first-pageRecords || len(s.table.rows) > keptRecords || s.next < 0 {
		t.Errorf("going back reads from %d, and %d are kept", before, len(s.table.rows))
	}
}

// TestRecordsAreNotTold: what records hold stands in no message, no title and no breadcrumb.
func TestRecordsAreNotTold(t *testing.T) {
	f := &fakeRecords{start: 100, end: 3100, at: func(o int64) *engine.Record {
		r := plainRecord(o)
		r.Key, r.Value, r.KeyLen, r.ValueLen = []byte("SECRET-K"), []byte("SECRET-V"), 8, 8
		return r
	}}
	d := atRecords(t, f, 80, 24)
	d.has("SECRET-K", "SECRET-V")
	d.keys("y enter y / secret enter n ]")
	for _, m := range d.c.messages {
		if strings.Contains(m.text, "SECRET") {
			t.Errorf("a message tells %q", m.text)
		}
	}
	d.keys("esc")
	if title := d.c.View().WindowTitle + d.c.second().text(); strings.Contains(title, "SECRET") {
		t.Error(title)
	}
}
