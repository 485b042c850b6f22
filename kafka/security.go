package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// defaultClientID is what brokers see in their logs and quotas when nothing else was configured.
const defaultClientID = "kustody"

// Check says whether the cluster's description makes sense on its own, without a connection: known
// protocol and mechanism, nothing given that would silently not be used, known properties in range.
// Files are not opened.
func (c Cluster) Check() error {
	if _, err := c.normal(); err != nil {
		return err
	}
	_, err := c.properties()
	return err
}

// normal is the cluster with its names in their canonical spelling.
func (c Cluster) normal() (Cluster, error) {
	c.BootstrapServers = slices.DeleteFunc(slices.Clone(c.BootstrapServers), func(s string) bool { return strings.TrimSpace(s) == "" })
	if len(c.BootstrapServers) == 0 {
		return c, errors.New("no bootstrap servers given: name at least one broker as host:port")
	}
	for i, s := range c.BootstrapServers {
		s = strings.TrimSpace(s)
		if _, _, err := net.SplitHostPort(s); err != nil {
			return c, fmt.Errorf("bootstrap server %q is not host:port", s)
		}
		c.BootstrapServers[i] = s
	}
	if c.ClientID == "" {
		c.ClientID = defaultClientID
	}
	sec, err := c.Security.normal()
	c.Security = sec
	return c, err
}

func (s Security) normal() (Security, error) {
	s.Protocol = strings.ToUpper(strings.TrimSpace(s.Protocol))
	switch s.Protocol {
	case "":
		s.Protocol = "PLAINTEXT"
	case "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL":
	default:
		return s, fmt.Errorf("unknown security protocol %q: use PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL", s.Protocol)
	}
	if err := s.checkTLS(); err != nil {
		return s, err
	}
	return s.checkSASL()
}

// checkTLS refuses what would not be used: who gives a CA expects encryption, and must not get a
// connection without.
func (s Security) checkTLS() error {
	if s.usesTLS() {
		if (s.CertFile == "") != (s.KeyFile == "") {
			return errors.New("a client certificate needs its private key and the key its certificate: give both or neither")
		}
		return nil
	}
	if s.CAFile != "" || s.CertFile != "" || s.KeyFile != "" || s.TLSServerName != "" {
		return fmt.Errorf("TLS files or names are given, but the security protocol is %s, which does not encrypt: use SSL or SASL_SSL", s.Protocol)
	}
	return nil
}

func (s Security) checkSASL() (Security, error) {
	if !s.usesSASL() {
		if s.Mechanism != "" || s.Username != "" || s.Password != "" {
			return s, fmt.Errorf("a user or SASL mechanism is given, but the security protocol is %s, which does not authenticate: use SASL_SSL or SASL_PLAINTEXT", s.Protocol)
		}
		return s, nil
	}
	switch m := strings.ToUpper(strings.NewReplacer("_", "-", " ", "").Replace(s.Mechanism)); m {
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		s.Mechanism = m
	case "SCRAM-SHA256", "SCRAM-SHA512":
		s.Mechanism = m[:9] + "-" + m[9:]
	case "":
		return s, errors.New("no SASL mechanism given: use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	default:
		return s, fmt.Errorf("unknown SASL mechanism %q: use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
	}
	if s.Username == "" || s.Password == "" {
		return s, fmt.Errorf("security protocol %s needs a user name and a password", s.Protocol)
	}
	return s, nil
}

func (s Security) usesTLS() bool  { return strings.HasSuffix(s.Protocol, "SSL") }
func (s Security) usesSASL() bool { return strings.HasPrefix(s.Protocol, "SASL_") }

// kgoOpts is the cluster as franz-go's options. It reads the certificate files.
func (c Cluster) kgoOpts() ([]kgo.Opt, error) {
	c, err := c.normal()
	if err != nil {
		return nil, err
	}
	props, err := c.properties()
	if err != nil {
		return nil, err
	}
	opts := append([]kgo.Opt{
		kgo.SeedBrokers(c.BootstrapServers...),
		kgo.ClientID(c.ClientID),
		kgo.DisableClientMetrics(), // nothing about a job leaves for the broker's telemetry
	}, props.kgo...)
	dial, err := c.Security.dialer(props)
	if err != nil {
		return nil, err
	}
	opts = append(opts, kgo.Dialer(dial))
	if c.Security.usesSASL() {
		opts = append(opts, kgo.SASL(c.Security.mechanism()))
	}
	return opts, nil
}

func (s Security) mechanism() sasl.Mechanism {
	auth := scram.Auth{User: s.Username, Pass: s.Password}
	switch s.Mechanism {
	case "SCRAM-SHA-256":
		return auth.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return auth.AsSha512Mechanism()
	default:
		return plain.Auth{User: s.Username, Pass: s.Password}.AsMechanism()
	}
}

type dialFunc = func(ctx context.Context, network, host string) (net.Conn, error)

// dialer opens connections as the security protocol and the address family say.
func (s Security) dialer(p properties) (dialFunc, error) {
	nd := &net.Dialer{Timeout: p.dialTimeout}
	if !s.usesTLS() {
		return func(ctx context.Context, _, host string) (net.Conn, error) {
			return nd.DialContext(ctx, p.network, host)
		}, nil
	}
	conf, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _, host string) (net.Conn, error) {
		raw, err := nd.DialContext(ctx, p.network, host)
		if err != nil {
			return nil, err
		}
		return handshake(ctx, raw, host, conf, p.dialTimeout)
	}, nil
}

// handshake is apart from the dial so that an error says which of the two it was.
func handshake(ctx context.Context, raw net.Conn, host string, conf *tls.Config, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if conf.ServerName == "" {
		name, _, err := net.SplitHostPort(host)
		if err != nil {
			name = host
		}
		conf = conf.Clone()
		conf.ServerName = name
	}
	conn := tls.Client(raw, conf)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, &handshakeError{host: host, err: err}
	}
	return conn, nil
}

// tlsConfig reads the files. Without a name to check, the chain is still verified.
func (s Security) tlsConfig() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.TLSServerName}
	if s.CAFile != "" {
		roots, err := loadRoots(s.CAFile)
		if err != nil {
			return nil, err
		}
		conf.RootCAs = roots
	}
	if s.CertFile != "" {
		pair, err := loadKeyPair(s.CertFile, s.KeyFile, s.KeyPassword)
		if err != nil {
			return nil, err
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	if s.SkipHostname {
		conf.InsecureSkipVerify = true // replaced by the check of the chain below
		conf.VerifyConnection = chainOnly(conf.RootCAs)
	}
	return conf, nil
}

// chainOnly verifies the server's certificate as crypto/tls does, but for the host name.
func chainOnly(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(cs tls.ConnectionState) error {
		if len(cs.PeerCertificates) == 0 {
			return errors.New("the server sent no certificate")
		}
		opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, cert := range cs.PeerCertificates[1:] {
			opts.Intermediates.AddCert(cert)
		}
		if _, err := cs.PeerCertificates[0].Verify(opts); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: cs.PeerCertificates, Err: err}
		}
		return nil
	}
}

func loadRoots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read CA file %s: no PEM certificate in it", file)
	}
	return roots, nil
}

// rdkafka is the cluster as librdkafka's configuration, with the same meaning as kgoOpts.
func (c Cluster) rdkafka() (rd.ConfigMap, error) {
	c, err := c.normal()
	if err != nil {
		return nil, err
	}
	props, err := c.properties()
	if err != nil {
		return nil, err
	}
	m := rd.ConfigMap{
		"bootstrap.servers":   strings.Join(c.BootstrapServers, ","),
		"client.id":           c.ClientID,
		"security.protocol":   c.Security.Protocol,
		"enable.metrics.push": false, // nothing about a job leaves for the broker's telemetry
	}
	if err := c.Security.rdkafkaTLS(m); err != nil {
		return nil, err
	}
	if c.Security.usesSASL() {
		m["sasl.mechanisms"] = c.Security.Mechanism
		m["sasl.username"] = c.Security.Username
		m["sasl.password"] = c.Security.Password
	}
	for name, value := range props.rdkafka {
		m[name] = value
	}
	return m, nil
}

func (s Security) rdkafkaTLS(m rd.ConfigMap) error {
	if !s.usesTLS() {
		return nil
	}
	if s.TLSServerName != "" && !s.SkipHostname {
		return errors.New("a TLS server name of its own is not possible: librdkafka checks the name it connects to; use a name that is in the broker's certificate, or skip the host name check")
	}
	// The files are read here as well, so that a bad one gives the same words for both clients.
	if _, err := s.tlsConfig(); err != nil {
		return err
	}
	m["ssl.endpoint.identification.algorithm"] = "https"
	if s.SkipHostname {
		m["ssl.endpoint.identification.algorithm"] = "none"
	}
	if s.CAFile != "" {
		m["ssl.ca.location"] = s.CAFile
	}
	if s.CertFile != "" {
		m["ssl.certificate.location"] = s.CertFile
		m["ssl.key.location"] = s.KeyFile
		if s.KeyPassword != "" {
			m["ssl.key.password"] = s.KeyPassword
		}
	}
	return nil
}
