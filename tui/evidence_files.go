package tui

import (
	"kustody/evidence"
)

// listFiles are the files of the report, and the others that its job made.
func (r *reportCheck) listFiles() {
	l := fileLister{check: r, seen: map[string]bool{}, read: map[string][]byte{}, broken: map[string]string{}}
	if !r.missing {
		l.read[r.key] = r.body
		if r.sig != nil {
			l.read[r.sigKey] = r.sig
		}
	}
	if r.ledger != nil {
		for _, f := range r.ledger.Findings {
			if f.Severity == evidence.Broken {
				l.broken[f.Key] = f.Sentence
			}
		}
	}
	if r.entry != nil {
		l.named(r.entry)
	}
	for _, key := range []string{r.key, r.sigKey} {
		if data, read := l.read[key]; read {
			l.add(namedFile{key: key, root: evidence.RootEvidence, size: int64(len(data)), computed: evidence.Digest(data)})
		}
	}
	if r.entry != nil && r.entry.StartedSequence != nil {
		for i := range r.ledger.Entries {
			if e := &r.ledger.Entries[i]; e.StartedSequence != nil && *e.StartedSequence == *r.entry.StartedSequence {
				l.named(e)
			}
		}
	}
}

// fileLister collects files, each once.
type fileLister struct {
	check  *reportCheck
	seen   map[string]bool
	read   map[string][]byte // by key
	broken map[string]string // what verification of the ledger found, by key as the ledger has it
}

func (l *fileLister) add(f namedFile) {
	if !l.seen[f.root+f.key] {
		l.seen[f.root+f.key] = true
		l.check.files = append(l.check.files, f)
	}
}

// named adds the files that an entry names.
func (l *fileLister) named(e *evidence.Sealed) {
	for _, f := range e.Files {
		x := namedFile{key: f.Key, root: f.Root, size: f.Size, named: f.SHA256, broken: l.broken[f.Key]}
		if f.Root == evidence.RootEvidence {
			x.key = realKey(l.check.ledger, f.Key)
			if data, read := l.read[x.key]; read {
				x.computed = evidence.Digest(data)
			}
		}
		l.add(x)
	}
}
