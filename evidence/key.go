package evidence

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxKeyFile bounds what is read of a key file, in bytes.
const maxKeyFile = 64 << 10

// pkcs8Hint is the remedy for every private key that is not what is needed.
const pkcs8Hint = "make one with `kustody keygen`, or `openssl ecparam -genkey -name prime256v1 -noout | openssl pkcs8 -topk8 -nocrypt`"

// Signer holds an ECDSA P-256 private key. Safe for concurrent use.
type Signer struct {
	key   *ecdsa.PrivateKey
	pub   *PublicKey
	notes []string
}

// LoadSigner reads a private key in PEM from a file: PKCS#8, or SEC1 ("EC PRIVATE KEY"). A file that
// others than its owner may read is used, and noted (Notes).
func LoadSigner(path string) (*Signer, error) {
	data, mode, err := readKeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", path, err)
	}
	s, err := ParseSigner(data)
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", path, err)
	}
	if mode.Perm()&0o077 != 0 {
		s.notes = append(s.notes, fmt.Sprintf("signing key %s can be read by others than its owner (mode %04o): chmod 600 it", path, mode.Perm()))
	}
	return s, nil
}

// ParseSigner reads a private key in PEM, as LoadSigner does.
func ParseSigner(data []byte) (*Signer, error) {
	block, err := findBlock(data, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	var key any
	var notes []string
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return nil, errors.New("the private key is encrypted with a passphrase, which a headless job cannot type: decrypt it with `openssl pkcs8 -in KEY -out NEW`, and protect the file by its mode")
	case block.Type == "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
		notes = append(notes, "the signing key is in SEC1 form (EC PRIVATE KEY); convert it with `openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW`")
	case block.Type == "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case strings.HasSuffix(block.Type, "PUBLIC KEY"):
		return nil, errors.New("this is a public key; signing needs the private one")
	default:
		return nil, fmt.Errorf("a PEM block %q is not an ECDSA P-256 private key: %s", block.Type, pkcs8Hint)
	}
	if err != nil {
		return nil, fmt.Errorf("the private key cannot be read (%w): %s", err, pkcs8Hint)
	}
	return newSigner(key, notes)
}

func newSigner(key any, notes []string) (*Signer, error) {
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the private key is %s, and evidence is signed with ECDSA P-256: %s", kindOfKey(key), pkcs8Hint)
	}
	pub, err := newPublicKey(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, pkcs8Hint)
	}
	return &Signer{key: private, pub: pub, notes: notes}, nil
}

// Sign returns the DER signature over the sha256 of body, as `openssl dgst -sha256 -sign` makes it.
func (s *Signer) Sign(body []byte) ([]byte, error) {
	sum := sha256.Sum256(body)
	return ecdsa.SignASN1(rand.Reader, s.key, sum[:])
}

// PublicKey is the public half.
func (s *Signer) PublicKey() *PublicKey { return s.pub }

// Notes says in sentences what is odd about the key but does not keep it from being used.
func (s *Signer) Notes() []string { return s.notes }

func readKeyFile(path string) ([]byte, os.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(data) > maxKeyFile {
		err = errors.New("this is no key file: it is too large")
	}
	return data, info.Mode(), err
}

// findBlock returns the first PEM block whose type ends in want, else the first of any type, else an
// error. "EC PARAMETERS", which openssl writes before a key, is passed over.
func findBlock(data []byte, want string) (*pem.Block, error) {
	var other *pem.Block
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			break
		}
		if strings.HasSuffix(block.Type, want) {
			return block, nil
		}
		if other == nil && block.Type != "EC PARAMETERS" {
			other = block
		}
	}
	if other != nil {
		return other, nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("there is no key in it: the file is empty")
	}
	return nil, errors.New("there is no key in PEM in it (PEM begins with -----BEGIN; convert DER with `openssl pkey -inform DER`)")
}

func kindOfKey(key any) string {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return fmt.Sprintf("RSA (%d bits)", k.N.BitLen())
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA (%d bits)", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA on " + k.Curve.Params().Name
	default:
		return strings.TrimPrefix(fmt.Sprintf("%T", key), "*")
	}
}

func isP256(k *ecdsa.PublicKey) bool { return k.Curve == elliptic.P256() }
