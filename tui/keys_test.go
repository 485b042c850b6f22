package tui

import (
	"reflect"
	"strings"
	"testing"

	"charm.land/bubbles/v2/key"
)

// TestKeysWorkInPlainTerminals holds that no binding needs a terminal that reports more about keys than the
// old ones did, and that each says what it does.
func TestKeysWorkInPlainTerminals(t *testing.T) {
	v := reflect.ValueOf(keys)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		b := v.Field(i).Interface().(key.Binding)
		if b.Help().Key == "" || b.Help().Desc == "" || len(b.Keys()) == 0 {
			t.Errorf("%s is not bound, or not explained", name)
		}
		for _, k := range b.Keys() {
			if strings.HasPrefix(k, "super+") || strings.Contains(k, "ctrl+shift") || strings.Contains(k, "ctrl+enter") || k == "ctrl+i" || k == "ctrl+m" || k == "ctrl+[" {
				t.Errorf("%s: plain terminals do not tell %s", name, k)
			}
			if k == "ctrl+k" || k == "backspace" || k == "delete" {
				t.Errorf("%s: %s is pressed by habit, and must not act", name, k)
			}
		}
	}
}

// actionsAreSane holds of a screen that its keys do not stand in each other's way, and that the footer
// promises only what is there.
func actionsAreSane(t *testing.T, d *driver) {
	t.Helper()
	seen := map[string]string{}
	for _, a := range append(d.c.screen().actions(d.c), d.c.common()...) {
		if a.words() == "" || a.key.Help().Key == "" {
			t.Errorf("an action of %s has no words", d.c.screen().name(d.c))
		}
		if a.run == nil && a.off == "" {
			t.Errorf("%s does nothing", a.words())
		}
		for _, k := range a.key.Keys() {
			if other, taken := seen[k]; taken && other != a.words() {
				t.Errorf("%s means both %q and %q on %s", k, other, a.words(), d.c.screen().name(d.c))
			}
			seen[k] = a.words()
		}
	}
}

func TestFooterFits(t *testing.T) {
	d := drive(t, Desk{}, 80, 24, ThemeDark)
	actionsAreSane(t, d)
	for w := 20; w < 200; w++ {
		l := footer(append(d.c.screen().actions(d.c), d.c.footActions()...), line{{keys.Help.Help().Key, bold}, {" help", dim}}, w)
		if l.width() > w {
			t.Errorf("the footer takes %d of %d", l.width(), w)
		}
		if !strings.HasSuffix(l.text(), "? help") {
			t.Errorf("in %d cells help is not named: %q", w, l.text())
		}
	}
}
