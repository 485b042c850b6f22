package main

import (
	"cmp"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kustody/config"
	"kustody/tui"
)

// restoreFlags are laid over the [restore] section. Together they hold what the console's wizard asks
// (tui.RestoreRequest), so that a restore that a person put together can be written as one line.
type restoreFlags struct {
	places
	dryRun    bool
	restoreID given
	from, to  given
	topics    []string
	mapping   []string // SOURCE=TARGET
	allow     []string // targets that hold records
	groups    choice
	rate      int64
}

// given is the text of a flag, and whether it was written: an empty text that was written takes away what
// is configured.
type given struct {
	text string
	set  bool
}

// String is the text, for help.
func (g *given) String() string { return g.text }

// Set takes what was written.
func (g *given) Set(text string) error { g.text, g.set = text, true; return nil }

// Type is shown in help.
func (g *given) Type() string { return "string" }

// choice is a flag that says yes or no, or was not written.
type choice struct{ set, on bool }

// String is the choice, for help.
func (c *choice) String() string { return strconv.FormatBool(c.on) }

// Set takes what was written.
func (c *choice) Set(text string) (err error) {
	c.set = true
	c.on, err = strconv.ParseBool(text)
	return err
}

// Type is shown in help.
func (c *choice) Type() string { return "bool" }

// addWindow declares the flags that say what of a run is restored.
func (p *restoreFlags) addWindow(a *app, cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&p.from, "from", "first timestamp of the window: 2026-11-20T00:30:00Z, \"2026-11-20 00:30\" or \"yesterday 22:00\" (in time_zone), -3h, now, milliseconds, or '' for no bound (overrides restore.time_window_start)")
	f.Var(&p.to, "to", "first timestamp after the window: as --from, or +45m, from the start (overrides restore.time_window_end)")
	f.StringArrayVar(&p.topics, "topic", nil, "source topic or pattern to restore, may be repeated (overrides restore.topics)")
	_ = cmd.RegisterFlagCompletionFunc("topic", a.completeTopics(&p.places))
}

// addTarget declares the flags that say what a restore writes to.
func (p *restoreFlags) addTarget(a *app, cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&p.mapping, "map", nil, "SOURCE=TARGET, may be repeated: restore a topic under this name (over restore.topic_mapping); SOURCE= takes a configured name away")
	f.StringArrayVar(&p.allow, "allow-existing", nil, "target topic that may be written to although it holds records, may be repeated (restore.allow_existing allows all)")
	f.Var(&p.groups, "groups", "translate the offsets of consumer groups: those of restore.consumer_groups, else all under their own names")
	f.Lookup("groups").NoOptDefVal = "true"
	_ = cmd.RegisterFlagCompletionFunc("map", a.completeSources(&p.places))
	_ = cmd.RegisterFlagCompletionFunc("allow-existing", cobra.NoFileCompletions)
}

// addRate declares the limit of a job.
func addRate(cmd *cobra.Command, into *int64, section string) {
	cmd.Flags().Var((*rate)(into), "max-bytes-per-second", "limit of the whole job, such as 50MiB (overrides "+section+".max_bytes_per_second)")
	_ = cmd.RegisterFlagCompletionFunc("max-bytes-per-second", cobra.NoFileCompletions)
}

// rate is a number of bytes per second, written as sizes are in a configuration.
type rate int64

// String is the number, for help.
func (r *rate) String() string { return strconv.FormatInt(int64(*r), 10) }

// Set takes what was written.
func (r *rate) Set(text string) error {
	n, err := config.ParseSize(text)
	if err != nil {
		return err
	}
	if n < 1 {
		return usage("write a size such as 50MiB", "a job at %s bytes per second would not end", text)
	}
	*r = rate(n)
	return nil
}

// Type is shown in help.
func (r *rate) Type() string { return "size" }

// restoreRequest is what the configuration and the flags ask of a restore. Topics are left empty where the
// flags name none: the configuration's patterns then hold, and they say more than a list.
func (s *session) restoreRequest(p restoreFlags) (tui.RestoreRequest, error) {
	c := s.cfg.Restore
	r := tui.RestoreRequest{BackupID: s.cfg.BackupID, RunID: cmp.Or(p.runID, c.Run), RestoreID: c.RestoreID,
		Topics: p.topics, AllowTopics: p.allow, Groups: c.ConsumerGroups.Enabled, MaxBytesPerSecond: p.rate}
	if r.RunID == newestRun {
		r.RunID = ""
	}
	if p.restoreID.set {
		r.RestoreID = p.restoreID.text
	}
	if p.groups.set {
		r.Groups = p.groups.on
	}
	var err error
	if r.Mapping, err = mapped(c.TopicMapping, p.mapping); err != nil {
		return r, err
	}
	cfg := *s.cfg
	if p.from.set && p.from.text == "" {
		cfg.Restore.TimeWindowStart = config.Instant{}
	}
	if p.to.set && p.to.text == "" {
		cfg.Restore.TimeWindowEnd = config.Instant{}
	}
	r.Window, err = window(&cfg, p.from.text, p.to.text, s.now)
	return r, err
}

// newestRun stands for the newest run.
const newestRun = "latest"

// topicName is what Kafka takes for the name of a topic.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// mapped lays --map over the configured mapping. Nil when nothing is mapped.
func mapped(configured map[string]string, flags []string) (map[string]string, error) {
	out := maps.Clone(configured)
	if out == nil {
		out = map[string]string{}
	}
	said := map[string]bool{}
	for _, x := range flags {
		source, target, ok := strings.Cut(x, "=")
		switch {
		case !ok:
			return nil, usage("write --map orders=orders-2", "--map %q has no =", x)
		case !topicName.MatchString(source) || target != "" && !topicName.MatchString(target):
			return nil, usage("use letters, digits and . _ - only, at most 249; patterns cannot be mapped", "--map %q: source and target must be names of topics", x)
		case said[source]:
			return nil, usage("name it once", "--map names topic %s more than once", source)
		}
		said[source] = true
		if target == "" {
			delete(out, source)
		} else {
			out[source] = target
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}
