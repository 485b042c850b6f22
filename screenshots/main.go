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
	"strings"

	"kustody/engine/demo"
	"kustody/screenshots/svg"
	"kustody/tui"
)

func main() {
	dir := flag.String("dir", "", "folder of the pictures (default: screenshots in the repository)")
	check := flag.Bool("check", false, "write nothing, and fail when a stored picture differs from what is drawn now")
	flag.Parse()
	if err := run(context.Background(), *dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

// run draws all pictures, and stores them or compares them with those that are stored.
func run(ctx context.Context, dir string, check bool) error {
	if dir == "" {
		root, err := demo.RepositoryRoot()
		if err != nil {
			return err
		}
		dir = filepath.Join(root, "screenshots")
	}
	pictures, err := drawAll(ctx)
	if err != nil {
		return err
	}
	if check {
		return compare(dir, pictures)
	}
	return store(dir, pictures)
}

// drawAll draws every shot: file name to picture.
func drawAll(ctx context.Context) (map[string][]byte, error) {
	world, err := openWorld()
	if err != nil {
		return nil, err
	}
	defer world.close()
	pictures := map[string][]byte{}
	report, err := world.report(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range shots(report) {
		if pictures[s.name+".svg"], err = s.draw(ctx, world); err != nil {
			return nil, fmt.Errorf("draw %s: %w", s.name, err)
		}
	}
	return pictures, nil
}

// stored are the file names of the pictures in a folder.
func stored(dir string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found, err
}

// store writes the pictures, and removes those that no shot makes any more.
func store(dir string, pictures map[string][]byte) error {
	found, err := stored(dir)
	if err != nil {
		return err
	}
	for _, name := range found {
		if pictures[name] == nil {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	for name, picture := range pictures {
		if err := os.WriteFile(filepath.Join(dir, name), picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare says which stored pictures are not what is drawn now.
func compare(dir string, pictures map[string][]byte) error {
	found, err := stored(dir)
	if err != nil {
		return err
	}
	var differ []string
	for _, name := range found {
		if pictures[name] == nil {
			differ = append(differ, name+" (no shot draws it)")
		}
	}
	for name, picture := range pictures {
		was, err := os.ReadFile(filepath.Join(dir, name))
		switch {
		case err != nil:
			differ = append(differ, name+" (not stored)")
		case !bytes.Equal(was, picture):
			differ = append(differ, name)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	slices.Sort(differ)
	return fmt.Errorf("the console does not look as in these pictures any more; look at it, then run make screenshots: %s", strings.Join(differ, ", "))
}

// shot is one picture: how to get there, and what must be seen, so that no picture shows an error page.
type shot struct {
	name  string
	small bool   // 80×24 instead of 120×36
	theme string // default dark
	ascii bool
	desk  func(w *world) tui.Desk
	place tui.Place
	do    func(t *tui.Tour) // presses the keys
	shows []string
}

// draw goes there and draws.
func (s shot) draw(ctx context.Context, w *world) ([]byte, error) {
	if s.theme == "" {
		s.theme = tui.ThemeDark
	}
	desk := w.desk()
	if s.desk != nil {
		desk = s.desk(w)
	}
	columns, rows := 120, 36
	if s.small {
		columns, rows = 80, 24
	}
	t := tui.NewTour(ctx, desk, tui.Look{Theme: s.theme, ASCII: s.ascii}, columns, rows, s.place)
	if s.do != nil {
		s.do(t)
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
	p := svg.Picture{Columns: f.Width, Rows: f.Height, Background: ground[0], Foreground: ground[1], Title: "kustody"}
	for _, l := range f.Lines() {
		var runs []svg.Run
		for _, c := range l {
			runs = append(runs, svg.Run{Text: c.Text, Style: svg.Style{FG: c.Colour, Bold: c.Bold, Faint: c.Faint, Reverse: c.Reverse, Underline: c.Underline}})
		}
		p.Lines = append(p.Lines, runs)
	}
	return p
}
