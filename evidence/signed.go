package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// SignatureState says what is known about the signature of a document that was read.
type SignatureState string

// What GetVerified can say when it returns without an error.
const (
	SignatureValid      SignatureState = "valid"
	SignatureNotChecked SignatureState = "not checked" // no trusted public key was given
)

// SignatureError says that a document has no signature by the trusted key. Nothing read from it may
// be believed.
type SignatureError struct {
	Key    string // of the document
	Reason string
}

// Error names the document and the reason.
func (e *SignatureError) Error() string { return fmt.Sprintf("verify %s: %s", e.Key, e.Reason) }

// maxSignature bounds what is read of a signature, in bytes. DER of P-256 takes at most 72.
const maxSignature = 512

// SignatureKey is where the signature of the document at key lies: X.json is signed by
// X.<first 16 hex digits of its sha256>.sig. The digest in the name lets the signature be put before
// the body: whatever a crash leaves behind, no body is ever without its signature.
func SignatureKey(key string, body []byte) string {
	return strings.TrimSuffix(key, ".json") + "." + Digest(body)[:16] + ".sig"
}

// PutSigned puts the signature of body and then body itself, each once. With a nil signer there is no
// signature. It may be repeated after any failure: the same body already there is success, another one
// a *ConflictError (which is fs.ErrExist). Safe for concurrent use as far as st is.
func PutSigned(ctx context.Context, st Store, key string, body []byte, s *Signer) (File, error) {
	if s != nil {
		if err := putSignature(ctx, st, key, SignatureKey(key, body), body, s); err != nil {
			return File{}, err
		}
	}
	if err := putOnce(ctx, st, key, body); err != nil {
		return File{}, err
	}
	return NewFile(key, body), nil
}

// putSignature signs body and puts the signature at sigKey. ECDSA signatures differ each time; one
// that is there already is as good if it verifies.
func putSignature(ctx context.Context, st Store, key, sigKey string, body []byte, s *Signer) error {
	sig, err := s.Sign(body)
	if err != nil {
		return fmt.Errorf("sign %s: %w", key, err)
	}
	err = st.Put(ctx, sigKey, sig)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("put %s: %w", sigKey, err)
	}
	return checkSignature(ctx, st, key, sigKey, body, s.PublicKey())
}

// checkSignature verifies the stored signature of body. A *SignatureError means there is none that
// the key made; other errors mean that it could not be told.
func checkSignature(ctx context.Context, st Store, key, sigKey string, body []byte, pub *PublicKey) error {
	sig, err := readBounded(ctx, st, sigKey, maxSignature)
	var large *TooLargeError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &SignatureError{Key: key, Reason: "it has no signature (" + sigKey + " is not there)"}
	case errors.As(err, &large):
		return &SignatureError{Key: key, Reason: sigKey + " is not a signature: it is too long"}
	case err != nil:
		return err
	}
	if err := pub.Verify(body, sig); err != nil {
		return &SignatureError{Key: key, Reason: sigKey + ": " + err.Error()}
	}
	return nil
}

// GetVerified reads the document at key, at most limit bytes (0: MaxDocument), and verifies its
// signature with pub. With a nil pub nothing is verified and the state says so. A missing document is
// fs.ErrNotExist, a missing or wrong signature a *SignatureError; in both cases no body is returned.
func GetVerified(ctx context.Context, st Store, key string, pub *PublicKey, limit int64) ([]byte, SignatureState, error) {
	body, err := readBounded(ctx, st, key, limit)
	if err != nil {
		return nil, SignatureNotChecked, err
	}
	if pub == nil {
		return body, SignatureNotChecked, nil
	}
	if err := checkSignature(ctx, st, key, SignatureKey(key, body), body, pub); err != nil {
		return nil, SignatureNotChecked, err
	}
	return body, SignatureValid, nil
}
