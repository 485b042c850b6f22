package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// VerifyOptions says what is to be verified against what.
type VerifyOptions struct {
	Prefix    string     // evidence prefix
	PublicKey *PublicKey // came by another road than the ledger
	// GenesisSHA256 and Head pin the two ends of the chain; without them a note says what is not proved.
	GenesisSHA256 string
	Head          string    // N:SHA256
	AsOf          time.Time // slots due by then are judged; default: the time of the newest entry
	// Stores are where the named files lie, by root. RootEvidence defaults to the ledger's own store. A
	// root without a store is not looked at, which a note says.
	Stores map[string]Store
	// Objects are further objects that some entry must name: manifests and receipts seen in the tree.
	Objects []RootedKey
	// Running says of a start that was never closed that its job still lives. Nil: none does.
	Running func(started Sealed) bool
	// Progress, if not nil, is told how many of how many objects are done. It must be fast, and may be
	// called from several goroutines.
	Progress func(done, total int)
}

// RootedKey is a key in one of two stores.
type RootedKey struct{ Root, Key string }

// Verify checks a ledger: numbering, chain, signatures, both pins, times, slots, starts without an
// end, and that every file an entry names is there and unchanged, and every report is named. What is
// wrong is in the findings; the error is about not being able to look, or ErrNoTrustedKey, with which
// nothing counts as verified although the findings are there.
func Verify(ctx context.Context, st Store, o VerifyOptions) (*Verification, error) {
	v := &Verification{Head: Head{Sequence: -1}}
	o.Prefix = folder(o.Prefix)
	head, err := o.parseHead()
	if err != nil {
		return nil, err
	}
	stored, err := readLedger(ctx, st, o, v)
	if err != nil {
		return nil, err
	}
	v.chain(stored, o.Prefix)
	v.checkEntries(o)
	v.checkPins(o, head)
	v.checkSlots(o)
	v.checkStarts(o)
	if err := v.checkObjects(ctx, st, o); err != nil {
		return nil, err
	}
	if o.PublicKey == nil {
		return v, ErrNoTrustedKey
	}
	return v, nil
}

func (o VerifyOptions) parseHead() (*Head, error) {
	if o.Head == "" {
		return nil, nil
	}
	h, err := ParseHead(o.Head)
	return &h, err
}

// storedEntry is one object of the ledger's folder.
type storedEntry struct {
	n    int64
	key  string
	body []byte
}

// readLedger reads all entries and checks their signatures. Objects that do not belong into the folder
// are findings.
func readLedger(ctx context.Context, st Store, o VerifyOptions, v *Verification) ([]storedEntry, error) {
	var entries []storedEntry
	folder := o.Prefix + "ledger/"
	err := st.List(ctx, folder, func(key string, _ int64) error {
		if n, ok := sequenceOf(o.Prefix, key); ok {
			entries = append(entries, storedEntry{n: n, key: key})
		} else if !strings.HasSuffix(key, ".sig") {
			v.add(Finding, -1, key, "this is no ledger entry, and lies among them")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list ledger %s: %w", folder, err)
	}
	faults := make([]string, len(entries))
	err = inParallel(ctx, len(entries), func(ctx context.Context, i int) error {
		var err error
		faults[i], err = entries[i].read(ctx, st, o.PublicKey)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	for i, fault := range faults {
		if fault != "" {
			v.add(Broken, entries[i].n, entries[i].key, "%s", fault)
		}
	}
	return entries, nil
}

// read fetches the entry and checks its signature. fault is a sentence about the entry; err is about
// the store.
func (s *storedEntry) read(ctx context.Context, st Store, pub *PublicKey) (fault string, err error) {
	s.body, err = readBounded(ctx, st, s.key, maxEntry)
	var large *TooLargeError
	if errors.As(err, &large) {
		return err.Error(), nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "it was listed, and is not there", nil
	}
	if err != nil || pub == nil {
		return "", err
	}
	err = checkSignature(ctx, st, s.key, SignatureKey(s.key, s.body), s.body, pub)
	var wrong *SignatureError
	if errors.As(err, &wrong) {
		return wrong.Reason, nil
	}
	return "", err
}

// chain joins the entries, says where they do not join, and keeps those that can be read.
func (v *Verification) chain(stored []storedEntry, prefix string) {
	if len(stored) == 0 {
		v.add(Broken, -1, prefix+"ledger/", "there is no ledger")
		return
	}
	before := Head{Sequence: -1}
	for _, s := range stored {
		if want := before.Sequence + 1; s.n != want {
			v.missing(prefix, want, s.n)
		}
		sum := Digest(s.body)
		if e, err := ParseEntry(s.body); err != nil {
			v.add(Broken, s.n, s.key, "%v", err)
		} else {
			// After a hole the hash of the entry before is unknown; the hole itself is the finding.
			if s.n != before.Sequence+1 {
				before.SHA256 = e.PreviousSHA256
			}
			if why := follows(e, s.n, before); why != "" {
				v.add(Broken, s.n, s.key, "%s", why)
			}
			v.Entries = append(v.Entries, Sealed{Entry: *e, Key: s.key, SHA256: sum})
		}
		before = Head{Sequence: s.n, SHA256: sum}
	}
	v.Head = before
}

func (v *Verification) missing(prefix string, from, to int64) {
	if to-from == 1 {
		v.add(Broken, from, LedgerKey(prefix, from), "the entry is missing")
		return
	}
	v.add(Broken, from, LedgerKey(prefix, from), "entries %d to %d are missing", from, to-1)
}

// checkEntries looks at what each entry says by itself.
func (v *Verification) checkEntries(o VerifyOptions) {
	var last time.Time
	for _, e := range v.Entries {
		if e.Time.Before(last) {
			v.add(Finding, e.Sequence, e.Key, "it is dated %s, before the entry before it (%s)", e.Time.Format(time.RFC3339), last.Format(time.RFC3339))
		} else {
			last = e.Time
		}
		if o.PublicKey != nil && e.KeyID != o.PublicKey.KeyID() {
			v.add(Broken, e.Sequence, e.Key, "it says that key %s signs it, and the trusted key is %s", e.KeyID, o.PublicKey.KeyID())
		}
		switch {
		case e.Type == TypeConfigChanged:
			v.add(Note, e.Sequence, e.Key, "series %s changed: %s", e.Series, e.Detail)
		case reservedTypes[e.Type]:
			v.add(Note, e.Sequence, e.Key, "entries of type %s are not interpreted by this version", e.Type)
		case !e.Type.known():
			v.add(Finding, e.Sequence, e.Key, "%q is no type of entry", e.Type)
		}
		for _, spec := range e.specs() {
			if err := spec.Validate(); err != nil {
				v.add(Finding, e.Sequence, e.Key, "%v", err)
			}
		}
	}
}

// checkPins compares both ends of the chain with what was kept elsewhere.
func (v *Verification) checkPins(o VerifyOptions, head *Head) {
	if len(v.Entries) > 0 && v.Entries[0].Sequence == 0 {
		v.Genesis = v.Entries[0].SHA256
		v.checkGenesisKey(o)
	}
	switch {
	case o.GenesisSHA256 == "":
		v.add(Note, -1, "", "the genesis is not pinned: another ledger by the same key would verify as well (--genesis)")
	case !strings.EqualFold(o.GenesisSHA256, v.Genesis):
		v.add(Broken, 0, LedgerKey(o.Prefix, 0), "its sha256 is %s, and %s is expected: this is not the ledger it should be", orNothing(v.Genesis), o.GenesisSHA256)
	}
	if head == nil {
		v.add(Note, -1, "", "no head is given: a tail that was cut off would not be found (--head)")
		return
	}
	if head.Sequence > v.Head.Sequence {
		v.add(Broken, head.Sequence, LedgerKey(o.Prefix, head.Sequence), "the ledger ends at entry %d, and had %d: its tail was cut off", v.Head.Sequence, head.Sequence)
		return
	}
	for _, e := range v.Entries {
		if e.Sequence == head.Sequence && e.SHA256 != head.SHA256 {
			v.add(Broken, e.Sequence, e.Key, "its sha256 is %s, and %s was seen earlier: the chain was rebuilt", e.SHA256, head.SHA256)
		}
	}
}

// checkGenesisKey looks whether entry 0 names the trusted key.
func (v *Verification) checkGenesisKey(o VerifyOptions) {
	g := v.Entries[0].Genesis
	if g == nil {
		v.add(Broken, 0, v.Entries[0].Key, "the genesis lays nothing down")
		return
	}
	if o.PublicKey == nil {
		return
	}
	for _, text := range g.PublicKeys {
		if pub, err := ParsePublicKey([]byte(text)); err == nil && pub.Equal(o.PublicKey) {
			return
		}
	}
	v.add(Broken, 0, v.Entries[0].Key, "the genesis does not name the trusted key %s", o.PublicKey.KeyID())
}
