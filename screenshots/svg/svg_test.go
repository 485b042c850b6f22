package svg

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update-svg", false, "write the golden pictures anew")

func plain(lines ...string) Picture {
	p := Picture{Columns: 40, Rows: len(lines), Background: "#10141a", Foreground: "#d5dae3", Title: "kustody"}
	for _, l := range lines {
		p.Lines = append(p.Lines, []Run{{Text: l}})
	}
	return p
}

// everything is a screen with all that a picture can hold.
func everything() Picture {
	const green, red, blue, grey = "#7fd88f", "#f0717b", "#6cb6ff", "#5c6773"
	text := func(s string) Run { return Run{Text: s} }
	in := func(s, fg string) Run { return Run{Text: s, Style: Style{FG: fg}} }
	p := Picture{Columns: 68, Rows: 22, Background: "#10141a", Foreground: "#d5dae3", Title: "kustody <demo> & \"friends\""}
	p.Lines = [][]Run{
		{{Text: " kustody ", Style: Style{BG: blue, FG: "#10141a", Bold: true}}, text(" Backups › demo-weekly "), {Text: "read-only", Style: Style{Faint: true}}},
		{in("╭──────────────┬───────────────────────┬──────────╮", grey)},
		{in("│", grey), text(" partition    "), in("│", grey), text(" progress              "), in("│", grey), text("      lag "), in("│", grey)},
		{in("├──────────────┼───────────────────────┼──────────┤", grey)},
		{in("│", grey), text(" orders/0     "), in("│", grey), in(" ██████████", green), in("░░░░░░░░░░  ", grey), in("│", grey), text("       37 "), in("│", grey)},
		{in("│", grey), {Text: " orders/1     ", Style: Style{Reverse: true}}, {Text: "│", Style: Style{FG: grey, Reverse: true}}, {Text: " ▁▂▃▄▅▆▇█▇▆▅▄▃▂▁▁▂▃▄▅▆ ", Style: Style{FG: blue, Reverse: true}},
			{Text: "│", Style: Style{FG: grey, Reverse: true}}, {Text: "        2 ", Style: Style{Reverse: true}}, {Text: "│", Style: Style{FG: grey, Reverse: true}}},
		{in("├──────────────┴───────────────────────┴──────────┤", grey)},
		{in("│", grey), text(" "), in("▁▂▃▄▅▆▇█", green), text("  "), in("█▉▊▋▌▍▎▏", red), text("  ░▒▓█ ▀▐▔▕ ▖▗▘▝▙▚▛▜▞▟        "), in("│", grey)},
		{in("╰─────────────────────────────────────────────────╯", grey)},
		{in("┌────┬────┐ ┏━━━━┳━━━━┓ ┍━━┯━━┑ ┎──┰──┒ ╔══╦══╗ ┞┟┡┢┦┧┩┪┭┮┱┲┵┶┹┺┽┾╀╁", grey)},
		{in("│ ab │ cd │ ┃ ab ┃ cd ┃ │ab│cd│ ┠──╂──┨ ║ab║cd║", grey)},
		{in("├────┼────┤ ┣━━━━╋━━━━┫ ┝━━┿━━┥ ┃  ┃  ┃ ╠══╬══╣", grey)},
		{in("└────┴────┘ ┗━━━━┻━━━━┛ ┕━━┷━━┙ ┖──┸──┚ ╚══╩══╝", grey), in(" ╴╵╶╷ ╸╹╺╻ ╼╽╾╿", grey)},
		{text("  "), in("✓ every record", green), text("  "), in("✗ failed", red), text("  ~ open  ? missed  ● ○ ▲ ▼ ▶ ◀ → ← ⏎ ⠋")},
		{{Text: "bold", Style: Style{Bold: true}}, text(" "), {Text: "faint", Style: Style{Faint: true}}, text(" "), {Text: "italic", Style: Style{Italic: true}}, text(" "),
			{Text: "underline and  spaces", Style: Style{Underline: true}}, text(" "), {Text: "reverse", Style: Style{Reverse: true}}, text(" "),
			{Text: "all", Style: Style{Bold: true, Faint: true, Italic: true, Underline: true, Reverse: true}}},
		{{Text: "faint green", Style: Style{FG: green, Faint: true}}, text(" "), {Text: "red reversed", Style: Style{FG: red, Reverse: true}}, text(" "), {Text: "on grey", Style: Style{BG: grey}}},
		{text("wide 漢字かな|  e\u0301a\u0308 |  👍|  naïve café ñ ß|")},
		{text("    12345678|  12 |  12|  1234567890 1 1|")},
		{text("<text> & \"quotes\" 'single'   three   spaces")},
		{text("escape \x1b[31m, nul \x00, tab \t, no text \xff, noncharacter \ufffe")},
		{text(strings.Repeat("0123456789", 6) + "01234567")},
		{in(strings.Repeat("─", 68), blue)},
	}
	return p
}

func draw(t testing.TB, p Picture) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestPictureOfEverything compares a screen with all of it to the picture that was looked at.
func TestPictureOfEverything(t *testing.T) {
	const golden = "testdata/everything.svg"
	got := draw(t, everything())
	if again := draw(t, everything()); again != got {
		t.Error("the same picture, drawn twice, differs")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the picture differs from %s; look at it, and write it with -update-svg if it is right", golden)
	}
}

// element is one element of a picture as an XML reader sees it.
type element struct {
	name, text string
	attr       map[string]string
}

func (e element) number(t testing.TB, name string) int {
	t.Helper()
	n, err := strconv.Atoi(e.attr[name])
	if err != nil {
		t.Fatalf("%s of %+v: %v", name, e, err)
	}
	return n
}

func parse(t testing.TB, doc string) []element {
	t.Helper()
	var all []element
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			e := element{name: x.Name.Local, attr: map[string]string{}}
			for _, a := range x.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			all = append(all, e)
		case xml.CharData:
			if n := len(all); n > 0 {
				all[n-1].text += strings.TrimSuffix(string(x), "\n")
			}
		}
	}
}

// TestPictureIsXML: every picture is well-formed, its text comes out again, and each text is as wide as its
// cells and inside of the grid.
func TestPictureIsXML(t *testing.T) {
	p := everything()
	all := map[string]bool{}
	for _, e := range parse(t, draw(t, p)) {
		if e.name != "text" || e.attr["textLength"] == "" {
			continue
		}
		all[e.text] = true
		x, width := e.number(t, "x"), e.number(t, "textLength")
		if x%cellWidth != 0 || width%cellWidth != 0 || width == 0 || x+width > p.Columns*cellWidth {
			t.Errorf("text %q from %d, %d wide", e.text, x, width)
		}
	}
	for _, want := range []string{`<text> & "quotes" 'single'   three   spaces`, "underline and  spaces", "escape ", "[31m, nul ", "漢", "👍", "e\u0301", "✓", "every record"} {
		if !all[want] && !all[strings.TrimRight(want, " ")] && !all[" "+want] {
			t.Errorf("there is no text %q", want)
		}
	}
	if s := draw(t, p); strings.ContainsAny(s, "\x00\x1b\t") || strings.Count(s, "\ufffd") != 5 {
		t.Errorf("%d characters were replaced, not 5", strings.Count(s, "\ufffd"))
	}
}

// TestPictureLinesJoin: what a terminal draws through several cells is one line in the picture.
func TestPictureLinesJoin(t *testing.T) {
	s := draw(t, plain("┌──┬──┐", "│  │  │", "├──┼──┤", "│  │  │", "└──┴──┘"))
	d := regexp.MustCompile(` d="([^"]*)"`).FindStringSubmatch(s)
	if d == nil {
		t.Fatal("no path")
	}
	// Three lines across and three down, from the middle of one corner to that of the other.
	var want strings.Builder
	for _, y := range []string{"9.5", "47.5", "85.5"} {
		fmt.Fprintf(&want, "M4 %sH59", y)
	}
	for _, x := range []string{"4.5", "31.5", "58.5"} {
		fmt.Fprintf(&want, "M%s 9V86", x)
	}
	if d[1] != want.String() || strings.Count(s, "<path") != 1 {
		t.Errorf("the box is drawn as\n%s, not as\n%s", d[1], want.String())
	}
	s = draw(t, plain("██░░"))
	if strings.Count(s, `width="18" height="19"`) != 2 {
		t.Errorf("two full blocks and two light ones are\n%s", s)
	}
}

// TestPictureReverseAndFaint: reverse exchanges the colours, also those that were not named, and faint
// brings the text's near the other.
func TestPictureReverseAndFaint(t *testing.T) {
	for _, tc := range []struct {
		style  Style
		fg, bg string // bg "" is the picture's own
	}{
		{Style{}, "#d5dae3", ""},
		{Style{Reverse: true}, "#10141a", "#d5dae3"},
		{Style{FG: "#ff0000", Reverse: true}, "#10141a", "#ff0000"},
		{Style{FG: "#ff0000", BG: "#0000ff"}, "#ff0000", "#0000ff"},
		{Style{FG: "#ff0000", BG: "#0000ff", Reverse: true}, "#0000ff", "#ff0000"},
		{Style{FG: "#ffffff", BG: "#000000", Faint: true}, "#8c8c8c", "#000000"},
		{Style{FG: "#ffffff", BG: "#000000", Faint: true, Reverse: true}, "#000000", "#8c8c8c"},
	} {
		p := plain("")
		p.Lines = [][]Run{{{Text: "x", Style: tc.style}}}
		text, behind := "", ""
		for _, e := range parse(t, draw(t, p)) {
			switch {
			case e.name == "text" && e.text == "x":
				text = e.attr["fill"]
			case e.name == "rect" && e.attr["height"] == strconv.Itoa(cellHeight):
				behind = e.attr["fill"]
			}
		}
		if text != tc.fg || behind != tc.bg {
			t.Errorf("%+v: text %q on %q, not %q on %q", tc.style, text, behind, tc.fg, tc.bg)
		}
	}
}

// TestPictureRefuses: what does not fit is no picture, and nothing is written of it.
func TestPictureRefuses(t *testing.T) {
	for name, change := range map[string]func(*Picture){
		"a line too long":        func(p *Picture) { p.Lines[0][0].Text = strings.Repeat("x", 41) },
		"a wide one over it":     func(p *Picture) { p.Lines[0][0].Text = strings.Repeat("x", 39) + "漢" },
		"a line too many":        func(p *Picture) { p.Lines = append(p.Lines, nil) },
		"no columns":             func(p *Picture) { p.Columns = 0 },
		"a giant":                func(p *Picture) { p.Rows = maxRows + 1 },
		"no background":          func(p *Picture) { p.Background = "" },
		"a name for a colour":    func(p *Picture) { p.Lines[0][0].Style.FG = "red" },
		"a colour with a string": func(p *Picture) { p.Lines[0][0].Style.BG = `#00000"` },
	} {
		p := plain("x")
		change(&p)
		var out bytes.Buffer
		if err := Write(&out, p); err == nil || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
	}
}

// FuzzWrite: any text gives a well-formed picture or an error.
func FuzzWrite(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b]8;;x\x07", "漢\u0301\u200d", "\u0301", "]]>", "&#0;", "👨‍👩‍👧", "\xf0\x28", "─│┼░█"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, title string) {
		p := Picture{Columns: 400, Rows: 2, Background: "#ffffff", Foreground: "#000000", Title: title, Lines: [][]Run{{{Text: text}}}}
		var out bytes.Buffer
		if err := Write(&out, p); err == nil {
			parse(t, out.String())
		}
	})
}
