package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// defaultClockTolerance is how far a clock may be behind the newest entry: what machines kept by NTP
// never reach, and less than any schedule's period.
const defaultClockTolerance = 5 * time.Minute

// LedgerOptions says who appends, and by which clock.
type LedgerOptions struct {
	Clock          Clock         // default time.Now
	ClockTolerance time.Duration // default five minutes
	Operator       string        // self-declared
	Host           string        // default: the machine's name
	PID            int           // default: this process
}

func (o LedgerOptions) withDefaults() LedgerOptions {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.ClockTolerance == 0 {
		o.ClockTolerance = defaultClockTolerance
	}
	if o.Host == "" {
		o.Host, _ = os.Hostname() // self-declared anyway; "" is allowed
	}
	if o.PID == 0 {
		o.PID = os.Getpid()
	}
	return o
}

// Ledger appends to the append-only, hash-chained, signed list of everything that matters under one
// evidence prefix. Several processes may append at once: each entry is put if absent, and whoever
// loses the race reads again and decides again. Safe for concurrent use.
type Ledger struct {
	st     Store
	prefix string
	signer *Signer
	o      LedgerOptions

	mu      sync.Mutex
	entries []Sealed
}

// ClockError says that the clock stands too far behind the newest entry. The job must not run: its
// evidence would be dated to another time.
type ClockError struct {
	Now, Last time.Time
	Tolerance time.Duration
}

// Error says by how much, and what to do.
func (e *ClockError) Error() string {
	return fmt.Sprintf("the clock says %s, %v before the newest ledger entry (%s); more than %v is refused: set the clock right",
		e.Now.UTC().Format(time.RFC3339), e.Last.Sub(e.Now).Round(time.Second), e.Last.Format(time.RFC3339), e.Tolerance)
}

// BrokenError says that the ledger itself does not verify at one place. Nothing is appended to it.
type BrokenError struct {
	Sequence int64
	Key      string
	Reason   string
}

// Error names the entry and the reason.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("the ledger is broken at entry %d (%s): %s; `validation ledger-verify` shows everything that is wrong", e.Sequence, e.Key, e.Reason)
}

// Open reads the ledger under an evidence prefix. A ledger without entries is
// fine: EnsureSeries begins it. The chain is checked, and the signature of the newest entry, which
// stands for all before it; a fault is a *BrokenError.
func Open(ctx context.Context, st Store, prefix string, s *Signer, o LedgerOptions) (*Ledger, error) {
	if s == nil {
		return nil, errors.New("open ledger: there is no signing key, and an unsigned ledger proves nothing")
	}
	l := &Ledger{st: st, prefix: folder(prefix), signer: s, o: o.withDefaults()}
	keys, err := listEntries(ctx, st, l.prefix)
	if err != nil {
		return nil, err
	}
	bodies, err := fetchAll(ctx, st, keys, maxEntry)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	for i, key := range keys {
		if err := l.take(key, bodies[i]); err != nil {
			return nil, err
		}
	}
	if len(keys) > 0 {
		last := len(keys) - 1
		if err := l.checkSigned(ctx, keys[last], bodies[last]); err != nil {
			return nil, err
		}
	}
	return l, l.checkKey()
}

// checkKey refuses to go on with a key that the ledger does not know.
func (l *Ledger) checkKey() error {
	if len(l.entries) == 0 {
		return nil
	}
	if last := l.entries[len(l.entries)-1]; last.KeyID != l.signer.pub.KeyID() {
		return fmt.Errorf("open ledger: it is signed with key %s, and the signing key is %s: use the same key, or another evidence prefix", last.KeyID, l.signer.pub.KeyID())
	}
	return nil
}

// checkSigned verifies the signature of an entry.
func (l *Ledger) checkSigned(ctx context.Context, key string, body []byte) error {
	err := checkSignature(ctx, l.st, key, SignatureKey(key, body), body, l.signer.pub)
	var wrong *SignatureError
	if errors.As(err, &wrong) {
		n, _ := sequenceOf(l.prefix, key)
		return &BrokenError{Sequence: n, Key: key, Reason: wrong.Reason}
	}
	return err
}

// take adds the next entry after checking that it follows from the one before.
func (l *Ledger) take(key string, body []byte) error {
	n := int64(len(l.entries))
	broken := func(reason string) error {
		return &BrokenError{Sequence: n, Key: LedgerKey(l.prefix, n), Reason: reason}
	}
	if key != LedgerKey(l.prefix, n) {
		return broken("it is missing")
	}
	e, err := ParseEntry(body)
	if err != nil {
		var format *FormatError
		if errors.As(err, &format) && format.Format > Format {
			return fmt.Errorf("read %s: %w", key, err)
		}
		return broken(err.Error())
	}
	if why := follows(e, n, l.head()); why != "" {
		return broken(why)
	}
	l.entries = append(l.entries, Sealed{Entry: *e, Key: key, SHA256: Digest(body)})
	return nil
}

// follows says, if so, why e cannot be entry n after an entry with this head; "" when it can.
func follows(e *Entry, n int64, before Head) string {
	switch {
	case e.Sequence != n:
		return fmt.Sprintf("it says that it is entry %d", e.Sequence)
	case e.PreviousSHA256 != before.SHA256:
		return fmt.Sprintf("it names %s as the sha256 of the entry before, which is %s", orNothing(e.PreviousSHA256), orNothing(before.SHA256))
	case (e.Type == TypeGenesis) != (n == 0):
		return fmt.Sprintf("an entry of type %s cannot be number %d", e.Type, n)
	}
	return ""
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func (l *Ledger) head() Head {
	if len(l.entries) == 0 {
		return Head{Sequence: -1}
	}
	last := l.entries[len(l.entries)-1]
	return Head{Sequence: last.Sequence, SHA256: last.SHA256}
}

// Head is the newest entry known; Sequence is -1 when there is none.
func (l *Ledger) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head()
}

// Entries are all entries known, oldest first. The slice must not be changed.
func (l *Ledger) Entries() []Sealed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[:len(l.entries):len(l.entries)]
}

// Slots are the slots due up to a time, from the entries known.
func (l *Ledger) Slots(until time.Time) []Slot { return Slots(l.Entries(), until) }

// Refresh reads the entries that others have appended.
func (l *Ledger) Refresh(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refresh(ctx)
}

func (l *Ledger) refresh(ctx context.Context) error {
	for {
		key := LedgerKey(l.prefix, int64(len(l.entries)))
		body, err := readBounded(ctx, l.st, key, maxEntry)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		if err := l.checkSigned(ctx, key, body); err != nil {
			return err
		}
		if err := l.take(key, body); err != nil {
			return err
		}
	}
}

// State is what an entry is decided from: all entries, and the time that the new one will have.
type State struct {
	Entries []Sealed
	At      time.Time
}

// Append adds one entry. decide is told the state and returns the entry (its place in the chain, its
// time and its signer are filled in), or nil when nothing has to be entered, which Append returns as
// nil. It is called again whenever another process was faster. Errors of decide are returned as they
// are; a clock that stands too far back is a *ClockError.
func (l *Ledger) Append(ctx context.Context, decide func(State) (*Entry, error)) (*Sealed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refresh(ctx); err != nil {
		return nil, err
	}
	for {
		at, err := l.now()
		if err != nil {
			return nil, err
		}
		e, err := decide(State{Entries: l.entries[:len(l.entries):len(l.entries)], At: at})
		if err != nil || e == nil {
			return nil, err
		}
		n := len(l.entries)
		sealed, err := l.put(ctx, e, at)
		if !errors.Is(err, fs.ErrExist) {
			return sealed, err
		}
		if err := l.refresh(ctx); err != nil {
			return nil, err
		}
		if len(l.entries) == n {
			return nil, fmt.Errorf("append to ledger: the store says that %s is there, and does not give it", LedgerKey(l.prefix, int64(n)))
		}
	}
}

// put fills the entry in and puts it.
func (l *Ledger) put(ctx context.Context, e *Entry, at time.Time) (*Sealed, error) {
	before := l.head()
	e.Format, e.Kind = Format, KindLedgerEntry
	e.Sequence, e.PreviousSHA256, e.Time = before.Sequence+1, before.SHA256, at
	e.Operator, e.Host, e.PID, e.KeyID = SelfDeclared(l.o.Operator), l.o.Host, l.o.PID, l.signer.pub.KeyID()
	e.fillEmpty()
	key := LedgerKey(l.prefix, e.Sequence)
	body, err := Encode(e)
	if err != nil {
		return nil, fmt.Errorf("append to ledger: %w", err)
	}
	if _, err := PutSigned(ctx, l.st, key, body, l.signer); err != nil {
		return nil, fmt.Errorf("append to ledger: %w", err)
	}
	sealed := Sealed{Entry: *e, Key: key, SHA256: Digest(body)}
	l.entries = append(l.entries, sealed)
	return &sealed, nil
}

func (e *Entry) fillEmpty() {
	if e.Subject == nil {
		e.Subject = map[string]string{}
	}
	if e.Files == nil {
		e.Files = []RootedFile{}
	}
	if e.Slots == nil {
		e.Slots = []SlotRef{}
	}
}

// now is the time for the next entry: never before the last one, and an error when the clock stands
// further back than it may.
func (l *Ledger) now() (time.Time, error) {
	now := Time(l.o.Clock())
	if len(l.entries) == 0 {
		return now, nil
	}
	last := l.entries[len(l.entries)-1].Time
	if last.Sub(now) > l.o.ClockTolerance {
		return now, &ClockError{Now: now, Last: last, Tolerance: l.o.ClockTolerance}
	}
	if now.Before(last) {
		return last, nil
	}
	return now, nil
}
