package evidence

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// PublicKey is an ECDSA P-256 public key. Trust in it comes by another road than the evidence. Safe
// for concurrent use.
type PublicKey struct {
	key *ecdsa.PublicKey
	der []byte // SubjectPublicKeyInfo

	file string // it was read from; "" when it was not
}

// LoadPublicKey reads a public key in PEM ("PUBLIC KEY", PKIX) from a file.
func LoadPublicKey(path string) (*PublicKey, error) {
	data, _, err := readKeyFile(path)
	if err == nil {
		var pub *PublicKey
		if pub, err = ParsePublicKey(data); err == nil {
			if pub.file, err = filepath.Abs(path); err != nil {
				pub.file = path // only shown
			}
			return pub, nil
		}
	}
	return nil, fmt.Errorf("read public key %s: %w", path, err)
}

// File is the absolute path of the file that the key was read from; "" when it was not read from one.
func (p *PublicKey) File() string { return p.file }

// ParsePublicKey reads a public key in PEM ("PUBLIC KEY", PKIX).
func ParsePublicKey(data []byte) (*PublicKey, error) {
	block, err := findBlock(data, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	switch {
	case block.Type == "CERTIFICATE":
		return nil, errors.New("this is a certificate: take its key out with `openssl x509 -pubkey -noout -in CERT`")
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, errors.New("this is a private key, which an auditor must never hold: make the public one with `openssl pkey -in KEY -pubout`")
	case block.Type == "RSA PUBLIC KEY":
		return nil, errors.New("the public key is RSA, and evidence is signed with ECDSA P-256")
	case block.Type != "PUBLIC KEY":
		return nil, fmt.Errorf("a PEM block %q is not a public key", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the public key cannot be read: %w", err)
	}
	pub, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the public key is %s, and evidence is signed with ECDSA P-256", kindOfKey(key))
	}
	return newPublicKey(pub)
}

func newPublicKey(key *ecdsa.PublicKey) (*PublicKey, error) {
	if !isP256(key) {
		return nil, fmt.Errorf("the key is %s, and evidence is signed with ECDSA P-256 (prime256v1)", kindOfKey(key))
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return &PublicKey{key: key, der: der}, nil
}

// Verify checks a DER signature over the sha256 of body. The error is a sentence.
func (p *PublicKey) Verify(body, sig []byte) error {
	if len(sig) == 0 {
		return errors.New("the signature is empty")
	}
	sum := sha256.Sum256(body)
	if !ecdsa.VerifyASN1(p.key, sum[:], sig) {
		return fmt.Errorf("the signature is not one of key %s over these bytes", p.KeyID())
	}
	return nil
}

// Fingerprint is the sha256 in hex of the key's SubjectPublicKeyInfo in DER:
// `openssl pkey -pubin -in pub.pem -outform DER | sha256sum`.
func (p *PublicKey) Fingerprint() string { return Digest(p.der) }

// KeyID is the first 16 hex digits of the fingerprint.
func (p *PublicKey) KeyID() string { return p.Fingerprint()[:16] }

// PEM is the key as `openssl pkey -pubout` writes it.
func (p *PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p.der})
}

// Equal says whether both are the same key.
func (p *PublicKey) Equal(other *PublicKey) bool {
	return other != nil && p.key.Equal(other.key)
}
