package evidence

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

// GenerateKey makes a new ECDSA P-256 key pair: PKCS#8 and PKIX, both in PEM.
func GenerateKey() (privatePEM, publicPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode private key: %w", err)
	}
	pub, err := newPublicKey(&key.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pub.PEM(), nil
}

// WriteKeyPair makes a new key pair and writes it: the private key with mode 0600, the public one with
// 0644. A file that is there is never overwritten (fs.ErrExist), and if the second cannot be written,
// the first is taken away again.
func WriteKeyPair(privatePath, publicPath string) (*PublicKey, error) {
	private, public, err := GenerateKey()
	if err != nil {
		return nil, err
	}
	if err := writeNew(privatePath, private, 0o600); err != nil {
		return nil, fmt.Errorf("write private key %s: %w", privatePath, err)
	}
	if err := writeNew(publicPath, public, 0o644); err != nil {
		os.Remove(privatePath) // ours, made a moment ago
		return nil, fmt.Errorf("write public key %s: %w", publicPath, err)
	}
	return ParsePublicKey(public)
}

// writeNew makes a file that was not there, durably.
func writeNew(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(path)
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
