package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// threeWeeks is a ledger of genesis and three good weeks: seven entries.
func threeWeeks(t *testing.T) *world {
	w := begin(t)
	for week, day := range []string{"2026-11-22", "2026-11-29", "2026-12-06"} {
		w.clock.set(day + " 02:00")
		w.report(fmt.Sprintf("job%d", week), VerdictPassed)
	}
	return w
}

// byHand runs the auditor's script on what the store holds.
func (w *world) byHand(st *memStore, genesis string, head Head) (string, bool) {
	w.t.Helper()
	dir := w.t.TempDir()
	st.writeTo(w.t, dir)
	must(w.t, os.WriteFile(filepath.Join(dir, "pub.pem"), w.s.PublicKey().PEM(), 0o644))
	must(w.t, os.WriteFile(filepath.Join(dir, "verify-ledger.sh"), []byte(VerifyScript), 0o644))
	must(w.t, os.MkdirAll(filepath.Join(dir, "e/ledger"), 0o755))
	return shell(w.t, dir, fmt.Sprintf("sh verify-ledger.sh pub.pem e/ledger %s %s", genesis, head))
}

// move renames an entry with its signature, as someone with rights over the bucket would.
func move(st *memStore, from, to int64) {
	body := st.objects[LedgerKey("e/", from)]
	sig := st.objects[SignatureKey(LedgerKey("e/", from), body)]
	delete(st.objects, LedgerKey("e/", from))
	st.objects[LedgerKey("e/", to)] = body
	st.objects[SignatureKey(LedgerKey("e/", to), body)] = sig
}

// E11: delete, insert, reorder, edit, truncate: each is found by Verify, and by anyone who has nothing
// but sha256sum and openssl.
func TestE11_TamperedLedger(t *testing.T) {
	w := threeWeeks(t)
	head, genesis := w.open().Head(), w.open().Entries()[0].SHA256
	tests := []struct {
		name   string
		tamper func(*memStore)
		found  []string
	}{
		{"untouched", func(*memStore) {}, nil},
		{"deleted", func(m *memStore) { delete(m.objects, LedgerKey("e/", 3)) }, []string{"entry 3", "missing"}},
		{"two deleted", func(m *memStore) { delete(m.objects, LedgerKey("e/", 3)); delete(m.objects, LedgerKey("e/", 4)) }, []string{"entries 3 to 4", "missing"}},
		{"deleted, and the rest moved down", func(m *memStore) {
			for n := int64(4); n <= 6; n++ {
				move(m, n, n-1)
			}
		}, []string{"entry 3", "it says that it is entry 4"}},
		{"genesis deleted", func(m *memStore) { delete(m.objects, LedgerKey("e/", 0)) }, []string{"entry 0", "missing"}},
		{"inserted", func(m *memStore) {
			for n := int64(6); n >= 3; n-- {
				move(m, n, n+1)
			}
			e := w.open().Entries()[2].Entry
			e.Sequence = 3
			body, err := Encode(e)
			must(t, err)
			m.objects[LedgerKey("e/", 3)] = body
		}, []string{"entry 3", "no signature"}},
		{"inserted at the end, unsigned", func(m *memStore) {
			e := w.open().Entries()[6].Entry
			e.Sequence, e.PreviousSHA256 = 7, head.SHA256
			body, err := Encode(e)
			must(t, err)
			m.objects[LedgerKey("e/", 7)] = body
		}, []string{"entry 7", "no signature"}},
		{"reordered", func(m *memStore) { move(m, 3, 9); move(m, 4, 3); move(m, 9, 4) }, []string{"entry 3", "it says that it is entry 4"}},
		{"edited", func(m *memStore) {
			key := LedgerKey("e/", 4)
			m.objects[key] = bytes.Replace(m.objects[key], []byte(`"passed"`), []byte(`"failed"`), 1)
		}, []string{"entry 4", "no signature"}},
		{"edited, with its old signature", func(m *memStore) {
			key := LedgerKey("e/", 4)
			sig := m.objects[SignatureKey(key, m.objects[key])]
			m.objects[key] = bytes.Replace(m.objects[key], []byte(`"passed"`), []byte(`"failed"`), 1)
			m.objects[SignatureKey(key, m.objects[key])] = sig
		}, []string{"entry 4", "is not one of key"}},
		{"edited and signed again by the holder of the key", func(m *memStore) {
			key := LedgerKey("e/", 4)
			body := bytes.Replace(m.objects[key], []byte(`"passed"`), []byte(`"failed"`), 1)
			sig, err := w.s.Sign(body)
			must(t, err)
			m.objects[key], m.objects[SignatureKey(key, body)] = body, sig
		}, []string{"entry 5", "sha256 of the entry before"}},
		{"last edited and signed again by the holder of the key", func(m *memStore) {
			key := LedgerKey("e/", 6)
			body := bytes.Replace(m.objects[key], []byte(`"passed"`), []byte(`"failed"`), 1)
			sig, err := w.s.Sign(body)
			must(t, err)
			m.objects[key], m.objects[SignatureKey(key, body)] = body, sig
		}, []string{"entry 6", "was seen earlier: the chain was rebuilt"}},
		{"truncated", func(m *memStore) { delete(m.objects, LedgerKey("e/", 6)) }, []string{"entry 6", "its tail was cut off"}},
		{"all gone", func(m *memStore) {
			for n := range int64(7) {
				delete(m.objects, LedgerKey("e/", n))
			}
		}, []string{"there is no ledger"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := w.st.clone()
			tt.tamper(st)
			v, err := Verify(w.ctx, st, VerifyOptions{Prefix: "e/", PublicKey: w.s.PublicKey(), GenesisSHA256: genesis, Head: head.String()})
			must(t, err)
			out, ok := w.byHand(st, genesis, head)
			if tt.found == nil {
				v.wantClean(t)
				if !ok || out != fmt.Sprintf("OK: 7 entries, head %s\n", head) {
					t.Errorf("by hand: %s", out)
				}
				return
			}
			v.wantFound(t, Broken, tt.found...)
			if ok || !strings.Contains(out, "BROKEN: entry ") {
				t.Errorf("by hand nothing is found: %s", out)
			}
		})
	}
}

// Without the pins, what only they can show is said not to be proved.
func TestPins(t *testing.T) {
	w := threeWeeks(t)
	v := w.verify(VerifyOptions{})
	v.wantClean(t)
	v.wantFound(t, Note, "--genesis")
	v.wantFound(t, Note, "--head")
	early := w.open().Entries()[2]
	w.verify(VerifyOptions{Head: Head{2, early.SHA256}.String(), GenesisSHA256: strings.ToUpper(v.Genesis)}).wantClean(t)
	delete(w.st.objects, LedgerKey("e/", 6))
	delete(w.st.objects, LedgerKey("e/", 5))
	v = w.verify(VerifyOptions{})
	if v.Worst() == Broken {
		t.Errorf("%v", v.Findings)
	}
	v.wantFound(t, Finding, "no ledger entry names it") // the report of the third week
	v = w.verify(VerifyOptions{AsOf: utc("2026-12-13")})
	v.wantFound(t, Finding, "2026-12-06", "overdue")

	w.verify(VerifyOptions{GenesisSHA256: Digest(nil)}).wantFound(t, Broken, "entry 0", "not the ledger it should be")
	if _, err := Verify(w.ctx, w.st, VerifyOptions{Prefix: "e/", Head: "latest"}); err == nil {
		t.Error("a head that is none")
	}
}

func TestVerifyWithoutKey(t *testing.T) {
	w := threeWeeks(t)
	v, err := Verify(w.ctx, w.st, VerifyOptions{Prefix: "e/"})
	if !errors.Is(err, ErrNoTrustedKey) || v == nil || len(v.Entries) != 7 {
		t.Errorf("err = %v", err)
	}
	_, pem, err := GenerateKey()
	must(t, err)
	stranger, err := ParsePublicKey(pem)
	must(t, err)
	v = w.verify(VerifyOptions{PublicKey: stranger})
	v.wantFound(t, Broken, "entry 6", "is not one of key")
	v.wantFound(t, Broken, "entry 0", "does not name the trusted key")
}

// E11: a deleted or exchanged report leaves a trace, and so does one that the ledger does not know.
func TestE11_ReportsAndTheLedger(t *testing.T) {
	w := threeWeeks(t)
	files := w.open().Entries()[4].Files
	report, sig := files[0].Key, files[1].Key
	tests := []struct {
		name   string
		tamper func(*memStore)
		s      Severity
		found  []string
	}{
		{"report deleted", func(m *memStore) { delete(m.objects, report) }, Broken, []string{"entry 4", report, "is missing"}},
		{"signature deleted", func(m *memStore) { delete(m.objects, sig) }, Broken, []string{"entry 4", sig, "is missing"}},
		{"report changed", func(m *memStore) { m.objects[report][50] ^= 1 }, Broken, []string{"entry 4", report, "was changed"}},
		{"signature changed", func(m *memStore) { m.objects[sig][5] ^= 1 }, Broken, []string{"entry 4", sig, "was changed"}},
		{"signature longer", func(m *memStore) { m.objects[sig] = append(m.objects[sig], 0) }, Broken, []string{"was changed"}},
		{"report planted", func(m *memStore) { m.objects["e/validation-00000000/2026/11/validation-00000000.json"] = []byte("{}") }, Finding, []string{"validation-00000000", "no ledger entry names it"}},
		{"PDF planted", func(m *memStore) { m.objects[strings.TrimSuffix(report, ".json")+".pdf"] = []byte("%PDF") }, Finding, []string{".pdf", "no ledger entry names it"}},
		{"something among the entries", func(m *memStore) { m.objects["e/ledger/0000000001.json.bak"] = []byte("{}") }, Finding, []string{"is no ledger entry"}},
		{"a stray signature", func(m *memStore) { m.objects["e/ledger/0000000007.0123456789abcdef.sig"] = []byte("x") }, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := w.st.clone()
			tt.tamper(st)
			v, err := Verify(w.ctx, st, VerifyOptions{Prefix: "e/", PublicKey: w.s.PublicKey()})
			must(t, err)
			if tt.s == "" {
				v.wantClean(t)
				return
			}
			v.wantFound(t, tt.s, tt.found...)
		})
	}
}

func TestArchiveFilesAreLookedAt(t *testing.T) {
	w := begin(t)
	archive := newMem()
	f, err := PutSigned(w.ctx, archive, "weekly/runs/r/manifest.json", []byte("manifest"), w.s)
	must(t, err)
	r := w.start("a")
	_, err = r.Close(w.ctx, Closing{Type: TypeBackup, Verdict: VerdictPassed, Files: []RootedFile{f.In(RootArchive)}})
	must(t, err)
	w.verify(VerifyOptions{}).wantFound(t, Note, "1 named file in the archive not looked at")
	with := VerifyOptions{Stores: map[string]Store{RootArchive: archive}, Objects: []RootedKey{{RootArchive, f.Key}}}
	v := w.verify(with)
	v.wantClean(t)
	if v.Objects != 1 {
		t.Errorf("%d objects", v.Objects)
	}
	with.Objects = append(with.Objects, RootedKey{RootArchive, "weekly/runs/trial/manifest.json"})
	w.verify(with).wantFound(t, Finding, "runs/trial/manifest.json", "no ledger entry names it")
	archive.objects[f.Key] = []byte("MANIFEST")
	w.verify(with).wantFound(t, Broken, "entry 2", "was changed")
}

// A report that says one thing while its entry says another is no evidence for either.
func TestEntryAndReportMustAgree(t *testing.T) {
	for _, tt := range []struct {
		name    string
		bend    func(*Report)
		verdict Verdict
		id      string
		found   string
	}{
		{"failed report, passed entry", func(r *Report) { r.Checks[0].Outcome = Failed }, VerdictPassed, "", "comes to failed, and the entry says passed"},
		{"stale report, passed entry", func(r *Report) { r.Stale = true }, VerdictPassed, "", "comes to stale"},
		{"passed report, failed entry", func(*Report) {}, VerdictFailed, "", "comes to passed, and the entry says failed"},
		{"another report", func(*Report) {}, VerdictPassed, "validation-00000000", "the entry names validation-00000000"},
		{"another start", func(r *Report) { r.Ledger.StartedSequence = 0 }, VerdictPassed, "", "says that entry 0 started its job"},
		{"another chain", func(r *Report) { r.Ledger.HeadSHA256 = Digest(nil) }, VerdictPassed, "", "the chain was rebuilt"},
		{"error after the report", func(*Report) {}, VerdictError, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := begin(t)
			r, rep := w.start("a"), sampleReport()
			rep.Ledger = ptr(r.Ref())
			tt.bend(rep)
			rep.Seal()
			stored, err := PutReport(w.ctx, w.st, "e/", rep, w.s)
			must(t, err)
			_, err = r.Close(w.ctx, Closing{Type: TypeReport, Verdict: tt.verdict, Subject: map[string]string{"report_id": tt.id}, Files: []RootedFile{stored.File.In(RootEvidence)}})
			must(t, err)
			v := w.verify(VerifyOptions{})
			if tt.found == "" {
				v.wantClean(t)
				return
			}
			v.wantFound(t, Broken, tt.found)
		})
	}
}

// forge appends an entry that no job of ours would make, signed with the right key.
func (w *world) forge(e Entry) {
	w.t.Helper()
	_, err := w.open().Append(w.ctx, func(State) (*Entry, error) { return &e, nil })
	must(w.t, err)
}

// The holder of the key claims what the times in the ledger do not bear out.
func TestForgedClaims(t *testing.T) {
	due := SlotRef{Kind: SlotReport, Due: utc("2026-11-22 02:00")}
	one := int64(1)
	tests := []struct {
		name    string
		entries []Entry
		found   string
	}{
		{"a slot of another week", []Entry{{Type: TypeStarted, Series: "weekly", Job: "f", Slots: []SlotRef{{SlotReport, utc("2026-11-29 02:00")}}}}, "by its time belongs to the one due 2026-11-22"},
		{"a slot that is none", []Entry{{Type: TypeStarted, Series: "weekly", Job: "f", Slots: []SlotRef{{SlotBackup, due.Due}}}}, "nothing was due"},
		{"a miss that is none", []Entry{{Type: TypeSlotMissed, Series: "weekly", Slots: []SlotRef{{SlotReport, utc("2026-11-23 02:00")}}}}, "nothing was due then"},
		{"a miss too early", []Entry{{Type: TypeSlotMissed, Series: "weekly", Slots: []SlotRef{due}}}, "could still be closed"},
		{"a trial outside its slot", []Entry{{Type: TypeStarted, Series: "weekly", Job: "f"}, {Type: TypeReport, Series: "weekly", Job: "f", StartedSequence: &one, Closes: true, Verdict: VerdictFailed}}, "a trial outside its slot"},
		{"a verdict on a slot not claimed", []Entry{{Type: TypeStarted, Series: "weekly", Job: "f"}, {Type: TypeReport, Series: "weekly", Job: "f", StartedSequence: &one, Closes: true, Verdict: VerdictPassed, Slots: []SlotRef{due}}}, "its start did not claim"},
		{"a backup that passes a report's slot", []Entry{{Type: TypeStarted, Series: "weekly", Job: "f", Slots: []SlotRef{due}}, {Type: TypeBackup, Series: "weekly", Job: "f", StartedSequence: &one, Closes: true, Verdict: VerdictPassed, Slots: []SlotRef{due}}}, "cannot pass"},
		{"the end of another job", []Entry{{Type: TypeStarted, Series: "weekly", Job: "f"}, {Type: TypeReport, Series: "weekly", Job: "g", StartedSequence: &one, Closes: true, Verdict: VerdictPassed}}, "of another job"},
		{"an end without a start", []Entry{{Type: TypeReport, Series: "weekly", Job: "f", StartedSequence: new(int64), Closes: true, Verdict: VerdictPassed}}, "which is no start"},
		{"two ends", []Entry{{Type: TypeStarted, Series: "weekly", Job: "f"},
			{Type: TypeReport, Series: "weekly", Job: "f", StartedSequence: &one, Closes: true, Verdict: VerdictFailed},
			{Type: TypeReport, Series: "weekly", Job: "f", StartedSequence: &one, Closes: true, Verdict: VerdictPassed}}, "entry 2 had closed"},
		{"a type that is none", []Entry{{Type: "blessing"}}, `"blessing" is no type`},
		{"a series that is none", []Entry{{Type: TypeConfigChanged, Changed: &SeriesSpec{Series: "x", Schedules: []ScheduleSpec{{Kind: SlotReport, Cron: "never"}}}}}, "never"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := begin(t)
			w.clock.set("2026-11-22 02:00")
			for _, e := range tt.entries {
				w.forge(e)
			}
			w.verify(VerifyOptions{}).wantFound(t, Finding, tt.found)
		})
	}
}

func TestReservedTypesAreAccepted(t *testing.T) {
	w := begin(t)
	f, err := PutSigned(w.ctx, w.st, "e/x.json", []byte("{}"), w.s)
	must(t, err)
	w.forge(Entry{Type: "exception_opened", Detail: "the cluster was down", Files: []RootedFile{f.In(RootEvidence)}})
	v := w.verify(VerifyOptions{})
	v.wantClean(t)
	v.wantFound(t, Note, "exception_opened", "not interpreted")
	delete(w.st.objects, "e/x.json")
	w.verify(VerifyOptions{}).wantFound(t, Broken, "e/x.json", "missing")
}

func TestRunningJobIsANote(t *testing.T) {
	w := begin(t)
	w.start("a").Drop()
	v := w.verify(VerifyOptions{Running: func(s Sealed) bool { return s.Job == "a" }})
	v.wantClean(t)
	v.wantFound(t, Note, "job a is running")
}

// H03: one flipped bit in any object of the evidence tree is found, and the object is named.
func TestH03_AnyFlippedBitOfALedger(t *testing.T) {
	w := begin(t)
	w.clock.set("2026-11-22 02:00")
	w.report("a", VerdictPassed)
	o := VerifyOptions{Prefix: "e/", PublicKey: w.s.PublicKey()}
	for key, data := range w.st.objects {
		for i := 0; i < len(data); i += 1 + len(data)/40 {
			data[i] ^= 1 << (i % 8)
			v, err := Verify(w.ctx, w.st, o)
			must(t, err)
			base, _, _ := strings.Cut(filepath.Base(key), ".")
			named := false
			for _, f := range v.Findings {
				named = named || (f.Severity == Broken && strings.Contains(f.Key, base))
			}
			if !named {
				t.Errorf("bit flipped in byte %d of %s: %v", i, key, v.Findings)
			}
			data[i] ^= 1 << (i % 8)
		}
	}
}

// failingGet is a store that loses its connection.
type failingGet struct{ *memStore }

func (failingGet) List(context.Context, string, func(string, int64) error) error {
	return errors.New("connection reset")
}

func TestStoreTroubleIsNoVerdict(t *testing.T) {
	w := threeWeeks(t)
	_, err := Verify(w.ctx, failingGet{w.st}, VerifyOptions{Prefix: "e/", PublicKey: w.s.PublicKey()})
	wantError(t, err, "list ledger e/ledger/", "connection reset")
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if _, err := Verify(ctx, w.st, VerifyOptions{Prefix: "e/", PublicKey: w.s.PublicKey()}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestVerifyTellsProgress(t *testing.T) {
	w := threeWeeks(t)
	calls := make(chan [2]int, 100)
	w.verify(VerifyOptions{Progress: func(done, total int) { calls <- [2]int{done, total} }})
	close(calls)
	last := [2]int{}
	for c := range calls {
		last = [2]int{max(last[0], c[0]), c[1]}
	}
	if last != [2]int{6, 6} {
		t.Errorf("progress ended at %v", last)
	}
}

// A ledger of years with an hourly schedule is verified in a moment.
func TestVerifyIsQuick(t *testing.T) {
	w := newWorld(t, "2026-01-01 00:01")
	spec := weekly()
	spec.Schedules = []ScheduleSpec{{Kind: SlotReport, Cron: "hourly", Zone: "Europe/Berlin", ToleranceSeconds: 600}}
	l := w.open()
	_, err := l.EnsureSeries(w.ctx, spec)
	must(t, err)
	for range 24 * 7 {
		w.clock.add(time.Hour)
		r, err := l.Start(w.ctx, Job{Series: "weekly", Closes: []string{SlotReport}})
		must(t, err)
		_, err = r.Close(w.ctx, Closing{Type: TypeReport, Verdict: VerdictPassed})
		must(t, err)
	}
	begun := time.Now()
	w.verify(VerifyOptions{AsOf: w.clock.clock()}).wantClean(t)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("337 entries took %v", took)
	}
}

// TestShellWord: a name is one word for a shell, whatever it holds, and nothing in it is a character that a terminal
// acts on when it is pasted.
func TestShellWord(t *testing.T) {
	for _, name := range []string{"a/b.json", "-rf", "a b", "it's", `$(touch x)"` + "`y`", "a\x1b[201~\rrm -rf x\t'%s\\n\" b", "\u202egnp.exe", "é\u2028x", "a\nb"} {
		word := ShellFile(name)
		for _, r := range word {
			if unprintable(r) {
				t.Errorf("%q becomes %q", name, word)
			}
		}
		want := name
		if strings.HasPrefix(name, "-") {
			want = "./" + name
		}
		if out, ok := shell(t, t.TempDir(), "printf '%s|' "+word); !ok || out != want+"|" {
			t.Errorf("%q becomes %s, which a shell takes for %q", name, word, out)
		}
	}
}
