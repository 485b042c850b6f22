package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the prefix of our own import paths.
const module = "kustody"

// screenLibrary is where the console's libraries come from.
const screenLibrary = "charm.land/"

// arrows are the rooms and what each may import of ours outside of itself (DESIGN.md, "The house").
var arrows = map[string][]string{
	"main":        {"config", "kafka", "storage", "evidence", "engine", "tui"},
	"tui":         {"engine", "evidence"},
	"screenshots": {"tui", "engine", "evidence"},
	"engine":      {"kafka", "storage", "evidence"},
	"config":      {},
	"kafka":       {},
	"storage":     {},
	"evidence":    {},
}

// testClosets are sub-packages for tests: only test files import them, and the packages named here.
var testClosets = map[string][]string{
	"kafka/kafkatest":     {},
	"kafka/embedded":      {"main", "engine/demo"},
	"storage/storagetest": {},
}

// folders are the top-level folders there may be. testdata is what Go tests of main read; the go
// command takes it for no package.
var folders = []string{".ci", "config", "engine", "evidence", "kafka", "screenshots", "storage", "testdata", "tui"}

// goPackage is what go list says of one package.
type goPackage struct {
	ImportPath                               string
	Imports, TestImports, XTestImports, Deps []string
}

// home is the package's path inside the module, "main" for the root, and its room; ok is false for
// packages of others.
func home(path string) (pkg, room string, ok bool) {
	path, _, _ = strings.Cut(path, " ") // "kustody/engine [kustody/engine.test]"
	if path == module {
		return "main", "main", true
	}
	pkg, ok = strings.CutPrefix(path, module+"/")
	room, _, _ = strings.Cut(pkg, "/")
	return pkg, room, ok
}

// forbidden says why package from must not import package to, or "".
func forbidden(from, to string, test bool) string {
	fromPkg, fromRoom, _ := home(from)
	if strings.HasPrefix(to, screenLibrary) && fromRoom != "tui" && fromRoom != "screenshots" {
		return "only tui and screenshots import " + screenLibrary
	}
	toPkg, toRoom, ours := home(to)
	if !ours {
		return ""
	}
	if _, known := arrows[fromRoom]; !known {
		return "there is no room " + fromRoom
	}
	if fromRoom != toRoom && !slices.Contains(arrows[fromRoom], toRoom) {
		return fromRoom + " must not import " + toRoom
	}
	for closet, users := range testClosets {
		inside := func(pkg string) bool { return pkg == closet || strings.HasPrefix(pkg, closet+"/") }
		if inside(toPkg) && !inside(fromPkg) && !test && !slices.Contains(users, fromPkg) {
			return closet + " is for tests"
		}
	}
	return ""
}

// wrongArrows judges a graph of packages.
func wrongArrows(packages []goPackage) []string {
	var wrong []string
	judge := func(p goPackage, imports []string, test bool) {
		for _, to := range imports {
			if why := forbidden(p.ImportPath, to, test); why != "" {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", p.ImportPath, to, why))
			}
		}
	}
	for _, p := range packages {
		_, room, ours := home(p.ImportPath)
		if !ours {
			continue
		}
		judge(p, p.Imports, false)
		judge(p, p.TestImports, true)
		judge(p, p.XTestImports, true)
		if slices.Contains([]string{"main", "tui", "screenshots"}, room) {
			continue // main has the screen through tui
		}
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, screenLibrary) {
				wrong = append(wrong, fmt.Sprintf("%s depends on %s by a roundabout way", p.ImportPath, dep))
			}
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

// TestArrows holds the house's arrows: files of every build tag, tests included.
func TestArrows(t *testing.T) {
	var packages []goPackage
	for _, tags := range []string{"", "full,bench"} {
		packages = append(packages, goList(t, tags)...)
	}
	if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.ImportPath == module+"/kafka" }) {
		t.Fatal("go list names no package of ours")
	}
	for _, line := range wrongArrows(packages) {
		t.Error(line)
	}
}

func goList(t *testing.T, tags string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-tags", tags, "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var packages []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// TestArrowsAreJudged shows the rule to fail where it must, on a made-up graph.
func TestArrowsAreJudged(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		test     bool
		want     string // part of the reason; "" when the arrow is right
	}{
		{"kustody", "kustody/engine", false, ""},
		{"kustody", "kustody/config", false, ""},
		{"kustody", "kustody/kafka/embedded", false, ""},
		{"kustody", "kustody/kafka/kafkatest", false, "for tests"},
		{"kustody", "kustody/kafka/kafkatest", true, ""},
		{"kustody", "charm.land/bubbletea/v2", false, "only tui"},
		{"kustody/tui", "charm.land/bubbletea/v2", false, ""},
		{"kustody/tui", "kustody/engine/archive", false, ""},
		{"kustody/tui", "kustody/kafka", false, "tui must not import kafka"},
		{"kustody/tui", "kustody/storage", true, "tui must not import storage"},
		{"kustody/tui/list", "kustody/config", false, "tui must not import config"},
		{"kustody/engine", "kustody/kafka/batch", false, ""},
		{"kustody/engine", "kustody/config", false, "engine must not import config"},
		{"kustody/engine", "kustody/tui", true, "engine must not import tui"},
		{"kustody/engine", "kustody/kafka/embedded", false, "for tests"},
		{"kustody/engine", "kustody/kafka/embedded", true, ""},
		{"kustody/engine", "kustody/storage/storagetest", true, ""},
		{"kustody/engine/demo", "kustody/kafka/embedded", false, ""},
		{"kustody/engine/archive", "kustody/kafka/embedded", false, "for tests"},
		{"kustody/kafka", "kustody/storage", false, "kafka must not import storage"},
		{"kustody/kafka", "kustody/kafka/embedded", false, "for tests"},
		{"kustody/kafka", "kustody/kafka/embedded", true, ""},
		{"kustody/kafka/kafkatest/kafkacluster", "kustody/kafka/kafkatest", false, ""},
		{"kustody/evidence", "kustody/storage", true, "evidence must not import storage"},
		{"kustody/storage", "kustody", false, "storage must not import main"},
		{"kustody/util", "kustody/kafka", false, "no room util"},
		{"kustody/storage", "kustodyelse/kafka", false, ""},
	} {
		p := goPackage{ImportPath: tc.from}
		if tc.test {
			p.XTestImports = []string{tc.to}
		} else {
			p.Imports = []string{tc.to}
		}
		got := strings.Join(wrongArrows([]goPackage{p}), "; ")
		if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s to %s (test %v): got %q, want %q", tc.from, tc.to, tc.test, got, tc.want)
		}
	}
	roundabout := goPackage{ImportPath: "kustody/engine", Deps: []string{"example.org/x", "charm.land/lipgloss/v2"}}
	if got := wrongArrows([]goPackage{roundabout}); len(got) != 1 || !strings.Contains(got[0], "roundabout") {
		t.Errorf("a library that brings the screen along: %q", got)
	}
}

// TestFolders keeps the house to its rooms.
func TestFolders(t *testing.T) {
	if strays := strayFolders(repositoryFiles(t)); len(strays) > 0 {
		t.Errorf("top-level folders that the house does not have: %q", strays)
	}
	if got := strayFolders([]string{"main.go", "docs/a.md", "docs/b.md", "kafka/x/y.go", "tools/z.go"}); !slices.Equal(got, []string{"docs", "tools"}) {
		t.Errorf("of docs and tools it found %q", got)
	}
}

func strayFolders(files []string) []string {
	var strays []string
	for _, file := range files {
		top, _, nested := strings.Cut(file, "/")
		if nested && !slices.Contains(folders, top) && !slices.Contains(strays, top) {
			strays = append(strays, top)
		}
	}
	return strays
}
