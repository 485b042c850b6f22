package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	librdkafka "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/spf13/cobra"
)

// build says what this binary was made of.
type build struct {
	Version    string `json:"version"`
	Commit     string `json:"commit"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
	Librdkafka string `json:"librdkafka"`
	Confluent  string `json:"confluent_kafka_go"`
	Franz      string `json:"franz_go"`
}

// buildInfo takes what the Makefile linked in; a plain go build knows its commit from git.
func buildInfo() build {
	_, rdkafka := librdkafka.LibraryVersion()
	b := build{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Librdkafka: rdkafka}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, d := range info.Deps {
			switch d.Path {
			case "github.com/twmb/franz-go":
				b.Franz = d.Version
			case "github.com/confluentinc/confluent-kafka-go/v2":
				b.Confluent = d.Version
			}
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && b.Commit == "" {
				b.Commit = s.Value
			}
		}
	}
	for _, field := range []*string{&b.Version, &b.Commit, &b.Franz, &b.Confluent} {
		if *field == "" {
			*field = "unknown"
		}
	}
	return b
}

func (a *app) verbVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "say what this binary is made of",
		Example: "  kustody version",
		Args:    a.noVerb,
		RunE: func(*cobra.Command, []string) error {
			b := buildInfo()
			if a.format == "json" {
				body, err := json.MarshalIndent(b, "", "  ")
				if err != nil {
					return err
				}
				fmt.Fprintf(a.stdout, "%s\n", body)
				return nil
			}
			fmt.Fprintf(a.stdout, "kustody %s\ncommit: %s\ngo: %s %s\nlibrdkafka: %s (confluent-kafka-go %s)\nfranz-go: %s\n",
				b.Version, b.Commit, b.Go, b.Platform, b.Librdkafka, b.Confluent, b.Franz)
			return nil
		},
	}
}
