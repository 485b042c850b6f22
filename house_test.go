package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The house's measures, for code that is no test. What passes a soft one is printed.
const (
	fileSoft, fileHard   = 400, 600 // lines
	functionHard         = 100      // lines, braces and signature included
	functionP90          = 45
	fileMedian, funcHalf = 150, 15
)

// repositoryFiles are the files that are tracked or could be, with slashes, ordered. Outside of a git
// work tree it is all there is but hidden folders.
func repositoryFiles(t testing.TB) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	var files []string
	if err == nil && len(out) > 0 {
		for _, file := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() { // not one that is being deleted
				files = append(files, file)
			}
		}
		slices.Sort(files)
		return slices.Compact(files)
	}
	err = filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && len(file) > 1 && file[0] == '.' && file != ".ci" {
			return fs.SkipDir
		}
		if d.Type().IsRegular() {
			files = append(files, filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// goFile is one parsed source file.
type goFile struct {
	name string
	test bool
	size int // lines
	set  *token.FileSet
	ast  *ast.File
}

func goFiles(t testing.TB) []goFile {
	t.Helper()
	var files []goFile
	for _, name := range repositoryFiles(t) {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "testdata/") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parseGo(name, source)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		t.Fatal("no Go file found")
	}
	return files
}

func parseGo(name string, source []byte) (goFile, error) {
	f := goFile{name: name, test: strings.HasSuffix(name, "_test.go"), size: bytes.Count(source, []byte("\n")), set: token.NewFileSet()}
	var err error
	f.ast, err = parser.ParseFile(f.set, name, source, parser.ParseComments)
	return f, err
}

// measured is a named number of lines.
type measured struct {
	name  string
	lines int
}

// functions are the file's functions and methods with a body.
func (f goFile) functions() []measured {
	var found []measured
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
			first, last := f.set.Position(fn.Pos()).Line, f.set.Position(fn.End()).Line
			found = append(found, measured{fmt.Sprintf("%s:%d %s", f.name, first, fn.Name.Name), last - first + 1})
		}
	}
	return found
}

// quantile is the value at share q of an ordered list; the list is ordered by this call.
func quantile(list []measured, q float64) int {
	slices.SortStableFunc(list, func(a, b measured) int { return cmp.Compare(a.lines, b.lines) })
	return list[min(len(list)-1, int(q*float64(len(list))))].lines
}

func over(list []measured, bound int) []measured {
	return slices.DeleteFunc(slices.Clone(list), func(m measured) bool { return m.lines <= bound })
}

// TestMeasures prints how large files and functions are, and fails on giants.
func TestMeasures(t *testing.T) {
	var files, functions []measured
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		files = append(files, measured{f.name, f.size})
		functions = append(functions, f.functions()...)
	}
	t.Logf("%d files: median %d lines, p90 %d; %d functions: median %d, p90 %d, p99 %d", len(files), quantile(files, 0.5), quantile(files, 0.9),
		len(functions), quantile(functions, 0.5), quantile(functions, 0.9), quantile(functions, 0.99))
	for _, m := range over(files, fileSoft) {
		t.Logf("over %d lines: %s, %d", fileSoft, m.name, m.lines)
	}
	for _, m := range over(files, fileHard) {
		t.Errorf("%s has %d lines, at most %d", m.name, m.lines, fileHard)
	}
	for _, m := range over(functions, functionHard) {
		t.Errorf("%s has %d lines, at most %d", m.name, m.lines, functionHard)
	}
	for _, m := range []struct {
		what       string
		got, bound int
	}{
		{"the median file", quantile(files, 0.5), fileMedian},
		{"the median function", quantile(functions, 0.5), funcHalf},
		{"nine in ten functions", quantile(functions, 0.9), functionP90},
	} {
		if m.got > m.bound {
			t.Errorf("%s: %d lines, at most %d", m.what, m.got, m.bound)
		}
	}
}

// TestExportedNamesAreExplained wants a comment at every exported name.
func TestExportedNamesAreExplained(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, name := range unexplained(f) {
			t.Errorf("%s has no comment", name)
		}
	}
}

// unexplained lists exported functions, methods of exported types, types, constants and variables without a comment.
func unexplained(f goFile) []string {
	var bare []string
	note := func(n *ast.Ident, docs ...*ast.CommentGroup) {
		explained := slices.ContainsFunc(docs, func(d *ast.CommentGroup) bool { return d != nil && strings.TrimSpace(d.Text()) != "" })
		if n.IsExported() && !explained {
			bare = append(bare, fmt.Sprintf("%s %s", f.set.Position(n.Pos()), n.Name))
		}
	}
	for _, decl := range f.ast.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiver(d).IsExported() {
				note(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					note(s.Name, d.Doc, s.Doc, s.Comment)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						note(n, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return bare
}

// receiver is the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) *ast.Ident {
	expr := d.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e
		default:
			return ast.NewIdent("_")
		}
	}
}

// parserName is how a function is called that takes foreign bytes apart.
var parserName = regexp.MustCompile(`^(Parse|Decode)([A-Z]|$)`)

// TestParsersAreFuzzed wants the name of every exported parser in a fuzz target's file of its package.
func TestParsersAreFuzzed(t *testing.T) {
	for _, name := range unfuzzed(goFiles(t)) {
		t.Errorf("no fuzz target of its package calls %s", name)
	}
}

func unfuzzed(files []goFile) []string {
	fuzzed := map[string]bool{} // folder and name of everything that files with fuzz targets mention
	for _, f := range files {
		isFuzz := func(m ast.Decl) bool {
			fn, ok := m.(*ast.FuncDecl)
			return ok && strings.HasPrefix(fn.Name.Name, "Fuzz")
		}
		if !f.test || !slices.ContainsFunc(f.ast.Decls, isFuzz) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				fuzzed[path.Dir(f.name)+" "+id.Name] = true
			}
			return true
		})
	}
	var missing []string
	for _, f := range files {
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && !f.test && fn.Recv == nil && parserName.MatchString(fn.Name.Name) && !fuzzed[path.Dir(f.name)+" "+fn.Name.Name] {
				missing = append(missing, path.Dir(f.name)+"."+fn.Name.Name)
			}
		}
	}
	return missing
}

// foreign matches what belongs to the machine where the code was written: the hosts of package
// registries and absolute paths of home and build folders. The pattern is put together here so that
// this file does not match it.
func foreign() *regexp.Regexp {
	dotted := func(words ...string) string { return strings.Join(words, `\.`) }
	hosts := strings.Join([]string{
		dotted("proxy", "golang"), dotted("sum", "golang"), dotted("registry", "npmjs"), dotted("deb", "debian"), dotted("archive", "ubuntu"),
		dotted(`repo1?`, "maven"), dotted("pypi", "org"), dotted("files", "pythonhosted"), dotted("index", "crates"), dotted(`registry(-1)?`, "docker"),
	}, "|")
	paths := `(^|[^A-Za-z0-9_.])/(` + strings.Join([]string{"work", "farm", "workspace", "builds", "root", `home/[a-z]\w*`, `Users/\w+`}, "|") + `)/`
	return regexp.MustCompile(hosts + "|" + paths)
}

// unfinished matches the marks that people leave in code they mean to come back to.
func unfinished() *regexp.Regexp {
	return regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME"}, "|") + `)\b`)
}

// TestNothingForeign searches every text file of the repository.
func TestNothingForeign(t *testing.T) {
	patterns := []*regexp.Regexp{foreign(), unfinished()}
	for _, name := range repositoryFiles(t) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(content, 0) >= 0 || name == "LICENSE" {
			continue
		}
		for i, line := range strings.Split(string(content), "\n") {
			for _, p := range patterns {
				if found := p.FindString(line); found != "" {
					t.Errorf("%s:%d: %q", name, i+1, found)
				}
			}
		}
	}
}

// TestMeasuresFindWhatIsWrong shows every judge of this file something to find.
func TestMeasuresFindWhatIsWrong(t *testing.T) {
	source := "package p\n\nfunc ParseX() {\n" + strings.Repeat("\n", 100) + "}\n\n// Y is explained.\nfunc Y() {}\n\n" +
		"type T struct{}\n\nfunc (*T) M() {}\n\nfunc (t hidden) M() {}\n\nconst (\n\tA = 1 // A is explained\n\tB = 2\n)\n"
	f, err := parseGo("p/p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	if got := over(f.functions(), functionHard); len(got) != 1 || got[0].lines != 102 {
		t.Errorf("giant functions: %v", got)
	}
	var names []string
	for _, n := range unexplained(f) {
		names = append(names, n[strings.LastIndex(n, " ")+1:])
	}
	if got := strings.Join(names, " "); got != "ParseX T M B" {
		t.Errorf("unexplained: %s", got)
	}
	if got := unfuzzed([]goFile{f}); len(got) != 1 || got[0] != "p.ParseX" {
		t.Errorf("unfuzzed: %q", got)
	}
	fuzz, err := parseGo("p/p_test.go", []byte("package p\n\nfunc FuzzX(f *testing.F) { ParseX() }\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := unfuzzed([]goFile{f, fuzz}); len(got) != 0 {
		t.Errorf("unfuzzed though there is a target: %q", got)
	}
	slash := func(s ...string) string { return "/" + strings.Join(s, "/") }
	for text, want := range map[string]bool{
		"see https://" + strings.Join([]string{"repo1", "maven", "org"}, "."): true,
		"in " + slash("work", "main"):                                         true, slash("home", "jane", "x"): true, "network/" + "work/": false,
		"/etc/kustody/kustody.toml": false, "$HOME" + slash("work", "x"): false, "http://maven.apache.org/POM/4.0.0": false,
	} {
		if got := foreign().MatchString(text); got != want {
			t.Errorf("%q is foreign: %v, want %v", text, got, want)
		}
	}
	if !unfinished().MatchString("// TO" + "DO: later") {
		t.Error("a mark of unfinished work is not found")
	}
}
