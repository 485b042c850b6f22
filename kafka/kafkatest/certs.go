package kafkatest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files a cluster's directory holds for TLS, all PEM.
const (
	caFile         = "ca.pem"         // the cluster's own certificate authority
	brokerFile     = "broker.pem"     // every broker's key (PKCS#8) and certificate
	clientCertFile = "client.pem"     // certificate of CN=client
	clientKeyFile  = "client.key.pem" // its key (PKCS#8)
	otherCAFile    = "other-ca.pem"   // an authority that signed nothing here
	certLife       = 10 * 24 * time.Hour
)

// authority signs the certificates of one cluster.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// writeCerts makes an authority, the brokers' pair and a client's pair in dir.
func writeCerts(dir string) error {
	ca, caPEM, err := newAuthority("kustody test authority")
	if err != nil {
		return err
	}
	_, otherPEM, err := newAuthority("another authority")
	if err != nil {
		return err
	}
	brokerCert, brokerKey, err := ca.issue("broker", x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return err
	}
	clientCert, clientKey, err := ca.issue("client", x509.ExtKeyUsageClientAuth)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		caFile: caPEM, otherCAFile: otherPEM, brokerFile: append(brokerKey, brokerCert...),
		clientCertFile: clientCert, clientKeyFile: clientKey,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return fmt.Errorf("write certificates: %w", err)
		}
	}
	return nil
}

func newAuthority(name string) (*authority, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make the authority's key: %w", err)
	}
	tmpl := template(name)
	tmpl.IsCA, tmpl.BasicConstraintsValid, tmpl.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("make the authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("read back the authority's certificate: %w", err)
	}
	return &authority{cert: cert, key: key}, pemBlock("CERTIFICATE", der), nil
}

// issue makes a pair for localhost: certificate and PKCS#8 key, which is what Kafka's PEM key stores take.
func (a *authority) issue(name string, usage ...x509.ExtKeyUsage) (cert, key []byte, err error) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make the key of %s: %w", name, err)
	}
	tmpl := template(name)
	tmpl.KeyUsage, tmpl.ExtKeyUsage = x509.KeyUsageDigitalSignature, usage
	tmpl.DNSNames, tmpl.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &priv.PublicKey, a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("make the certificate of %s: %w", name, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the key of %s: %w", name, err)
	}
	return pemBlock("CERTIFICATE", der), pemBlock("PRIVATE KEY", pkcs8), nil
}

func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certLife),
	}
}

func pemBlock(kind string, der []byte) []byte {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: kind, Bytes: der}) // a buffer takes everything
	return b.Bytes()
}
