package evidence

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"strings"
)

// ErrNoTrustedKey says that nothing can be called verified, because no public key was given that came
// by another road than the evidence.
var ErrNoTrustedKey = errors.New("no trusted public key was given: a signature can only be checked with a key that came by another road than the report")

// ReportPlace says where the files of a report lie. All members may be empty.
type ReportPlace struct {
	Key            string // in the store; the id inside must agree with it
	ExpectedSHA256 string // as the ledger or SHA256SUMS names it
	// Names of the files for the lines to check by hand; default report.json, report.sig, and the file that
	// the key was read from or pub.pem.
	ReportFile, SignatureFile, PublicKeyFile string
}

// Step is one thing that was looked at while a document was verified.
type Step struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Checked  bool   `json:"checked"` // false: could not be looked at; then OK is false
	Expected string `json:"expected"`
	Computed string `json:"computed"`
	ByHand   string `json:"by_hand"` // how to do the same without this program; may be ""
	Sentence string `json:"sentence"`
}

// ReportVerification is what VerifyReport found. Steps are complete also after a failure.
type ReportVerification struct {
	Steps    []Step
	Report   *Report // nil when the document could not be read
	SHA256   string
	Verified bool
	Verdict  string // in words
}

// VerificationError says which steps did not hold.
type VerificationError struct{ Failed []Step }

// Error lists the steps that failed.
func (e *VerificationError) Error() string {
	var parts []string
	for _, s := range e.Failed {
		parts = append(parts, strings.ToLower(s.Name)+": "+s.Sentence)
	}
	return "the report does not verify: " + strings.Join(parts, "; ")
}

// The steps of VerifyReport, in order.
const (
	StepRead      = "Read"
	StepChecksum  = "Checksum"
	StepSignature = "Signature"
	StepDocument  = "Document"
	StepKey       = "Key"
	StepPlace     = "Place"
	StepVerdict   = "Verdict"
)

// VerifyReport checks a report against its signature and a trusted public key. It fails closed: the
// error is nil only when every step held. Without a key it is ErrNoTrustedKey, else a
// *VerificationError. The verification is returned in each case.
func VerifyReport(body, sig []byte, pub *PublicKey, at ReportPlace) (*ReportVerification, error) {
	at.applyDefaults(pub)
	v := &ReportVerification{SHA256: Digest(body)}
	v.read(body, at)
	v.signature(body, sig, pub, at)
	v.document(body, at)
	v.key(pub, at)
	v.place(at)
	v.verdict(at)
	return v, v.conclude(pub)
}

func (at *ReportPlace) applyDefaults(pub *PublicKey) {
	if at.PublicKeyFile == "" && pub != nil {
		at.PublicKeyFile = pub.file
	}
	for _, d := range []struct {
		name  *string
		value string
	}{{&at.ReportFile, "report.json"}, {&at.SignatureFile, "report.sig"}, {&at.PublicKeyFile, "pub.pem"}} {
		if *d.name == "" {
			*d.name = d.value
		}
	}
}

func (v *ReportVerification) add(s Step) {
	v.Steps = append(v.Steps, s)
}

func (v *ReportVerification) read(body []byte, at ReportPlace) {
	s := Step{Name: StepRead, Checked: true, OK: true, Computed: fmt.Sprintf("%d bytes", len(body)), Sentence: "the file was read",
		ByHand: fmt.Sprintf("wc -c < %s | grep -w %d", ShellFile(at.ReportFile), len(body))}
	if len(body) == 0 || len(body) > MaxDocument {
		s.OK, s.Sentence = false, "the file is empty, or larger than a report can be"
	}
	v.add(s)
}

// signature adds the steps Checksum and Signature. The checksum is that of the file's bytes; it is
// compared with the one expected, or else with the one that was signed.
func (v *ReportVerification) signature(body, sig []byte, pub *PublicKey, at ReportPlace) {
	sum := Step{Name: StepChecksum, Computed: v.SHA256, Expected: at.ExpectedSHA256, ByHand: "sha256sum " + ShellFile(at.ReportFile)}
	sign := Step{Name: StepSignature, Sentence: "not checked: no trusted public key was given",
		ByHand: fmt.Sprintf("openssl dgst -sha256 -verify %s -signature %s %s", ShellFile(at.PublicKeyFile), ShellFile(at.SignatureFile), ShellFile(at.ReportFile))}
	if pub != nil {
		err := pub.Verify(body, sig)
		sign.Checked, sign.OK = true, err == nil
		sign.Expected, sign.Sentence = "a signature by key "+pub.KeyID(), "ECDSA P-256 over the sha256 of the file's bytes"
		if err != nil {
			sign.Sentence = err.Error()
		}
	}
	switch {
	case at.ExpectedSHA256 != "":
		sum.Checked, sum.OK = true, v.SHA256 == at.ExpectedSHA256
		sum.Sentence = "compared with the one expected"
	case sign.Checked:
		sum.Checked, sum.OK = true, sign.OK
		sum.Sentence = "compared through the signature, which is made over it"
	default:
		sum.Sentence = "computed, and compared with nothing"
	}
	sum.ByHand += " | grep " + ShellWord(cmp.Or(at.ExpectedSHA256, v.SHA256))
	v.add(sum)
	v.add(sign)
}

func (v *ReportVerification) document(body []byte, at ReportPlace) {
	s := Step{Name: StepDocument, Checked: true, Expected: fmt.Sprintf("kind %s, format 1 to %d, no key twice", KindReport, Format),
		ByHand: jq(fmt.Sprintf("select(.kind == %q and .format >= 1 and .format <= %d) | .kind", KindReport, Format), at.ReportFile)}
	r, err := ParseReport(body)
	if err != nil {
		s.Sentence = err.Error()
	} else {
		s.OK, s.Sentence = true, "read strictly"
		s.Computed = fmt.Sprintf("kind %s, format %d", r.Kind, r.Format)
		v.Report = r
	}
	v.add(s)
}

// ParseReport reads a report strictly. It does not verify anything.
func ParseReport(body []byte) (*Report, error) {
	if err := CheckFormat(body, KindReport); err != nil {
		return nil, err
	}
	r := new(Report)
	if err := DecodeStrict(body, r); err != nil {
		return nil, err
	}
	return r, nil
}

func (v *ReportVerification) key(pub *PublicKey, at ReportPlace) {
	s := Step{Name: StepKey, Sentence: "not checked: no trusted public key was given",
		ByHand: "openssl pkey -pubin -in " + ShellFile(at.PublicKeyFile) + " -outform DER | sha256sum"}
	switch {
	case pub == nil:
	case v.Report == nil:
		s.Sentence = "not checked: the report could not be read"
	case v.Report.Key == nil:
		s.Checked, s.Expected, s.Sentence = true, pub.Fingerprint(), "the report says that it was not signed"
	default:
		s.Checked, s.Expected, s.Computed = true, v.Report.Key.Fingerprint, pub.Fingerprint()
		s.OK = s.Expected == s.Computed && v.Report.Key.KeyID == pub.KeyID()
		s.Sentence = "the fingerprint in the report against that of the trusted key"
		s.ByHand += " | grep " + ShellWord(s.Expected)
	}
	v.add(s)
}

func (v *ReportVerification) place(at ReportPlace) {
	s := Step{Name: StepPlace, Sentence: "not checked: the report could not be read"}
	if r := v.Report; r != nil {
		s.Checked, s.Computed, s.Expected = true, r.ReportID, "validation-<8 hex>"
		s.OK, s.Sentence = reportIDForm.MatchString(r.ReportID), "the id inside the report"
		if at.Key != "" {
			s.Expected = ReportKey("", r.ReportID, r.GeneratedAt)
			s.Computed = at.Key
			s.OK = s.OK && (at.Key == s.Expected || strings.HasSuffix(at.Key, "/"+s.Expected))
			s.Sentence = "the id and time inside the report against where it lies (" + path.Base(at.Key) + ")"
			s.ByHand = placeByHand(at)
		}
	}
	v.add(s)
}

// placeByHand asks whether the document has the id and the month that its key shows.
func placeByHand(at ReportPlace) string {
	parts := strings.Split(at.Key, "/")
	id := strings.TrimSuffix(parts[len(parts)-1], ".json")
	if len(parts) < 4 || !reportIDForm.MatchString(id) {
		return ""
	}
	month := strings.Join(parts[len(parts)-3:len(parts)-1], "-")
	return jq(fmt.Sprintf("select(.report_id == %q and (.generated_at | startswith(%q))) | .report_id", id, month), at.ReportFile)
}

// overallByHand is Overall in the words of jq: the report's verdict, if it is that of its checks.
const overallByHand = `.overall as $said | [.checks[].outcome] | (if any(. == "FAILED") then "FAILED" ` +
	`elif any(. == "PASSED") and all(. == "PASSED" or . == "SKIPPED") then "PASSED" else "INDETERMINATE" end) | select(. == $said)`

// verdict computes the verdict again from the checks.
func (v *ReportVerification) verdict(at ReportPlace) {
	s := Step{Name: StepVerdict, Sentence: "not checked: the report could not be read"}
	if r := v.Report; r != nil {
		s.Checked, s.Expected, s.Computed = true, string(r.Overall), string(OverallOf(r.Checks))
		s.OK, s.Sentence = s.Expected == s.Computed, "the verdict against the outcomes of the checks"
		s.ByHand = jq(overallByHand, at.ReportFile)
		if why := r.contradiction(); why != "" {
			s.OK, s.Sentence = false, why
		}
	}
	v.add(s)
}

// contradiction says, if so, where the report contradicts itself.
func (r *Report) contradiction() string {
	if !r.Level.Known() {
		return fmt.Sprintf("the level %q is none", r.Level)
	}
	strict := !strings.HasPrefix(string(r.Level), "tolerance ")
	for i := range r.Checks {
		if why := r.Checks[i].contradiction(strict); why != "" {
			return why
		}
	}
	return ""
}

func (v *ReportVerification) conclude(pub *PublicKey) error {
	var failed []Step
	for _, s := range v.Steps {
		if s.Checked && !s.OK {
			failed = append(failed, s)
		}
	}
	switch {
	case len(failed) > 0:
		v.Verdict = "not genuine, or changed: do not believe it"
		if pub == nil {
			return errors.Join(ErrNoTrustedKey, &VerificationError{Failed: failed})
		}
		return &VerificationError{Failed: failed}
	case pub == nil:
		v.Verdict = "not verified: there is no trusted public key"
		return ErrNoTrustedKey
	}
	v.Verified = true
	v.Verdict = "genuine and unchanged; the time is the signer's"
	return nil
}

// jq is a line that prints what a filter lets through of a file, and fails when that is nothing.
func jq(filter, file string) string { return "jq -er " + ShellWord(filter) + " " + ShellFile(file) }
