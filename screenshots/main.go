// screenshots draws every screen of the console from the stored demo year, at a fixed clock, to SVG: the
// pictures of the README, and a record of how the console looks. `make screenshots` writes them anew, and
// CI fails when that changes anything.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"kustody/engine/demo"
	"kustody/screenshots/svg"
	"kustody/tui"
)

func main() {
	dir := flag.String("dir", "", "folder to write to (default: screenshots in the repository)")
	only := flag.String("only", "", "draw the picture of this name only")
	flag.Parse()
	if err := run(context.Background(), *dir, *only); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

// run draws the pictures and removes those that no shot makes any more.
func run(ctx context.Context, dir, only string) error {
	if dir == "" {
		root, err := demo.RepositoryRoot()
		if err != nil {
			return err
		}
		dir = filepath.Join(root, "screenshots")
	}
	world, err := openWorld()
	if err != nil {
		return err
	}
	defer world.close()
	var names []string
	for _, s := range shots(world) {
		name := s.name + ".svg"
		names = append(names, name)
		if only != "" && s.name != only {
			continue
		}
		picture, err := s.draw(ctx, world)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), picture, 0o644); err != nil {
			return err
		}
	}
	return removeOthers(dir, names)
}

// removeOthers deletes pictures whose shot is gone.
func removeOthers(dir string, names []string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	if err != nil {
		return err
	}
	for _, path := range found {
		if !slices.Contains(names, filepath.Base(path)) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// shot is one picture: how to get there, and what must be seen, so that no picture shows an error page.
type shot struct {
	name       string
	title      string
	cols, rows int
	theme      string
	ascii      bool
	desk       func(w *world) tui.Desk
	place      tui.Place
	go_        func(t *tui.Tour) // presses the keys
	shows      []string
}

// draw goes there and draws.
func (s shot) draw(ctx context.Context, w *world) ([]byte, error) {
	desk := w.desk()
	if s.desk != nil {
		desk = s.desk(w)
	}
	t := tui.NewTour(ctx, desk, tui.Look{Theme: s.theme, ASCII: s.ascii}, s.cols, s.rows, s.place)
	if s.go_ != nil {
		s.go_(t)
	}
	if err := t.Shows(s.shows...); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := svg.Write(&out, pictureOf(t.Frame(), s)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// backgrounds of the two themes: what the palette was chosen against.
var grounds = map[string][2]string{tui.ThemeDark: {"#1E1E2E", "#D8DEE9"}, tui.ThemeLight: {"#FFFFFF", "#1F2328"}, tui.ThemeNone: {"#101010", "#E0E0E0"}}

func pictureOf(f tui.Frame, s shot) svg.Picture {
	ground := grounds[s.theme]
	p := svg.Picture{Columns: f.Width, Rows: f.Height, Background: ground[0], Foreground: ground[1], Title: s.title}
	for _, l := range f.Lines() {
		var runs []svg.Run
		for _, c := range l {
			runs = append(runs, svg.Run{Text: c.Text, Style: svg.Style{FG: c.Colour, Bold: c.Bold, Faint: c.Faint, Reverse: c.Reverse, Underline: c.Underline}})
		}
		p.Lines = append(p.Lines, runs)
	}
	return p
}
