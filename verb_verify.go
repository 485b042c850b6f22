package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kustody/engine"
	"kustody/evidence"
)

// proof is what evidence-verify looks at.
type proof struct {
	report, signature, publicKey, ledger string
}

func (a *app) verbEvidenceVerify() *cobra.Command {
	var p proof
	cmd := &cobra.Command{
		Use:   "evidence-verify",
		Short: "verify a report against its signature and a trusted public key",
		Long: "Says VERIFIED only when a public key was given that came by another road than the report, and every\n" +
			"step held. With --ledger the report must also be named by a ledger that verifies.",
		Example:     "  kustody validation evidence-verify --batch --report report.json --signature report.sig --public-key keys/signing.pub.pem --ledger archive",
		Args:        a.noVerb,
		Annotations: map[string]string{headless: "validation evidence-verify"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.report == "" {
				return usage("", "--report is missing: the file to verify")
			}
			if !a.batch {
				at, place, err := p.sightOf()
				if err != nil {
					return err
				}
				return a.console(cmd, at, opensAt(place))
			}
			if p.signature == "" {
				p.signature = strings.TrimSuffix(p.report, filepath.Ext(p.report)) + ".sig"
			}
			v, err := a.verify(cmd.Context(), p)
			if err != nil {
				return err
			}
			return a.showVerified(v)
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.report, "report", "", "the report's file")
	f.StringVar(&p.signature, "signature", "", "the signature's file (default: the report's name with .sig)")
	f.StringVar(&p.publicKey, flagPublicKey, "", "PEM file of the public key that is trusted; it must come by another road than the report")
	f.StringVar(&p.ledger, "ledger", "", "store that holds the ledger; anything above it will do")
	return cmd
}

// verified is what evidence-verify found.
type verified struct {
	Report    string          `json:"report"`
	ReportID  string          `json:"report_id"`
	SHA256    string          `json:"sha256"`
	Checksum  string          `json:"checksum"`  // VALID, INVALID, NOT CHECKED
	Signature string          `json:"signature"` // VALID, INVALID, NOT CHECKED
	Integrity string          `json:"integrity"` // VERIFIED, FAILED, NOT CHECKED
	Ledger    string          `json:"ledger"`
	Verdict   string          `json:"verdict"`
	Overall   string          `json:"overall"`
	Level     string          `json:"level"`
	Steps     []evidence.Step `json:"steps"`

	exit     engine.Exit
	problems []string
}

// verify looks at the report by itself, and then for it in the ledger.
func (a *app) verify(ctx context.Context, p proof) (*verified, error) {
	body, err := readFile(p.report)
	if err != nil {
		return nil, err
	}
	var pub *evidence.PublicKey
	if p.publicKey != "" {
		if pub, err = evidence.LoadPublicKey(p.publicKey); err != nil {
			return nil, unusable(fmt.Errorf("--public-key: %w", err))
		}
	}
	sig, err := readFile(p.signature)
	if err != nil && pub != nil {
		return nil, err
	}
	at := evidence.ReportPlace{ReportFile: p.report, SignatureFile: p.signature, PublicKeyFile: p.publicKey}
	v, verr := evidence.VerifyReport(body, sig, pub, at)
	out := &verified{Report: p.report, SHA256: v.SHA256, Integrity: "VERIFIED", Verdict: v.Verdict, Steps: v.Steps,
		Ledger: "NOT CHECKED (a genuine report says nothing about reports that are missing)"}
	if v.Report != nil {
		out.ReportID, out.Overall, out.Level = v.Report.ReportID, string(v.Report.Overall), string(v.Report.Level)
	}
	out.Checksum, out.Signature = stepWord(v.Steps, evidence.StepChecksum), stepWord(v.Steps, evidence.StepSignature)
	if verr != nil {
		// Whoever looks for the word VERIFIED must find it only where it is meant.
		out.Integrity, out.exit = "FAILED", engine.ExitBroken
		if pub == nil {
			out.Integrity = "NOT CHECKED (no trusted public key was given)"
		}
		out.problems = append(out.problems, verr.Error())
	}
	if p.ledger == "" {
		return out, nil
	}
	return out, a.verifyInLedger(ctx, p, pub, out)
}

// stepWord is the outcome of one step in a word.
func stepWord(steps []evidence.Step, name string) string {
	for _, s := range steps {
		switch {
		case s.Name != name:
		case !s.Checked:
			return "NOT CHECKED"
		case s.OK:
			return "VALID"
		default:
			return "INVALID"
		}
	}
	return "NOT CHECKED"
}

// verifyInLedger verifies the ledger, and looks whether an entry of it names these very bytes.
func (a *app) verifyInLedger(ctx context.Context, p proof, pub *evidence.PublicKey, out *verified) error {
	store, err := openPath(ctx, p.ledger)
	if err != nil {
		return err
	}
	l, err := engine.VerifyLedger(ctx, engine.LedgerOptions{Store: store, PublicKey: pub, AsOf: a.start.UTC()})
	if err != nil && !errors.Is(err, evidence.ErrNoTrustedKey) {
		return err
	}
	entry := int64(-1)
	for _, e := range l.Entries {
		for _, f := range e.Files {
			if f.SHA256 == out.SHA256 {
				entry = e.Sequence
			}
		}
	}
	switch {
	case err != nil:
		out.Ledger = "NOT CHECKED (no trusted public key was given)"
	case l.Count(evidence.Broken) > 0:
		out.Ledger, out.exit = fmt.Sprintf("BROKEN (%s)", firstOf(l.Findings, evidence.Broken)), engine.ExitBroken
	case entry < 0:
		out.Ledger, out.exit = fmt.Sprintf("NOT NAMED (none of its %d entries names these bytes)", len(l.Entries)), engine.ExitBroken
	case l.Count(evidence.Finding) > 0:
		out.Ledger = fmt.Sprintf("VERIFIED, WITH FINDINGS (entry %d of %d names this report; %s)", entry, len(l.Entries), firstOf(l.Findings, evidence.Finding))
		if out.exit == engine.ExitDone {
			out.exit = engine.ExitFindings
		}
	default:
		out.Ledger = fmt.Sprintf("VERIFIED (entry %d of %d names this report)", entry, len(l.Entries))
	}
	if out.exit == engine.ExitBroken && len(out.problems) == 0 {
		out.problems = append(out.problems, "ledger: "+out.Ledger)
	}
	return nil
}

func firstOf(found []evidence.Found, s evidence.Severity) string {
	for _, f := range found {
		if f.Severity == s {
			return f.String()
		}
	}
	return ""
}

// showVerified prints the auditor's lines, and tells on stderr what is wrong.
func (a *app) showVerified(v *verified) error {
	if a.format == "json" {
		body, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s\n", harmlessJSON(body))
	} else {
		fmt.Fprintf(a.stdout, "SHA-256 checksum: %s\nECDSA signature: %s\nEvidence report integrity: %s\nLedger: %s\n",
			v.Checksum, v.Signature, v.Integrity, engine.Sanitize(v.Ledger))
	}
	for _, p := range v.problems {
		a.complain(errors.New(oneLine(p)))
	}
	return ended(v.exit)
}

// readFile reads a file that somebody handed over, bounded.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, usage("", "%w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > evidence.MaxDocument {
		return nil, usage("", "%s is no file that could be a report or a signature", name)
	}
	return os.ReadFile(name)
}
