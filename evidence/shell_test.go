package evidence

import "testing"

// TestShellWords: a shell takes each word back as it was.
func TestShellWords(t *testing.T) {
	for _, text := range []string{"", "a/b-c_d.json", "a b", "it's", "$(id)", "`id`", "a\nb", "*", "~", "\\", "é", "-n", "!x"} {
		if got, _ := shell(t, t.TempDir(), "printf %s "+ShellWord(text)+"; printf ."); got != text+"." {
			t.Errorf("%q became %q, which a shell takes for %q", text, ShellWord(text), got)
		}
	}
	if got := ShellFile("-rf"); got != "./-rf" {
		t.Errorf("a file that looks like a flag became %q", got)
	}
}
