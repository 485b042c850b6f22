package tui

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"kustody/engine"
	"kustody/engine/archive"
	"kustody/evidence"
)

// monkey presses whatever it likes, and looks at the console after each step.
type monkey struct {
	t     *testing.T
	d     *driver
	desk  func() Desk
	asked *worker
	bytes []byte // what is left of its choices
	now   time.Time
	log   []string
	late  []tea.Msg // answers that are still under way
	odd   bool      // what was read is half filled in, and out of all measure
	slow  bool      // answers come when the monkey likes
	fails bool      // whether looking fails just now
	quit  bool      // the console has been left
	jobs  []*fakeJob
}

// How many monkeys there are, and how long they play.
var (
	monkeys       = flag.Int("monkeys", 4, "how many monkeys play")
	monkeyFrom    = flag.Int("monkey", 0, "the first of them")
	monkeyChoices = flag.Int("choices", 1500, "how many choices each of them has; a step takes about two")
)

// pasted are texts that somebody might paste or name something by.
var pasted = []string{"", "\x1b[2J\x1b]0;owned\a", "orders\r\nq\n", "\u202eevil\u200f", "日本語のとても長い名前", "e\u0301\u0301\u0301👩‍👩‍👧🇩🇪", strings.Repeat("x", 300), "2026-11-20 00:30", "+45m", "\x00\xff\xfe",
	"9f3c1b7a5502de91", "!orders", "evidence 2026", strings.Repeat("0", 40), "-1", "9223372036854775807", "demo-bank", "transactions"}

// boundKeys are the names of all keys that anything is bound to.
func boundKeys() []string {
	var out []string
	v := reflect.ValueOf(keys)
	for i := range v.NumField() {
		out = append(out, v.Field(i).Interface().(key.Binding).Keys()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// pick takes the next choice of n.
func (m *monkey) pick(n int) int {
	if len(m.bytes) == 0 {
		return 0
	}
	b := int(m.bytes[0])
	m.bytes = m.bytes[1:]
	if n > 256 && len(m.bytes) > 0 {
		b = b<<8 | int(m.bytes[0])
		m.bytes = m.bytes[1:]
	}
	return b % n
}

// run carries a command out. What comes of it is taken in at once, or later.
func (m *monkey) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch x := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range x {
			m.run(c)
		}
	case tea.QuitMsg:
		m.quit = m.quit || m.d.c.forced || !m.d.c.busy()
		if !m.quit {
			m.take(quitMsg{}) // as refuseQuit makes of it
		}
	default:
		if m.slow {
			m.late = append(m.late, x)
			return
		}
		m.take(x)
	}
}

func (m *monkey) take(x tea.Msg) { m.run(m.d.c.take(x)) }

// open opens a console anew.
func (m *monkey) open() {
	desk := m.desk()
	desk.Now = func() time.Time { return m.now }
	m.flaky(&desk)
	fails := m.fails
	m.fails = true // nothing is read yet
	m.d, m.late, m.quit, m.jobs = drive(m.t, desk, 80, 24, ThemeDark), nil, false, nil
	m.fails = fails
	m.d.c.mouse, m.d.c.toast = true, nil
	m.lay()
	if m.odd {
		m.d.c.desk.Archive, m.d.c.desk.Evidence = nil, nil // it stays as it is
		m.twist()
	}
}

// laid is what the year holds, read once: a monkey that opens its console anew should not verify everything
// anew each time.
var laid struct {
	once    sync.Once
	backups *engine.BackupList
	reports *engine.ReportList
	ledger  *engine.LedgerVerification
	err     error
}

// lay gives the console what it would have read.
func (m *monkey) lay() {
	laid.once.Do(func() {
		y, ctx := storedYear(m.t), context.Background()
		var of [3]error
		laid.backups, of[0] = engine.ListBackups(ctx, y.Query())
		laid.reports, of[1] = engine.ListReports(ctx, engine.QueryOptions{Store: y.Ledger().Store, Trusted: y.Ledger().PublicKey})
		laid.ledger, of[2] = engine.VerifyLedger(ctx, y.Ledger())
		laid.err = errors.Join(of[:]...)
	})
	if laid.err != nil {
		m.t.Fatal(laid.err)
	}
	c := m.d.c
	c.data.backups = loader[*engine.BackupList]{value: laid.backups, has: true, asOf: m.now}
	c.data.reports = loader[*engine.ReportList]{value: laid.reports, has: true, asOf: m.now}
	c.data.ledger = loader[*engine.LedgerVerification]{value: laid.ledger, has: true, asOf: m.now}
	m.run(c.screen().enter(c))
}

// numbers are those that nobody has thought of.
var numbers = []int64{0, -1, 1, math.MaxInt64, math.MinInt64, 1 << 40}

func (m *monkey) number() int64 { return numbers[m.pick(len(numbers))] }
func (m *monkey) text() string  { return pasted[m.pick(len(pasted))] }

// time is any time, or none.
func (m *monkey) time() time.Time {
	switch m.pick(4) {
	case 0:
		return time.Time{}
	case 1:
		return time.UnixMilli(m.number())
	}
	return m.now.Add(-time.Duration(m.pick(100)) * time.Hour)
}

// twist fills in what was read as no engine would.
func (m *monkey) twist() {
	c, left := m.d.c, m.bytes
	m.bytes = make([]byte, 4000) // of these choices two come from outside
	_, _ = rand.NewChaCha8([32]byte{byte(len(left)), append(left, 0)[0]}).Read(m.bytes)
	defer func() { m.bytes = left[min(1, len(left)):] }()
	backups, reports, topics, holders := &engine.BackupList{}, &engine.ReportList{}, &engine.Coverage{ClusterID: m.text(), RunID: m.text(), RunFinished: m.time()}, []engine.Holding{}
	for range m.pick(40) {
		n := m.number
		backups.Backups = append(backups.Backups, engine.BackupItem{BackupID: m.text(), RunID: m.text(), CreatedAt: m.time(), StartedAt: m.time(), Previous: m.text(), SourceCluster: m.text(), Checksum: m.text(),
			Statistics: archive.Statistics{Topics: int(n()), Partitions: int(n()), Segments: int(n()), Records: n(), Bytes: n(), Gaps: n()}, Findings: make([]string, m.pick(3))})
		reports.Reports = append(reports.Reports, engine.ReportItem{ReportID: m.text(), BackupID: m.text(), RunID: m.text(), Overall: evidence.Outcome(m.text()), Level: evidence.Level(m.text()), GeneratedAt: m.time(), Records: n(), TimeToRestoreMS: n(), Size: n()})
		topics.Topics = append(topics.Topics, engine.TopicCoverage{Name: m.text(), Partitions: int(n()), NewPartitions: int(n()), Offsets: n(), Lag: n(), InScope: m.pick(2) == 0, Captured: m.pick(2) == 0})
		holders = append(holders, engine.Holding{BackupID: m.text(), RestoreID: m.text(), Since: m.time(), Expires: m.time(), AsOf: m.time(), Done: n(), Total: n(), PID: int(n()), RunID: m.text(), Partitions: int(n())})
		backups.Unfinished = append(backups.Unfinished, engine.UnfinishedRun{BackupID: m.text(), RunID: m.text()})
		backups.Broken = append(backups.Broken, engine.BrokenObject{})
	}
	c.data.backups = loader[*engine.BackupList]{value: backups, has: true, asOf: m.now}
	c.data.reports = loader[*engine.ReportList]{value: reports, has: true, asOf: m.now}
	c.data.topics = loader[*engine.Coverage]{value: topics, has: true, asOf: m.now}
	c.data.holders = loader[[]engine.Holding]{value: holders, has: true, asOf: m.now}
	c.data.ledger = loader[*engine.LedgerVerification]{value: &engine.LedgerVerification{Verification: &evidence.Verification{}}, has: true, asOf: m.now}
	m.run(c.screen().enter(c))
}

var errFlaky = &engine.Problem{Exit: engine.ExitFailed, Err: errors.New("the store does not answer\x1b[2J\nat all"), Hint: "look at the cable"}

// flaky makes the desk's functions fail when the monkey wants it.
func (m *monkey) flaky(d *Desk) {
	if f := d.Archive; f != nil {
		d.Archive = func(ctx context.Context) (engine.QueryOptions, error) {
			if m.fails {
				return engine.QueryOptions{}, errFlaky
			}
			return f(ctx)
		}
	}
	if f := d.Evidence; f != nil {
		d.Evidence = func(ctx context.Context) (engine.LedgerOptions, error) {
			if m.fails {
				return engine.LedgerOptions{}, errFlaky
			}
			return f(ctx)
		}
	}
	d.Source = func(context.Context) (engine.CoverageOptions, func(), error) {
		return engine.CoverageOptions{}, nil, errFlaky
	}
}

// step does one thing and says what.
func (m *monkey) step(words []string) string {
	c := m.d.c
	send := func(x tea.Msg) { m.take(x) }
	switch n := m.pick(100); {
	case n < 60:
		w := words[m.pick(len(words))]
		m.press(w)
		return w
	case n < 66:
		r := rune(' ' + m.pick('~'-' '+1))
		m.press(string(r))
		return fmt.Sprintf("%q", r)
	case n < 69:
		s := pasted[m.pick(len(pasted))]
		send(tea.PasteMsg{Content: s})
		return fmt.Sprintf("paste %q", s)
	case n < 71:
		s := pasted[m.pick(len(pasted))]
		for _, r := range s {
			send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
		return fmt.Sprintf("type %q", s)
	case n < 74:
		w, h := 1+m.pick(200), 1+m.pick(60)
		send(tea.WindowSizeMsg{Width: w, Height: h})
		return fmt.Sprintf("resize %d×%d", w, h)
	case n < 77:
		size := []point{{80, 24}, {120, 36}, {60, 16}}[m.pick(3)]
		send(tea.WindowSizeMsg{Width: size.x, Height: size.y})
		return fmt.Sprintf("resize %d×%d", size.x, size.y)
	case n < 82:
		x, y := m.pick(max(1, c.w+2)), m.pick(max(1, c.h+2))
		for range 1 + m.pick(2) {
			send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
		}
		return fmt.Sprintf("click %d,%d", x, y)
	case n < 84:
		b := []tea.MouseButton{tea.MouseWheelDown, tea.MouseWheelUp}[m.pick(2)]
		send(tea.MouseWheelMsg{Button: b})
		return "wheel " + b.String()
	case n < 90:
		m.later()
		return "later"
	case n < 92:
		by := []time.Duration{50 * time.Millisecond, time.Second, time.Hour, -time.Hour}[m.pick(4)]
		m.now = m.now.Add(by)
		return "clock " + by.String()
	case n < 94:
		m.fails = !m.fails
		return fmt.Sprintf("fails %v", m.fails)
	case n < 95:
		m.slow = !m.slow
		return fmt.Sprintf("slow %v", m.slow)
	case n < 97:
		return m.job()
	default:
		m.arrive()
		return "an answer arrives"
	}
}

// arrive lets one of the late answers come, whichever.
func (m *monkey) arrive() {
	if n := len(m.late); n > 0 {
		i := m.pick(n)
		x := m.late[i]
		m.late = slices.Delete(m.late, i, i+1)
		m.take(x)
	}
}

// later lets what was scheduled happen.
func (m *monkey) later() {
	due := m.d.pending
	m.d.pending = nil
	for _, p := range due {
		if _, clock := p.msg.(clockMsg); !clock {
			m.take(p.msg)
		}
	}
}

// job begins a job, or has one go on in an odd way.
func (m *monkey) job() string {
	if len(m.jobs) == 0 || m.pick(4) == 0 && len(m.jobs) < 5 {
		f := fakeRestore(3 + m.pick(60))
		m.jobs = append(m.jobs, f)
		m.run(m.d.c.begin(&job{work: f, title: "odd " + pasted[m.pick(len(pasted))], batch: "kustody"}))
		return "job begins"
	}
	j := m.jobs[m.pick(len(m.jobs))]
	if j.snap.Ended {
		return "job has ended"
	}
	number := m.number
	switch m.pick(6) {
	case 0:
		j.snap.Phase, j.snap.Step, j.snap.Steps = pasted[m.pick(len(pasted))], m.pick(9)-1, m.pick(5)
		return "job phase"
	case 1:
		j.snap.Records, j.snap.Bytes, j.snap.Done, j.snap.Total, j.snap.Left = number(), number(), number(), number(), time.Duration(number())
		j.snap.RecordsPerSecond, j.snap.BytesPerSecond = float64(number()), math.Inf(1)
		return "job numbers"
	case 2:
		j.snap.Partitions = nil
		for range m.pick(50) {
			j.snap.Partitions = append(j.snap.Partitions, engine.PartitionProgress{Topic: pasted[m.pick(len(pasted))], Partition: int32(number()), State: engine.PartitionState(m.pick(6)),
				Start: number(), Offset: number(), End: number(), Records: number(), Bytes: number(), Retries: m.pick(3)})
		}
		return "job partitions"
	case 3:
		for range m.pick(30) {
			j.say(m.pick(9), engine.Level(m.pick(4)), []string{"plan", "retry", "segment", "odd", "partition_done"}[m.pick(5)], engine.F("message", pasted[m.pick(len(pasted))]), engine.F("topic", "x"), engine.F("partition", int32(1)))
		}
		return "job says"
	case 4:
		j.events = append(j.events, engine.Event{})
		return "job says nothing"
	default:
		j.end(engine.Exit(m.pick(12)), pasted[m.pick(len(pasted))], func(s *engine.Summary) {
			if m.pick(2) == 0 {
				*s = engine.Summary{}
			}
		})
		return "job ends"
	}
}

// press presses a key, and wants something to come of it where the footer offers it.
func (m *monkey) press(word string) {
	c := m.d.c
	k, named := keyNamed(word)
	if !named {
		k = keyOf([]rune(word)[0])
	}
	offered, seen, said, before := m.offered(k), m.seen(), len(c.messages), m.requests()
	reviewed := m.reviewed()
	cmd := c.press(k)
	nothing := cmd == nil && said == len(c.messages) && seen == m.seen()
	m.run(cmd)
	if offered != "" && nothing {
		m.t.Errorf("the footer offers %q, and it does nothing", offered)
	}
	if n := m.requests(); n != before && !reviewed {
		m.t.Errorf("something was started without its review being seen")
	}
}

// seen is what a person sees, once good news has gone: text, colours and the cursor.
func (m *monkey) seen() string {
	if t := m.d.c.toast; t != nil && t.kind == goodNews {
		m.d.c.toast = nil
		defer func() { m.d.c.toast = t }()
	}
	f, cursor := m.d.c.picture()
	return f.content() + fmt.Sprintf("%+v", cursor)
}

// offered is the footer's entry for a key, "" if there is none or it is not in sight. To clear an empty field,
// or to go to where one is, does nothing, and need not.
func (m *monkey) offered(k tea.KeyPressMsg) string {
	c := m.d.c
	if key.Matches(k, keys.Clear, keys.Top, keys.Bottom) {
		return ""
	}
	if c.w < leastWidth || c.h < leastHeight || c.dialog != nil || c.help != nil || c.command != nil {
		return ""
	}
	foot := c.keyLine().text()
	for _, a := range append(c.screen().actions(c), c.footActions()...) {
		if key.Matches(k, a.key) {
			if entry := a.key.Help().Key + " " + a.words(); !a.quiet && a.off == "" && strings.Contains(foot, entry) {
				return entry
			}
			return ""
		}
	}
	return ""
}

func (m *monkey) requests() int {
	if m.asked == nil {
		return 0
	}
	return len(m.asked.restores) + len(m.asked.backups) + len(m.asked.drills) + len(m.asked.validations)
}

// reviewed says that a wizard's last page is in sight.
func (m *monkey) reviewed() bool {
	c := m.d.c
	s, ok := c.screen().(interface{ last() bool })
	return ok && s.last() && c.w >= leastWidth && c.h >= leastHeight
}

// look holds what must be true after each step.
func (m *monkey) look() {
	c := m.d.c
	f := m.d.Frame()
	checkFrame(m.t, f)
	f.content()
	if !m.slow && len(m.late) == 0 && (c.waits() || c.waiting != 0) {
		m.t.Errorf("%d readings never came to an end", c.waiting)
	}
	for _, stack := range c.stacks {
		if len(stack) == 0 || len(stack) > 12 {
			m.t.Errorf("%d screens lie on each other", len(stack))
		}
	}
}

// play takes steps until its choices are used up, or something is wrong.
func (m *monkey) play() {
	words := append(boundKeys(), "enter", "enter", "esc", "esc", "down", "up", "backspace", "1", "2", "3", "4", "shift+tab", "ctrl+c", "alt+x", "q")
	defer func() {
		if r := recover(); r != nil {
			m.t.Errorf("it panicked: %v", r)
			m.tell()
			panic(r)
		}
	}()
	m.open()
	for len(m.bytes) > 0 && !m.t.Failed() {
		if m.quit {
			m.open()
			m.log = append(m.log, "opened anew")
		}
		m.log = append(m.log, "?")
		m.log[len(m.log)-1] = m.step(words)
		m.look()
	}
	if m.t.Failed() {
		m.tell()
	}
}

func (m *monkey) tell() {
	from := max(0, len(m.log)-60)
	m.t.Logf("the last %d of %d steps: %s", len(m.log)-from, len(m.log), strings.Join(m.log[from:], " · "))
	defer func() { _ = recover() }()
	m.t.Log("\n" + m.d.Frame().Text())
}

// loose lets a monkey play on the stored year. kind chooses the world.
func loose(t *testing.T, kind byte, choices []byte) {
	m := &monkey{t: t, bytes: choices, now: storedYear(t).Now()}
	switch kind % 4 {
	case 3:
		m.desk, m.asked = monkeyDesk(t)
		m.odd = true
	case 0:
		m.desk, m.asked = monkeyDesk(t)
	case 1:
		m.desk = func() Desk { return yearDesk(t) }
	default:
		m.desk, m.asked = monkeyDesk(t)
		m.asked.holds, m.asked.Production, m.asked.elsewhere = map[string]int64{"transactions": 77, "settlements": 0}, true, true
		if kind&8 != 0 {
			m.asked.conflict = "topic x\x1b[2J has cleanup.policy=compact"
		}
	}
	m.play()
}

// monkeyDesk is the desk of the wizards, with evidence. Its jobs have ended when they begin, so that the
// same choices come to the same screens.
func monkeyDesk(t *testing.T) (func() Desk, *worker) {
	desk, k := wizardDesk(t)
	ended := func(j *engine.Job, err error) (*engine.Job, error) {
		if j != nil {
			<-j.Done()
		}
		return j, err
	}
	backup, restore, drill, validation := k.Backup, k.Restore, k.Drill, k.Validation
	k.Backup = func(ctx context.Context, r BackupRequest) (*engine.Job, error) { return ended(backup(ctx, r)) }
	k.Restore = func(ctx context.Context, r RestoreRequest) (*engine.Job, error) { return ended(restore(ctx, r)) }
	k.Drill = func(ctx context.Context, r DrillRequest) (*engine.Job, error) { return ended(drill(ctx, r)) }
	k.Validation = func(ctx context.Context, r ValidationRequest) (*engine.Job, error) { return ended(validation(ctx, r)) }
	return func() Desk {
		d := desk()
		d.Evidence = yearDesk(t).Evidence
		return d
	}, k
}

// TestMonkey presses thousands of keys and does worse.
func TestMonkey(t *testing.T) {
	for i := range *monkeys {
		seed := *monkeyFrom + i
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
			choices := make([]byte, *monkeyChoices)
			_, _ = r.Read(choices)
			loose(t, byte(seed), choices)
		})
	}
}

// FuzzKeys lets the fuzzer choose. With -fuzzminimizetime 1x it spends its time on new choices, and not on
// making those at hand shorter.
func FuzzKeys(f *testing.F) {
	r := rand.NewChaCha8([32]byte{99})
	for kind := range byte(6) {
		choices := make([]byte, 200)
		_, _ = r.Read(choices)
		f.Add(kind, choices)
	}
	f.Fuzz(func(t *testing.T, kind byte, choices []byte) { loose(t, kind, choices[:min(len(choices), 4000)]) })
}
