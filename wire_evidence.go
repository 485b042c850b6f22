package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kustody/config"
	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/storage"
)

// loadKeys loads the key that signs and the key that is believed: --public-key, else one of
// evidence.public_keys, else evidence.signing.public_key_path, else the signer's own public half. Who
// only looks does not need the private key, if another one says what to believe.
func (s *session) loadKeys(flag string, signs bool) error {
	var err error
	if s.trusted, err = s.trustedKey(flag); err != nil {
		return unusable(err)
	}
	sign := s.cfg.Evidence.Signing
	if !sign.Enabled || sign.PrivateKeyPath == "" || !signs && s.trusted != nil {
		return nil
	}
	if s.signer, err = loadSigner(sign); err != nil {
		return unusable(err)
	}
	for _, n := range s.signer.Notes() {
		s.warn(n)
	}
	if s.trusted == nil {
		s.trusted = s.signer.PublicKey()
	}
	return nil
}

// loadSigner loads the private key and compares it with what the configuration says of it.
func loadSigner(c config.Signing) (*evidence.Signer, error) {
	signer, err := evidence.LoadSigner(c.PrivateKeyPath)
	if err != nil {
		return nil, fmt.Errorf("evidence.signing.private_key_path: %w", err)
	}
	if c.KeyID != "" && !strings.EqualFold(c.KeyID, signer.PublicKey().KeyID()) {
		return nil, fmt.Errorf("evidence.signing.key_id is %s, and the key's id is %s", c.KeyID, signer.PublicKey().KeyID())
	}
	if c.PublicKeyPath != "" {
		pub, err := evidence.LoadPublicKey(c.PublicKeyPath)
		if err != nil {
			return nil, fmt.Errorf("evidence.signing.public_key_path: %w", err)
		}
		if !pub.Equal(signer.PublicKey()) {
			return nil, errors.New("evidence.signing.public_key_path is not the other half of private_key_path")
		}
	}
	return signer, nil
}

func (s *session) trustedKey(flag string) (*evidence.PublicKey, error) {
	if flag != "" {
		pub, err := evidence.LoadPublicKey(flag)
		if err != nil {
			return nil, fmt.Errorf("--public-key: %w", err)
		}
		return pub, nil
	}
	e := s.cfg.Evidence
	switch len(e.PublicKeys) {
	case 0:
	case 1:
		return evidence.LoadPublicKey(e.PublicKeys[0])
	default:
		return nil, fmt.Errorf("evidence.public_keys names %d keys, and this version trusts one at a time: give it with --public-key", len(e.PublicKeys))
	}
	if e.Signing.PublicKeyPath != "" {
		return evidence.LoadPublicKey(e.Signing.PublicKeyPath)
	}
	return nil, nil
}

// keys are both halves of trust, as the archive takes them.
func (s *session) keys() archive.Keys { return archive.Keys{Signer: s.signer, Trusted: s.trusted} }

// witness opens the ledger. Nil where no evidence is configured; without a key there is no ledger, since
// an unsigned one proves nothing, and reports are written unsigned.
func (s *session) witness(ctx context.Context, verb string) (*engine.Witness, error) {
	if !s.cfg.EvidenceSet {
		return nil, nil
	}
	root, prefix, err := evidencePlace(s.cfg)
	if err != nil {
		return nil, err
	}
	store, err := storage.Open(ctx, root)
	if err != nil {
		return nil, fmt.Errorf("open the evidence's storage: %w", err)
	}
	e := s.cfg.Evidence
	w := &engine.Witness{Store: store, Prefix: prefix, Series: seriesSpec(s.cfg, verb, nil),
		TriggeredBy: s.cfg.TriggeredBy, Operator: s.env.Operator, Frameworks: e.Compliance.Frameworks}
	if s.signer == nil {
		return w, nil
	}
	ledger, err := evidence.Open(ctx, store, prefix, s.signer, evidence.LedgerOptions{Clock: evidence.Clock(s.app.clock), ClockTolerance: e.ClockTolerance.Std(), Operator: s.env.Operator, Host: s.env.Host})
	var broken *evidence.BrokenError
	if errors.As(err, &broken) {
		return nil, &engine.Problem{Exit: engine.ExitBroken, Err: err}
	}
	if err != nil {
		return nil, err
	}
	w.Ledger, w.Signer, w.Series = ledger, s.signer, seriesSpec(s.cfg, verb, ledger.Entries())
	return w, nil
}

// seriesSpec is what the configuration says of its series. Where one file holds one job each, a file
// says nothing of what belongs to another job; the ledger's word then stays, or every job would seem to
// change the series.
func seriesSpec(c *config.Config, verb string, entries []evidence.Sealed) evidence.SeriesSpec {
	before := seriesBefore(c.Series(), entries)
	backs, judges := verb == "backup" || verb == "drill", verb == "validation" || verb == "drill"
	spec := evidence.SeriesSpec{Series: c.Series(), Include: c.Source.Topics.Include, Exclude: c.Source.Topics.Exclude,
		RetentionDays: c.Evidence.Retention(), DeclaredCluster: c.Backup.SourceClusterID}
	if spec.RetentionDays > 0 {
		spec.RetentionMode = c.Evidence.Storage.RetentionMode
	}
	if c.ChecksSet || judges {
		spec.Checks = checkNames(c)
	}
	for _, s := range c.Evidence.Schedule {
		spec.Schedules = append(spec.Schedules, scheduleSpec(c.Evidence, s))
	}
	if !backs && c.Source.Topics.IsZero() {
		spec.Include, spec.Exclude = before.Include, before.Exclude
	}
	if spec.DeclaredCluster == "" && !backs {
		spec.DeclaredCluster = before.DeclaredCluster
	}
	if spec.Checks == nil {
		spec.Checks = before.Checks
	}
	if spec.RetentionDays == 0 {
		spec.RetentionDays, spec.RetentionMode, spec.RetentionYears = before.RetentionDays, before.RetentionMode, before.RetentionYears
	}
	for _, old := range before.Schedules {
		owner := old.Kind == evidence.SlotBackup && backs || old.Kind == evidence.SlotReport && judges
		if !owner && !hasKind(spec.Schedules, old.Kind) {
			spec.Schedules = append(spec.Schedules, old)
		}
	}
	return spec
}

// checkNames are the names of the checks that run, as reports have them.
func checkNames(c *config.Config) []string {
	k, err := checks(c)
	if err != nil || k == nil { // patterns that cannot be read are said where they are used
		k = engine.AllChecks()
	}
	return k.Names()
}

func scheduleSpec(e config.Evidence, s config.Schedule) evidence.ScheduleSpec {
	out := evidence.ScheduleSpec{Kind: s.Kind, Cron: strings.TrimPrefix(s.Cron, "@"), Zone: e.ScheduleTimeZone, ToleranceSeconds: int64(e.ScheduleTolerance.Std().Seconds())}
	if e.ScheduleFrom.Set {
		out.From = timeOf(e.ScheduleFrom.Millis)
	}
	return out
}

func hasKind(list []evidence.ScheduleSpec, kind string) bool {
	for _, s := range list {
		if s.Kind == kind {
			return true
		}
	}
	return false
}

// seriesBefore is what the ledger says of a series now.
func seriesBefore(name string, entries []evidence.Sealed) evidence.SeriesSpec {
	var spec evidence.SeriesSpec
	for _, e := range entries {
		if e.Genesis != nil {
			for _, s := range e.Genesis.Series {
				if s.Series == name {
					spec = s
				}
			}
		}
		if e.Changed != nil && e.Changed.Series == name {
			spec = *e.Changed
		}
	}
	return spec
}
