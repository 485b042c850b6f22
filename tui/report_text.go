package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"kustody/evidence"
	"kustody/tui/units"
)

// reportLines is the report as a text.
func reportLines(c *console, r *reportCheck, w int) []line {
	s := &sheet{w: w}
	x := r.report
	if x == nil {
		return s.unreadable(r)
	}
	if !r.holds() {
		m, _ := r.verdict()
		s.lines = append(s.lines, flow(line{{" ", plain}}, c.theme.glyph(m), markStyles[m], "What follows is what the file says; see its verification.", w)...)
		s.blank()
	}
	s.result(c, r)
	s.subject(x)
	s.topics(c, r)
	s.checks(c, r)
	s.list("Not covered", plain, x.Coverage)
	s.list("Findings", warn, x.Findings)
	s.list("Notes", plain, x.Notes)
	s.list("Differs by design", plain, append(slices.Clone(x.Exceptions), x.Restore.Exceptions...))
	s.list("Used as evidence before", warn, x.Restore.EarlierReports)
	s.controls(x)
	s.origin(x)
	s.list("Not proved by any report", plain, x.NotProved)
	return s.lines
}

// unreadable stands in place of a report that is not here, or that cannot be read.
func (s *sheet) unreadable(r *reportCheck) []line {
	why := "It could not be read."
	if r.missing {
		why = "It is not here. What the ledger says of it:"
	}
	s.lines = append(s.lines, para(bad, why, s.w)...)
	if r.entry != nil {
		s.blank()
		entryFields(s, r.entry)
	}
	return s.lines
}

// result is what the report comes to, when, and for which slot.
func (s *sheet) result(c *console, r *reportCheck) {
	x := r.report
	m, says := reportSays(r)
	s.lines = append(s.lines, flow(line{{" " + pad("Result", 14) + " ", dim}}, c.theme.glyph(m), markStyles[m], says, s.w)...)
	generated := stampSeconds(x.GeneratedAt) + " UTC"
	if c.desk.Zone != time.UTC {
		generated += " (" + x.GeneratedAt.In(c.desk.Zone).Format("2006-01-02 15:04 MST") + ")"
	}
	s.field("Generated", generated)
	if x.Slot != nil {
		s.field("Slot", x.Slot.Kind+" of "+x.Series+", due "+stamp(x.Slot.Due)+" UTC")
	} else {
		s.field("Series", x.Series)
	}
}

// subject is what was backed up, restored and compared, and how long it took.
func (s *sheet) subject(x *evidence.Report) {
	s.field("Cluster", clusterWords(x.Backup.SourceCluster))
	s.field("Backup", x.Backup.BackupID+", run "+x.Backup.RunID)
	s.field("", units.Count(int64(x.Backup.Topics), "topic")+", "+units.Count(int64(x.Backup.Partitions), "partition")+", "+units.Count(x.Backup.Records, "record")+", "+units.Size(x.Backup.Bytes))
	s.field("Manifest", grouped(x.Backup.ManifestSHA256, s.w-17)+", signature "+string(x.Backup.ManifestSignature))
	s.field("Restore", x.Restore.RestoreID+" into "+clusterWords(x.Restore.TargetCluster))
	s.field("Window", restoredWindow(x.Restore))
	s.field("RTO measured", millis(x.Restore.TimeToRestoreMS)+" for "+units.Count(x.Restore.Records, "record")+", "+units.Size(x.Restore.Bytes))
	if age := x.Restore.NewestRecordAgeMS; age != nil {
		s.field("RPO measured", millis(*age)+": age of the newest record when the restore began")
	}
	s.field("Compared", units.Count(x.Integrity.RecordsCompared, "record")+"; "+units.Thousands(x.Integrity.ObjectsVerified)+" of "+units.Count(x.Integrity.ObjectsExpected, "object")+" recomputed")
}

func clusterWords(c evidence.ClusterRef) string {
	switch {
	case c.Declared == c.Observed || c.Observed == "":
		return c.Declared
	case c.Declared == "":
		return c.Observed
	}
	return c.Declared + " (calls itself " + c.Observed + ")"
}

// restoredWindow is the window of a restore as its report has it.
func restoredWindow(r evidence.Restore) string {
	end := func(ms *evidence.Int64, open string) string {
		if ms == nil {
			return open
		}
		return stamp(time.UnixMilli(int64(*ms)))
	}
	if r.WindowStartMS == nil && r.WindowEndMS == nil {
		return "everything that the run holds"
	}
	return "[" + end(r.WindowStartMS, "beginning") + ", " + end(r.WindowEndMS, "end") + ") UTC, by record time"
}

// topics is the table of what was restored and how it compared.
func (s *sheet) topics(c *console, r *reportCheck) {
	nameWidth := max(10, s.w-37)
	s.blank()
	s.lines = append(s.lines, line{{" " + pad("TOPIC", nameWidth) + "  PARTS     RECORDS  RESULT", dim | bold}})
	for _, t := range r.report.Restore.Topics {
		m, word := topicResult(r, t.Source)
		s.lines = append(s.lines, append(line{{" " + pad(t.Source, nameWidth) + " " + padLeft(itoa(t.Partitions), 6) + padLeft(units.Thousands(t.Records), 12) + "  ", plain}},
			c.theme.word(m, word)...))
	}
}

// topicResult is the worst that any check says of a topic.
func topicResult(r *reportCheck, topic string) (mark, string) {
	outcomes := []evidence.Outcome{}
	content := false
	for _, ch := range r.report.Checks {
		for _, t := range ch.Topics {
			if t.Topic == topic {
				outcomes = append(outcomes, t.Outcome)
				content = content || ch.Name == evidence.ContentCheck && t.Outcome == evidence.Passed
			}
		}
	}
	switch evidence.Overall(outcomes...) {
	case evidence.Failed:
		return markBad, "differs"
	case evidence.Passed:
		m := markAbout
		if r.holds() {
			m = markOK
		}
		if content {
			return m, "same records"
		}
		return markFinding, "same counts"
	}
	return markGap, "not told"
}

// checks lists the checks with what each says.
func (s *sheet) checks(c *console, r *reportCheck) {
	s.title("Checks")
	for _, x := range r.report.Checks {
		m, word := markFinding, string(x.Outcome)
		switch {
		case x.Outcome == evidence.Failed:
			m = markBad
		case x.Outcome == evidence.Skipped:
			m = markWait
		case x.Outcome == evidence.Passed && r.holds():
			m = markOK
		case x.Outcome == evidence.Passed:
			m = markAbout
		}
		s.lines = append(s.lines, append(line{{" ", plain}}, append(c.theme.word(m, word), span{" " + x.Name, bold})...))
		s.lines = append(s.lines, flow(line{{"   ", plain}}, span{}, plain, x.Detail, s.w)...)
		for _, p := range x.Problems {
			s.lines = append(s.lines, flow(line{{"   · ", dim}}, span{}, warn, p, s.w)...)
		}
		for _, t := range x.Topics {
			s.differences(t)
		}
	}
}

// differences lists the partitions of a topic that did not pass, and where.
func (s *sheet) differences(t evidence.TopicCheck) {
	for _, p := range t.Partitions {
		if p.Outcome == evidence.Passed && p.DifferencesTotal == 0 {
			continue
		}
		text := t.Topic + "/" + strconv.Itoa(int(p.Partition)) + " " + string(p.Outcome) + ": " + units.Thousands(p.Expected) + " expected, " + units.Thousands(p.Observed) + " observed"
		if p.Detail != "" {
			text += "; " + p.Detail
		}
		if p.DifferencesTotal > 0 {
			text += "; " + units.Count(p.DifferencesTotal, "difference")
		}
		s.lines = append(s.lines, flow(line{{"   · ", dim}}, span{}, bad, text, s.w)...)
		for _, d := range p.Differences {
			s.lines = append(s.lines, flow(line{{"       ", dim}}, span{}, plain, differenceWords(d), s.w)...)
		}
	}
}

func differenceWords(d evidence.Difference) string {
	at := func(o *evidence.Int64) string {
		if o == nil {
			return "none"
		}
		return strconv.FormatInt(int64(*o), 10)
	}
	side := func(n int64, sum string) string {
		if n < 0 {
			return "null or absent"
		}
		return strconv.FormatInt(n, 10) + " bytes, sha256 " + short(sum, 12)
	}
	return "offset " + at(d.SourceOffset) + " → " + at(d.TargetOffset) + " " + d.Field + ": " + side(d.ExpectedLen, d.ExpectedSHA256) + " expected, " + side(d.ActualLen, d.ActualSHA256)
}

// controls is what the report is worth for each framework.
func (s *sheet) controls(x *evidence.Report) {
	s.title("Controls")
	for _, name := range evidence.Frameworks() {
		m, ok := x.ComplianceMappings[name]
		if !ok {
			continue
		}
		text := m.Control + ": "
		switch {
		case m.EvidenceForControl:
			text += "evidence, by " + strings.Join(m.SatisfiedBy, ", ")
		case len(m.FailedBy) > 0:
			text += "not evidence: failed by " + strings.Join(m.FailedBy, ", ")
		default:
			text += "not evidence by itself"
		}
		if y := m.EvidenceRetentionRequiredYears; y != nil {
			text += "; kept " + units.Count(int64(m.EvidenceRetentionConfiguredDays), "day") + " as configured, " + units.Count(int64(*y), "year") + " required"
		}
		s.field(name, text)
		for _, n := range m.Notes {
			s.field("", n)
		}
	}
}

// origin is who and what wrote the report.
func (s *sheet) origin(x *evidence.Report) {
	s.title("Origin")
	if x.Key != nil {
		s.field("Key", x.Key.KeyID)
		s.field("Fingerprint", grouped(x.Key.Fingerprint, s.w-17))
	} else {
		s.field("Key", "none: it was not signed")
	}
	if l := x.Ledger; l != nil {
		s.field("Ledger", "its job began with entry "+plainNumber(l.StartedSequence)+"; the head seen was "+plainNumber(l.HeadSequence)+":"+short(l.HeadSHA256, 16))
	}
	declared := func(name string, d evidence.Declared) {
		if d.Value != "" {
			s.field(name, d.Value+" ("+d.Source+")")
		}
	}
	declared("Operator", x.Operator)
	declared("Triggered by", x.TriggeredBy)
	s.field("Tool", strings.TrimSpace(x.Tool.Name+" "+x.Tool.Version+" "+x.Tool.Commit))
	s.field("Binary", grouped(x.Tool.BinarySHA256, s.w-17))
	if x.Retention.ConfiguredDays > 0 {
		text := units.Count(int64(x.Retention.ConfiguredDays), "day") + " configured"
		if x.Retention.RetainUntil != nil {
			text += "; the store says until " + stamp(*x.Retention.RetainUntil)
		} else {
			text += "; no store lock was confirmed"
		}
		s.field("Retention", text)
	}
	for _, n := range x.Retention.Notes {
		s.field("", n)
	}
}

// fileLines are the files of the report and of its job.
func fileLines(c *console, r *reportCheck, w int) []line {
	s := &sheet{w: w}
	for i, f := range r.files {
		if i > 0 {
			s.blank()
		}
		m, word := fileMark(r, f)
		s.lines = append(s.lines, flow(line{{" ", plain}}, c.theme.glyph(m), plain, f.key, w)...)
		s.field("  "+f.root, units.Thousands(f.size)+" bytes, "+word)
		s.field("  sha256", grouped(first(f.named, f.computed), w-17))
	}
	if len(r.files) == 0 {
		s.lines = append(s.lines, say(" No file of it is here, and no ledger entry names any."))
	}
	return s.lines
}

// fileMark is what is known of a file.
func fileMark(r *reportCheck, f namedFile) (mark, string) {
	switch {
	case f.broken != "":
		return markBad, f.broken
	case f.named == "":
		return markFinding, "no ledger entry names it"
	case f.computed != "" && f.computed != f.named:
		return markBad, "changed: now sha256 " + short(f.computed, 16)
	case f.root == evidence.RootArchive && r.ledger.Archive == "":
		return markFinding, "named by the ledger, and not looked at: the archive is not here"
	}
	m := markAbout
	if r.holds() {
		m = markOK
	}
	if f.computed != "" {
		return m, "as the ledger names it, read now"
	}
	return m, "as the ledger names it"
}
