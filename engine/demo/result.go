package demo

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"kustody/engine/archive"
	"kustody/evidence"
)

// Result is what a demo leaves to look at. Paths begin with the directory as it was given.
type Result struct {
	Dir     string
	Now     time.Time // the moment at which the made-up year ends
	Elapsed time.Duration

	Config, Archive       string // kustody.toml, and the store's root
	PrivateKey, PublicKey string
	Report, Signature     string // of the last drill
	Manifest              string // of the last backup
	BackupID              string
	RunID                 string // of the last backup but for the drill's
	RestoreID             string // of the window
	DrillID, ReportID     string
	ReportKey             string // in the store
	SignatureKey          string
	manifestSHA256        string

	Brokers []string // addresses of the broker, host:port; they answer as long as a Live is open

	Records int64 // restored and compared by the last drill
	Runs    int   // backups of the year
	Entries int   // of the ledger
	Objects int   // files that the ledger names, read and found unchanged
	Genesis string
	Head    evidence.Head
	Slots   map[evidence.Verdict]int // the year's weeks by verdict

	OpenSSL []string // lines that verify a report, a manifest and the ledger's last entry
	Next    []string // commands to try
}

// take fills in what the verification of the ledger found.
func (r *Result) take(v *evidence.Verification) {
	r.Entries, r.Objects, r.Slots = len(v.Entries), v.Objects, map[evidence.Verdict]int{}
	for _, s := range v.Slots {
		r.Slots[s.Verdict]++
	}
}

// slotWords tells the year in one line.
func (r *Result) slotWords() string {
	total := 0
	var words []string
	for _, n := range r.Slots {
		total += n
	}
	for _, v := range []evidence.Verdict{evidence.VerdictPassed, evidence.VerdictLate, evidence.VerdictStale, evidence.VerdictFailed,
		evidence.VerdictError, evidence.VerdictMissed, evidence.VerdictOpen} {
		if n := r.Slots[v]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, v))
		}
	}
	return fmt.Sprintf("%d weeks: %s", total, strings.Join(words, ", "))
}

// lines makes paths and the commands that the summary shows.
func (r *Result) lines() {
	in := func(parts ...string) string { return filepath.Join(append([]string{r.Dir}, parts...)...) }
	object := func(key string) string { return in(archiveDir, filepath.FromSlash(key)) }
	r.BackupID = backupID
	r.Config, r.Archive = in(configFile), in(archiveDir)
	r.PrivateKey, r.PublicKey = in(keysDir, privateFile), in(keysDir, publicFile)
	r.Report, r.Signature = object(r.ReportKey), object(r.SignatureKey)
	r.Manifest = object(backupID + "/" + archive.ManifestKey(r.RunID))
	entry := object(evidence.LedgerKey(evidencePrefix, r.Head.Sequence))
	r.OpenSSL = []string{
		r.openssl(r.Signature, r.Report),
		r.openssl(signatureFile(r.Manifest, r.manifestSHA256), r.Manifest),
		r.openssl(signatureFile(entry, r.Head.SHA256), entry),
	}
	r.Next = []string{
		"kustody --batch list --path " + word(r.Archive),
		fmt.Sprintf("kustody --batch describe --path %s --backup-id %s", word(r.Archive), backupID),
		fmt.Sprintf("kustody --batch validate --path %s --backup-id %s --deep --public-key %s", word(r.Archive), backupID, word(r.PublicKey)),
		"kustody --batch validation evidence-list --path " + word(r.Archive),
		fmt.Sprintf("kustody --batch validation evidence-verify --report %s --signature %s --public-key %s --ledger %s",
			word(r.Report), word(r.Signature), word(r.PublicKey), word(r.Archive)),
		fmt.Sprintf("kustody --batch validation ledger-verify --path %s --public-key %s --genesis %s --head %s --as-of %s",
			word(r.Archive), word(r.PublicKey), r.Genesis, r.Head, r.Now.Format(time.RFC3339)),
	}
}

// openssl is the line that verifies a file without kustody.
func (r *Result) openssl(signature, file string) string {
	return fmt.Sprintf("openssl dgst -sha256 -verify %s -signature %s %s", word(r.PublicKey), word(signature), word(file))
}

// signatureFile is where the signature of a document lies whose sha256 is known.
func signatureFile(file, sum string) string {
	return fmt.Sprintf("%s.%s.sig", strings.TrimSuffix(file, ".json"), sum[:16])
}

// word makes a path one word for a POSIX shell.
func word(s string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("/._-:@%+=,", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
