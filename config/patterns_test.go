package config

import (
	"strings"
	"testing"
)

func TestPatternsMatch(t *testing.T) {
	for _, x := range []struct{ include, exclude, match, refuse string }{
		{"orders", "", "orders", "orders-1 Orders order"},
		{"ledger-*", "", "ledger- ledger-eu", "ledger xledger-1"},
		{"orders.*", "", "orders.eu", "orders ordersxeu"},
		{"a?c", "", "abc a.c", "ac abbc"},
		{"t[0-3]", "", "t0 t3", "t4 t t00"},
		{"t[!0-3]x", "", "t4x tax", "t0x"},
		{"t[^a]", "", "tb", "ta"},
		{"t[]x]", "", "t] tx", "ta"},
		{"t[a-]", "", "t- ta", "tb"},
		{`a\*b`, "", "a*b", "axb"},
		{"/^pay-[0-9]+$/", "", "pay-1 pay-22", "pay- xpay-1"},
		{"/pay/", "", "pay xpayx", "pa"},
		{"/", "", "/", "x"},
		{"a+b(c)", "", "a+b(c)", "aab(c)"},
		{"a+(c)*", "", "a+(c)x", "aac"},
		{"grüße-*", "", "grüße-1", "grusse-1"},
		{"*", "b* c", "a d", "b bb c"},
		{"", "x*", "a", "x xx"},
		{"a b", "b", "a", "b c"},
	} {
		p, err := Compile(strings.Fields(x.include), strings.Fields(x.exclude))
		if err != nil {
			t.Errorf("%s: %v", x.include, err)
			continue
		}
		for _, name := range strings.Fields(x.match) {
			if !p.Match(name, false) {
				t.Errorf("%q without %q does not match %q", x.include, x.exclude, name)
			}
		}
		for _, name := range strings.Fields(x.refuse) {
			if p.Match(name, false) {
				t.Errorf("%q without %q matches %q", x.include, x.exclude, name)
			}
		}
	}
}

func TestInternalTopicsOnlyByName(t *testing.T) {
	for _, x := range []struct {
		include string
		want    bool
	}{{"", false}, {"*", false}, {"__*", false}, {"/.*/", false}, {"__consumer_offsets", true}, {"* __consumer_offsets", true}} {
		p, err := Compile(strings.Fields(x.include), nil)
		if err != nil || p.Match("__consumer_offsets", true) != x.want {
			t.Errorf("%q: not %v, %v", x.include, x.want, err)
		}
	}
}

// TestC12_UnmatchedPatternsAreNamed: what is asked for and not there is never nothing.
func TestC12_UnmatchedPatternsAreNamed(t *testing.T) {
	p, err := Topics{Include: []string{"orders", "gone", "pay-*", "z*", "/^y/", "__*", "tmp-*"}, Exclude: []string{"tmp-1"}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"orders", "pay-1", "y", "__offsets", "tmp-1"}
	internal := func(name string) bool { return strings.HasPrefix(name, "__") }
	if got := strings.Join(p.Unmatched(names, internal), " "); got != "z* __* tmp-*" {
		t.Errorf("unmatched: %s", got)
	}
	if got := strings.Join(p.Missing(names), " "); got != "gone" {
		t.Errorf("missing: %s", got)
	}
	if got := strings.Join(p.Unmatched(names, nil), " "); got != "z* tmp-*" {
		t.Errorf("unmatched without internal: %s", got)
	}
}

func TestPatternErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                        "a pattern is empty",
		"a[b":                     `the pattern "a[b" has a [ without ]: close it`,
		"a[":                      "has a [ without ]",
		"a[!":                     "has a [ without ]",
		"a[]":                     "has a [ without ]",
		"a[z-a]":                  "is not a glob: check its [ ]",
		"/(/":                     `the pattern "/(/" is not a regular expression`,
		strings.Repeat("x", 1001): "is longer than 1000 bytes",
	} {
		if _, err := Compile([]string{pattern}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", pattern, err)
		}
		if _, err := Compile(nil, []string{pattern}); err == nil {
			t.Errorf("%.20q is accepted in exclude", pattern)
		}
	}
}

func FuzzPatterns(f *testing.F) {
	for _, s := range []string{"orders", "a*", "a[!b-c]?", "/^x+$/", `\*`, "[]]", "[[:x:]]", "/(?i)a{1,1000}{2}/", "ü*"} {
		f.Add(s, "orders")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p, err := Compile([]string{pattern}, nil)
		if err != nil {
			return
		}
		chosen := p.Match(name, false)
		listed := len(p.Unmatched([]string{name}, nil))+len(p.Missing([]string{name})) > 0
		if chosen == listed {
			t.Errorf("%q and %q: chosen %v, reported %v", pattern, name, chosen, listed)
		}
		if lits := p.Literals(); len(lits) == 1 && !p.Match(lits[0], true) {
			t.Errorf("%q does not match its own name %q", pattern, lits[0])
		}
	})
}
