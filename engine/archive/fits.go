package archive

import "fmt"

// Contradicts says, if so, in what a receipt differs from the journal of its restore: what was done must
// be what was set out to do, of the same run, into the same topics, from the same offsets. "" when they
// fit.
func (r *Receipt) Contradicts(j *Journal) string {
	switch {
	case r.RunID != j.RunID || r.ManifestSHA256 != j.ManifestSHA256:
		return fmt.Sprintf("is of run %s, and its journal of run %s", r.RunID, j.RunID)
	case !r.StartedAt.Equal(j.CreatedAt):
		return fmt.Sprintf("says that the restore started %s, and its journal %s", r.StartedAt, j.CreatedAt)
	case r.Target != j.Target:
		return "names another target cluster than its journal"
	case !same(r.Window.Start, j.Window.Start) || !same(r.Window.End, j.Window.End):
		return "names another time window than its journal"
	case r.OffsetHeaders != j.OffsetHeaders || r.Repartition != j.Repartition:
		return "says otherwise than its journal how records were changed"
	case len(r.Topics) != len(j.Topics):
		return fmt.Sprintf("names %d topics, and its journal %d", len(r.Topics), len(j.Topics))
	}
	for i := range r.Topics {
		if why := r.Topics[i].contradicts(&j.Topics[i]); why != "" {
			return why
		}
		if n := len(j.Topics[i].Partitions) - len(r.Topics[i].Partitions); n > 0 && r.Repartition != "" {
			return fmt.Sprintf("leaves out %d partitions of topic %s that its journal names", n, r.Topics[i].Target)
		}
	}
	return ""
}

func (t *ReceiptTopic) contradicts(j *JournalTopic) string {
	if t.Source != j.Source || t.SourceID != j.SourceID || t.Target != j.Target || t.TargetID != j.TargetID || t.Created != j.Created {
		return fmt.Sprintf("says otherwise than its journal what topic %s was restored into", j.Source)
	}
	starts := map[int32]Int64{}
	for _, p := range j.Partitions {
		starts[p.Partition] = p.Start
	}
	for _, p := range t.Partitions {
		start, ok := starts[p.Partition]
		if !ok || start != p.Start {
			return fmt.Sprintf("names partition %d of topic %s from offset %d on, twice or otherwise than its journal", p.Partition, t.Target, p.Start)
		}
		delete(starts, p.Partition)
	}
	return ""
}

// same compares two ends of windows, which may be open.
func same(a, b *Int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
