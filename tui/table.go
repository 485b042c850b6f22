package tui

import (
	"cmp"
	"kustody/tui/units"
	"slices"
	"sort"
	"strings"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

// column is one column of a table.
type column[T any] struct {
	title string
	min   int  // cells it needs to be of use
	flex  int  // its share of what is left over; 0 keeps min
	right bool // numbers stand on the right
	off   bool // not drawn: there is nothing to tell apart by it
	named bool // names, which often differ at their end: one that is too long is cut in the middle
	drop  int  // when it is narrow, columns go by their rank, the highest first; 0 never goes
	cell  func(T) span
	less  func(a, b T) int // nil: not sorted by
	sort  rune             // its letter in the sort menu
}

// table is a list of rows: a cursor that stays on its row when the data changes, a filter, an order, marks.
// Only the rows in sight are drawn. Set cols, id and search before the first use.
type table[T any] struct {
	cols   []column[T]
	id     func(T) string
	search func(T) string // the text that the filter looks at
	noun   string         // "topic"

	rows   []T
	shown  []int // rows that the filter lets through, in order
	cursor int   // in shown
	top    int   // first in sight
	height int   // rows in sight when last drawn

	marks    map[string]bool
	typing   bool // the filter is being typed
	filter   input
	before   []string // earlier filters, newest last
	recalled int
	sorting  bool // the next key names a column
	by       int  // column sorted by, -1: as given
	down     bool
}

func newTable[T any](noun string, id, search func(T) string, cols ...column[T]) table[T] {
	return table[T]{noun: noun, id: id, search: search, cols: cols, by: -1, marks: map[string]bool{}, filter: newInput("")}
}

// set gives the table its rows. The cursor stays on the row it was on.
func (t *table[T]) set(rows []T) {
	at := t.currentID()
	t.rows = rows
	t.arrange(at)
}

// grow gives the table more rows behind those it has. Only the new ones are looked at, so that a long list
// that grows ten times a second costs nothing.
func (t *table[T]) grow(rows []T) {
	from, on := len(t.rows), len(t.shown) > 0
	t.rows = rows
	let := t.lets()
	for i := from; i < len(rows); i++ {
		if !let(rows[i]) {
			continue
		}
		at := len(t.shown)
		if t.by >= 0 {
			at = sort.Search(len(t.shown), func(k int) bool { return t.order(t.shown[k], i) > 0 })
		}
		if on && at <= t.cursor { // it stays on its row
			t.cursor++
		}
		t.shown = slices.Insert(t.shown, at, i)
	}
}

// lets is what the filter says of a row.
func (t *table[T]) lets() func(T) bool {
	words := strings.ToLower(strings.TrimSpace(t.filter.value()))
	not := strings.HasPrefix(words, "!")
	words = strings.TrimPrefix(words, "!")
	return func(r T) bool { return words == "" || strings.Contains(strings.ToLower(t.search(r)), words) != not }
}

// order compares two rows, by their numbers, in the column that is sorted by.
func (t *table[T]) order(a, b int) int {
	if t.down {
		a, b = b, a
	}
	return t.cols[t.by].less(t.rows[a], t.rows[b])
}

func (t *table[T]) currentID() string {
	if r, ok := t.current(); ok {
		return t.id(r)
	}
	return ""
}

// current is the row under the cursor.
func (t *table[T]) current() (row T, ok bool) {
	if t.cursor < len(t.shown) {
		return t.rows[t.shown[t.cursor]], true
	}
	return row, false
}

// arrange filters and sorts anew, and puts the cursor back on the row with an id, if it is shown.
func (t *table[T]) arrange(at string) {
	let := t.lets()
	t.shown = t.shown[:0]
	for i, r := range t.rows {
		if let(r) {
			t.shown = append(t.shown, i)
		}
	}
	if t.by >= 0 {
		slices.SortStableFunc(t.shown, t.order)
	}
	if at != "" {
		for i, k := range t.shown {
			if t.id(t.rows[k]) == at {
				t.cursor = i
				return
			}
		}
	}
	t.cursor = max(0, min(t.cursor, len(t.shown)-1))
}

// sortBy orders by a column, from the beginning or as a key asked.
func (t *table[T]) sortBy(col int, down bool) {
	t.by, t.down = col, down
	t.arrange(t.currentID())
}

// move puts the cursor so many rows further.
func (t *table[T]) move(n int) { t.cursor = max(0, min(t.cursor+n, len(t.shown)-1)) }

// goTo puts the cursor on the row with an id.
func (t *table[T]) goTo(id string) bool {
	for i, k := range t.shown {
		if t.id(t.rows[k]) == id {
			t.cursor = i
			return true
		}
	}
	return false
}

// seek moves to the next row of a kind, around the end if need be.
func (t *table[T]) seek(step int, is func(T) bool) bool {
	n := len(t.shown)
	for i := 1; i <= n; i++ {
		k := ((t.cursor+step*i)%n + n) % n
		if is(t.rows[t.shown[k]]) {
			t.cursor = k
			return true
		}
	}
	return false
}

// seekFor moves to the next row of a kind, and says when there is none, or no other.
func seekFor[T any](c *console, t *table[T], step int, is func(T) bool, none string) tea.Cmd {
	switch at := t.cursor; {
	case !t.seek(step, is):
		return c.told(none)
	case t.cursor == at:
		return c.told("there is no other")
	}
	return nil
}

// marked are the rows with a mark, whether shown or not, in the order of the data.
func (t *table[T]) marked() []T {
	var out []T
	for _, r := range t.rows {
		if t.marks[t.id(r)] {
			out = append(out, r)
		}
	}
	return out
}

// capturing says that letters are typed text now.
func (t *table[T]) capturing() bool { return t.typing || t.sorting }

// finds are the keys of looking through the rows; press takes them.
func (t *table[T]) finds() []action {
	if len(t.rows) == 0 {
		return nil
	}
	out := []action{can(keys.Filter, nil)}
	if slices.ContainsFunc(t.cols, column[T].sorts) {
		out = append(out, can(keys.Sort, nil).hidden())
	}
	return out
}

// sorts says that rows can be ordered by the column. One that is not drawn is none to sort by.
func (c column[T]) sorts() bool { return c.less != nil && !c.off }

// press moves, filters, sorts and marks.
func (t *table[T]) press(k tea.KeyPressMsg) bool {
	switch {
	case t.typing:
		return t.type_(k)
	case t.sorting:
		return t.choose(k)
	}
	if n, moves := movement(k, t.height); moves {
		t.move(n)
		return true
	}
	switch {
	case key.Matches(k, keys.Filter):
		t.typing, t.recalled = true, len(t.before)
	case key.Matches(k, keys.Sort):
		t.sorting = slices.ContainsFunc(t.cols, column[T].sorts)
		return t.sorting
	case key.Matches(k, keys.Back) && t.filter.value() != "" && len(t.rows) > 0:
		t.clearFilter()
	default:
		return false
	}
	return true
}

func (t *table[T]) clearFilter() {
	t.filter.set("")
	t.arrange(t.currentID())
}

// type_ edits the filter. The first esc or enter leaves the input and keeps the filter.
func (t *table[T]) type_(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "esc", "enter":
		t.typing = false
		if strings.TrimSpace(t.filter.value()) == "" { // blanks filter nothing, and are no filter to clear
			t.filter.set("")
		}
		if v := t.filter.value(); v != "" && (len(t.before) == 0 || t.before[len(t.before)-1] != v) {
			t.before = append(t.before, v)
		}
		return true
	case "up", "down":
		step := 1
		if k.String() == "up" {
			step = -1
		}
		t.recalled = max(0, min(t.recalled+step, len(t.before)))
		if t.recalled < len(t.before) {
			t.filter.set(t.before[t.recalled])
		} else {
			t.filter.set("")
		}
	default:
		t.filter.press(k)
	}
	t.arrange(t.currentID())
	return true
}

// choose takes the letter of the column to sort by; the same one again turns the order round.
func (t *table[T]) choose(k tea.KeyPressMsg) bool {
	t.sorting = false
	for i, c := range t.cols {
		if c.sorts() && k.String() == string(c.sort) {
			t.sortBy(i, t.by == i && !t.down)
			break
		}
	}
	return true
}

// paste puts text into the filter while it is typed.
func (t *table[T]) paste(text string) {
	if t.typing {
		t.filter.paste(text)
		t.arrange(t.currentID())
	}
}

// toggle marks or unmarks the row under the cursor and goes on to the next.
func (t *table[T]) toggle() {
	if r, ok := t.current(); ok {
		id := t.id(r)
		t.marks[id] = !t.marks[id]
		t.move(1)
	}
}

// markShown marks everything that the filter shows; when all of it is marked already, it unmarks it.
func (t *table[T]) markShown() {
	all := true
	for _, i := range t.shown {
		all = all && t.marks[t.id(t.rows[i])]
	}
	for _, i := range t.shown {
		t.marks[t.id(t.rows[i])] = !all
	}
}

// status says how many rows there are, the filter, or what the next key will choose.
func (t *table[T]) status() line {
	switch {
	case t.typing:
		l, _ := t.filter.draw(max(12, width(t.filter.value())+1), true)
		return append(append(line{{" /", bold}}, l...), span{"  " + t.found(), dim})
	case t.sorting:
		l := line{{" sort by  ", bold}}
		for _, c := range t.cols {
			if c.sorts() {
				l = append(l, span{string(c.sort), bold}, span{" " + strings.ToLower(c.title) + "   ", dim})
			}
		}
		return l
	case t.filter.value() != "":
		return line{{" filter ", dim}, {t.filter.value(), accent}, {": " + t.found() + "   ", plain}, {"esc", bold}, {" clears it", dim}}
	}
	return nil
}

// found is "3 of 14 topics".
func (t *table[T]) found() string {
	noun := t.noun
	if len(t.rows) != 1 {
		noun += "s"
	}
	if len(t.shown) == len(t.rows) {
		return itoa(len(t.rows)) + " " + noun
	}
	return itoa(len(t.shown)) + " of " + itoa(len(t.rows)) + " " + noun
}

// noMatch is what stands in place of rows when the filter lets none through.
func (t *table[T]) noMatch() line {
	return line{{" Nothing matches ", plain}, {"\"" + t.filter.value() + "\"", accent}, {". " + itoa(len(t.rows)) + " without the filter.   ", plain},
		{"esc", bold}, {" clears it", dim}}
}

// compare orders by something that cmp can order.
func compare[T any, K cmp.Ordered](of func(T) K) func(a, b T) int {
	return func(a, b T) int { return cmp.Compare(of(a), of(b)) }
}

// number is a column of whole numbers.
func number[T any](title string, min, drop int, sort rune, of func(T) int64) column[T] {
	return column[T]{title: title, min: min, right: true, drop: drop, sort: sort, less: compare(of), cell: func(x T) span { return span{units.Thousands(of(x)), plain} }}
}
