package config

import (
	"net"
	"slices"
	"strconv"
	"strings"
)

func (v *checker) cluster(section string, c Cluster, required bool) {
	if required && !c.Named() {
		v.add(section+".bootstrap_servers", "write bootstrap_servers = [\"host:9092\"] in ["+section+"]", "is missing")
	}
	for i, server := range c.BootstrapServers {
		v.server(indexed(section+".bootstrap_servers", i), server)
	}
	v.patterns(section+".topics", c.Topics, true)
	v.security(section+".security", c.Security)
	for _, name := range properties {
		if value, ok := c.Properties[name]; ok {
			v.property(join2(section+".properties", name), name, value)
		}
	}
}

func (v *checker) server(key, server string) {
	if strings.Contains(server, "://") {
		v.add(key, "write host:port; encryption is said in security_protocol", "a bootstrap server has no scheme")
		return
	}
	host, port, err := net.SplitHostPort(server)
	n, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || host == "" || n < 1 || n > 65535 || strings.ContainsAny(host, " \t/@") {
		v.add(key, "write it as in kafka-1.example.com:9092", "a bootstrap server is host:port")
	}
}

func (v *checker) security(key string, s Security) {
	at := func(name string) string { return key + "." + name }
	if s.Mechanism == "OAUTHBEARER" {
		v.add(at("sasl_mechanism"), "use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", "OAUTHBEARER is not in this version")
	}
	if s.UsesSASL() {
		v.missing(at("sasl_mechanism"), s.Mechanism != "", "write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
		if s.Mechanism != "OAUTHBEARER" {
			v.missing(at("sasl_username"), s.Username != "", "write the user's name")
			v.missing(at("sasl_password"), s.Password.IsSet(), "write it as ${VARIABLE}, or name a file in sasl_password_file")
		}
	} else if s.Mechanism != "" || s.Username != "" || s.Password.IsSet() {
		v.add(at("security_protocol"), "write SASL_SSL or SASL_PLAINTEXT", "credentials are set but %s would not send them", protocol(s))
	}
	uses := slices.ContainsFunc([]string{s.CALocation, s.CertificateLocation, s.KeyLocation, s.ServerName}, func(x string) bool { return x != "" })
	if uses && !s.UsesTLS() {
		v.add(at("security_protocol"), "write SSL or SASL_SSL", "ssl_ keys are set but %s does not encrypt", protocol(s))
	}
	if (s.CertificateLocation == "") != (s.KeyLocation == "") {
		v.add(at("ssl_certificate_location"), "write both, or none", "a client certificate and ssl_key_location belong together")
	}
}

func protocol(s Security) string {
	if s.Protocol == "" {
		return "PLAINTEXT"
	}
	return s.Protocol
}

// missing reports a key that is needed and not there.
func (v *checker) missing(key string, there bool, remedy string) {
	if !there {
		v.add(key, remedy, "is missing")
	}
}

func (v *checker) property(key, name, value string) {
	switch name {
	case "client.id", "client.rack":
	case "broker.address.family":
		if !slices.Contains([]string{"any", "v4", "v6"}, value) {
			v.add(key, "write any, v4 or v6", "cannot be %s", short(value))
		}
	default:
		if n, err := strconv.ParseInt(value, 10, 32); err != nil || n < 0 {
			v.add(key, "write digits, in milliseconds or bytes", "must be a whole number")
		}
	}
}
