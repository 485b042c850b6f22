package kafka_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kustody/kafka"
	"kustody/kafka/embedded"
)

func TestClusterCheck(t *testing.T) {
	servers := []string{"a:9092"}
	for _, c := range []struct {
		name string
		in   kafka.Cluster
		want string // part of the error; "" for none
	}{
		{"plain", kafka.Cluster{BootstrapServers: servers}, ""},
		{"spaces and an empty entry", kafka.Cluster{BootstrapServers: []string{" a:9092", ""}}, ""},
		{"no servers", kafka.Cluster{BootstrapServers: []string{" "}}, "bootstrap"},
		{"no port", kafka.Cluster{BootstrapServers: []string{"a"}}, "host:port"},
		{"unknown protocol", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{Protocol: "TLS"}}, "SASL_SSL"},
		{"lower case", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{Protocol: "sasl_plaintext", Mechanism: "scram-sha512", Username: "u", Password: "p"}}, ""},
		{"underscores", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{Protocol: "SASL_SSL", Mechanism: "SCRAM_SHA_256", Username: "u", Password: "p"}}, ""},
		{"Kerberos", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{Protocol: "SASL_SSL", Mechanism: "GSSAPI", Username: "u", Password: "p"}}, "GSSAPI"},
		{"no mechanism", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{Protocol: "SASL_SSL", Username: "u", Password: "p"}}, "mechanism"},
		{"no password", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{Protocol: "SASL_SSL", Mechanism: "PLAIN", Username: "u"}}, "password"},
		{"CA without TLS", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{CAFile: "ca.pem"}}, "does not encrypt"},
		{"user without SASL", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{Protocol: "SSL", Username: "u"}}, "does not authenticate"},
		{"certificate without key", kafka.Cluster{BootstrapServers: servers, Security: kafka.Security{Protocol: "SSL", CertFile: "c"}}, "both"},
		{"property", kafka.Cluster{BootstrapServers: servers, Properties: map[string]string{"socket.timeout.ms": "5000"}}, ""},
		{"unknown property", kafka.Cluster{BootstrapServers: servers, Properties: map[string]string{"enable.idempotence": "true"}}, "client.rack"},
		{"security as a property", kafka.Cluster{BootstrapServers: servers, Properties: map[string]string{"sasl.password": "hush"}}, "setting of its own"},
		{"not a number", kafka.Cluster{BootstrapServers: servers, Properties: map[string]string{"socket.timeout.ms": "5s"}}, "whole number"},
		{"out of range", kafka.Cluster{BootstrapServers: servers, Properties: map[string]string{"socket.timeout.ms": "1"}}, "between"},
		{"not a choice", kafka.Cluster{BootstrapServers: servers, Properties: map[string]string{"broker.address.family": "v5"}}, "v4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.in.Check()
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("a secret is in the error: %v", err)
			}
		})
	}
}

// lowAndHigh are values that both clients take for every property.
var lowAndHigh = map[string][2]string{
	"client.id":                          {"a", "somebody"},
	"client.rack":                        {"", "eu-west-1a"},
	"socket.timeout.ms":                  {"100", "300000"},
	"request.timeout.ms":                 {"100", "900000"},
	"retry.backoff.ms":                   {"1", "300000"},
	"reconnect.backoff.ms":               {"0", "10000"},
	"metadata.max.age.ms":                {"10", "3600000"},
	"connections.max.idle.ms":            {"100", "900000"},
	"fetch.max.bytes":                    {"1000000", "1000000000"},
	"socket.connection.setup.timeout.ms": {"1000", "3600000"},
	"broker.address.family":              {"any", "v4"},
}

// TestEveryPropertyIsTakenByBothClients opens all three handles with each property at both ends.
func TestEveryPropertyIsTakenByBothClients(t *testing.T) {
	t.Parallel()
	b := broker(t, embedded.Options{Topics: map[string]int32{"orders": 1}})
	fill(t, b, "orders", 0, 3)
	names := kafka.AllowedProperties()
	if len(names) != len(lowAndHigh) || !slices.IsSorted(names) {
		t.Errorf("allowed are %v", names)
	}
	for _, name := range names {
		for i := range 2 {
			c := b.Cluster()
			c.Properties = map[string]string{name: lowAndHigh[name][i]}
			cl, err := kafka.Open(within(t, 20*time.Second), c)
			if err != nil {
				t.Errorf("%v, franz-go: %v", c.Properties, err)
				continue
			}
			cl.Close()
			if r, err := kafka.OpenReadBack(c, kafka.ReadBackOptions{}); err != nil {
				t.Errorf("%v, librdkafka: %v", c.Properties, err)
			} else {
				r.Close()
			}
			if a, err := kafka.OpenAdmin(within(t, 20*time.Second), c); err != nil {
				t.Errorf("%v, librdkafka: %v", c.Properties, err)
			} else {
				a.Close()
			}
		}
	}
}

// TestEncryptedClientKeys: what OpenSSL writes is read by both clients, with the right password only.
func TestEncryptedClientKeys(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl")
	}
	ca := newAuthority(t, "ours")
	cert, key := ca.client()
	b := broker(t, embedded.Options{TLS: ca.mutual(), CAFile: ca.file})
	for name, args := range map[string][]string{
		"OpenSSL's default": {"pkcs8", "-topk8"},
		"AES-128, SHA-1":    {"pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"},
		"AES-256, SHA-512":  {"pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"},
		"triple DES":        {"pkcs8", "-topk8", "-v2", "des3"},
		"the old PEM way":   {"ec", "-aes256"},
	} {
		file := filepath.Join(t.TempDir(), "key.pem")
		args = append(args, "-in", key, "-out", file, "-passout", "pass:"+secret)
		if out, err := exec.Command(openssl, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %s", name, out)
		}
		for client, open := range openers {
			t.Run(name+"/"+client, func(t *testing.T) { keyPasswords(t, b, cert, file, open) })
		}
	}
}

func keyPasswords(t *testing.T, b *embedded.Broker, cert, file string, open opener) {
	for password, want := range map[string]string{secret: "", "wrong": "wrong password", "": "give its password"} {
		c := b.Cluster()
		c.Security.CertFile, c.Security.KeyFile, c.Security.KeyPassword = cert, file, password
		conn, err := open(within(t, 10*time.Second), c)
		switch {
		case err == nil:
			conn.Close()
			if want != "" {
				t.Errorf("password %q was accepted", password)
			}
		case want == "" || !strings.Contains(err.Error(), want):
			t.Errorf("password %q: %v", password, err)
		}
	}
}

func TestMissingAndEmptyFiles(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	noError(t, os.WriteFile(empty, nil, 0o600))
	for _, sec := range []kafka.Security{
		{Protocol: "SSL", CAFile: "/nowhere/ca.pem"},
		{Protocol: "SSL", CAFile: empty},
		{Protocol: "SSL", CertFile: empty, KeyFile: empty},
		{Protocol: "SSL", CertFile: "/nowhere/c", KeyFile: "/nowhere/k"},
	} {
		var texts []string
		for client, open := range openers {
			conn, err := open(within(t, 5*time.Second), kafka.Cluster{BootstrapServers: []string{"127.0.0.1:1"}, Security: sec})
			if err == nil {
				conn.Close()
				t.Fatalf("%s took %+v", client, sec)
			}
			texts = append(texts, err.Error())
		}
		if texts[0] != texts[1] {
			t.Errorf("two clients, two stories: %q", texts)
		}
	}
}

func TestServerNameIsOnlyForOneClient(t *testing.T) {
	_, err := kafka.OpenReadBack(kafka.Cluster{BootstrapServers: []string{"a:1"}, Security: kafka.Security{Protocol: "SSL", TLSServerName: "b"}}, kafka.ReadBackOptions{})
	if err == nil || !strings.Contains(err.Error(), "server name") {
		t.Errorf("got %v", err)
	}
}
