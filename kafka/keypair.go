package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// loadKeyPair reads a client certificate and its private key, which may be encrypted.
func loadKeyPair(certFile, keyFile, password string) (tls.Certificate, error) {
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read client certificate: %w", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read client key: %w", err)
	}
	key, err = decryptKey(key, password)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read client key %s: %w", keyFile, err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("client certificate %s with key %s: %w", certFile, keyFile, err)
	}
	return pair, nil
}

// decryptKey gives back PEM data with every encrypted private key in it decrypted.
func decryptKey(data []byte, password string) ([]byte, error) {
	var out []byte
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return out, nil
		}
		data = rest
		plain, err := decryptBlock(block, password)
		if err != nil {
			return nil, err
		}
		out = append(out, pem.EncodeToMemory(plain)...)
	}
}

func decryptBlock(block *pem.Block, password string) (*pem.Block, error) {
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY":
		if password == "" {
			return nil, errKeyPassword
		}
		der, err := decryptPKCS8(block.Bytes, []byte(password))
		return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
	//lint:ignore SA1019 old keys are still about, and only read here
	case x509.IsEncryptedPEMBlock(block):
		if password == "" {
			return nil, errKeyPassword
		}
		//lint:ignore SA1019 as above
		der, err := x509.DecryptPEMBlock(block, []byte(password))
		if err != nil {
			return nil, errWrongKeyPassword
		}
		return &pem.Block{Type: block.Type, Bytes: der}, nil
	default:
		return block, nil
	}
}
