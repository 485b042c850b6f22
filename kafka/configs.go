package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Config is one setting of a topic or broker as the broker sees it.
type Config struct {
	Name      string
	Value     string // "" if Sensitive: brokers do not tell
	Source    string // Kafka's name: DYNAMIC_TOPIC_CONFIG, STATIC_BROKER_CONFIG, DEFAULT_CONFIG, …
	Default   bool   // no one has set it, neither on the topic nor on a broker
	Sensitive bool
	ReadOnly  bool
}

// sourceTopic is the source of what was set on the topic itself.
const sourceTopic = "DYNAMIC_TOPIC_CONFIG"

// OnTopic says that the value was set on the topic itself. Other values that are not Default come from
// the source's brokers, and another cluster's brokers may have others.
func (c Config) OnTopic() bool { return c.Source == sourceTopic }

// Configs gives every setting of each named topic, sorted by name, those with their default as well. A
// topic that is not there is an error of kind UnknownTopic that names it.
func (a *Admin) Configs(ctx context.Context, topics []string) (map[string][]Config, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	all := make(map[string][]Config, len(topics))
	for part := range slices.Chunk(topics, topicsPerRequest) {
		some, err := a.configs(ctx, rd.ResourceTopic, part)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, some)
	}
	return all, nil
}

// BrokerConfigs gives every setting of one broker, sorted by name.
func (a *Admin) BrokerConfigs(ctx context.Context, id int32) ([]Config, error) {
	name := strconv.Itoa(int(id))
	all, err := a.configs(ctx, rd.ResourceBroker, []string{name})
	return all[name], err
}

func (a *Admin) configs(ctx context.Context, kind rd.ResourceType, names []string) (map[string][]Config, error) {
	res := make([]rd.ConfigResource, len(names))
	for i, n := range names {
		res[i] = rd.ConfigResource{Type: kind, Name: n}
	}
	what := "ask for the configs of " + strings.ToLower(kind.String()) + "s"
	return read(ctx, a, what, func(ctx context.Context) (map[string][]Config, error) {
		answers, err := a.client.DescribeConfigs(ctx, res)
		if err != nil {
			return nil, err
		}
		return configsOf(answers, len(names))
	})
}

func configsOf(answers []rd.ConfigResourceResult, want int) (map[string][]Config, error) {
	all := make(map[string][]Config, len(answers))
	for _, r := range answers {
		if err := failure(r.Error); err != nil {
			return nil, fmt.Errorf("%s %q: %w", strings.ToLower(r.Type.String()), r.Name, err)
		}
		list := make([]Config, 0, len(r.Config))
		for _, name := range slices.Sorted(maps.Keys(r.Config)) {
			list = append(list, configOf(r.Config[name]))
		}
		all[r.Name] = list
	}
	if len(all) != want {
		return nil, fmt.Errorf("asked for the configs of %d, got those of %d", want, len(all))
	}
	return all, nil
}

// sources are the protocol's names of where a value comes from (KIP-226).
var sources = map[rd.ConfigSource]string{
	rd.ConfigSourceUnknown:              "UNKNOWN",
	rd.ConfigSourceDynamicTopic:         sourceTopic,
	rd.ConfigSourceDynamicBroker:        "DYNAMIC_BROKER_CONFIG",
	rd.ConfigSourceDynamicDefaultBroker: "DYNAMIC_DEFAULT_BROKER_CONFIG",
	rd.ConfigSourceStaticBroker:         "STATIC_BROKER_CONFIG",
	rd.ConfigSourceDefault:              "DEFAULT_CONFIG",
	rd.ConfigSourceGroup:                "GROUP_CONFIG",
}

func configOf(e rd.ConfigEntryResult) Config {
	return Config{
		Name:      e.Name,
		Value:     e.Value,
		Source:    sources[e.Source],
		Default:   e.Source == rd.ConfigSourceDefault,
		Sensitive: e.IsSensitive,
		ReadOnly:  e.IsReadOnly,
	}
}

// SetConfigs sets and unsets single configs of a topic and leaves all others as they are (KIP-339). The
// broker takes all of them or none.
func (a *Admin) SetConfigs(ctx context.Context, topic string, set map[string]string, unset []string) error {
	entries := make([]rd.ConfigEntry, 0, len(set)+len(unset))
	for _, name := range slices.Sorted(maps.Keys(set)) {
		entries = append(entries, rd.ConfigEntry{Name: name, Value: set[name], IncrementalOperation: rd.AlterConfigOpTypeSet})
	}
	for _, name := range unset {
		entries = append(entries, rd.ConfigEntry{Name: name, IncrementalOperation: rd.AlterConfigOpTypeDelete})
	}
	if len(entries) == 0 {
		return nil
	}
	res := []rd.ConfigResource{{Type: rd.ResourceTopic, Name: topic, Config: entries}}
	_, err := ask(ctx, a, fmt.Sprintf("set configs of topic %q", topic), func(ctx context.Context) (struct{}, error) {
		answers, err := a.client.IncrementalAlterConfigs(ctx, res)
		if err == nil && len(answers) == 1 {
			err = failure(answers[0].Error)
		}
		return struct{}{}, err
	})
	return err
}
