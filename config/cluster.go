package config

// Cluster is one Kafka cluster, how to reach it, and which of its topics are meant.
type Cluster struct {
	BootstrapServers []string          `key:"bootstrap_servers" sep:"," doc:"host:port of some brokers; a list, or one string with commas."`
	Cluster          string            `key:"cluster" doc:"Cluster id that is expected there; another one stops the job."`
	Production       bool              `key:"production" doc:"It must not be written to by a slip: the console shows the word, and asks for the name before it restores there."`
	Topics           Topics            `key:"topics" doc:"Which topics: a list, or a table with include and exclude. Globs, /regular expressions/ and names; internal topics only by name."`
	Security         Security          `key:"security" doc:"Encryption and identity."`
	Properties       map[string]string `key:"properties" doc:"librdkafka properties that mean the same to both clients."`
}

// Security is how a connection is encrypted and who it says it is.
type Security struct {
	Protocol               string `key:"security_protocol" enum:"PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL" doc:"Default PLAINTEXT."`
	Mechanism              string `key:"sasl_mechanism" enum:"PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|OAUTHBEARER" doc:"Common spellings (SCRAM-SHA512, SCRAM_SHA_512) are accepted. OAUTHBEARER loads; this version cannot use it."`
	Username               string `key:"sasl_username" doc:"User name."`
	Password               Secret `key:"sasl_password" doc:"Password."`
	CALocation             string `key:"ssl_ca_location" doc:"PEM file of the authorities to trust; default the system's."`
	CertificateLocation    string `key:"ssl_certificate_location" doc:"PEM file of the client certificate."`
	KeyLocation            string `key:"ssl_key_location" doc:"PEM file of its private key."`
	KeyPassword            Secret `key:"ssl_key_password" doc:"Password of that key."`
	EndpointIdentification string `key:"ssl_endpoint_identification" enum:"https|none" doc:"Whether the broker's name must match its certificate; default https."`
	ServerName             string `key:"ssl_server_name" doc:"Name to expect in the certificate instead of the broker's."`
}

// UsesTLS says whether connections are encrypted.
func (s Security) UsesTLS() bool { return s.Protocol == "SSL" || s.Protocol == "SASL_SSL" }

// UsesSASL says whether connections authenticate with SASL.
func (s Security) UsesSASL() bool { return s.Protocol == "SASL_PLAINTEXT" || s.Protocol == "SASL_SSL" }

// Named says whether anything tells how to reach the cluster.
func (c Cluster) Named() bool { return len(c.BootstrapServers) > 0 }

// properties are the librdkafka names that mean the same to franz-go and to librdkafka. Everything
// else would reach only one of the two clients, and they must never read differently.
var properties = []string{
	"broker.address.family",
	"client.id",
	"client.rack",
	"connections.max.idle.ms",
	"fetch.max.bytes",
	"metadata.max.age.ms",
	"reconnect.backoff.ms",
	"request.timeout.ms",
	"retry.backoff.ms",
	"socket.connection.setup.timeout.ms",
	"socket.timeout.ms",
}

// propertyKeys says which key of ours holds what a librdkafka property sets.
var propertyKeys = map[string]string{
	"bootstrap.servers":                     "bootstrap_servers",
	"metadata.broker.list":                  "bootstrap_servers",
	"security.protocol":                     "security.security_protocol",
	"sasl.mechanism":                        "security.sasl_mechanism",
	"sasl.mechanisms":                       "security.sasl_mechanism",
	"sasl.username":                         "security.sasl_username",
	"sasl.password":                         "security.sasl_password",
	"ssl.ca.location":                       "security.ssl_ca_location",
	"ssl.certificate.location":              "security.ssl_certificate_location",
	"ssl.key.location":                      "security.ssl_key_location",
	"ssl.key.password":                      "security.ssl_key_password",
	"ssl.endpoint.identification.algorithm": "security.ssl_endpoint_identification",
}

// Properties lists the librdkafka names that source.properties and target.properties take, sorted.
func Properties() []string { return append([]string(nil), properties...) }
