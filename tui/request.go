package tui

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"kustody/engine/archive"
	"kustody/evidence"
)

// arguments are the words of a batch line.
type arguments []string

// text adds a flag that has a value, unless the value is empty.
func (a *arguments) text(flag, value string) {
	if value != "" {
		*a = append(*a, flag, value)
	}
}

// each adds a flag for every value.
func (a *arguments) each(flag string, values []string) {
	for _, v := range values {
		*a = append(*a, flag, v)
	}
}

// on adds a flag that has no value.
func (a *arguments) on(flag string, is bool) {
	if is {
		*a = append(*a, flag)
	}
}

// limit adds a number of bytes in a second.
func (a *arguments) limit(n int64) {
	if n > 0 {
		*a = append(*a, "--max-bytes-per-second", strconv.FormatInt(n, 10))
	}
}

// window adds the ends that a window has.
func (a *arguments) window(w archive.Window) {
	if w.Start != nil {
		*a = append(*a, "--from", rfc3339(int64(*w.Start)))
	}
	if w.End != nil {
		*a = append(*a, "--to", rfc3339(int64(*w.End)))
	}
}

// Args are the verb and the flags of --batch that ask for the same restore.
func (r RestoreRequest) Args() []string {
	a := arguments{"restore"}
	a.text("--backup-id", r.BackupID)
	a.text("--run", r.RunID)
	a.text("--restore-id", r.RestoreID)
	a.each("--topic", r.Topics)
	a.window(r.Window)
	for _, source := range slices.Sorted(maps.Keys(r.Mapping)) {
		a = append(a, "--map", source+"="+r.Mapping[source])
	}
	a.each("--allow-existing", r.AllowTopics)
	a.on("--groups", r.Groups)
	a.limit(r.MaxBytesPerSecond)
	return a
}

// Over are Args, with the words that take away what the configuration would add by itself.
func (r RestoreRequest) Over(configured RestoreRequest) []string {
	a := arguments(r.Args())
	if r.RunID == "" && configured.RunID != "" {
		a = append(a, "--run", "latest")
	}
	if r.RestoreID == "" && configured.RestoreID != "" {
		a = append(a, "--restore-id", "")
	}
	a.open(r.Window, configured.Window)
	for _, source := range slices.Sorted(maps.Keys(configured.Mapping)) {
		if r.Mapping[source] == "" {
			a = append(a, "--map", source+"=")
		}
	}
	if configured.Groups && !r.Groups {
		a = append(a, "--groups=false")
	}
	return a
}

// open adds the ends that a window leaves open and the configuration does not.
func (a *arguments) open(w, configured archive.Window) {
	if w.Start == nil && configured.Start != nil {
		*a = append(*a, "--from", "")
	}
	if w.End == nil && configured.End != nil {
		*a = append(*a, "--to", "")
	}
}

// Args are the verb and the flags of --batch that ask for the same backup.
func (r BackupRequest) Args() []string {
	a := arguments{"backup"}
	a.text("--backup-id", r.BackupID)
	a.on("--full", r.Full)
	a.limit(r.MaxBytesPerSecond)
	return a
}

// Args are the verb and the flags of --batch that ask for the same drill.
func (r DrillRequest) Args() []string {
	a := arguments{"drill"}
	a.text("--backup-id", r.BackupID)
	a.each("--topic", r.Topics)
	a.window(r.Window)
	a.on("--keep-topics", r.KeepTopics)
	return a
}

// Over are Args, with the words that take away what the configuration would add by itself.
func (r DrillRequest) Over(configured RestoreRequest) []string {
	a := arguments(r.Args())
	a.open(r.Window, configured.Window)
	return a
}

// Args are the verbs and the flags of --batch that ask for the same validation.
func (r ValidationRequest) Args() []string {
	a := arguments{"validation", "run"}
	a.text("--backup-id", r.BackupID)
	a.text("--restore-id", r.RestoreID)
	return a
}

// batchLine is what a person types into a shell to do the same without the console.
func batchLine(desk Desk, args []string) string {
	words := make([]string, 0, len(args)+1)
	words = append(words, first(desk.Command, "kustody --batch"))
	for _, a := range args {
		words = append(words, evidence.ShellWord(a))
	}
	return strings.Join(words, " ")
}
