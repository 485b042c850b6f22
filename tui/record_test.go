package tui

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"kustody/engine"
)

// oneRecord shows a record.
func oneRecord(t testing.TB, w, h int, change func(r *engine.Record)) *driver {
	t.Helper()
	f := &fakeRecords{start: 100, end: 400, at: func(o int64) *engine.Record {
		r := plainRecord(o)
		if o == 100 {
			change(r)
			if r.Key != nil && r.KeyLen < len(r.Key) {
				r.KeyLen = len(r.Key)
			}
			if r.Value != nil && r.ValueLen < len(r.Value) {
				r.ValueLen = len(r.Value)
			}
			r.HeaderCount = max(r.HeaderCount, len(r.Headers))
		}
		return r
	}}
	d := atRecords(t, f, w, h)
	d.keys("enter")
	return d
}

func value(b []byte) func(r *engine.Record) {
	return func(r *engine.Record) { r.Value, r.ValueLen = b, len(b) }
}

func TestRecordShapes(t *testing.T) {
	d := oneRecord(t, 80, 24, value([]byte(`{"zeta":1.50,"alpha":{"x":null}}`)))
	d.has("32 bytes, as JSON", `"zeta": 1.50,`, `"alpha": {`)
	shown := d.frame().Text()
	if strings.Index(shown, "zeta") > strings.Index(shown, "alpha") {
		t.Error("the order of keys was changed")
	}
	d.keys("x")
	d.has("as hex", "7b 22 7a 65 74 61 22 3a", `|{"zeta":1.50,"al|`)
	d.keys("x")
	d.has("as text", `{"zeta":1.50,"alpha":{"x":null}}`)
	d.keys("x")
	d.has("as JSON")

	d = oneRecord(t, 80, 24, value([]byte{0, 1, 2, 0xff}))
	d.has("4 bytes, as hex", "00 01 02 ff")
	d.keys("x")
	d.has("as text", `\x00\x01\x02`)
	d.keys("x")
	d.has("as hex") // it is no JSON: that is left out
	d = oneRecord(t, 80, 24, value([]byte("zwei\nZeilen\t!")))
	d.has("as text", "  zwei ", "  Zeilen    !")
}

func TestRecordNullAndEmpty(t *testing.T) {
	d := oneRecord(t, 80, 24, func(r *engine.Record) {
		r.Key, r.KeyLen, r.Value, r.ValueLen = []byte{}, 0, nil, -1
		r.Headers = []engine.RecordHeader{{Key: []byte("a"), KeyLen: 1, ValueLen: -1}, {Key: []byte("a"), KeyLen: 1, Value: []byte{}}, {KeyLen: 0, Value: []byte("v"), ValueLen: 1},
			{Key: []byte("b"), KeyLen: 1, Value: []byte{0xfe}, ValueLen: 1}}
	})
	d.has("key empty (0 bytes), value null, 4 headers", "Key  empty (0 bytes)", "Value  null", `"a" (1 of 2) = null`, `"a" (2 of 2) = empty`, `(empty key) = "v"`, `"b" = 0xfe`)
	if copiedBy(d.c.screen().(*recordScreen).copy(d.c, engine.Record{ValueLen: -1})) != "" {
		t.Error("null was copied")
	}
	d.keys("esc")
	d.has("empty      null", "0+-")
	// The words null and empty as contents are text, not that.
	d = oneRecord(t, 80, 24, value([]byte("null")))
	d.has("4 bytes, as text", "  null")
}

func TestRecordFacts(t *testing.T) {
	d := oneRecord(t, 80, 24, func(r *engine.Record) { r.Timestamp, r.LogAppendTime = -1, true })
	d.has("no timestamp", "set by the broker (log append time)", "Segment    segments/x/0/0.log", "batch: lz4", "CRC of every batch checked", "offset 100")
	d = oneRecord(t, 80, 24, func(r *engine.Record) { r.Timestamp = 1<<63 - 1 })
	d.frame()
	// What is longer than what was copied says how long it is.
	d = oneRecord(t, 80, 24, func(r *engine.Record) {
		r.Value, r.ValueLen = bytes.Repeat([]byte("x"), engine.RecordShown), 3_000_000
		r.Headers, r.HeaderCount = []engine.RecordHeader{{Key: []byte("h"), KeyLen: 1, Value: []byte("v"), ValueLen: 90_000}}, 1200
	})
	d.has("the first 65,536 of 3,000,000 bytes, as text", "the first 1 of 1,200", "(the first 1 of 90,000 bytes)")
	s := d.c.screen().(*recordScreen)
	r, _ := s.record()
	if got := copiedBy(s.copy(d.c, r.Record)); len(got) != engine.RecordShown {
		t.Errorf("%d bytes copied", len(got))
	}
	d.has("copied the value, 65,536 bytes of 3,000,000")
	if got := copiedBy(s.copy(d.c, engine.Record{Value: []byte{0xff, 1}, ValueLen: 2})); got != "ff01" {
		t.Errorf("bytes are copied as %q", got)
	}
}

func TestRecordNextAndPrevious(t *testing.T) {
	d := oneRecord(t, 80, 24, func(*engine.Record) {})
	d.keys("]")
	d.has("offset 101", "order-101")
	d.keys("[ [")
	d.has("offset 100", "this is the first record that is here")
	d.keys("esc esc", "enter G")
	recordsAt(d).table.move(1)
	d.keys("enter ]")
	d.has("offset 399", "this is the last record that is here")
}

// TestRecordSearch: every place is found, also across the end of a row, and n and N lead round.
func TestRecordSearch(t *testing.T) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "%s line %d Needle\n", strings.Repeat("長ab", 30), i)
	}
	d := oneRecord(t, 80, 24, value([]byte(text.String())))
	d.keys("/ needle")
	d.has("200 found")
	d.keys("enter")
	d.has("match 1 of 200", "line 0 Needle")
	d.keys("n n")
	d.has("match 3 of 200", "line 2 Needle")
	d.keys("N N N")
	d.has("match 200 of 200", "line 199 Needle")
	d.keys("w")
	d.frame() // the rows are made when they are drawn
	d.keys("n")
	d.has("match 1 of 200", "line 0 Needle")
	d.keys("w esc")
	d.lacks("match")
	d.keys("/ nothing-like-it enter")
	d.has("nothing here matches that")
	d.keys("esc", "?", "esc", "n")
	d.has("not here: nothing is searched for")
}

// TestTextViewLosesNothing: wrapped or not, the rows are the text.
func TestTextViewLosesNothing(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("abc ", 100), strings.Repeat("長e\u0301x", 80), strings.Repeat(" ", 200), strings.Repeat("👩🏽‍🚀", 50)} {
		for _, w := range []int{7, 40, 79} {
			v := textView{}
			v.set([]line{{{text, plain}}, {{"end", bad}}})
			rows := v.draw(w, 10_000)
			var got strings.Builder
			for _, l := range rows[:len(rows)-1] {
				if l.width() > w {
					t.Errorf("%q in %d cells: a row of %d", text, w, l.width())
				}
				got.WriteString(l[1:].text())
			}
			if got.String() != clean(text) {
				t.Errorf("in %d cells %q became %q", w, clean(text), got.String())
			}
		}
	}
}

func TestRecordHostile(t *testing.T) {
	evil := []byte("a\x1b]52;c;aGk=\a\u202e\u2028" + strings.Repeat("長", 300) + "\xff\xfee\u0301\n\r\n\t")
	for _, size := range []point{{120, 36}, {80, 24}, {60, 16}} {
		for _, as := range []string{"", "x", "x x"} {
			d := oneRecord(t, size.x, size.y, func(r *engine.Record) {
				r.Key, r.KeyLen, r.Value, r.ValueLen = evil, len(evil), evil, len(evil)
				r.Headers = []engine.RecordHeader{{Key: evil, KeyLen: len(evil), Value: evil, ValueLen: len(evil)}}
				r.Segment, r.Compression = string(evil), string(evil)
			})
			d.keys(as, "/ a enter n n")
			d.frame()
			d.keys("w", strings.Repeat("right ", 5), "G")
			d.frame()
			d.keys("esc esc")
			d.frame()
		}
	}
}

func TestSparkline(t *testing.T) {
	if got := sparkline([]int64{0, 1, 50, 100, 1 << 62}); got != " ▁▁▁█" {
		t.Errorf("%q", got)
	}
	if got := sparkline([]int64{0, 0}); got != "  " {
		t.Errorf("%q", got)
	}
	for _, tc := range []struct {
		lo, hi int64
		per    string
		parts  int
	}{{0, 0, "minute", 1}, {firstMS, firstMS + 3_599_999, "5 minutes", 12}, {firstMS, firstMS + 86_399_999, "hour", 24}, {firstMS, firstMS + 365*86_400_000, "2 weeks", 27}, {-1 << 62, 1<<63 - 1, "", 38}} {
		from, to, parts, per := scaleOf(tc.lo, tc.hi, 38)
		if per != tc.per || parts != tc.parts || from > tc.lo || to <= tc.lo {
			t.Errorf("%d to %d: %d parts of a %q, from %d to %d", tc.lo, tc.hi, parts, per, from, to)
		}
	}
}
