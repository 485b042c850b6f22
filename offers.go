package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"kustody/config"
	"kustody/engine"
	"kustody/engine/demo"
	"kustody/tui"
)

// newConfig is where a new configuration is written.
const newConfig = "kustody.toml"

// closers are what has to be closed when the console has been left.
type closers struct {
	mu   sync.Mutex
	list []func() error
}

func (c *closers) add(f func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, f)
}

func (c *closers) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, f := range c.list {
		errs = append(errs, f())
	}
	c.list = nil
	return errors.Join(errs...)
}

// offers is the desk where there is no configuration: what can be done about it.
func (a *app) offers(at sight, open *closers) tui.Desk {
	out := tui.Desk{Now: a.now, Command: "kustody --batch", ReadOnly: "there is no configuration yet",
		Offers: []tui.Offer{{
			Key: "e", Title: "Look into evidence", Ask: "folder", Text: "A folder of reports and a ledger that somebody gave you. Nothing is written, and nothing is connected to.",
			Take: func(ctx context.Context, typed string) (tui.Desk, error) {
				at := at
				at.evidence, at.path = atHome(typed), ""
				d, err := a.newDesk(ctx, at)
				if err != nil {
					return tui.Desk{}, err
				}
				return d.lay(), nil
			}}}}
	if a.readOnly {
		out.ReadOnly = "started with --read-only"
		return out
	}
	var said atomic.Value // the demo's last line
	said.Store("")
	out.Offers = append([]tui.Offer{{
		Key: "d", Title: "Try the demo", Ask: "folder", Text: "Makes a year of a small bank's backups and evidence in a new folder, such as demo, with a broker inside this program.",
		Progress: func() string { return said.Load().(string) },
		Take: func(ctx context.Context, typed string) (tui.Desk, error) {
			return a.takeDemo(ctx, demo.Options{Dir: atHome(typed), Out: func(line string) { said.Store(oneLine(line)) }}, open)
		}}},
		append(out.Offers, tui.Offer{
			Key: "n", Title: "Begin a configuration", Text: "Writes " + newConfig + " here, with every section explained. A file that is there stays as it is.",
			Take: func(context.Context, string) (tui.Desk, error) { return a.writeConfig(out) }})...)
	return out
}

// takeDemo makes a demo and lays the desk on it. The demo lives until the console is left, whatever becomes
// of ctx once it is made.
func (a *app) takeDemo(ctx context.Context, o demo.Options, open *closers) (tui.Desk, error) {
	o.Tool, o.Trickle = tool(), trickleEvery
	var err error
	if o.BinarySHA256, err = engine.ExecutableSHA256(); err != nil {
		return tui.Desk{}, fmt.Errorf("digest the program, for the demo's reports: %w", err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	made := context.AfterFunc(ctx, end)
	live, err := demo.Start(life, o)
	if err != nil {
		end()
		return tui.Desk{}, err
	}
	made()
	open.add(func() error { defer end(); return live.Close() })
	b := *a
	b.clock = live.Now
	d, err := b.newDesk(ctx, sight{places: places{config: live.Config}})
	if err != nil {
		return tui.Desk{}, err
	}
	return d.lay(), nil
}

// atHome is a folder as a shell would have it: "~/x" lies in the home folder.
func atHome(typed string) string {
	if rest, ok := strings.CutPrefix(typed, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return typed
}

// writeConfig writes the example where a configuration is looked for, and says what to do with it.
func (a *app) writeConfig(desk tui.Desk) (tui.Desk, error) {
	f, err := os.OpenFile(newConfig, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // it may come to hold passwords
	if errors.Is(err, fs.ErrExist) {
		return desk, &engine.Problem{Exit: engine.ExitFailed, Hint: "start kustody here without --config", Err: fmt.Errorf("%s is there already, and stays as it is", newConfig)}
	}
	if err != nil {
		return desk, fmt.Errorf("write a configuration: %w", err)
	}
	_, err = f.WriteString(config.Example())
	if err = errors.Join(err, f.Close()); err != nil {
		return desk, fmt.Errorf("write %s: %w", newConfig, err)
	}
	name, err := filepath.Abs(newConfig)
	if err != nil {
		name = newConfig
	}
	desk.ReadOnly = newConfig + " is new: fill it in, and start kustody again"
	desk.Warnings = []string{"wrote " + name + ": fill it in, and start kustody again"}
	return desk, nil
}
