package tui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

type fruit struct {
	name string
	n    int
}

func fruits(n int) []fruit {
	out := make([]fruit, n)
	for i := range out {
		out[i] = fruit{fmt.Sprintf("fruit-%05d", i), (i * 7919) % 1000}
	}
	return out
}

func newFruits(n int) (*driver, *fruitScreen) {
	s := &fruitScreen{}
	s.table = newTable("fruit", func(f fruit) string { return f.name }, func(f fruit) string { return f.name },
		column[fruit]{title: "NAME", min: 8, flex: 1, sort: 'n', less: compare(func(f fruit) string { return f.name }), cell: func(f fruit) span { return span{f.name, plain} }},
		column[fruit]{title: "N", min: 6, right: true, drop: 1, sort: 'c', less: compare(func(f fruit) int { return f.n }), cell: func(f fruit) span { return span{itoa(f.n), ok} }})
	s.table.set(fruits(n))
	return nil, s
}

// fruitScreen is a screen with nothing but a table.
type fruitScreen struct {
	messagesScreen
	table table[fruit]
}

func press(t *table[fruit], words ...string) {
	for _, w := range strings.Fields(strings.Join(words, " ")) {
		if k, known := keyNamed(w); known {
			t.press(k)
			continue
		}
		for _, r := range w {
			t.press(keyOf(r))
		}
	}
}

func TestTableKeepsItsRow(t *testing.T) {
	_, s := newFruits(50)
	press(&s.table, "down down down")
	if r, _ := s.table.current(); r.name != "fruit-00003" {
		t.Fatalf("the cursor is on %v", r)
	}
	rows := fruits(50)
	s.table.set(append([]fruit{{"new", 1}, {"newer", 2}}, rows...))
	if r, _ := s.table.current(); r.name != "fruit-00003" {
		t.Errorf("rows came above it, and the cursor is on %v", r)
	}
	s.table.sortBy(1, true)
	if r, _ := s.table.current(); r.name != "fruit-00003" {
		t.Errorf("the order changed, and the cursor is on %v", r)
	}
	s.table.set(nil)
	if _, any := s.table.current(); any {
		t.Error("an empty table has a current row")
	}
	press(&s.table, "down up G g pgdown")
	s.table.set(rows)
	if _, any := s.table.current(); !any {
		t.Error("rows came back, and there is no current one")
	}
}

func TestTableFilter(t *testing.T) {
	_, s := newFruits(120)
	press(&s.table, "/ 0011")
	if len(s.table.shown) != 11 || !s.table.capturing() {
		t.Fatalf("%d shown, capturing %v", len(s.table.shown), s.table.capturing())
	}
	press(&s.table, "q")
	if len(s.table.shown) != 0 {
		t.Error("q was not typed")
	}
	press(&s.table, "backspace esc")
	if s.table.capturing() || s.table.filter.value() != "0011" || !strings.Contains(s.table.status().text(), "11 of 120 fruits") {
		t.Errorf("the first esc leaves the input and keeps the filter: %q", s.table.status().text())
	}
	press(&s.table, "esc")
	if len(s.table.shown) != 120 {
		t.Error("the second esc clears the filter")
	}
	press(&s.table, "/ up enter")
	if s.table.filter.value() != "0011" {
		t.Errorf("up recalls the filter before: %q", s.table.filter.value())
	}
	press(&s.table, "/ ctrl+u !fruit-000 enter")
	if len(s.table.shown) != 20 {
		t.Errorf("the inverse filter shows %d", len(s.table.shown))
	}
	s.table.marks["fruit-00000"] = true
	if len(s.table.marked()) != 1 {
		t.Error("a mark that the filter hides is lost")
	}
}

func TestTableMarksAndSort(t *testing.T) {
	_, s := newFruits(10)
	s.table.toggle()
	s.table.toggle()
	if got := s.table.marked(); len(got) != 2 || s.table.cursor != 2 {
		t.Errorf("marked %v, cursor %d", got, s.table.cursor)
	}
	s.table.markShown()
	if len(s.table.marked()) != 10 {
		t.Error("not all are marked")
	}
	s.table.markShown()
	if len(s.table.marked()) != 0 {
		t.Error("again takes the marks off")
	}
	press(&s.table, "s")
	if !strings.Contains(s.table.status().text(), "c n") {
		t.Errorf("the menu reads %q", s.table.status().text())
	}
	press(&s.table, "c")
	for i := 1; i < len(s.table.shown); i++ {
		if s.table.rows[s.table.shown[i-1]].n > s.table.rows[s.table.shown[i]].n {
			t.Fatal("not in order")
		}
	}
	press(&s.table, "s c")
	if !s.table.down {
		t.Error("the same column again turns the order round")
	}
	press(&s.table, "s x")
	if s.table.capturing() || s.table.by != 1 {
		t.Error("another key leaves the menu as it was")
	}
}

func TestTableDrops(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	_, s := newFruits(100)
	for w := 3; w < 60; w++ {
		for i, l := range s.table.draw(d.c, w, 6, true) {
			if n := l.fit(w).width(); n != w {
				t.Errorf("line %d is %d of %d", i, n, w)
			}
		}
	}
	if text := s.table.draw(d.c, 14, 6, true)[0].text(); strings.TrimSpace(text) != "NAME" {
		t.Errorf("the column with a rank stays: %q", text)
	}
	press(&s.table, "G")
	lines := s.table.draw(d.c, 40, 6, true)
	if got := lines[5]; !strings.Contains(got.text(), "fruit-00099") || got[0].style&reverse == 0 || got[len(got)-1].style&reverse == 0 {
		t.Errorf("the last row is in sight and reversed from end to end: %v", got)
	}
	for _, x := range lines[5] {
		if x.style&reverse == 0 && x.text != "" {
			t.Errorf("the cell %q breaks the cursor's row", x.text)
		}
	}
	if got := s.table.more(); got != "" {
		t.Errorf("nothing is below, and it says %q", got)
	}
}

func TestTableSeeksAround(t *testing.T) {
	_, s := newFruits(10)
	is := func(f fruit) bool { return f.name == "fruit-00001" }
	if !s.table.seek(1, is) || s.table.cursor != 1 || !s.table.seek(1, is) || s.table.cursor != 1 || !s.table.seek(-1, is) {
		t.Errorf("the cursor is on %d", s.table.cursor)
	}
	if s.table.seek(1, func(fruit) bool { return false }) {
		t.Error("nothing was found, it says")
	}
}

// TestTableGrows: a table that grows is as one that was given all of its rows at once.
func TestTableGrows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	type row struct{ n, id int }
	make2 := func() table[row] {
		return newTable("row", func(x row) string { return itoa(x.id) }, func(x row) string { return itoa(x.n % 7) },
			column[row]{title: "N", sort: 'n', less: compare(func(x row) int { return x.n })})
	}
	for _, by := range []int{-1, 0} {
		for _, down := range []bool{false, true} {
			for _, filter := range []string{"", "3", "!3", "no such"} {
				grown, whole := make2(), make2()
				var rows []row
				for range 60 {
					for range r.IntN(4) {
						rows = append(rows, row{r.IntN(9), len(rows)})
					}
					for _, x := range []*table[row]{&grown, &whole} {
						x.by, x.down = by, down
						x.filter.set(filter)
					}
					grown.grow(rows)
					whole.set(slices.Clone(rows))
					if !slices.Equal(grown.shown, whole.shown) || grown.currentID() != whole.currentID() {
						t.Fatalf("by %d, down %v, filter %q, %d rows: %v on %q, want %v on %q", by, down, filter, len(rows), grown.shown, grown.currentID(), whole.shown, whole.currentID())
					}
					if r.IntN(3) == 0 {
						n := r.IntN(9) - 4
						grown.move(n)
						whole.move(n)
					}
				}
			}
		}
	}
}
