package tui

import (
	"image/color"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// The themes by name, as `[console] theme` and --theme have them.
const (
	ThemeAuto  = "auto"  // dark or light, as the terminal answers
	ThemeDark  = "dark"  //
	ThemeLight = "light" //
	ThemeNone  = "none"  // no colours: bold and reverse only
)

// palette are the colours of the roles. They keep apart for every kind of colour blindness, and stand out
// from the background they are for; so what passed is blue, not green.
type palette [roles]string

var (
	darkPalette  = palette{plain: "", dim: "#8A8A8A", accent: "#CC9BE0", ok: "#56B4E9", warn: "#F0E442", bad: "#FF7A45"}
	lightPalette = palette{plain: "", dim: "#6B6B6B", accent: "#7A3E9D", ok: "#005A9C", warn: "#8A6A00", bad: "#8B1A1A"}
)

// theme turns styles into what a terminal understands.
type theme struct {
	name    string
	colours palette
	ascii   bool
	seq     map[style]string
}

func newTheme(name string, ascii bool) *theme {
	t := &theme{name: name, ascii: ascii, seq: map[style]string{}}
	switch name {
	case ThemeLight:
		t.colours = lightPalette
	case ThemeNone:
	default:
		t.colours = darkPalette
	}
	return t
}

// on is the sequence that turns a style on; "" for plain text.
func (t *theme) on(s style) string {
	seq, known := t.seq[s]
	if known {
		return seq
	}
	a := ansi.NewStyle()
	if c := t.colours[s.role()]; c != "" {
		a = a.ForegroundColor(rgb(c))
	} else if s.role() == dim {
		a = a.Faint()
	}
	if s&bold != 0 {
		a = a.Bold()
	}
	if s&underline != 0 {
		a = a.Underline(true)
	}
	if s&reverse != 0 {
		a = a.Reverse(true)
	}
	if len(a) > 0 {
		seq = a.String()
	}
	t.seq[s] = seq
	return seq
}

// rgb reads #rrggbb.
func rgb(hex string) color.Color {
	n, _ := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32) // written in this file
	return color.RGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: 0xff}
}

// mark is a status that is shown by a glyph, a word beside it and a colour.
type mark int

// The marks.
const (
	markNone    mark = iota
	markOK           // passed, done, covered
	markFinding      // findings, retrying
	markBad          // invalid, failed
	markGap          // nothing where something was due
	markWait         // waiting, not due yet
	markAbout        // matches, but is not trusted
)

var markGlyphs = [...][2]string{
	markNone: {" ", " "}, markOK: {"✓", "ok"}, markFinding: {"!", "!!"}, markBad: {"✗", "xx"},
	markGap: {"?", "??"}, markWait: {"·", ".."}, markAbout: {"~", "~~"},
}

var markStyles = [...]style{markNone: plain, markOK: ok, markFinding: warn, markBad: bad | bold, markGap: warn | bold, markWait: dim, markAbout: warn}

// glyph shows a mark.
func (t *theme) glyph(m mark) span {
	if t.ascii {
		return span{markGlyphs[m][1], markStyles[m] | badge}
	}
	return span{markGlyphs[m][0], markStyles[m] | badge}
}

// word is a mark with its word.
func (t *theme) word(m mark, text string) line {
	return line{t.glyph(m), {" " + text, markStyles[m] &^ bold}}
}

// asciiOf replaces what a dumb terminal cannot show, cell for cell.
var asciiOf = map[rune]rune{
	'─': '-', '│': '|', '┬': '+', '┴': '+', '┼': '+', '├': '+', '┤': '+', '┌': '+', '┐': '+', '└': '+', '┘': '+',
	'█': '#', '░': '.', '▸': '>', '●': '*', '○': 'o', '·': '.', '›': '>', '→': '>', '←': '<', '↑': '^', '↓': 'v', '▴': '^', '▲': '^', '▼': 'v',
	'…': '~', '✓': '+', '✗': 'x', '≤': '<', '≥': '>', '–': '-', '—': '-', '×': 'x', '’': '\'', '«': '"', '»': '"', '▏': '|',
	'▁': '_', '▂': '.', '▃': ':', '▄': '-', '▅': '=', '▆': '+', '▇': '*',
	'⠋': '|', '⠙': '/', '⠹': '-', '⠸': '\\', '⠼': '|', '⠴': '/', '⠦': '-', '⠧': '\\', '⠇': '|', '⠏': '/',
}

// plainASCII makes a text of the same width without anything but ASCII.
func plainASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] > '~' {
			return toASCII(s)
		}
	}
	return s
}

func toASCII(s string) string {
	var b strings.Builder
	for rest := s; rest != ""; {
		cluster, n := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		rest = rest[len(cluster):]
		r, size := utf8.DecodeRuneInString(cluster)
		switch a, known := asciiOf[r]; {
		case r <= '~' && size == len(cluster):
			b.WriteRune(r)
		case known && size == len(cluster):
			b.WriteRune(a)
		default:
			b.WriteString(repeat("?", n))
		}
	}
	return b.String()
}
