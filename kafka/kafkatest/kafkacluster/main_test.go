package main

import (
	"context"
	"testing"
	"time"
)

func TestExecutePassesTheExitCodeOn(t *testing.T) {
	for _, tc := range []struct {
		script string
		want   int
	}{
		{"exit 0", 0},
		{"exit 3", 3},
		{"kill -9 $$", 1},
		{`test "$MARK" = here`, 0},
	} {
		got, err := execute(t.Context(), []string{"sh", "-c", tc.script}, []string{"MARK=here"})
		if got != tc.want || err != nil {
			t.Errorf("%s: code %d, %v; want %d", tc.script, got, err, tc.want)
		}
	}
	if code, err := execute(t.Context(), []string{"/no/such/program"}, nil); code != 1 || err == nil {
		t.Errorf("no such program: code %d, %v", code, err)
	}
}

func TestExecuteEndsTheProgramWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	code, err := execute(ctx, []string{"sh", "-c", "sleep 60; true"}, nil) // sh has a child of its own
	if code != 130 || err == nil {
		t.Errorf("code %d, %v; want 130", code, err)
	}
	if took := time.Since(began); took > graceful {
		t.Errorf("it took %s", took)
	}
}

func TestRunRefusesFlags(t *testing.T) {
	if code, err := run(t.Context(), []string{"-nodes", "5"}); code != 2 || err == nil {
		t.Errorf("code %d, %v; want 2", code, err)
	}
}
