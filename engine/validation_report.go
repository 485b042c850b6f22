package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/storage"
)

// ExecutableSHA256 is the digest of the running program's file, for ValidationOptions.BinarySHA256.
func ExecutableSHA256() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the running program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the running program: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the running program: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// level says how much was compared.
func (v *validation) level() evidence.Level {
	if n, ok := v.Checks.tolerant(); ok {
		return evidence.LevelTolerance(n)
	}
	if v.Checks.Content == nil || v.read == nil {
		return evidence.LevelCounts
	}
	for _, t := range v.read.topics {
		if !v.Checks.Content.Topics.takes(t.Source) {
			return evidence.LevelSample
		}
	}
	if !v.everyRecord() {
		return evidence.LevelSample
	}
	return evidence.LevelEveryRecord
}

// compose fills the report.
func (v *validation) compose() *evidence.Report {
	now := v.Env.now()
	r := &evidence.Report{GeneratedAt: now, Level: v.level(), DurationMS: now.Sub(v.began).Milliseconds(),
		Tool:   evidence.Tool{Name: v.Env.Tool.Name, Version: v.Env.Tool.Version, Commit: v.Env.Tool.Commit, BinarySHA256: v.BinarySHA256},
		Backup: v.backupPart(), Restore: v.restorePart(), Checks: v.checks, Integrity: v.tally,
		Operator: evidence.SelfDeclared(v.Env.Operator), Stale: v.stale}
	for _, rec := range v.receipt.Doc.Exceptions {
		v.except = append(v.except, "restore: "+rec)
	}
	r.Exceptions = v.except
	v.cover(r)
	v.judgeHistory(r)
	if w := v.Witness; w != nil {
		r.Series = w.Series.Series
		r.TriggeredBy = evidence.SelfDeclared(w.TriggeredBy)
		if w.Operator != "" {
			r.Operator = evidence.SelfDeclared(w.Operator)
		}
		if w.Signer != nil {
			r.Key = w.Signer.PublicKey().Ref()
		}
		r.Retention = v.retention(r)
	}
	if v.watch != nil {
		ref := v.watch.run.Ref()
		r.Ledger = &ref
		if slot := v.watch.run.Slot(evidence.SlotReport); slot != nil {
			at := slot.SlotRef
			r.Slot = &at
		}
	}
	r.Seal()
	if w := v.Witness; w != nil && len(w.Frameworks) > 0 {
		maps.DeleteFunc(r.ComplianceMappings, func(name string, _ evidence.Mapping) bool { return !slices.Contains(w.Frameworks, name) })
	}
	return r
}

// signatureState says what is known of the signatures of documents that were read.
func (v *validation) signatureState() evidence.SignatureState {
	if v.archive.Trusts() {
		return evidence.SignatureValid // else reading them had failed
	}
	return evidence.SignatureNotChecked
}

// backupPart describes what was to be proved restorable: all that the run holds through its chain.
func (v *validation) backupPart() evidence.Backup {
	m := v.view.Run
	b := evidence.Backup{BackupID: v.BackupID, RunID: m.Doc.RunID, ManifestSHA256: m.SHA256, ManifestSignature: v.signatureState(),
		SourceCluster: evidence.ClusterRef(m.Doc.Source), FinishedAt: m.Doc.CreatedAt}
	for _, t := range v.view.Topics {
		b.Topics++
		for _, p := range t.Parts {
			b.Partitions++
			b.Records += p.Records
			b.Bytes += p.Bytes
		}
	}
	return b
}

// restorePart describes the restore that was compared.
func (v *validation) restorePart() evidence.Restore {
	rec := v.receipt.Doc
	target := evidence.ClusterRef(rec.Target)
	if v.DeclaredCluster != "" {
		target.Declared = v.DeclaredCluster
	}
	r := evidence.Restore{RestoreID: rec.RestoreID, ReceiptSHA256: v.receipt.SHA256, ReceiptSignature: v.signatureState(), TargetCluster: target,
		WindowStartMS: windowEnd(rec.Window.Start), WindowEndMS: windowEnd(rec.Window.End), StartedAt: rec.StartedAt, FinishedAt: rec.FinishedAt,
		Records: rec.Records, Bytes: rec.Bytes, EarlierReports: v.earlier, Exceptions: rec.Exceptions}
	for _, t := range rec.Topics {
		rt := evidence.RestoredTopic{Source: t.Source, SourceTopicID: t.SourceID.String(), Target: t.Target, TopicID: t.TargetID.String(),
			HeldOpen: slices.Sorted(maps.Keys(t.HeldOpen)), Partitions: len(t.Partitions)}
		for _, p := range t.Partitions {
			rt.Records += p.Records
		}
		r.Topics = append(r.Topics, rt)
	}
	if v.read != nil {
		for _, p := range v.read.parts {
			if p.count > 0 && (r.NewestRecordMS == nil || int64(*r.NewestRecordMS) < p.newest) {
				r.NewestRecordMS = offsetOf(p.newest)
			}
		}
	}
	return r
}

func windowEnd(n *archive.Int64) *evidence.Int64 {
	if n == nil {
		return nil
	}
	return offsetOf(int64(*n))
}

// cover says what was not verified.
func (v *validation) cover(r *evidence.Report) {
	say := func(format string, args ...any) { v.coverage = append(v.coverage, fmt.Sprintf(format, args...)) }
	if r.Level != evidence.LevelEveryRecord {
		say("%s", r.Level.Remark())
	}
	if v.read == nil {
		say("the target was not read")
	}
	for _, name := range AllChecks().Names() {
		if !slices.Contains(v.Checks.Names(), name) {
			say("%s was not asked for", name)
		}
	}
	if !v.Checks.Capture {
		v.lost("this run or earlier ones", 0)
	}
	v.coverTopics(say)
	if !v.receipt.Doc.Window.All() {
		say("the restore was limited to a window of record times; records outside of it were not restored and not compared")
	}
	say("the configs of topics, and ACLs, were not compared")
	if v.BinarySHA256 == "" {
		say("the digest of the program that made this report is not known")
	}
	switch {
	case v.Witness == nil:
		say("no evidence is configured: this report is neither stored nor signed, and no ledger knows of it")
	case v.Witness.Signer == nil:
		say("no signing key is configured: this report is not signed, and no ledger knows of it")
	}
	r.Coverage = v.coverage
}

// coverTopics names what of the run was not restored, or not compared.
func (v *validation) coverTopics(say func(string, ...any)) {
	restored := map[string]bool{}
	var uncompared []string
	for _, t := range v.receipt.Doc.Topics {
		restored[t.Source] = true
		if c := v.Checks.Content; c != nil && !c.Topics.takes(t.Source) {
			uncompared = append(uncompared, t.Source)
		}
	}
	var left []string
	for _, name := range topicNames(v.view) {
		if !restored[name] {
			left = append(left, name)
		}
	}
	if len(left) > 0 {
		say("%s of the run were not restored: %s", plural(len(left), "topic"), shortList(left))
	}
	if len(uncompared) > 0 {
		say("the contents of %s were not compared: %s", plural(len(uncompared), "topic"), shortList(uncompared))
	}
}

// judgeHistory says whether this restore was evidence before, and whether it can be evidence for the slot.
func (v *validation) judgeHistory(r *evidence.Report) {
	if n := len(v.earlier); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("this restore was used as evidence before, in %s: %s", plural(n, "report"), shortList(v.earlier)))
	}
	if v.stale {
		slot := v.watch.run.Slot(evidence.SlotReport)
		r.Findings = append(r.Findings, fmt.Sprintf("stale: the restore was started %s, outside of the period of the slot due %s (from %s on): it is no evidence for it; restore anew",
			v.receipt.Doc.StartedAt.UTC().Format("2006-01-02 15:04:05Z"), slot.Due.UTC().Format("2006-01-02 15:04:05Z"), slot.PeriodStart.UTC().Format("2006-01-02 15:04:05Z")))
	}
	for _, c := range v.checks {
		if c.Outcome == evidence.Failed || c.Outcome == evidence.Indeterminate {
			r.Findings = append(r.Findings, fmt.Sprintf("%s %s: %s", c.Name, c.Outcome, c.Detail))
		}
	}
}

// retention says how long the report is kept, and by what.
func (v *validation) retention(r *evidence.Report) evidence.Retention {
	s := v.Witness.Series
	kept := evidence.NewRetention(s.RetentionDays, s.RetentionYears, s.RetentionMode, r.GeneratedAt)
	if kept.ConfiguredDays > 0 {
		kept.Notes = append(kept.Notes, "this store locks nothing: evidence is kept as long as nobody deletes it")
	}
	const sox = 7
	if note := evidence.RetentionNote(kept.ConfiguredDays, sox, r.GeneratedAt); note != "" && kept.ConfiguredDays > 0 {
		kept.Notes = append(kept.Notes, note)
	}
	return kept
}

// putReport seals the report, stores it, and verifies what the store then has.
func (v *validation) putReport(ctx context.Context) error {
	v.report = v.compose()
	v.job.report.Store(v.report)
	w := v.Witness
	if w == nil || w.Store == nil {
		return nil
	}
	stored, err := evidence.PutReport(ctx, w.Store, w.Prefix, v.report, w.Signer)
	if err != nil {
		return err
	}
	v.stored = stored
	if err := v.readBackReport(ctx); err != nil {
		return fmt.Errorf("the report was put, and does not read back as it is: %w", err)
	}
	v.job.Info("report", F("report_id", v.report.ReportID), F("key", stored.File.Key), F("sha256", stored.File.SHA256), F("signed", w.Signer != nil))
	return nil
}

// readBackReport proves the stored report as an auditor would.
func (v *validation) readBackReport(ctx context.Context) error {
	w, s := v.Witness, v.stored
	body, err := storage.ReadAll(ctx, w.Store, s.File.Key, s.File.Size)
	if err != nil {
		return err
	}
	if w.Signer == nil {
		if !bytes.Equal(body, s.Body) {
			return &archive.BrokenError{Key: s.File.Key, Err: fmt.Errorf("its sha256 is %s, not %s", evidence.Digest(body), s.File.SHA256)}
		}
		return nil
	}
	sig, err := storage.ReadAll(ctx, w.Store, s.SignatureFile.Key, s.SignatureFile.Size)
	if err != nil {
		return err
	}
	if _, err = evidence.VerifyReport(body, sig, w.Signer.PublicKey(), evidence.ReportPlace{Key: s.File.Key, ExpectedSHA256: s.File.SHA256}); err != nil {
		return &archive.BrokenError{Key: s.File.Key, Err: err}
	}
	return nil
}

// conclude fills the summary.
func (v *validation) conclude() {
	r, s := v.report, &v.summary
	count := map[evidence.Outcome]int{}
	for _, c := range r.Checks {
		count[c.Outcome]++
	}
	s.fact("backup_id", v.BackupID)
	s.fact("run_id", r.Backup.RunID)
	s.fact("restore_id", r.Restore.RestoreID)
	s.fact("overall", string(r.Overall))
	s.fact("level", string(r.Level))
	s.fact("level_remark", r.LevelRemark)
	s.fact("checks", len(r.Checks))
	s.fact("passed", count[evidence.Passed])
	s.fact("failed", count[evidence.Failed])
	s.fact("skipped", count[evidence.Skipped])
	s.fact("indeterminate", count[evidence.Indeterminate])
	s.fact("records_compared", r.Integrity.RecordsCompared)
	s.fact("stale", r.Stale)
	if v.stored != nil {
		s.fact("report_id", r.ReportID)
		s.fact("report", v.stored.File.Key)
		s.fact("report_sha256", v.stored.File.SHA256)
		if v.stored.SignatureFile != nil {
			s.fact("signature", v.stored.SignatureFile.Key)
		}
	} else {
		s.Notes = append(s.Notes, "no evidence is configured: no report was written")
	}
	s.Notes = append(s.Notes, r.Notes...)
	s.Notes = append(s.Notes, r.Retention.Notes...)
	for _, f := range r.Findings {
		s.find("%s", f)
	}
	if r.Overall != evidence.Passed {
		s.Exit = worst(s.Exit, ExitFindings)
	}
	for _, err := range v.broken {
		s.find("%s", err)
		s.Exit = worst(s.Exit, ExitBroken)
	}
}
