package tui

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"kustody/engine"
	"kustody/tui/units"
)

// partRow is one partition of a job as the table shows it.
type partRow struct {
	engine.PartitionProgress
	id      string
	name    string  // of the topic, without what all of them begin with
	whole   bool    // it is no partition, but all of what the step does
	rated   bool    // the job's rate can be told, and so can that of the partition
	rank    int     // trouble first
	percent float64 // of what this phase has to do there
}

// Ranks of partitions: who looks at a job looks for trouble first.
const (
	rankFailed = iota
	rankRetrying
	rankRunning
	rankDone
	rankWaiting
)

// take fills the row with the numbers of now.
func (r *partRow) take(p engine.PartitionProgress) {
	if r.id == "" || r.Topic != p.Topic || r.Partition != p.Partition {
		r.id = partID(p.Topic, p.Partition)
	}
	r.PartitionProgress = p
	r.rank = rankOf(p)
	switch n := p.End - p.Start; {
	case n > 0:
		r.percent = min(max(100*float64(p.Offset-p.Start)/float64(n), 0), 100)
	case p.State == engine.Done:
		r.percent = 100
	default:
		r.percent = 0
	}
}

// partID names a partition as people do.
func partID(topic string, partition int32) string {
	return topic + "/" + strconv.Itoa(int(partition))
}

func rankOf(p engine.PartitionProgress) int {
	switch {
	case p.State == engine.Failed:
		return rankFailed
	case p.Retrying && p.State != engine.Done:
		return rankRetrying
	case p.State == engine.Running:
		return rankRunning
	case p.State == engine.Done:
		return rankDone
	default:
		return rankWaiting
	}
}

// troubleFirst orders partitions: failed, retrying, running by how far they are, done, waiting. Whole
// percents count, so that rows do not change places at every look.
func troubleFirst(a, b *partRow) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	if a.rank == rankRunning {
		return cmp.Compare(math.Floor(b.percent), math.Floor(a.percent))
	}
	return 0
}

// state is the partition's state, with a mark.
func (r *partRow) state(c *console) line {
	switch r.rank {
	case rankFailed:
		return c.theme.word(markBad, "failed")
	case rankRetrying:
		return c.theme.word(markFinding, "retrying")
	case rankRunning:
		return c.theme.word(markNone, "running")
	case rankDone:
		return c.theme.word(markOK, "done")
	default:
		return c.theme.word(markWait, "waiting")
	}
}

// Columns of the table of partitions whose width or title depends on the screen and the phase.
const (
	colState  = 2
	colBar    = 3
	colOffset = 4
)

// barCells are how long the bar of a partition is.
func barCells(wide bool) int {
	if wide {
		return 24
	}
	return 10
}

func newPartsTable(c *console) table[*partRow] {
	number := func(n int64) string { return units.Thousands(n) }
	t := newTable("partition", func(r *partRow) string { return r.id }, func(r *partRow) string { return r.id + " " + r.state(c).text() },
		column[*partRow]{title: "TOPIC", named: true, min: 12, flex: 1, sort: 't', less: compare(func(r *partRow) string { return r.Topic }),
			cell: func(r *partRow) span { return span{r.name, plain} }},
		column[*partRow]{title: "PART", min: 5, right: true, sort: 'p', less: compare(func(r *partRow) int32 { return r.Partition }),
			cell: func(r *partRow) span { return span{r.part(), plain} }},
		column[*partRow]{title: "STATE", min: 11, sort: 'e', less: troubleFirst,
			cell: func(r *partRow) span { l := r.state(c); return span{l.text(), l[1].style | badge} }},
		column[*partRow]{title: "DONE", min: 15, sort: 'd', less: compare(func(r *partRow) float64 { return r.percent }),
			cell: func(r *partRow) span { return span{smallBar(r.percent, barCells(c.wide())), plain} }},
		column[*partRow]{title: "OFFSET → TARGET", min: 23, right: true, drop: 3, sort: 'o', less: compare(func(r *partRow) int64 { return r.Offset }),
			cell: func(r *partRow) span { return span{number(r.Offset) + " → " + number(r.End), plain} }},
		column[*partRow]{title: "RATE", min: 10, right: true, drop: 5, sort: 'r', less: compare(func(r *partRow) float64 { return r.RecordsPerSecond }),
			cell: func(r *partRow) span { return span{r.rate(), plain} }},
		column[*partRow]{title: "RETRIES", min: 7, right: true, drop: 6, sort: 'i', less: compare(func(r *partRow) int { return r.Retries }),
			cell: func(r *partRow) span { return span{itoa(r.Retries), plain} }})
	t.by = colState
	return t
}

// offsetCells is how wide the column of offsets is, by the largest one: a number that is cut says nothing.
func offsetCells(parts []engine.PartitionProgress) int {
	most := int64(0)
	for i := range parts {
		most = max(most, parts[i].End)
	}
	return max(2*len(units.Thousands(most))+len(" > "), len("OFFSET > TARGET"))
}

// sharedStart is what all topics of a job begin with, up to a mark between words, if it is worth leaving
// out: topics of a restore all begin with its name.
func sharedStart(parts []engine.PartitionProgress) string {
	if len(parts) == 0 {
		return ""
	}
	start, same := parts[0].Topic, true
	for i := range parts {
		if parts[i].Topic == parts[0].Topic {
			continue
		}
		same = false
		for !strings.HasPrefix(parts[i].Topic, start) {
			start = start[:len(start)-1]
		}
	}
	start = start[:strings.LastIndexAny(start, ".-_")+1]
	if same || len(start) < 5 {
		return ""
	}
	return start
}

// part is the partition's number.
func (r *partRow) part() string {
	if r.whole {
		return ""
	}
	return itoa(int(r.Partition))
}

// rate is how fast the partition moves, "" where it does not.
func (r *partRow) rate() string {
	if r.State != engine.Running || !r.rated {
		return ""
	}
	return units.Thousands(int64(r.RecordsPerSecond)) + "/s"
}

// smallBar is a bar of so many cells with its percent.
func smallBar(percent float64, cells int) string {
	full := int(percent / 100 * float64(cells))
	return repeat("█", full) + repeat("░", cells-full) + padLeft(strconv.Itoa(int(percent))+"%", 5)
}

// measured is what the offsets of a phase are: what an archive is read in is bytes.
func measured(s engine.Snapshot) (one, title string) {
	switch {
	case s.Kind == "verify":
		return "object", "CHECKED → OF"
	case s.Phase == "segments" || s.Phase == "archive":
		return "byte", "BYTES → OF"
	case s.Phase == "restore":
		return "record", "RECORDS → OF"
	default:
		return "offset", "OFFSET → TARGET"
	}
}

// tally is how many partitions are in each rank.
type tally [rankWaiting + 1]int

func tallyOf(parts []engine.PartitionProgress) tally {
	var t tally
	for i := range parts {
		t[rankOf(parts[i])]++
	}
	return t
}

// words are the counts that are not zero: "31 waiting, 4 running".
func (t tally) words() string {
	out := ""
	for i, w := range [...]string{"failed", "retrying", "running", "done", "waiting"} {
		if t[i] > 0 {
			if out != "" {
				out += ", "
			}
			out += itoa(t[i]) + " " + w
		}
	}
	return out
}
