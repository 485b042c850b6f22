package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Kind says what keeps a client from its cluster, in terms of what an operator can do about it. Both
// clients' errors come down to the same kinds.
type Kind string

// The kinds of trouble that Diagnose tells apart.
const (
	WrongCredentials  Kind = "wrong credentials"
	MissingSASL       Kind = "authentication missing"
	WrongMechanism    Kind = "mechanism not offered"
	TLSOnPlainPort    Kind = "TLS on a plain port"
	PlainOnTLSPort    Kind = "plain text on a TLS port"
	UnknownCA         Kind = "unknown certificate authority"
	HostnameMismatch  Kind = "host name mismatch"
	BadCertificate    Kind = "bad certificate"
	ClientCertificate Kind = "client certificate refused"
	Refused           Kind = "connection refused"
	Unreachable       Kind = "unreachable"
	DNS               Kind = "unknown host"
	NotKafka          Kind = "not a Kafka listener"
	Disconnected      Kind = "closed by the broker"
	UnknownTopic      Kind = "unknown topic"
	NoRights          Kind = "no rights"
	Timeout           Kind = "timeout"
)

// DiagnosedError is an error of either client with what it means and what to do about it.
type DiagnosedError struct {
	Kind Kind
	Hint string // one sentence for the operator; no secrets
	Err  error
}

// Error is the client's own words, then the hint.
func (e *DiagnosedError) Error() string { return e.Err.Error() + ": " + e.Hint }

// Unwrap gives the client's own error.
func (e *DiagnosedError) Unwrap() error { return e.Err }

// KindOf is the kind that Diagnose found somewhere in err, or "".
func KindOf(err error) Kind {
	var d *DiagnosedError
	if errors.As(err, &d) {
		return d.Kind
	}
	return ""
}

// Diagnose wraps an error of either client in a *DiagnosedError, if its cause can be told. An error that
// already carries a diagnosis, a cancelled context, and an unknown cause come back as they are. It asks
// nothing of the network and may be called concurrently.
func Diagnose(err error, c Cluster) error {
	if err == nil || KindOf(err) != "" || errors.Is(err, context.Canceled) {
		return err
	}
	n, bad := c.normal()
	if bad != nil {
		return err
	}
	kind := classify(err, n.Security)
	if kind == "" {
		return err
	}
	return &DiagnosedError{Kind: kind, Hint: hint(kind, n), Err: err}
}

// hint says what, why and what to do.
func hint(k Kind, c Cluster) string {
	at := strings.Join(c.BootstrapServers, ", ")
	s := c.Security
	switch k {
	case WrongCredentials:
		return fmt.Sprintf("the broker does not accept user %q with this password by %s; check user, password and mechanism", s.Username, s.Mechanism)
	case WrongMechanism:
		return fmt.Sprintf("the listener at %s does not offer %s; choose a mechanism that its brokers have enabled", at, s.Mechanism)
	case MissingSASL:
		return fmt.Sprintf("the listener at %s closes a connection that does not authenticate as it wants; with security protocol %s, set SASL_SSL or SASL_PLAINTEXT, or name another port", at, s.Protocol)
	case TLSOnPlainPort:
		return fmt.Sprintf("the listener at %s does not speak TLS; with security protocol %s, use its TLS port, or PLAINTEXT or SASL_PLAINTEXT", at, s.Protocol)
	case PlainOnTLSPort:
		return fmt.Sprintf("the listener at %s speaks TLS; with security protocol %s, use SSL or SASL_SSL, or its plain port", at, s.Protocol)
	case UnknownCA:
		return fmt.Sprintf("the broker's certificate was not issued by an authority in %s; give the CA that issued it", rootsName(s))
	case HostnameMismatch:
		return fmt.Sprintf("the broker's certificate does not name the host that was connected to (%s); use a name that is in the certificate, or skip the host name check", at)
	case BadCertificate:
		return "the broker's certificate is expired, not yet valid or not for servers; renew it, or check this machine's clock"
	case ClientCertificate:
		return "the broker refuses the client certificate, or wants one and got none; give one that its truststore knows"
	default:
		return otherHint(k, c, at)
	}
}

func otherHint(k Kind, c Cluster, at string) string {
	switch k {
	case Refused:
		return fmt.Sprintf("nothing listens at %s, or a firewall refuses; check address and port, and that the broker runs", at)
	case Unreachable:
		return fmt.Sprintf("there is no way to %s from this machine; check the network and the address", at)
	case DNS:
		return fmt.Sprintf("a name among %s, or one that the brokers advertise, is not known here; check the spelling and the name service", at)
	case NotKafka:
		return fmt.Sprintf("what listens at %s does not answer as a Kafka broker; check the port", at)
	case Disconnected:
		return fmt.Sprintf("a broker behind %s closed the connection; check its log, and, if it is older than Kafka 1.0, user and password", at)
	case UnknownTopic:
		return "the topic is not there, or the user may not see it; check its name and the right to describe it"
	case NoRights:
		return fmt.Sprintf("%s lacks a right that this needs; grant it with kafka-acls", userName(c.Security))
	case Timeout:
		return fmt.Sprintf("no answer in time; check that the brokers behind %s are up, and that the addresses they advertise can be reached from here", at)
	default:
		return string(k)
	}
}

func rootsName(s Security) string {
	if s.CAFile == "" {
		return "the system's trust store"
	}
	return s.CAFile
}

func userName(s Security) string {
	switch {
	case s.usesSASL():
		return fmt.Sprintf("user %q", s.Username)
	case s.CertFile != "":
		return "the client certificate's user"
	default:
		return "the anonymous user"
	}
}
