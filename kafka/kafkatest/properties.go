package kafkatest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Who may log in at the SASL listeners. Bob is there to be denied things by ACLs.
const (
	PlainUser, PlainPassword = "alice", "alice-secret" // PLAIN
	BobUser, BobPassword     = "bob", "bob-secret"     // PLAIN
	ScramUser, ScramPassword = "scram", "scram-secret" // SCRAM-SHA-256 and SCRAM-SHA-512
)

// ports of one node, by listener.
type ports struct {
	Plain, SSL, SASLPlain, SASLSSL, MutualTLS, Controller int
}

func (p ports) listeners() string {
	at := func(name string, port int) string { return fmt.Sprintf("%s://127.0.0.1:%d", name, port) }
	return strings.Join([]string{
		at("PLAINTEXT", p.Plain), at("SSL", p.SSL), at("SASL_PLAINTEXT", p.SASLPlain),
		at("SASL_SSL", p.SASLSSL), at("MTLS", p.MutualTLS), at("CONTROLLER", p.Controller),
	}, ",")
}

// properties is the content of one node's configuration file.
func (k *core) properties(n *node, overrides map[string]string) string {
	p := map[string]string{
		"node.id":                  fmt.Sprint(n.ID),
		"controller.quorum.voters": k.voters(),
		"listeners":                n.Ports.listeners(),
		"log.dirs":                 n.dataDir(),
		"ssl.keystore.location":    filepath.Join(k.Dir, brokerFile),
		"ssl.truststore.location":  filepath.Join(k.Dir, caFile),

		"offsets.topic.replication.factor":         fmt.Sprint(min(3, len(k.Nodes))),
		"transaction.state.log.replication.factor": fmt.Sprint(min(3, len(k.Nodes))),
		"transaction.state.log.min.isr":            fmt.Sprint(min(2, len(k.Nodes))),
	}
	maps.Copy(p, brokerDefaults)
	maps.Copy(p, loginModules())
	maps.Copy(p, overrides)
	return encodeProperties(p)
}

// encodeProperties is p in the form of Java's Properties, ordered by name.
func encodeProperties(p map[string]string) string {
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s=%s\n", name, escape.Replace(p[name]))
	}
	return b.String()
}

// brokerDefaults are the same on every node. The intervals make cleaner and retention act within
// seconds; the small pools keep three nodes on two cores quiet.
var brokerDefaults = map[string]string{
	"process.roles":                  "broker,controller",
	"inter.broker.listener.name":     "PLAINTEXT",
	"controller.listener.names":      "CONTROLLER",
	"listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,MTLS:SSL",

	"ssl.keystore.type":                    "PEM",
	"ssl.truststore.type":                  "PEM",
	"listener.name.mtls.ssl.client.auth":   "required",
	"sasl.enabled.mechanisms":              "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
	"authorizer.class.name":                "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
	"allow.everyone.if.no.acl.found":       "true",
	"super.users":                          "User:ANONYMOUS",
	"offsets.topic.num.partitions":         "3",
	"transaction.state.log.num.partitions": "3",
	"group.initial.rebalance.delay.ms":     "0",

	"log.cleaner.backoff.ms":          "200",
	"log.cleaner.dedupe.buffer.size":  "4194304",
	"log.retention.check.interval.ms": "2000",
	"log.initial.task.delay.ms":       "500",
	"num.network.threads":             "2",
	"num.io.threads":                  "2",
	"background.threads":              "2",
}

func loginModules() map[string]string {
	const module = "org.apache.kafka.common.security."
	plain := fmt.Sprintf(`%splain.PlainLoginModule required user_%s="%s" user_%s="%s";`, module, PlainUser, PlainPassword, BobUser, BobPassword)
	scram := module + "scram.ScramLoginModule required;"
	p := map[string]string{}
	for _, listener := range []string{"sasl_plaintext", "sasl_ssl"} {
		p["listener.name."+listener+".plain.sasl.jaas.config"] = plain
		p["listener.name."+listener+".scram-sha-256.sasl.jaas.config"] = scram
		p["listener.name."+listener+".scram-sha-512.sasl.jaas.config"] = scram
	}
	return p
}

func (k *core) voters() string {
	var v []string
	for _, n := range k.Nodes {
		v = append(v, fmt.Sprintf("%d@127.0.0.1:%d", n.ID, n.Ports.Controller))
	}
	return strings.Join(v, ",")
}
