package tui

import (
	"strings"

	"kustody/evidence"
)

// folderOf is where lines to type are run from: the path of a folder, or the address of a store.
func folderOf(location string) string {
	if rest, ok := strings.CutPrefix(location, "file://"); ok {
		return rest
	}
	return "a copy of " + location
}

// byHandTitle stands above lines to type: where they are typed, and which key is meant.
func byHandTitle(c *console, pub *evidence.PublicKey, w int) []line {
	out := []line{{{" Check it without this program", bold}, {", in " + middle(folderOf(c.desk.Location), max(10, w-37)), dim}}}
	if keyFile(pub) == "pub.pem" {
		out = append(out, styled(dim, " (pub.pem: the public key that you were given)"))
	}
	return out
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
		indent := "  "
		if i > 0 {
			indent = "   "
		}
		out = append(out, line{{indent, plain}, {part, plain}})
	}
	return out
}

// piece is a part of a command up to a space where it may be broken, and what stands at the end of the line
// when it is: a backslash for the shell, nothing inside of a program for jq.
type piece struct{ text, end string }

// pieces are the parts of a command. Names in quotes stay whole.
func pieces(command string) []piece {
	var out []piece
	single, double, program, from := false, false, false, 0
	for i := 0; i < len(command); i++ {
		switch ch := command[i]; {
		case ch == '\'' && !double:
			single = !single
			rest := command[i+1:]
			program = single && strings.HasPrefix(command, "jq ") && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "select("))
		case ch == '"' && !single:
			double = !double
		case ch == ' ' && single && program:
			out = append(out, piece{command[from:i], ""})
			from = i + 1
		case ch == ' ' && !single: // inside of "$(…)" a shell takes it too
			out = append(out, piece{command[from:i], " \\"})
			from = i + 1
		}
	}
	return append(out, piece{command[from:], ""})
}

// breakCommand breaks a command into lines of a width; false when a part of it is wider.
func breakCommand(command string, w int) (lines []string, fits bool) {
	now, end := "", ""
	fits = true
	for i, p := range pieces(command) {
		switch {
		case i == 0:
			now = p.text
		case width(now)+1+width(p.text)+width(p.end) > w:
			lines = append(lines, now+end)
			now = p.text
		default:
			now += " " + p.text
		}
		end = p.end
		fits = fits && width(p.text)+width(p.end) <= w
	}
	return append(lines, now), fits
}
