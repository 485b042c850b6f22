package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kustody/engine"
	"kustody/evidence"
	"kustody/tui"
	"kustody/tui/units"
)

// pins are the flags that pin a ledger to what was kept elsewhere.
type pins struct{ genesis, head, asOf string }

// add declares the flags.
func (p *pins) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.genesis, "genesis", "", "sha256 of entry 0, as it came with the public key")
	f.StringVar(&p.head, "head", "", "N:SHA256 of an entry, kept elsewhere")
	f.StringVar(&p.asOf, "as-of", "", "judge the slots due by then: now (the default), last for the time of the newest entry, or a time")
}

// read is what the flags ask of a verification at the time of now.
func (p pins) read(now time.Time) (o engine.LedgerOptions, err error) {
	if p.head != "" {
		if _, err := evidence.ParseHead(p.head); err != nil {
			return o, usage("", "--head: %w", err)
		}
	}
	o.Genesis, o.Head = p.genesis, p.head
	o.AsOf, err = asOf(p.asOf, now)
	return o, err
}

func (a *app) verbLedgerVerify() *cobra.Command {
	var p places
	var pin pins
	cmd := &cobra.Command{
		Use:   "ledger-verify",
		Short: "verify the ledger: chain, signatures, slots, and every object that it names",
		Long: "Finds the ledger under whatever prefix it has below --path and checks numbering, hashes, signatures,\n" +
			"slots, starts without an end, and that every object an entry names is there and unchanged.\n" +
			"--genesis and --head pin its two ends to what was kept elsewhere; without them a ledger that the\n" +
			"holder of the key rebuilt, or cut short, verifies as well.",
		Example: "  kustody validation ledger-verify --batch --path archive --public-key keys/signing.pub.pem\n" +
			"  kustody validation ledger-verify --batch --path archive --public-key keys/signing.pub.pem --as-of 2026-12-31T00:00:00Z",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "validation ledger-verify"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.batch {
				at := evidenceSight(p)
				at.pins = pin
				return a.console(cmd, at, opensAt(tui.Place{Verb: "ledger"}))
			}
			o, err := pin.read(a.start)
			if err != nil {
				return err
			}
			store, s, err := a.askedEvidence(cmd.Context(), p)
			if err != nil {
				return err
			}
			o.Store, o.PublicKey = store, s.trusted
			if s.cfg.Storage.Named() {
				if o.Archive, err = s.archives(cmd.Context(), true); err != nil {
					return err
				}
			}
			v, err := engine.VerifyLedger(cmd.Context(), o)
			if err != nil && !errors.Is(err, evidence.ErrNoTrustedKey) {
				return err
			}
			return a.showLedger(v, err == nil, o.AsOf)
		},
	}
	p.add(a, cmd, flagPath, flagConfig, flagPublicKey)
	pin.add(cmd)
	return cmd
}

// asOf reads --as-of.
func asOf(text string, now time.Time) (time.Time, error) {
	switch text {
	case "", "now": // a series that nobody runs any more shows by its missed slots
		return now.UTC(), nil
	case "last":
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, usage("write now, last, or a time such as 2026-11-20T12:00:00Z", "--as-of cannot be %q", text)
	}
	return t.UTC(), nil
}

// ledgerAnswer is what ledger-verify prints in JSON.
type ledgerAnswer struct {
	Integrity string           `json:"integrity"`
	Verdict   string           `json:"verdict"`
	Ledger    string           `json:"ledger"`
	Archive   string           `json:"archive"` // where the archive's objects were looked for
	Entries   int              `json:"entries"`
	Objects   int              `json:"objects"`
	Genesis   string           `json:"genesis"`
	Head      string           `json:"head"`
	AsOf      string           `json:"as_of"`
	Slots     map[string]int   `json:"slots"` // verdict to number
	Findings  []evidence.Found `json:"findings"`
}

// showLedger prints what was found.
func (a *app) showLedger(v *engine.LedgerVerification, trusted bool, asOf time.Time) error {
	out := ledgerAnswer{Integrity: "VERIFIED", Verdict: v.Summary(), Ledger: v.Folder, Archive: v.Archive, Entries: len(v.Entries), Objects: v.Objects,
		Genesis: v.Genesis, Head: v.Head.String(), Slots: map[string]int{}, Findings: v.Findings}
	if out.Findings == nil {
		out.Findings = []evidence.Found{}
	}
	if n := len(v.Entries); n > 0 && asOf.IsZero() {
		asOf = v.Entries[n-1].Time
	}
	out.AsOf = asOf.Format(time.RFC3339)
	for _, s := range v.Slots {
		out.Slots[string(s.Verdict)]++
	}
	exit := engine.ExitDone
	switch {
	case !trusted:
		out.Integrity, out.Verdict, exit = "NOT CHECKED", "there is no trusted public key", engine.ExitBroken
	case v.Count(evidence.Broken) > 0:
		out.Integrity, exit = "BROKEN", engine.ExitBroken
	case v.Count(evidence.Finding) > 0:
		out.Integrity, exit = "VERIFIED, WITH FINDINGS", engine.ExitFindings
	}
	if err := a.printLedger(out); err != nil {
		return err
	}
	if !trusted {
		a.complain(evidence.ErrNoTrustedKey)
	}
	for _, f := range v.Findings {
		if f.Severity != evidence.Note {
			a.complain(fmt.Errorf("%s", oneLine(f.String())))
		}
	}
	return ended(exit)
}

func (a *app) printLedger(out ledgerAnswer) error {
	if a.format == "json" {
		body, err := json.MarshalIndent(out, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s\n", harmlessJSON(body))
		return nil
	}
	fmt.Fprintf(a.stdout, "Ledger: %s — %s entries, %s objects read and as named\n", engine.Sanitize(out.Ledger), units.Thousands(int64(out.Entries)), units.Thousands(int64(out.Objects)))
	if out.Archive != "" {
		fmt.Fprintf(a.stdout, "Archive: %s\n", engine.Sanitize(out.Archive))
	}
	fmt.Fprintf(a.stdout, "Genesis: %s\nHead: %s\nSlots: %s (as of %s)\n", out.Genesis, out.Head, slotWords(out.Slots), out.AsOf)
	for _, f := range out.Findings {
		fmt.Fprintf(a.stdout, "[%s] %s\n", strings.ToUpper(string(f.Severity)), engine.Sanitize(f.String()))
	}
	fmt.Fprintf(a.stdout, "Ledger integrity: %s — %s\n", out.Integrity, engine.Sanitize(out.Verdict))
	return nil
}

// slotWords counts slots in words, the good first.
func slotWords(slots map[string]int) string {
	total := 0
	var parts []string
	for _, v := range []evidence.Verdict{evidence.VerdictPassed, evidence.VerdictLate, evidence.VerdictFailed, evidence.VerdictError,
		evidence.VerdictStale, evidence.VerdictMissed, evidence.VerdictOpen} {
		if n := slots[string(v)]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if total == 0 {
		return "none due"
	}
	return fmt.Sprintf("%d due: %s", total, strings.Join(parts, ", "))
}
