package kafka_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a certificate authority of one test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	key := newKey(t)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	noError(t, err)
	cert, err := x509.ParseCertificate(der)
	noError(t, err)
	return &authority{t: t, cert: cert, key: key, file: writePEM(t, "ca.pem", "CERTIFICATE", der)}
}

// issued is a certificate with its key; edit may change the template first.
func (a *authority) issue(edit func(*x509.Certificate)) (cert, key []byte) {
	a.t.Helper()
	k := newKey(a.t)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "leaf"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if edit != nil {
		edit(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &k.PublicKey, a.key)
	noError(a.t, err)
	p8, err := x509.MarshalPKCS8PrivateKey(k)
	noError(a.t, err)
	return der, p8
}

// server is the TLS side of a broker.
func (a *authority) server(edit func(*x509.Certificate)) *tls.Config {
	a.t.Helper()
	cert, key := a.issue(edit)
	k, err := x509.ParsePKCS8PrivateKey(key)
	noError(a.t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: k}}}
}

// mutual is the same, and wants a client certificate of the authority.
func (a *authority) mutual() *tls.Config {
	a.t.Helper()
	conf := a.server(nil)
	conf.ClientAuth = tls.RequireAndVerifyClientCert
	conf.ClientCAs = x509.NewCertPool()
	conf.ClientCAs.AddCert(a.cert)
	return conf
}

// client writes a client's certificate and key.
func (a *authority) client() (certFile, keyFile string) {
	a.t.Helper()
	cert, key := a.issue(nil)
	return writePEM(a.t, "client.pem", "CERTIFICATE", cert), writePEM(a.t, "client.key", "PRIVATE KEY", key)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(t, err)
	return key
}

func writePEM(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	noError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}
