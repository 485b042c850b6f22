package evidence

import "time"

// Names of the checks, as they stand in reports, mappings and configurations' output.
const (
	ArchiveIntegrityCheck    = "ArchiveIntegrityCheck"
	CaptureCheck             = "CaptureCheck"
	MessageCountCheck        = "MessageCountCheck"
	OffsetRangeCheck         = "OffsetRangeCheck"
	ContentCheck             = "ContentCheck"
	ConsumerGroupOffsetCheck = "ConsumerGroupOffsetCheck"
	ScopeCheck               = "ScopeCheck"
)

// MaxDifferences bounds the differences listed per partition; DifferencesTotal counts all.
const MaxDifferences = 20

// Check is one question asked of a restore, and the answer.
type Check struct {
	Name       string       `json:"name"`
	Outcome    Outcome      `json:"outcome"`
	Detail     string       `json:"detail"` // one line for people, as in text output
	StartedAt  time.Time    `json:"started_at"`
	DurationMS int64        `json:"duration_ms"`
	Expected   int64        `json:"expected"` // of whatever the check counts
	Observed   int64        `json:"observed"`
	Problems   []string     `json:"problems"` // sentences, for what has no place in topics
	Topics     []TopicCheck `json:"topics"`
}

// TopicCheck is a check's answer for one topic.
type TopicCheck struct {
	Topic      string           `json:"topic"`
	Target     string           `json:"target"`
	Outcome    Outcome          `json:"outcome"`
	Detail     string           `json:"detail"`
	Partitions []PartitionCheck `json:"partitions"`
}

// PartitionCheck is a check's answer for one partition.
type PartitionCheck struct {
	Partition int32   `json:"partition"`
	Outcome   Outcome `json:"outcome"`
	Detail    string  `json:"detail,omitempty"`
	Expected  int64   `json:"expected"`
	Observed  int64   `json:"observed"`
	// RecordsRoot is the RFC 6962 tree hash over the canonical records in hex, "" where contents were
	// not read. A single record can be proved against it (VerifyInclusion).
	RecordsRoot       string       `json:"records_root,omitempty"`
	FirstSourceOffset *Int64       `json:"first_source_offset,omitempty"`
	LastSourceOffset  *Int64       `json:"last_source_offset,omitempty"`
	FirstTargetOffset *Int64       `json:"first_target_offset,omitempty"`
	LastTargetOffset  *Int64       `json:"last_target_offset,omitempty"`
	DifferencesTotal  int64        `json:"differences_total"`
	Differences       []Difference `json:"differences"` // at most MaxDifferences
}

// Difference says where a restored record differs from the captured one. It never holds customer
// data: evidence cannot be deleted for years.
type Difference struct {
	SourceOffset   *Int64 `json:"source_offset"` // nil: no such captured record
	TargetOffset   *Int64 `json:"target_offset"` // nil: no such restored record
	Field          string `json:"field"`         // record, timestamp, key, value, headers, header[2].name …
	ExpectedLen    int64  `json:"expected_len"`  // -1: null or absent
	ActualLen      int64  `json:"actual_len"`
	ExpectedSHA256 string `json:"expected_sha256"` // "" where the length is -1
	ActualSHA256   string `json:"actual_sha256"`
}

// AddDifference counts a difference and lists it while there is room.
func (p *PartitionCheck) AddDifference(d Difference) {
	p.DifferencesTotal++
	if len(p.Differences) < MaxDifferences {
		p.Differences = append(p.Differences, d)
	}
}

// Settle gives the topic the verdict of its partitions.
func (t *TopicCheck) Settle() {
	outcomes := make([]Outcome, len(t.Partitions))
	for i := range t.Partitions {
		outcomes[i] = t.Partitions[i].Outcome
	}
	t.Outcome = Overall(outcomes...)
}

// Settle gives the check the verdict of its topics, after each topic has that of its partitions.
func (c *Check) Settle() {
	outcomes := make([]Outcome, len(c.Topics))
	for i := range c.Topics {
		c.Topics[i].Settle()
		outcomes[i] = c.Topics[i].Outcome
	}
	c.Outcome = Overall(outcomes...)
}

// contradiction says, if so, that the check claims to have passed although a part of it did not.
// strict says that no difference was to be tolerated.
func (c *Check) contradiction(strict bool) string {
	if !c.Outcome.Known() {
		return "check " + c.Name + " has the outcome " + string(c.Outcome)
	}
	for _, t := range c.Topics {
		for _, p := range t.Partitions {
			if t.Outcome == Passed && (p.Outcome == Failed || p.Outcome == Indeterminate || strict && p.DifferencesTotal > 0) {
				return "check " + c.Name + " passes topic " + t.Topic + " although one of its partitions did not pass"
			}
		}
		if c.Outcome == Passed && (t.Outcome == Failed || t.Outcome == Indeterminate) {
			return "check " + c.Name + " passed although topic " + t.Topic + " did not"
		}
	}
	return ""
}

func (c *Check) fillEmpty() {
	c.StartedAt = Time(c.StartedAt)
	if c.Problems == nil {
		c.Problems = []string{}
	}
	if c.Topics == nil {
		c.Topics = []TopicCheck{}
	}
	for i := range c.Topics {
		t := &c.Topics[i]
		if t.Partitions == nil {
			t.Partitions = []PartitionCheck{}
		}
		for j := range t.Partitions {
			if t.Partitions[j].Differences == nil {
				t.Partitions[j].Differences = []Difference{}
			}
		}
	}
}
