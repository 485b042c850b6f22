package main

import (
	"context"

	"kustody/config"
	"kustody/engine"
	"kustody/kafka"
)

// cluster is how the kafka room describes what the configuration says.
func cluster(c config.Cluster) kafka.Cluster {
	s := c.Security
	return kafka.Cluster{BootstrapServers: c.BootstrapServers, Properties: c.Properties, Security: kafka.Security{
		Protocol: s.Protocol, Mechanism: s.Mechanism, Username: s.Username, Password: s.Password.Reveal(),
		CAFile: s.CALocation, CertFile: s.CertificateLocation, KeyFile: s.KeyLocation, KeyPassword: s.KeyPassword.Reveal(),
		SkipHostname: s.EndpointIdentification == "none", TLSServerName: s.ServerName,
	}}
}

// connect opens both clients of a cluster, and looks whether it is the one expected.
func (s *session) connect(ctx context.Context, section string, c config.Cluster) (*kafka.Client, *kafka.Admin, error) {
	kc := cluster(c)
	if err := kc.Check(); err != nil {
		return nil, nil, usage("correct ["+section+"]", "%s: %w", section, err)
	}
	data, err := kafka.Open(ctx, kc)
	if err != nil {
		return nil, nil, notReached(section, err)
	}
	s.closeLater(data.Close)
	admin, err := kafka.OpenAdmin(ctx, kc)
	if err != nil {
		return nil, nil, notReached(section, err)
	}
	s.closeLater(admin.Close)
	if c.Cluster == "" {
		return data, admin, nil
	}
	id, err := data.ClusterID(ctx)
	if err != nil {
		return nil, nil, notReached(section, err)
	}
	if id != c.Cluster {
		return nil, nil, usage("correct "+section+".cluster or "+section+".bootstrap_servers", "%s is cluster %s, and %s is expected", section, id, c.Cluster)
	}
	return data, admin, nil
}

func notReached(section string, err error) error {
	return &engine.Problem{Exit: engine.ExitFailed, Err: &sectionError{section, err}}
}

// sectionError says which of the two clusters an error is about.
type sectionError struct {
	section string
	err     error
}

// Error puts the section first.
func (e *sectionError) Error() string { return e.section + ": " + e.err.Error() }

// Unwrap gives the cause.
func (e *sectionError) Unwrap() error { return e.err }

// selection turns patterns into what the engine asks.
func selection(t config.Topics) (engine.Selection, error) {
	if t.IsZero() {
		return engine.Selection{}, nil
	}
	p, err := t.Compile()
	if err != nil {
		return engine.Selection{}, unusable(err)
	}
	return engine.Selection{Include: t.Include, Exclude: t.Exclude, Match: p.Match,
		Unmatched: func(names []string) []string { return append(p.Missing(names), p.Unmatched(names, nil)...) }}, nil
}

// groupFilter says which consumer groups are captured; nil is all.
func groupFilter(g config.Groups) (func(string) bool, error) {
	if len(g.Patterns) == 0 {
		return nil, nil
	}
	p, err := g.Compile()
	if err != nil {
		return nil, unusable(err)
	}
	return func(id string) bool { return p.Match(id, false) }, nil
}

// groupTargets says which captured groups are restored, and under which names; nil is none.
func groupTargets(g config.RestoreGroups) (func(string) (string, bool), error) {
	if !g.Enabled {
		return nil, nil
	}
	if len(g.Mapping) > 0 {
		return func(id string) (string, bool) { t, ok := g.Mapping[id]; return t, ok }, nil
	}
	p, err := g.Compile()
	if err != nil {
		return nil, unusable(err)
	}
	return func(id string) (string, bool) { return id, p.Match(id, false) }, nil
}
