package engine

import (
	"context"

	"kustody/evidence"
)

// Witness enters jobs in the ledger.
type Witness struct{}

type watch struct{}

type ledgerFile struct {
	Root string
	File evidence.File
}

type closing struct {
	Type, Verdict, Detail string
	Subject               map[string]string
	Files                 []ledgerFile
}

func (w *Witness) start(ctx context.Context, j *Job, kind string, subject map[string]string) (*watch, error) {
	return nil, nil
}
func (x *watch) close(ctx context.Context, c closing) error { return nil }
func (x *watch) fail(ctx context.Context, kind string, subject map[string]string, err error) error {
	return nil
}
func verdictOf(e Exit) string { return "" }
