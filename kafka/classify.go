package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// handshakeError is a TLS handshake that failed; the connection itself stood.
type handshakeError struct {
	host string
	err  error
}

func (e *handshakeError) Error() string { return "TLS handshake with " + e.host + ": " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// classify finds the kind of an error: by type where there is one, by librdkafka's words where there
// is nothing else. A timeout is the last resort, since it hides every other cause.
func classify(err error, s Security) Kind {
	for _, f := range []func(error, Security) Kind{classifyTLS, classifyProtocol, classifyRdkafka, classifyNet, classifyWords} {
		if k := f(err, s); k != "" {
			return k
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err) {
		return Timeout
	}
	if hungUp(err) {
		return Disconnected
	}
	return ""
}

func isTimeout(err error) bool {
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return true
	}
	r, ok := errors.AsType[rd.Error](err)
	return ok && (r.IsTimeout() || r.Code() == rd.ErrTransport || r.Code() == rd.ErrAllBrokersDown)
}

func classifyTLS(err error, s Security) Kind {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return UnknownCA
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return HostnameMismatch
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return BadCertificate
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return classifyAlert(alert.Error())
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok && s.usesTLS() {
		return TLSOnPlainPort
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return classifyAlert(op.Err.Error())
	}
	if _, ok := errors.AsType[*handshakeError](err); ok && hungUp(err) {
		return TLSOnPlainPort
	}
	return ""
}

// classifyAlert reads the alert with which a server ended a TLS connection.
func classifyAlert(text string) Kind {
	for _, w := range []string{"bad certificate", "certificate required", "unknown certificate", "unknown authority", "unsupported certificate", "expired certificate", "revoked certificate", "access denied"} {
		if strings.Contains(text, w) {
			return ClientCertificate
		}
	}
	return ""
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// classifyProtocol knows the answers of brokers as franz-go gives them.
func classifyProtocol(err error, s Security) Kind {
	if e, ok := errors.AsType[*kerr.Error](err); ok {
		return kindOfCode(e.Code)
	}
	if _, ok := errors.AsType[*kgo.ErrFirstReadEOF](err); ok {
		switch {
		case strings.Contains(err.Error(), "is SASL missing") && !s.usesSASL():
			return MissingSASL
		case !s.usesTLS():
			return PlainOnTLSPort
		}
	}
	return ""
}

// kindOfCode is the kind of an error code of the Kafka protocol, which librdkafka shares.
func kindOfCode(code int16) Kind {
	switch code {
	case kerr.SaslAuthenticationFailed.Code:
		return WrongCredentials
	case kerr.UnsupportedSaslMechanism.Code:
		return WrongMechanism
	case kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code:
		return UnknownTopic
	case kerr.TopicAuthorizationFailed.Code, kerr.GroupAuthorizationFailed.Code, kerr.ClusterAuthorizationFailed.Code,
		kerr.TransactionalIDAuthorizationFailed.Code, kerr.DelegationTokenAuthorizationFailed.Code:
		return NoRights
	case kerr.RequestTimedOut.Code:
		return Timeout
	}
	return ""
}

func classifyRdkafka(err error, _ Security) Kind {
	e, ok := errors.AsType[rd.Error](err)
	if !ok {
		return ""
	}
	switch e.Code() {
	case rd.ErrUnknownTopic, rd.ErrUnknownPartition:
		return UnknownTopic
	case rd.ErrResolve:
		return DNS
	case rd.ErrAuthentication:
		if k := classifyWords(err, Security{}); k != "" {
			return k
		}
		return WrongCredentials
	}
	return kindOfCode(int16(e.Code()))
}

func classifyNet(err error, _ Security) Kind {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return DNS
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Unreachable
	}
	return ""
}

// words are what librdkafka (and OpenSSL under it) and franz-go say where they have no type of their
// own. The first that fits decides.
var words = []struct {
	text string
	kind Kind
}{
	{"unsupported sasl mechanism", WrongMechanism},
	{"mechanism not supported by broker", WrongMechanism},
	{"sasl authentication error", WrongCredentials},
	{"authentication failed", WrongCredentials},
	{"connecting to a plaintext broker listener", TLSOnPlainPort},
	{"wrong version number", TLSOnPlainPort},
	{"first record does not look like a tls handshake", TLSOnPlainPort},
	{"connecting to a ssl listener", PlainOnTLSPort},
	{"appear to be a tls alert", PlainOnTLSPort},
	{"hostname mismatch", HostnameMismatch},
	{"ip address mismatch", HostnameMismatch},
	{"certificate has expired", BadCertificate},
	{"certificate is not yet valid", BadCertificate},
	{"unsuitable certificate purpose", BadCertificate},
	{"broker certificate could not be verified", UnknownCA},
	{"certificate verify failed", UnknownCA},
	{"alert bad certificate", ClientCertificate},
	{"alert certificate required", ClientCertificate},
	{"alert unknown ca", ClientCertificate},
	{"alert certificate unknown", ClientCertificate},
	{"authorization failed", NoRights},
	{"connection refused", Refused},
	{"no route to host", Unreachable},
	{"network is unreachable", Unreachable},
	{"failed to resolve", DNS},
	{"name or service not known", DNS},
	{"invalid response size", NotKafka},
	{"invalid large response size", NotKafka},
	{"invalid negative response size", NotKafka},
	{"connection setup timed out", Timeout},
}

func classifyWords(err error, s Security) Kind {
	text := strings.ToLower(err.Error())
	for _, w := range words {
		if strings.Contains(text, w.text) {
			return w.kind
		}
	}
	if strings.Contains(text, "disconnected") && strings.Contains(text, "/bootstrap") {
		return classifyHangUp(text, s)
	}
	return ""
}

// classifyHangUp reads librdkafka's word for how far a connection came before the broker closed it.
func classifyHangUp(text string, s Security) Kind {
	switch {
	case strings.Contains(text, "state ssl_handshake"):
		return TLSOnPlainPort
	case strings.Contains(text, "state apiversion_query") && !s.usesTLS():
		return PlainOnTLSPort
	case strings.Contains(text, "state up") && !s.usesSASL():
		return MissingSASL // versions may be asked before the login, nothing else
	}
	return ""
}
