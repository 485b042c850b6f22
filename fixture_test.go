package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"kustody/kafka/embedded"
)

// program is the name under which the test binary is the program itself.
const program = "kustody"

// runTests runs the tests; scripts put their own in its place.
var runTests = func(m *testing.M) { os.Exit(m.Run()) }

// TestMain lets tests start the real program: this binary, by another name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == program {
		main()
		return
	}
	runTests(m)
}

// firstRecord is the time of the first record of every topic: 2026-11-20T00:00:00Z. One follows each
// minute.
const firstRecord = int64(1795132800000)

// clusters starts a source with records and an empty target.
func clusters(later func(func())) (source, target *embedded.Broker, err error) {
	topics := map[string]int32{"orders": 3, "payments-eu": 1, "audit-log": 1}
	if source, err = embedded.Start(embedded.Options{ClusterID: "source-cluster", Topics: topics}); err != nil {
		return nil, nil, err
	}
	later(source.Close)
	if target, err = embedded.Start(embedded.Options{ClusterID: "target-cluster"}); err != nil {
		return nil, nil, err
	}
	later(target.Close)
	for topic, partitions := range topics {
		for p := range partitions {
			if _, err := source.Produce(topic, p, records(100, firstRecord)...); err != nil {
				return nil, nil, err
			}
		}
	}
	return source, target, nil
}

// configs are there for every script: one that signs, and one that does not.
var configs = map[string]string{
	"plain.toml": `backup_id = "orders-daily"
[source]
bootstrap_servers = ["${SOURCE}"]
topics = ["orders", "payments-*", "audit-log"]
[target]
bootstrap_servers = ["${TARGET}"]
[storage]
path = "archive"
`,
	"kustody.toml": `backup_id = "orders-daily"
triggered_by = "script"
[source]
bootstrap_servers = ["${SOURCE}"]
topics = ["orders", "payments-*", "audit-log"]
[target]
bootstrap_servers = ["${TARGET}"]
[storage]
path = "archive"
[backup]
source_cluster_id = "production"
[evidence.signing]
private_key_path = "keys/signing.pem"
[evidence.storage]
prefix = "evidence/"
`}

// records are n records, a minute apart.
func records(n int, from int64) []embedded.Record {
	out := make([]embedded.Record, n)
	for i := range out {
		out[i] = embedded.Record{Timestamp: from + int64(i)*60_000, Key: fmt.Appendf(nil, "key-%d", i%7), Value: fmt.Appendf(nil, `{"n":%d}`, i),
			Headers: []embedded.Header{{Key: "trace", Value: fmt.Appendf(nil, "%08x", i)}}}
	}
	return out
}
