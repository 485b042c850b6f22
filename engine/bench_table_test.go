//go:build bench

package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// figure is one line of the table and of the file: one thing measured against another, or against a
// bound of its own.
type figure struct {
	Part     string    `json:"part"`            // backup, restore, comparison, memory
	Size     int       `json:"size,omitempty"`  // bytes of a record
	Codec    string    `json:"codec,omitempty"` // of the source
	What     string    `json:"what"`
	Against  string    `json:"against"`
	Of       string    `json:"of"` // wall, cpu, peak
	Rounds   []float64 `json:"rounds,omitempty"`
	Value    float64   `json:"value"`    // median of the rounds' ratios, or the bytes
	Expected float64   `json:"expected"` // 0: nothing is
	Verdict  string    `json:"verdict"`  // ok, short, or - where nothing is expected
	Mrec     float64   `json:"mrec_per_s,omitempty"`
	MB       float64   `json:"mb_per_s,omitempty"`
	MrecCPU  float64   `json:"mrec_per_cpu_s,omitempty"`
	Other    float64   `json:"against_mrec_per_s,omitempty"`
	OtherCPU float64   `json:"against_mrec_per_cpu_s,omitempty"`
}

// table collects figures.
type table struct{ figures []figure }

// ratio enters how a contender stands against another one.
func (t *table) ratio(part string, s *source, r results, what, against, of string, expected float64) {
	f := figure{Part: part, Size: s.size, Codec: s.codec.String(), What: what, Against: against, Of: of, Expected: expected, Verdict: "-"}
	measure := byWall
	if of == "cpu" {
		measure = byCPU
	}
	f.Rounds = r.ratios(what, against, measure)
	f.Value = median(f.Rounds)
	for i, x := range f.Rounds {
		f.Rounds[i] = rounded(x)
	}
	if expected > 0 {
		f.Verdict = verdict(f.Value >= expected)
	}
	n, own, other := float64(s.records)/1e6, r.typical(what), r.typical(against)
	f.Mrec, f.MrecCPU, f.MB = n/own.wall.Seconds(), n/own.cpu.Seconds(), float64(s.bytes)/1e6/own.wall.Seconds()
	f.Other, f.OtherCPU = n/other.wall.Seconds(), n/other.cpu.Seconds()
	t.figures = append(t.figures, f)
}

// peak enters a peak of memory.
func (t *table) peak(what string, bytes, bound float64) {
	t.figures = append(t.figures, figure{Part: "memory", What: what, Against: "bound", Of: "peak", Value: bytes, Expected: bound, Verdict: verdict(bytes < bound)})
}

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "short"
}

func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

// print writes the table for people.
func (t *table) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	line := func(cells ...string) { fmt.Fprintln(tw, strings.Join(cells, "\t")+"\t") }
	line("part", "record", "codec", "measured", "Mrec/s", "MB/s", "Mrec/CPU s", "against", "Mrec/s", "Mrec/CPU s", "of", "ratio", "rounds", "expected", "")
	for _, f := range t.figures {
		if f.Part == "memory" {
			line(f.Part, "", "", f.What, "", "", "", f.Against, "", "", f.Of, fmt.Sprintf("%.0f MiB", f.Value/(1<<20)), "", fmt.Sprintf("< %.0f MiB", f.Expected/(1<<20)), f.Verdict)
			continue
		}
		expected := ""
		if f.Expected > 0 {
			expected = fmt.Sprintf("≥ %.2f", f.Expected)
		}
		line(f.Part, fmt.Sprintf("%d B", f.Size), f.Codec, f.What, number(f.Mrec), fmt.Sprintf("%.0f", f.MB), number(f.MrecCPU), f.Against, number(f.Other), number(f.OtherCPU),
			f.Of, fmt.Sprintf("%.2f", f.Value), fmt.Sprintf("%.2f–%.2f", slices.Min(f.Rounds), slices.Max(f.Rounds)), expected, f.Verdict)
	}
	return tw.Flush()
}

// number has three digits or so.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// lines writes one JSON object a line.
func (t *table) lines(w io.Writer) error {
	enc := json.NewEncoder(w)
	for _, f := range t.figures {
		for _, x := range []*float64{&f.Value, &f.Mrec, &f.MB, &f.MrecCPU, &f.Other, &f.OtherCPU} {
			*x = rounded(*x)
		}
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	return nil
}
