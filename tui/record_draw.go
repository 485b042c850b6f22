package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"kustody/engine"
	"kustody/evidence"
	"kustody/tui/units"
)

// isJSON says that all of a value is there and is a JSON object or list.
func isJSON(r engine.Record) bool {
	if r.ValueLen != len(r.Value) {
		return false
	}
	v := bytes.TrimLeft(r.Value, " \t\r\n")
	return len(v) > 0 && (v[0] == '{' || v[0] == '[') && json.Valid(r.Value)
}

// guess is how a value is best shown.
func guess(r engine.Record) shape {
	switch {
	case isJSON(r):
		return asJSON
	case looksLikeText(r.Value, len(r.Value) < r.ValueLen):
		return asText
	}
	return asHex
}

// proofOf says what vouches for a record: the sha256 of its segment, if all of that was read, and for the sha256 the
// manifest, if a trusted key signed it. A CRC proves nothing against somebody who writes records.
func (s *recordsScreen) proofOf(r recordRow, long bool) (mark, string) {
	trusted := s.trusted()
	switch {
	case !r.proved && long:
		return markAbout, "CRC of every batch checked; the segment was not read to its end"
	case !r.proved:
		return markAbout, "CRC of every batch checked, no more"
	case !trusted && long:
		return markAbout, "CRC of every batch checked; its sha256 is the manifest's, which no trusted key signed"
	case !trusted:
		return markAbout, "CRC checked; manifest not trusted"
	case long:
		return markOK, "segment proved by its sha256, CRC of every batch checked"
	}
	return markOK, "by the segment's sha256"
}

// trusted says that a trusted key signed the run's manifest.
func (s *recordsScreen) trusted() bool {
	return s.run != nil && s.run.opened.has && s.run.opened.value.Signature == evidence.SignatureValid
}

// recordLines is a record in full: where it lies, what proves it, key, headers, value.
func recordLines(c *console, list *recordsScreen, r recordRow, as shape, w int) []line {
	given := "set by the producer (create time)"
	if r.LogAppendTime {
		given = "set by the broker (log append time)"
	}
	proof := c.theme.word(list.proofOf(r, w >= 76))
	if w < 76 { // the long words would break
		given = map[bool]string{true: "log append time", false: "create time"}[r.LogAppendTime]
	}
	name := func(n string) span { return span{pad(n, 10) + " ", dim} }
	out := []line{
		{name("Record"), {fmt.Sprintf("%s/%d", list.topic.Name, list.part.Partition), plain}, {" offset ", dim}, {units.Thousands(r.Offset), bold}},
		{name("Timestamp"), {instant(r.Timestamp) + " UTC", plain}, {"  " + given, dim}},
	}
	if local := c.localInstant(r.Timestamp); local != "" {
		out = append(out, line{name(""), {local, plain}})
	}
	out = append(out,
		line{name("Size"), {"key " + sizeWords(r.KeyLen) + ", value " + sizeWords(r.ValueLen) + ", " + units.Count(int64(r.HeaderCount), "header"), plain}, {"  batch: " + r.Compression, dim}},
		line{name("Segment"), {middle(r.Segment, w-11), plain}},
		append(line{name("Proved")}, proof...), nil)
	out = append(out, titledLine("Key", fieldWords(r.Key, r.KeyLen)))
	out = append(out, content(r.Key, r.KeyLen, keyShape(r.Record), w)...)
	out = append(out, nil)
	out = append(out, headerLines(r.Record, w)...)
	out = append(out, nil, titledLine("Value", fieldWords(r.Value, r.ValueLen)+shapeWords(r.Record, as)))
	return append(out, content(r.Value, r.ValueLen, as, w)...)
}

func titledLine(title, more string) line { return line{{title, bold}, {"  " + more, dim}} }

// sizeWords is a length, or that there is none.
func sizeWords(n int) string {
	switch {
	case n < 0:
		return "null"
	case n == 0:
		return "empty (0 bytes)"
	}
	return units.Count(int64(n), "byte")
}

// fieldWords says how long a field is, and whether all of it is shown.
func fieldWords(b []byte, n int) string {
	if n > len(b) {
		return fmt.Sprintf("the first %s of %s", units.Thousands(int64(len(b))), units.Count(int64(n), "byte"))
	}
	return sizeWords(n)
}

// shapeWords says in which shape a value is shown.
func shapeWords(r engine.Record, as shape) string {
	if r.ValueLen <= 0 {
		return ""
	}
	return ", as " + shapeNames[as]
}

func keyShape(r engine.Record) shape {
	if looksLikeText(r.Key, len(r.Key) < r.KeyLen) {
		return asText
	}
	return asHex
}

// content is a field in a shape; nothing where it is null or empty.
func content(b []byte, n int, as shape, w int) []line {
	switch {
	case n <= 0: // its title says which
		return nil
	case as == asHex:
		return hexDump(b, w)
	}
	text := string(b)
	if as == asJSON {
		var pretty bytes.Buffer
		if json.Indent(&pretty, b, "", "  ") == nil { // keeps the order of keys, and numbers as they are
			text = pretty.String()
		}
	}
	var out []line
	for _, l := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		out = append(out, line{{"  ", plain}, {strings.ReplaceAll(l, "\t", "    "), plain}})
	}
	return out
}

// headerLines are the headers in their order. A key that stands there more than once is numbered.
func headerLines(r engine.Record, w int) []line {
	out := []line{titledLine("Headers", itoa(r.HeaderCount))}
	if r.HeaderCount > len(r.Headers) {
		out[0] = titledLine("Headers", fmt.Sprintf("the first %s of %s", itoa(len(r.Headers)), itoa(r.HeaderCount)))
	}
	total, seen := map[string]int{}, map[string]int{}
	for _, h := range r.Headers {
		total[string(h.Key)]++
	}
	for _, h := range r.Headers {
		k := string(h.Key)
		seen[k]++
		l := line{{"  ", plain}}
		if h.KeyLen == 0 {
			l = l.add(dim, "(empty key)")
		} else {
			l = l.add(plain, headerText(h.Key, h.KeyLen))
		}
		if total[k] > 1 {
			l = l.add(dim, fmt.Sprintf(" (%d of %d)", seen[k], total[k]))
		}
		l = l.add(dim, " = ")
		switch {
		case h.ValueLen < 0:
			l = l.add(dim, "null")
		case h.ValueLen == 0:
			l = l.add(dim, "empty")
		default:
			l = l.add(plain, headerText(h.Value, h.ValueLen))
		}
		if h.ValueLen > len(h.Value) {
			l = l.add(dim, fmt.Sprintf("  (the first %s of %s)", itoa(len(h.Value)), units.Count(int64(h.ValueLen), "byte")))
		}
		out = append(out, l)
	}
	return out
}

// headerText is a header's part as quoted text, or as hex.
func headerText(b []byte, n int) string {
	if looksLikeText(b, len(b) < n) {
		return `"` + strings.ToValidUTF8(string(b), "") + `"`
	}
	return fmt.Sprintf("0x%x", b)
}

// hexDump writes bytes as `hexdump -C` does, 8 in a row where it is narrow.
func hexDump(b []byte, w int) []line {
	row := 16
	if w < 78 {
		row = 8
	}
	var out []line
	for at := 0; at < len(b); at += row {
		part := b[at:min(len(b), at+row)]
		var hex, text strings.Builder
		for i := range row {
			if i == 8 {
				hex.WriteByte(' ')
			}
			if i >= len(part) {
				hex.WriteString("   ")
				continue
			}
			fmt.Fprintf(&hex, "%02x ", part[i])
			if x := part[i]; x >= ' ' && x <= '~' {
				text.WriteByte(x)
			} else {
				text.WriteByte('.')
			}
		}
		out = append(out, line{{fmt.Sprintf("%08x  ", at), dim}, {hex.String(), plain}, {" |" + text.String() + "|", dim}})
	}
	return out
}
