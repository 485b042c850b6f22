package main

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rows are the casebook's rows, "first-last" or one id, that must have a test by now: defects that
// backup tools have shipped, and demands that auditors make. The other rows wait for what they are
// about: the PDF, Object Lock, webhooks, the object store.
var rows = []string{"C01-C23", "R01-R16", "E01-E09", "E11", "E12", "E17", "E19-E26", "H01-H05", "H07"}

// laterRows exist in the casebook and may have a test already.
var laterRows = []string{"E10", "E13-E16", "E18", "H06"}

// expand turns ranges into ids.
func expand(ranges []string) []string {
	var ids []string
	for _, r := range ranges {
		from, to, _ := strings.Cut(r, "-")
		if to == "" {
			to = from
		}
		for id := from; ; {
			ids = append(ids, id)
			if id == to {
				break
			}
			var n int
			fmt.Sscanf(id[1:], "%d", &n)
			id = fmt.Sprintf("%c%02d", id[0], n+1)
		}
	}
	return ids
}

var idsOfTest = regexp.MustCompile(`^Test((?:[CREH]\d\d_?)+)(?:\D|$)`)

// idsIn are the casebook's ids that a test's name begins with: TestC07_…, TestC03_R11_….
func idsIn(name string) []string {
	m := idsOfTest.FindStringSubmatch(name)
	if m == nil {
		return nil
	}
	var ids []string
	for s := strings.ReplaceAll(m[1], "_", ""); s != ""; s = s[3:] {
		ids = append(ids, s[:3])
	}
	return ids
}

// casesIn maps ids to the tests that are named after them. A test without a statement is none.
func casesIn(files []goFile) map[string][]string {
	found := map[string][]string{}
	for _, f := range files {
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !f.test || !ok || fn.Recv != nil || fn.Body == nil || len(fn.Body.List) == 0 {
				continue
			}
			for _, id := range idsIn(fn.Name.Name) {
				found[id] = append(found[id], f.name+" "+fn.Name.Name)
			}
		}
	}
	return found
}

// TestCasebookIsCovered wants a test named after every row.
func TestCasebookIsCovered(t *testing.T) {
	found := casesIn(goFiles(t))
	want := expand(rows)
	var missing []string
	for _, id := range want {
		if len(found[id]) == 0 {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d of %d rows have no test named after them: %s", len(missing), len(want), strings.Join(missing, " "))
	}
	known := append(expand(laterRows), want...)
	for id, tests := range found {
		if !slices.Contains(known, id) {
			t.Errorf("the casebook has no row %s: %s", id, strings.Join(tests, ", "))
		}
	}
}

func TestCasebookNames(t *testing.T) {
	for name, want := range map[string]string{
		"TestC07_RetentionDuringCapture": "C07",
		"TestE22":                        "E22",
		"TestE22DuplicateKeys":           "E22",
		"TestC03_R11_Rerun":              "C03 R11",
		"TestC010":                       "",
		"TestCRC32":                      "",
		"TestX01_Else":                   "",
		"ExampleC01":                     "",
	} {
		if got := strings.Join(idsIn(name), " "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if ids := expand(rows); len(ids) != 65 || ids[0] != "C01" || ids[22] != "C23" || ids[64] != "H07" {
		t.Errorf("%d rows: %q", len(ids), ids)
	}
	empty, err := parseGo("p_test.go", []byte("package p\n\nfunc TestC01_x(t *testing.T) {}\n\nfunc TestC02_x(t *testing.T) { t.Log() }\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := casesIn([]goFile{empty}); len(got["C01"]) != 0 || len(got["C02"]) != 1 {
		t.Errorf("an empty test counts, or a full one does not: %v", got)
	}
}
