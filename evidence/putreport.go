package evidence

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"
)

// maxReportIDs bounds how many fresh ids are tried before giving up: of 2^32 ids, so many collisions
// in a row mean that the store answers nonsense.
const maxReportIDs = 16

var reportIDForm = regexp.MustCompile(`^validation-[0-9a-f]{8}$`)

// StoredReport is a report as it was put: the exact bytes, and where they lie.
type StoredReport struct {
	Body, Signature []byte // Signature is nil when there is no signer
	File            File
	SignatureFile   *File
}

// NewReportID makes a fresh id, validation-<8 hex>.
func NewReportID() string {
	var b [4]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return "validation-" + hex.EncodeToString(b[:])
}

// ReportKey is where a report lies: <prefix><id>/<yyyy>/<mm>/<id>.json, by UTC.
func ReportKey(prefix, id string, t time.Time) string {
	return fmt.Sprintf("%s%s/%s/%s.json", folder(prefix), id, t.UTC().Format("2006/01"), id)
}

// ReportSignatureKey is where the signature of the report at key lies: beside it, as plain .sig,
// because a report's id is never used again.
func ReportSignatureKey(key string) string { return strings.TrimSuffix(key, ".json") + ".sig" }

// PutReport puts the signature and then the report, each once, after Seal. An empty ReportID gets a
// fresh one, and so does one that is taken by anything but these same bytes; r.ReportID tells which it
// became. With a nil signer there is no signature.
func PutReport(ctx context.Context, st Store, prefix string, r *Report, s *Signer) (*StoredReport, error) {
	if r.ReportID == "" {
		r.ReportID = NewReportID()
	}
	if s != nil {
		r.Key = s.PublicKey().Ref()
	}
	for range maxReportIDs {
		stored, err := putReport(ctx, st, prefix, r, s)
		if !errors.Is(err, fs.ErrExist) {
			return stored, err
		}
		r.ReportID = NewReportID()
	}
	return nil, fmt.Errorf("put report: %d fresh ids in a row are taken, which cannot be: does the store answer for the right prefix?", maxReportIDs)
}

// putReport puts r under its id; fs.ErrExist means that the id is taken.
func putReport(ctx context.Context, st Store, prefix string, r *Report, s *Signer) (*StoredReport, error) {
	key := ReportKey(prefix, r.ReportID, r.GeneratedAt)
	body, err := Encode(r)
	if err != nil {
		return nil, fmt.Errorf("put report %s: %w", r.ReportID, err)
	}
	if err := checkFree(ctx, st, folder(prefix)+r.ReportID+"/", key, body); err != nil {
		return nil, err
	}
	stored := &StoredReport{Body: body, File: NewFile(key, body)}
	if s != nil {
		if err := stored.sign(ctx, st, s); err != nil {
			return nil, err
		}
	}
	if err := putOnce(ctx, st, key, body); err != nil {
		return nil, err
	}
	return stored, nil
}

// checkFree looks whether the id's folder holds nothing, or what an earlier attempt at these very
// bytes left there.
func checkFree(ctx context.Context, st Store, folder, key string, body []byte) error {
	sigKey := ReportSignatureKey(key)
	return st.List(ctx, folder, func(there string, _ int64) error {
		switch there {
		case sigKey: // judged by sign: it verifies over these bytes, or the id is taken
			return nil
		case key:
			data, err := readBounded(ctx, st, key, int64(len(body)))
			if err == nil && bytes.Equal(data, body) {
				return nil
			}
		}
		return &ConflictError{Key: there}
	})
}

// sign puts the signature. One that is there already, over other bytes, means that the id is taken.
func (r *StoredReport) sign(ctx context.Context, st Store, s *Signer) error {
	sigKey := ReportSignatureKey(r.File.Key)
	err := putSignature(ctx, st, r.File.Key, sigKey, r.Body, s)
	var wrong *SignatureError
	if errors.As(err, &wrong) {
		return &ConflictError{Key: sigKey}
	}
	if err != nil {
		return err
	}
	if r.Signature, err = readBounded(ctx, st, sigKey, maxSignature); err != nil {
		return err
	}
	file := NewFile(sigKey, r.Signature)
	r.SignatureFile = &file
	return nil
}
