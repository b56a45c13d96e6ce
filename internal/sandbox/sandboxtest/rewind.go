package sandboxtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Rewind is for drivers that keep what sessions were after each answer.
func Rewind(t *testing.T, open Open) {
	t.Run("fork", func(t *testing.T) { testFork(t, open) })
	t.Run("what is random, and the time", func(t *testing.T) { testForkRandom(t, open) })
	t.Run("refused", func(t *testing.T) { testForkRefused(t, open) })
	t.Run("lasts", func(t *testing.T) { testAnswersLast(t, open) })
	t.Run("bound", func(t *testing.T) { testAnswersBound(t, open) })
	t.Run("off", func(t *testing.T) { testAnswersOff(t, open) })
}

const manyAnswers = 400 << 20

// rewinder is a driver of the suite, and calls that must work.
type rewinder struct {
	t testing.TB
	sandbox.Rewinder
	Driver
}

func openRewinder(t testing.TB, open Open, dir string, o Options) rewinder {
	t.Helper()
	d := open(t, dir, o)
	r, ok := d.(sandbox.Rewinder)
	if !ok {
		t.Fatal("this driver keeps no earlier answers")
	}
	return rewinder{t, r, d}
}

// session is one of user 1.
func (r rewinder) session(conversation string) *Session {
	s := NewSession(r.t, r.Driver)
	s.Key.Conversation = conversation
	return s
}

func (r rewinder) keep(s *Session, answer string) {
	r.t.Helper()
	if err := r.Keep(r.t.Context(), s.Key, answer); err != nil {
		r.t.Fatalf("keep %s: %v", answer, err)
	}
}

func (r rewinder) fork(s *Session, answer, conversation string) *Session {
	r.t.Helper()
	fork := r.session(conversation)
	fork.Cell = s.Cell
	if err := r.Fork(r.t.Context(), s.Key, answer, fork.Key); err != nil {
		r.t.Fatalf("fork %s: %v", answer, err)
	}
	return fork
}

func (r rewinder) names(s *Session) string {
	r.t.Helper()
	answers, err := r.Answers(r.t.Context(), s.Key)
	if err != nil {
		r.t.Fatal(err)
	}
	var names []string
	for _, a := range answers {
		if a.Bytes <= 0 || time.Since(a.At).Abs() > time.Hour {
			r.t.Errorf("%+v", a)
		}
		names = append(names, a.Name)
	}
	return strings.Join(names, " ")
}

// Earlier answers go on beside the session, each for itself: variables, what is in
// no pickle, open files, and the work folder.
func testFork(t *testing.T, open Open) {
	r := openRewinder(t, open, t.TempDir(), Options{Rewind: manyAnswers})
	s := r.session("c")
	s.Cell.Files = Files{"1_1700000000_0123abcd": CSV(1000)}
	s.Run("x = 'first'\ngen = (i * i for i in range(10)); next(gen)\nopen('note.txt', 'w').write('first')\nf = open(get_file_path('1_1700000000_0123abcd')); f.readline()")
	r.keep(s, "first")
	s.Run("x = 'second'; next(gen); open('note.txt', 'w').write('second'); f.readline()")
	r.keep(s, "second")
	s.Run("x = 'third'; open('note.txt', 'w').write('third')")

	const look = "print(x, next(gen), open('note.txt').read(), f.readline().strip())"
	first, second := r.fork(s, "first", "of first"), r.fork(s, "second", "of second")
	for _, c := range []struct {
		s    *Session
		want string
	}{{first, "first 1 first 0,0"}, {s, "third 4 third 1,1"}, {second, "second 4 second 1,1"}, {first, "first 4 first 1,1"}} {
		res := c.s.Run(look)
		if res.Output != c.want+"\n" || len(res.Notes) > 0 {
			t.Errorf("%s: %q %v %s, want %q", c.s.Key.Conversation, res.Output, res.Notes, res.Error, c.want)
		}
	}
	first.Run("x = 'changed'; open('note.txt', 'w').write('changed'); open('mine', 'w').close()")
	s.Expect("import os; print(x, open('note.txt').read(), os.path.exists('mine'))", "third third False")
	r.fork(s, "first", "again").Expect("print(x, open('note.txt').read())", "first first")
	if got := r.names(s); got != "first second" {
		t.Errorf("kept: %s", got)
	}
	r.keep(s, "first") // the same name again: it is the newest now
	if got := r.names(s); got != "second first" {
		t.Errorf("kept: %s", got)
	}
	r.fork(s, "first", "newer").Expect("x", "'third'")
	if err := r.Reset(t.Context(), s.Key); err != nil || r.names(s) != "" {
		t.Errorf("after Reset: %q %v", r.names(s), err)
	}
	first.Expect("x", "'changed'") // a fork is a session of its own
}

// Forks of one answer draw other numbers than one another and than the session, and
// all know what time it is.
func testForkRandom(t *testing.T, open Open) {
	r := openRewinder(t, open, t.TempDir(), Options{Rewind: manyAnswers})
	s := r.session("c")
	s.Run("import random, secrets, uuid, ssl, tempfile, time\nimport numpy as np\nbegan = time.time()")
	r.keep(s, "a")
	draw := "print(random.random(), np.random.rand(), secrets.token_hex(8), uuid.uuid4(), ssl.RAND_bytes(8).hex(), tempfile.mktemp())"
	seen := map[string]string{}
	for _, one := range []*Session{s, r.fork(s, "a", "one"), r.fork(s, "a", "two")} {
		for i, drawn := range strings.Fields(one.Output(draw)) {
			if other, ok := seen[drawn]; ok {
				t.Errorf("number %d of %s was drawn by %s too: %s", i, one.Key.Conversation, other, drawn)
			}
			seen[drawn] = one.Key.Conversation
		}
		now, err := strconv.ParseFloat(one.Output("print(time.time())"), 64)
		if off := time.Since(time.UnixMicro(int64(now * 1e6))); err != nil || off.Abs() > time.Minute {
			t.Errorf("%s: the clock is wrong by %s: %v", one.Key.Conversation, off, err)
		}
		one.Expect("a, b = time.monotonic(), time.perf_counter(); time.sleep(.05); print(.04 < time.monotonic() - a < 30, .04 < time.perf_counter() - b < 30, 0 < time.time() - began < 600)", "True True True")
	}
}

func testForkRefused(t *testing.T, open Open) {
	r := openRewinder(t, open, t.TempDir(), Options{Rewind: manyAnswers, Idle: time.Hour})
	s := r.session("c")
	ctx := t.Context()
	if err := r.Keep(ctx, s.Key, "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing is there: %v", err)
	}
	s.Run("x = 1")
	r.keep(s, "a")
	other := r.session("other")
	other.Run("y = 2")
	for _, c := range []struct {
		answer string
		to     sandbox.Key
		want   fault.Kind
	}{
		{"b", sandbox.Key{User: 1, Conversation: "new"}, fault.NotFound},
		{"a", s.Key, fault.Invalid},
		{"a", sandbox.Key{User: 2, Conversation: "new"}, fault.Invalid},
		{"a", other.Key, fault.Exists},
	} {
		if err := r.Fork(ctx, s.Key, c.answer, c.to); !fault.Is(err, c.want) {
			t.Errorf("%s to %v: %v, want %v", c.answer, c.to, err, c.want)
		}
	}
	fork := r.fork(s, "a", "fork")
	if err := r.Fork(ctx, s.Key, "a", fork.Key); !fault.Is(err, fault.Exists) { // although it has not run yet
		t.Errorf("%v", err)
	}
	other.Expect("y", "2")
	stranger := NewSession(t, r.Driver)
	stranger.Key = sandbox.Key{User: 2, Conversation: "c"}
	if got := r.names(stranger); got != "" {
		t.Errorf("another user's conversation of the same name has %s", got)
	}
}

// What is kept lasts when the session is stored, and over the end of the process;
// one that was stored meanwhile is kept as it was stored; another process may fork
// while the session lives in this one.
func testAnswersLast(t *testing.T, open Open) {
	dir := t.TempDir()
	r := openRewinder(t, open, dir, Options{Rewind: manyAnswers, Idle: 300 * time.Millisecond})
	s := r.session("c")
	s.Run("x = 1")
	r.keep(s, "live")
	s.Run("x = 2")
	AwaitNoSessions(t, r)
	r.keep(s, "stored")
	AwaitNoSessions(t, r)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r = openRewinder(t, open, dir, Options{Rewind: manyAnswers})
	s = r.session("c")
	if got := r.names(s); got != "live stored" {
		t.Errorf("kept: %s", got)
	}
	s.Expect("x", "2")
	beside := openRewinder(t, open, dir, Options{Rewind: manyAnswers})
	beside.fork(s, "live", "one").Expect("x", "1")
	beside.fork(s, "stored", "two").Expect("x", "2")
	s.Expect("x", "2")
}

// The oldest answers go first, for each user and for all.
func testAnswersBound(t *testing.T, open Open) {
	r := openRewinder(t, open, t.TempDir(), Options{Rewind: 20 << 20}) // 5 MB of one user
	s := r.session("c")
	other := NewSession(t, r.Driver)
	other.Key = sandbox.Key{User: 2, Conversation: "c"}
	other.Run("y = 1")
	r.keep(other, "other")
	s.Run("import os; x = 0")
	for i := range 3 {
		s.Run(fmt.Sprintf("x = %d; ballast = os.urandom(1 << 20)", i)) // 2 to 3 MB each
		r.keep(s, fmt.Sprint(i))
	}
	answers, _ := r.Answers(context.Background(), s.Key)
	total := int64(0)
	for _, a := range answers {
		total += a.Bytes
	}
	if n := len(answers); n == 0 || n == 3 || total > 5<<20 || answers[n-1].Name != "2" {
		t.Errorf("kept: %+v", answers)
	}
	if got := r.names(other); got != "other" {
		t.Errorf("of another user: %q", got)
	}
	r.fork(s, "2", "fork").Expect("x", "2")
	s.Run("large = os.urandom(12 << 20)")
	if err := r.Keep(t.Context(), s.Key, "large"); !fault.Is(err, fault.Exhausted) {
		t.Errorf("one that is over the bound alone: %v", err)
	}
}

func testAnswersOff(t *testing.T, open Open) {
	r := openRewinder(t, open, t.TempDir(), Options{})
	s := r.session("c")
	s.Run("x = 1")
	if err := r.Keep(t.Context(), s.Key, "a"); !fault.Is(err, fault.Unavailable) || r.names(s) != "" {
		t.Errorf("%v, kept: %s", err, r.names(s))
	}
	s.Expect("x", "1")
}
