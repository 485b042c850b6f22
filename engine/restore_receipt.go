package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"kustody/engine/archive"
)

// putReceipt writes down what was done. From then on the restore is complete.
func (r *restore) putReceipt(ctx context.Context, parts []*restoredPart) (archive.Document[archive.Receipt], error) {
	j := r.journal.Doc
	rec := &archive.Receipt{RestoreID: j.RestoreID, RunID: j.RunID, ManifestSHA256: j.ManifestSHA256, JournalSHA256: r.journal.SHA256,
		StartedAt: j.CreatedAt, FinishedAt: r.Env.now(), CreatedBy: r.Env.Operator, Tool: r.Env.Tool, Target: j.Target, Window: j.Window,
		OffsetHeaders: j.OffsetHeaders, Repartition: j.Repartition, Topics: []archive.ReceiptTopic{}, Groups: r.moved,
		Exceptions: []string{}, Findings: []string{}}
	if rec.Groups == nil {
		rec.Groups = []archive.MovedGroup{}
	}
	for _, g := range rec.Groups {
		if g.Error != "" {
			rec.Findings = append(rec.Findings, fmt.Sprintf("group %s: %s", g.Target, g.Error))
		}
	}
	slices.SortFunc(parts, func(x, y *restoredPart) int {
		return cmp.Or(cmp.Compare(x.topic, y.topic), cmp.Compare(x.partition, y.partition))
	})
	for i, t := range j.Topics {
		rt := archive.ReceiptTopic{Source: t.Source, SourceID: t.SourceID, Target: t.Target, TargetID: t.TargetID, Created: t.Created, HeldOpen: t.HeldOpen,
			Partitions: []archive.ReceiptPartition{}}
		var whys [whyCount]int64
		for _, p := range parts {
			if p.topic == i {
				rt.Partitions = append(rt.Partitions, p.receipt())
				rec.Records += p.records
				rec.Bytes += p.bytes
				for w, n := range p.whys {
					whys[w] += n
				}
			}
		}
		rec.Topics = append(rec.Topics, rt)
		rec.Exceptions = append(rec.Exceptions, exceptions(t.Target, whys)...)
	}
	if j.Repartition != "" {
		rec.Exceptions = append(rec.Exceptions, "restored into another number of partitions: the order of records across partitions is not the source's")
	}
	if _, err := r.archive.PutReceipt(ctx, rec); err != nil {
		return archive.Document[archive.Receipt]{}, err
	}
	d, err := r.archive.Receipt(ctx, j.RestoreID)
	if err != nil {
		return d, err
	}
	for _, x := range rec.Exceptions {
		r.job.Info("exception", F("message", x))
	}
	r.conclude(d)
	return d, nil
}

// exceptions names what was not written verbatim.
func exceptions(topic string, whys [whyCount]int64) []string {
	var out []string
	for w := verbatim + 1; w < whyCount; w++ {
		if n := whys[w]; n > 0 {
			out = append(out, fmt.Sprintf("%s: %d records were %s", topic, n, w))
		}
	}
	return out
}

// receipt is what the receipt says of a partition.
func (p *restoredPart) receipt() archive.ReceiptPartition {
	out := archive.ReceiptPartition{Partition: p.partition, Start: archive.Int64(p.start), End: archive.Int64(p.start + p.records),
		Records: p.records, Bytes: p.bytes, Stamped: p.stamped, Map: p.spans.pieces}
	for w, n := range p.whys {
		if why(w) != verbatim {
			out.Rewritten += n
		}
	}
	if out.Map == nil {
		out.Map = []archive.Piece{}
	}
	return out
}

// conclude fills the summary from a receipt.
func (r *restore) conclude(d archive.Document[archive.Receipt]) {
	s := &r.summary
	s.fact("records", d.Doc.Records)
	s.fact("bytes", d.Doc.Bytes)
	s.fact("receipt", r.archive.Dir+d.Key)
	s.fact("receipt_sha256", d.SHA256)
	s.fact("resumed", r.resumed)
	var held int
	for _, t := range d.Doc.Topics {
		held += len(t.HeldOpen)
	}
	s.fact("held_open", held)
	for _, x := range d.Doc.Findings {
		s.find("%s", x)
	}
	s.Notes = append(s.Notes, d.Doc.Exceptions...)
	if held > 0 && !r.ApplyConfigs && !r.drill {
		s.Notes = append(s.Notes, fmt.Sprintf("%d captured topic configs stand open so that nothing restored is lost; `restore finish --restore-id %s` sets them", held, d.Doc.RestoreID))
	}
}
