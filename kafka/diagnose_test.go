package kafka_test

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/embedded"
)

type opener = func(context.Context, kafka.Cluster) (interface{ Close() }, error)

// openers are both clients; each must find the same kind of trouble.
var openers = map[string]opener{
	"franz-go": func(ctx context.Context, c kafka.Cluster) (interface{ Close() }, error) { return kafka.Open(ctx, c) },
	"librdkafka": func(ctx context.Context, c kafka.Cluster) (interface{ Close() }, error) {
		return kafka.OpenAdmin(ctx, c)
	},
}

// secret is in every password of these tests, and in no error.
const secret = "alice-secret"

var users = []embedded.User{
	{Mechanism: "PLAIN", Name: "alice", Password: secret, Super: true},
	{Mechanism: "SCRAM-SHA-256", Name: "bob", Password: secret, Super: true},
	{Mechanism: "SCRAM-SHA-512", Name: "carol", Password: secret, Super: true},
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t, "ours"), newAuthority(t, "other")
	plain := broker(t, embedded.Options{}).Cluster()
	tls := broker(t, embedded.Options{TLS: ca.server(nil), CAFile: ca.file}).Cluster()
	sasl := broker(t, embedded.Options{Users: users}).Cluster()
	saslTLS := broker(t, embedded.Options{Users: users, TLS: ca.server(nil), CAFile: ca.file}).Cluster()
	misnamed := broker(t, embedded.Options{CAFile: ca.file, TLS: ca.server(func(c *x509.Certificate) {
		c.IPAddresses, c.DNSNames = nil, []string{"kafka.example"}
	})}).Cluster()
	expired := broker(t, embedded.Options{CAFile: ca.file, TLS: ca.server(func(c *x509.Certificate) {
		c.NotAfter = time.Now().Add(-time.Minute)
	})}).Cluster()
	mutual := broker(t, embedded.Options{TLS: ca.mutual(), CAFile: ca.file}).Cluster()

	with := func(c kafka.Cluster, edit func(*kafka.Security)) kafka.Cluster {
		edit(&c.Security)
		return c
	}
	at := func(addr string) kafka.Cluster { return kafka.Cluster{BootstrapServers: []string{addr}} }
	impatient := func(c kafka.Cluster) kafka.Cluster {
		c.Properties = map[string]string{"socket.timeout.ms": "500"}
		return c
	}
	asTLS := func(s *kafka.Security) { *s = kafka.Security{Protocol: "SSL", CAFile: ca.file} }
	asPlain := func(s *kafka.Security) { *s = kafka.Security{} }
	user := func(mechanism, name, password string) func(*kafka.Security) {
		return func(s *kafka.Security) { s.Mechanism, s.Username, s.Password = mechanism, name, password }
	}
	var wait sync.WaitGroup // all at once: they mostly wait
	defer wait.Wait()
	for _, c := range []struct {
		name    string
		cluster kafka.Cluster
		want    kafka.Kind
	}{
		{"right, plain", plain, ""},
		{"right, TLS", tls, ""},
		{"right, PLAIN", sasl, ""},
		{"right, SCRAM-SHA-256", with(sasl, user("scram-sha256", "bob", secret)), ""},
		{"right, SCRAM-SHA-512 and TLS", with(saslTLS, user("SCRAM-SHA-512", "carol", secret)), ""},
		{"wrong PLAIN password", with(sasl, user("PLAIN", "alice", "wrong-"+secret)), kafka.WrongCredentials},
		{"wrong SCRAM-SHA-256 password", with(sasl, user("SCRAM-SHA-256", "bob", "wrong-"+secret)), kafka.WrongCredentials},
		{"wrong SCRAM-SHA-512 password over TLS", with(saslTLS, user("SCRAM-SHA-512", "carol", "wrong-"+secret)), kafka.WrongCredentials},
		{"unknown user", with(sasl, user("SCRAM-SHA-512", "nobody", secret)), kafka.WrongCredentials},
		{"TLS on a plain port", with(at(fakeServer(t, likePlainKafka)), asTLS), kafka.TLSOnPlainPort},
		{"SASL_SSL on a SASL_PLAINTEXT port", with(at(fakeServer(t, likePlainKafka)), func(s *kafka.Security) {
			*s = sasl.Security
			s.Protocol = "SASL_SSL"
		}), kafka.TLSOnPlainPort},
		{"plain on a TLS port", with(tls, asPlain), kafka.PlainOnTLSPort},
		{"SASL_PLAINTEXT on a SASL_SSL port", with(saslTLS, func(s *kafka.Security) { s.Protocol, s.CAFile = "SASL_PLAINTEXT", "" }), kafka.PlainOnTLSPort},
		{"no SASL on a SASL port", with(sasl, asPlain), kafka.MissingSASL},
		{"no SASL on a SASL_SSL port", with(saslTLS, asTLS), kafka.MissingSASL},
		{"another CA", with(tls, func(s *kafka.Security) { s.CAFile = other.file }), kafka.UnknownCA},
		{"the system's CAs", with(tls, func(s *kafka.Security) { s.CAFile = "" }), kafka.UnknownCA},
		{"name not in the certificate", misnamed, kafka.HostnameMismatch},
		{"name not checked", with(misnamed, func(s *kafka.Security) { s.SkipHostname = true }), ""},
		{"name not checked, another CA", with(misnamed, func(s *kafka.Security) { s.SkipHostname, s.CAFile = true, other.file }), kafka.UnknownCA},
		{"expired certificate", expired, kafka.BadCertificate},
		{"client certificate", with(mutual, func(s *kafka.Security) { s.CertFile, s.KeyFile = ca.client() }), ""},
		{"no client certificate", mutual, kafka.ClientCertificate},
		{"client certificate of another CA", with(mutual, func(s *kafka.Security) { s.CertFile, s.KeyFile = other.client() }), kafka.ClientCertificate},
		{"nothing listens", at(deadPort(t)), kafka.Refused},
		{"no such host", at("no-such-host.invalid:9092"), kafka.DNS},
		{"not Kafka: an HTTP server", at(fakeServer(t, answerHTTP)), kafka.NotKafka},
		{"not Kafka: silence", impatient(at(fakeServer(t, func(net.Conn) { time.Sleep(20 * time.Second) }))), kafka.Timeout},
	} {
		for client, open := range openers {
			wait.Go(func() {
				want, limit := c.want, 12*time.Second
				if want == kafka.Timeout {
					limit = 3 * time.Second
				}
				conn, err := open(within(t, limit), c.cluster)
				if err == nil {
					conn.Close()
				}
				if client == "franz-go" && want == kafka.WrongCredentials {
					want = kafka.Disconnected // kfake closes the connection; real brokers answer
				}
				if kafka.KindOf(err) != want || (err == nil) != (want == "") {
					t.Errorf("%s, %s: kind %q, want %q: %v", c.name, client, kafka.KindOf(err), want, err)
				}
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("%s, %s: the password is in the error: %v", c.name, client, err)
				}
			})
		}
	}
}

// deadPort is an address where nothing listens.
func deadPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

// fakeServer is a listener that is no broker.
func fakeServer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return ln.Addr().String()
}

// likePlainKafka does with a TLS handshake what a broker does (and kfake does not): its first bytes are
// a request's length that is beyond socket.request.max.bytes, so it closes the connection.
func likePlainKafka(c net.Conn) {
	var size [4]byte
	if _, err := io.ReadFull(c, size[:]); err == nil && binary.BigEndian.Uint32(size[:]) <= 100<<20 {
		_, _ = io.Copy(io.Discard, c)
	}
}

func answerHTTP(c net.Conn) {
	buf := make([]byte, 1024)
	if _, err := c.Read(buf); err == nil {
		_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
	}
}

func TestDiagnoseLeavesAlone(t *testing.T) {
	c := kafka.Cluster{BootstrapServers: []string{"a:1"}}
	plain := errors.New("something else")
	for _, err := range []error{nil, plain, context.Canceled} {
		if got := kafka.Diagnose(err, c); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
	once := kafka.Diagnose(context.DeadlineExceeded, c)
	if kafka.KindOf(once) != kafka.Timeout || !errors.Is(once, context.DeadlineExceeded) {
		t.Errorf("a deadline: %v", once)
	}
	if twice := kafka.Diagnose(once, c); twice != once {
		t.Errorf("diagnosed twice: %v", twice)
	}
}
