package engine

import (
	"strings"
	"testing"

	"kustody/engine/archive"
	"kustody/evidence"
	"kustody/kafka/embedded"
	"kustody/storage"
)

// without copies a store, but for the keys that go.
func without(t *testing.T, from storage.Store, gone func(key string) bool) *storage.Memory {
	t.Helper()
	to := storage.NewMemory()
	for key, body := range everything(t, from) {
		if !gone(key) {
			to.Replace(key, body)
		}
	}
	return to
}

// TestE11_runThatIsGone: whoever takes away a whole run, or lets a manifest forget a segment, leaves
// sidecars behind that say so. They are not what a run that died leaves: that has a plan and no manifest.
func TestE11_runThatIsGone(t *testing.T) {
	p := small(t)
	runs, err := p.opened().Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := runs[len(runs)-1].ID
	o := p.checkingArchive()
	o.Store = without(t, p.store, func(key string) bool { return strings.Contains(key, "/runs/"+last+"/") })
	if s := p.checked(o, ExitBroken); !strings.Contains(strings.Join(s.Findings, " "), last) {
		t.Errorf("findings %q", s.Findings)
	}
	o.Store = without(t, p.store, func(key string) bool {
		return strings.Contains(key, "/runs/"+last+"/manifest.")
	})
	p.checked(o, ExitDone) // as it is when the run has died: the next one finishes it
}

// TestE11_manifestThatForgets: a manifest, signed with the right key, that balances to the offset and
// leaves out what its plan froze.
func TestE11_manifestThatForgets(t *testing.T) {
	p := newProof(t, embedded.Options{Topics: map[string]int32{"a": 2, "b": 1}})
	p.produce("a", 0, 0, 60)
	p.produce("a", 1, 0, 30)
	p.produce("b", 0, 0, 20)
	b := p.options()
	b.Env, b.Keys = p.env(), p.keys()
	b.Capture.SegmentMaxBytes = 1 // a segment for each batch
	b.Capture.Compression = "producer"
	for n := range 3 {
		p.produce("a", 0, 60+20*n, 20)
	}
	p.backup(b, ExitDone)
	head, err := p.opened().Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sums := func(m *archive.Manifest) {
		m.Statistics = archive.Statistics{}
		for _, t := range m.Topics {
			m.Statistics.Topics++
			for _, p := range t.Partitions {
				m.Statistics.Partitions++
				m.Statistics.Segments += len(p.Segments)
				m.Statistics.Records += p.Records
				m.Statistics.Bytes += p.Bytes
			}
		}
	}
	first := func(m *archive.Manifest) *archive.ManifestPartition { return &m.Topics[0].Partitions[0] }
	drop := func(p *archive.ManifestPartition, i int) archive.Held {
		h := p.Segments[i]
		p.Segments = append(append([]archive.Held{}, p.Segments[:i]...), p.Segments[i+1:]...)
		p.Records, p.Bytes = p.Records-h.Records, p.Bytes-h.Size
		return h
	}
	for name, bend := range map[string]func(*archive.Manifest){
		"a topic":     func(m *archive.Manifest) { m.Topics = m.Topics[:1] },
		"a partition": func(m *archive.Manifest) { m.Topics[0].Partitions = m.Topics[0].Partitions[:1] },
		"the start":   func(m *archive.Manifest) { h := drop(first(m), 0); first(m).Start = h.To },
		"the end": func(m *archive.Manifest) {
			h := drop(first(m), len(first(m).Segments)-1)
			first(m).End = h.From
		},
		"the middle, called a tail": func(m *archive.Manifest) {
			h := drop(first(m), 1)
			first(m).Tail.Compacted += h.Records
			first(m).Absent.Compacted += h.Records
		},
		"a topic behind another of its id": func(m *archive.Manifest) {
			again := m.Topics[0]
			again.Partitions = nil
			m.Topics = append([]archive.ManifestTopic{}, m.Topics...)
			m.Topics = append(m.Topics, again)
		},
	} {
		d, err := archive.Open(p.store, "b1", p.keys()).Manifest(t.Context(), head.Doc.RunID)
		if err != nil {
			t.Fatal(err)
		}
		bend(d.Doc)
		sums(d.Doc)
		whole := p.store
		p.store = without(t, whole, func(key string) bool { // the objects go with it
			for _, t := range head.Doc.Topics {
				for _, part := range t.Partitions {
					for _, h := range part.Segments {
						if key == "b1/"+h.Key || key == "b1/"+archive.SidecarKey(h.Key) {
							return !names(d.Doc, h.Key)
						}
					}
				}
			}
			return false
		})
		p.resign(d.Key, d.Doc)
		if s, _ := Validate(t.Context(), p.checkingArchive()).Wait(); s.Exit != ExitBroken {
			t.Errorf("%s: exit %d, %q", name, s.Exit, s.Findings)
		}
		p.store = whole
	}
	p.checked(p.checkingArchive(), ExitDone)
}

// names says whether a manifest lists a segment.
func names(m *archive.Manifest, key string) bool {
	for _, t := range m.Topics {
		for _, p := range t.Partitions {
			for _, h := range p.Segments {
				if h.Key == key {
					return true
				}
			}
		}
	}
	return false
}

// TestE11_archiveThatIsGone: a ledger whose archive was taken away whole, or renamed, is not called
// complete; the evidence tree alone, as an auditor is given it, says what was not looked at.
func TestE11_archiveThatIsGone(t *testing.T) {
	p := small(t)
	all := storage.NewMemory()
	for key, body := range everything(t, p.store) {
		all.Replace(key, body)
	}
	for key, body := range everything(t, p.vault) {
		all.Replace(key, body)
	}
	o := LedgerOptions{Store: all, PublicKey: p.signer.PublicKey()}
	v, err := VerifyLedger(t.Context(), o)
	if err != nil || v.Unread != 0 || v.Count(evidence.Broken) != 0 {
		t.Fatalf("%v, %v", err, v)
	}
	o.Store = without(t, all, func(key string) bool { return strings.HasPrefix(key, "b1/") })
	v, err = VerifyLedger(t.Context(), o)
	if err != nil || v.Count(evidence.Finding) == 0 || strings.Contains(v.Summary(), "nothing is missing") {
		t.Errorf("without its archive: %v, %s", err, v.Summary())
	}
	o.Store = storage.Sub(o.Store, "evidence/")
	v, err = VerifyLedger(t.Context(), o)
	if err != nil || v.Count(evidence.Finding) != 0 || !strings.Contains(v.Summary(), "not looked at") {
		t.Errorf("the evidence tree alone: %v, %s, %v", err, v.Summary(), v.Findings)
	}
}
