package tui

import (
	"strings"

	"kustody/evidence"
)

// localFolder is the path of a place that is a folder of this machine.
func localFolder(location string) (path string, local bool) {
	if path, local = strings.CutPrefix(location, "file://"); local {
		return path, true
	}
	return location, location != "" && !strings.Contains(location, "://")
}

// byHandTitle stands above lines to type: where they are typed, and which key is meant.
func byHandTitle(c *console, pub *evidence.PublicKey, w int) []line {
	title := line{{" Check it without this program", bold}}
	if keyFile(pub) == "pub.pem" {
		title = title.add(dim, " (pub.pem: the key you were given)")
	}
	if folder, local := localFolder(c.desk.Location); local {
		return append([]line{title}, commandLines("cd "+evidence.ShellFile(folder), w)...)
	}
	return append([]line{title}, para(dim, "in a copy of "+c.desk.Location+":", w)...)
}

// byHand are the two lines that say the most: the signature, and the checksum.
func byHand(steps []evidence.Step) []string {
	var out []string
	for _, name := range []string{evidence.StepSignature, evidence.StepChecksum} {
		for _, x := range steps {
			if x.Name == name && x.ByHand != "" {
				out = append(out, x.ByHand)
			}
		}
	}
	return out
}

// commandLines shows a line for a shell. Where it is too long it is broken in a way that a shell and jq take
// as they take the whole, so that what is copied from the screen runs.
func commandLines(command string, w int) []line {
	parts, fits := breakCommand(command, w-3)
	if !fits {
		return flow(line{{"  ", plain}}, span{}, dim, "(a line longer than there is room for: y on the page of its step copies it)", w)
	}
	var out []line
	for i, part := range parts {
		indent := "   "
		switch {
		case i == 0:
			indent = "  "
		case part.flush:
			indent = ""
		}
		out = append(out, line{{indent, plain}, {part.text, plain}})
	}
	return out
}

// piece is a part of a command up to a space where it may be broken, and what stands at the end of the line
// when it is: a backslash for the shell, nothing inside of a program for jq.
type piece struct{ text, end string }

// pieces are the parts of a command. Names in quotes stay whole, whatever they hold; what stands in "$(…)" is a
// command like any other. The first word in single quotes of a jq line is its program.
func pieces(command string) []piece {
	const bare, single, double, substituted = 'b', '\'', '"', '$'
	var out []piece
	in, from := []rune{bare}, 0
	program, seen := false, !strings.HasPrefix(command, "jq ")
	for i := 0; i < len(command); i++ {
		ch, now := command[i], in[len(in)-1]
		switch {
		case now == single && ch == '\'', now == double && ch == '"', now == substituted && ch == ')':
			in, program = in[:len(in)-1], false
		case now == single && (ch != ' ' || !program):
		case ch == '\\':
			i++
		case ch == '$' && strings.HasPrefix(command[i:], "$("):
			in = append(in, substituted)
			i++
		case now == single && ch == ' ':
			out = append(out, piece{command[from:i], ""})
			from = i + 1
		case ch == '"':
			in = append(in, double)
		case now == double:
		case ch == '\'':
			in, program, seen = append(in, single), !seen && len(in) == 1, seen || len(in) == 1
		case ch == ' ':
			out = append(out, piece{command[from:i], " \\"})
			from = i + 1
		}
	}
	return append(out, piece{command[from:], ""})
}

// brokenLine is one line of a command. A flush one goes on with a name in the middle, and cannot be indented.
type brokenLine struct {
	text  string
	flush bool
}

// breakCommand breaks a command into lines of a width; false when a part of it is wider and cannot be
// broken: names in quotes.
func breakCommand(command string, w int) (lines []brokenLine, fits bool) {
	var now brokenLine
	end := ""
	fits = true
	for i, p := range pieces(command) {
		if i > 0 && width(now.text)+1+width(p.text)+width(p.end) <= w {
			now.text += " " + p.text
			end = p.end
			continue
		}
		if i > 0 {
			lines = append(lines, brokenLine{now.text + end, now.flush})
		}
		now, end = brokenLine{text: p.text}, p.end
		if strings.ContainsAny(p.text, `'"`) || w < 8 {
			fits = fits && width(p.text)+width(p.end) <= w
			continue
		}
		for width(now.text)+width(end) > w {
			cut := w - 1
			if slash := strings.LastIndex(now.text[:cut], "/"); slash > 0 {
				cut = slash + 1
			}
			lines = append(lines, brokenLine{now.text[:cut] + "\\", now.flush})
			now = brokenLine{now.text[cut:], true}
		}
	}
	return append(lines, now), fits
}
