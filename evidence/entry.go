package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// KindLedgerEntry is the "kind" of a ledger entry.
const KindLedgerEntry = "ledger_entry"

// maxEntry bounds what is read of one ledger entry, in bytes.
const maxEntry = 8 << 20

// EntryType says what a ledger entry records.
type EntryType string

// The types that this version writes.
const (
	TypeGenesis       EntryType = "genesis"        // entry 0: the first series, and the keys
	TypeConfigChanged EntryType = "config_changed" // a series added, or its schedule, scope, checks or retention changed
	TypeStarted       EntryType = "started"        // a job begins; written before it does anything
	TypeAbandoned     EntryType = "abandoned"      // a start whose job died, entered by a later job
	TypeBackup        EntryType = "backup"
	TypeRestore       EntryType = "restore"
	TypeReport        EntryType = "report"
	TypeSlotMissed    EntryType = "slot_missed" // slots that nothing closed before the next one was due
)

// reservedTypes are accepted when read. Their entries are part of the chain and name files like any
// other; what they mean is judged by later versions.
var reservedTypes = map[EntryType]bool{
	"exception_opened": true, "exception_closed": true, "approval": true, "hold": true, "export": true,
	"key_rotated": true, "key_lost": true, "key_revoked": true, "clock_corrected": true, "evidence_read": true,
}

// known says whether this version interprets the type.
func (t EntryType) known() bool {
	switch t {
	case TypeGenesis, TypeConfigChanged, TypeStarted, TypeAbandoned, TypeBackup, TypeRestore, TypeReport, TypeSlotMissed:
		return true
	}
	return false
}

// Entry is one entry of the ledger. Entry n names the sha256 of the bytes of entry n−1, and is signed.
type Entry struct {
	Format         int       `json:"format"`
	Kind           string    `json:"kind"`
	Sequence       int64     `json:"sequence"`
	Type           EntryType `json:"type"`
	Time           time.Time `json:"time"`            // never before that of the entry before
	PreviousSHA256 string    `json:"previous_sha256"` // "" in entry 0

	Series string `json:"series,omitempty"`
	Job    string `json:"job,omitempty"` // id of the job that writes it, unique
	// StartedSequence is the started entry of the job that this entry belongs to; Closes says that
	// nothing more comes of that job.
	StartedSequence *int64            `json:"started_sequence,omitempty"`
	Closes          bool              `json:"closes,omitempty"`
	Subject         map[string]string `json:"subject"` // ids and digests: backup_id, run_id, report_id, plan_sha256 …
	Files           []RootedFile      `json:"files"`   // every file made
	// Slots are, in a started entry, those the job wants to close; in a closing one, those it gives its
	// verdict on; in slot_missed, those that were missed.
	Slots   []SlotRef `json:"slots"`
	Verdict Verdict   `json:"verdict,omitempty"`
	Detail  string    `json:"detail,omitempty"`

	Genesis *Genesis    `json:"genesis,omitempty"` // in genesis
	Changed *SeriesSpec `json:"changed,omitempty"` // in config_changed: the series as it is from now on

	Operator Declared `json:"operator"`
	Host     string   `json:"host"`
	PID      int      `json:"pid"`
	KeyID    string   `json:"key_id"`
}

// Genesis is what entry 0 lays down.
type Genesis struct {
	Series     []SeriesSpec `json:"series"`
	PublicKeys []string     `json:"public_keys"` // PEM of the keys that sign from here on
}

// Sealed is an entry as it lies in the store.
type Sealed struct {
	Entry
	Key    string // in the store
	SHA256 string // of the exact bytes
}

// Head is a place in the chain: with it goes everything before it. Kept beyond the reach of whoever
// holds the key, it shows that nothing was cut off or rebuilt since.
type Head struct {
	Sequence int64
	SHA256   string
}

// String is the form in which a head is printed and given: N:SHA256.
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Sequence, h.SHA256) }

// ParseHead reads N:SHA256.
func ParseHead(text string) (Head, error) {
	number, sum, _ := strings.Cut(strings.TrimSpace(text), ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || !isDigest(sum) {
		return Head{}, fmt.Errorf("head %q is not N:SHA256, a sequence number and 64 hex digits", text)
	}
	return Head{Sequence: n, SHA256: strings.ToLower(sum)}, nil
}

func isDigest(text string) bool {
	return len(text) == 64 && strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
}

// LedgerKey is where entry n lies: <prefix>ledger/<ten digits>.json.
func LedgerKey(prefix string, n int64) string {
	return fmt.Sprintf("%sledger/%010d.json", folder(prefix), n)
}

// sequenceOf reads the number out of the key of an entry; false for any other key.
func sequenceOf(prefix, key string) (int64, bool) {
	digits := strings.TrimSuffix(strings.TrimPrefix(key, prefix+"ledger/"), ".json")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0 && LedgerKey(prefix, n) == key
}

// ParseEntry reads an entry strictly. It does not verify anything.
func ParseEntry(body []byte) (*Entry, error) {
	if err := CheckFormat(body, KindLedgerEntry); err != nil {
		return nil, err
	}
	e := new(Entry)
	if err := DecodeStrict(body, e); err != nil {
		return nil, err
	}
	return e, nil
}
