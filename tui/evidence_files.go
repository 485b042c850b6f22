package tui

import (
	"kustody/evidence"
)

// listFiles are the files of the report, and the others that its job made.
func (r *reportCheck) listFiles() {
	seen := map[string]bool{}
	add := func(f namedFile) {
		if !seen[f.root+f.key] {
			seen[f.root+f.key] = true
			r.files = append(r.files, f)
		}
	}
	computed := map[string][]byte{}
	if !r.missing {
		computed[r.key] = r.body
		if r.sig != nil {
			computed[r.sigKey] = r.sig
		}
	}
	broken := map[string]string{}
	if r.ledger != nil {
		for _, f := range r.ledger.Findings {
			if f.Severity == evidence.Broken {
				broken[f.Key] = f.Sentence
			}
		}
	}
	named := func(e *evidence.Sealed) {
		for _, f := range e.Files {
			key := f.Key
			if f.Root == evidence.RootEvidence {
				key = realKey(r.ledger, key)
			}
			x := namedFile{key: key, root: f.Root, size: f.Size, named: f.SHA256, broken: broken[f.Key]}
			if data, read := computed[key]; read && f.Root == evidence.RootEvidence {
				x.computed = evidence.Digest(data)
			}
			add(x)
		}
	}
	if r.entry != nil {
		named(r.entry)
	}
	for _, key := range []string{r.key, r.sigKey} {
		if data, read := computed[key]; read {
			add(namedFile{key: key, root: evidence.RootEvidence, size: int64(len(data)), computed: evidence.Digest(data)})
		}
	}
	if r.entry != nil && r.entry.StartedSequence != nil {
		for i := range r.ledger.Entries {
			if e := &r.ledger.Entries[i]; e.StartedSequence != nil && *e.StartedSequence == *r.entry.StartedSequence {
				named(e)
			}
		}
	}
}
