package main

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kustody/tui"
)

// looks are the functions of other rooms that the console calls by itself. None of them writes; what does is
// reached through Desk.Work alone, which is nil in a console that only reads.
var looks = map[string][]string{
	"engine": {"DescribeCoverage", "ExitCode", "FetchReport", "FindReport", "Holders", "ListBackups", "ListReports", "NoArchive", "OpenRun", "ParseMoment", "ParseWindow",
		"Sanitize", "Validate", "VerifyEvidence", "VerifyLedger", "VerifyOneReport"},
	"archive":  {"NewRestoreID", "ValidID"},
	"evidence": {"Digest", "Frameworks", "Overall", "ParsePublicKey", "ParseSchedule", "ShellFile", "ShellWord"},
	"os":       {"Getenv", "Interrupt", "Signal"},
	"syscall":  {"SIGCONT", "SIGTERM"},
}

// functionsOf are the exported functions of a package; methods are reached through values only.
func functionsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, f := range parsed(t, dir) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.IsExported() {
				out[fn.Name.Name] = true
			}
		}
	}
	return out
}

// parsed are the files of a package without its tests.
func parsed(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	out := map[string]*ast.File{}
	for _, n := range names {
		if strings.HasSuffix(n, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), n, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = f
	}
	return out
}

// TestConsoleCallsNothingThatWrites reads the code of the console: beside Desk.Work it calls only what looks, and
// of a store it uses only what reads.
func TestConsoleCallsNothingThatWrites(t *testing.T) {
	functions := map[string]map[string]bool{"engine": functionsOf(t, "engine"), "archive": functionsOf(t, "engine/archive"), "evidence": functionsOf(t, "evidence")}
	used := map[string]bool{}
	for name, f := range parsed(t, "tui") {
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch x := s.X.(type) {
			case *ast.Ident:
				if (functions[x.Name][s.Sel.Name] || x.Name == "os" || x.Name == "syscall") && x.Obj == nil {
					used[x.Name+"."+s.Sel.Name] = true
					if !slices.Contains(looks[x.Name], s.Sel.Name) {
						t.Errorf("%s uses %s.%s, which is not known to write nothing", name, x.Name, s.Sel.Name)
					}
				}
			case *ast.SelectorExpr:
				if x.Sel.Name == "Store" && s.Sel.Name != "Get" && s.Sel.Name != "URL" {
					t.Errorf("%s calls Store.%s", name, s.Sel.Name)
				}
			}
			return true
		})
		for _, i := range f.Imports {
			if p := strings.Trim(i.Path.Value, `"`); p == "os/exec" || p == "net" || strings.HasPrefix(p, "net/") {
				t.Errorf("%s imports %s", name, p)
			}
		}
	}
	for room, list := range looks {
		for _, f := range list {
			if !used[room+"."+f] {
				t.Errorf("%s.%s is allowed to the console, which does not use it", room, f)
			}
		}
	}
}

// TestReadOnlyWalk presses keys at random in consoles that only read. Nothing below the folder changes.
func TestReadOnlyWalk(t *testing.T) {
	if testing.Short() {
		t.Skip("a long story; left out with -short")
	}
	prepared(t)
	mustRun(t, 0, "restore", "--batch")
	mustRun(t, 0, "validation", "run", "--batch")
	keys := strings.Fields("1 2 3 4 b r v a V L d D c o x n N y space enter enter enter enter esc tab up down down [ ] p R S z t T m s / g G i j k l h f w e u 0 :backup :restore :drill :check :verify :validation :ledger")
	for _, words := range [][]string{{"--read-only"}, {"--evidence", "archive", "--public-key", "keys/signing.pub.pem"}, {"--evidence", "archive"}} {
		before := digests(t, ".")
		got := opened(t, words...)
		if got.desk.Work != nil {
			t.Fatalf("kustody %s can write", words)
		}
		for seed := range uint64(4) {
			ctx, cancel := context.WithCancel(t.Context())
			r := rand.New(rand.NewPCG(seed, 7))
			tour := tui.NewTour(ctx, got.desk, got.look, 120, 36, got.at)
			for range 250 {
				tour.Press(keys[r.IntN(len(keys))])
				if r.IntN(9) == 0 {
					tour.Later()
				}
				if text := tour.Frame().Text(); strings.Contains(text, "panic") {
					t.Fatal(text)
				}
			}
			cancel()
		}
		unchanged(t, before, digests(t, "."))
	}
}
