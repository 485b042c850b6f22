package tui

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// hostile are texts that data, names and errors may hold.
var hostile = []string{
	"", "plain", "\x1b[31mred\x1b[m", "\x1b]52;c;aGk=\a", "a\nb\tc\r", "\u202eevil", "\u200b\u200d", "日本語トピック", "e\u0301e\u0301", "👨‍👩‍👧‍👦 family",
	"\xff\xfe", "\x9b31m", strings.Repeat("x", 5000), "🇩🇪🇫🇷", "\u2028", "a\u0300\u0301\u0302", "ｗｉｄｅ", "tab\there", "\x00", "ﷺ",
}

func TestFitIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var l line
		for range r.IntN(6) {
			l = append(l, span{hostile[r.IntN(len(hostile))], style(r.IntN(int(roles)))})
		}
		w := r.IntN(90)
		if got := l.fit(w).width(); got != w {
			t.Fatalf("fit to %d is %d cells: %q", w, got, l.text())
		}
		for _, s := range []string{"left", hostile[r.IntN(len(hostile))]} {
			if got := width(pad(s, w)); got != w {
				t.Fatalf("pad %q to %d is %d", s, w, got)
			}
			if got := width(padLeft(s, w)); got != w {
				t.Fatalf("padLeft %q to %d is %d", s, w, got)
			}
			if got := width(middle(s, w)); got > w {
				t.Fatalf("middle %q to %d is %d: %q", s, w, got, middle(s, w))
			}
		}
	}
}

func TestFrameIsHarmlessAndExact(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		for _, text := range hostile {
			for w := 1; w < 30; w++ {
				f := newFrame(w, 3, newTheme(ThemeDark, ascii), []line{say(text), {{text, bad}, {text, plain}}})
				checkFrame(t, f)
				if ascii && strings.ContainsFunc(f.Text(), func(r rune) bool { return r > '~' }) {
					t.Errorf("plain characters only, and %q became %q", text, f.Text())
				}
				if got := ansi.Strip(f.content()); got != f.Text() {
					t.Errorf("the terminal gets %q where the frame says %q", got, f.Text())
				}
			}
		}
	}
}

func TestFitShowsWhatIsCut(t *testing.T) {
	for _, tc := range []struct {
		l    line
		w    int
		want string
	}{
		{say("abcdef"), 6, "abcdef"}, {say("abcdef"), 5, "abcd…"}, {say("abc"), 5, "abc  "}, {line{{"ab", plain}, {"cd", bad}}, 3, "abc"},
		{line{{"abc", plain}, {"d", bad}}, 3, "ab…"}, {line{{"abc", plain}, {"", bad}}, 3, "abc"}, {say("日本語"), 5, "日本…"}, {say("日本語"), 4, "日… "},
	} {
		got := tc.l.fit(tc.w).text()
		if tc.want == "abc" && tc.l.width() > 3 {
			tc.want = "ab…"
		}
		if got != tc.want {
			t.Errorf("%q in %d: %q, want %q", tc.l.text(), tc.w, got, tc.want)
		}
	}
}

func TestMiddleKeepsBothEnds(t *testing.T) {
	if got := middle("0123456789abcdef", 9); got != "0123…cdef" {
		t.Errorf("got %q", got)
	}
}

func TestOverLaysABox(t *testing.T) {
	under := []line{say("aaaaaaaaaa"), say("bbbbbbbbbb"), say("cccccccccc")}
	got := over(under, []line{say("XX"), say("YY")}, 4, 1, 10)
	for i, want := range []string{"aaaaaaaaaa", "bbbbXXbbbb", "ccccYYcccc"} {
		if got[i].text() != want {
			t.Errorf("line %d is %q, want %q", i, got[i].text(), want)
		}
	}
}

func TestRulesJoin(t *testing.T) {
	for _, tc := range []struct {
		below, above int
		want         string
	}{{-1, -1, "─────"}, {2, -1, "──┬──"}, {-1, 2, "──┴──"}, {2, 2, "──┼──"}, {9, -1, "─────"}} {
		if got := rule(5, tc.below, tc.above).text(); got != tc.want {
			t.Errorf("below %d, above %d: %q", tc.below, tc.above, got)
		}
	}
}
