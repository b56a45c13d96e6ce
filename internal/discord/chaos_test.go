package discord

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

// In bad weather everywhere, at Discord and at the model, every message ends in
// an answer or a sentence, none is answered twice, and Discord finds nothing to
// complain about. ATTACHE_CHAOS_TURNS sets how many messages are sent.
func TestChaos(t *testing.T) { chaos(t, "ATTACHE_CHAOS_TURNS", false) }

// The gateway loses its sessions again and again, and the program is stopped or
// killed again and again: still every message ends in one answer, or one sentence.
// ATTACHE_OUTAGE_TURNS sets how many messages are sent.
func TestChaosOutages(t *testing.T) { chaos(t, "ATTACHE_OUTAGE_TURNS", true) }

func chaos(t *testing.T, setting string, outages bool) {
	turns, _ := strconv.Atoi(os.Getenv(setting))
	turns = cmp.Or(turns, 120)
	const people = 50
	w := newBench(t, setup{
		discord: Options{tune: tuning{edits: 400 * time.Millisecond, global: 200}}, assistant: assistant.Options{BurstTime: time.Millisecond, AskTime: 300 * time.Millisecond},
		server: func(s *discordtest.Server) { s.GlobalLimit = 200 }, // the people are what is to be tested, not Discord's patience
		model: func(m *llmtest.Server) {
			m.Chaos = llmtest.Chaos{Seed: 3, Rate: .2}
			m.Answer = func(r llmtest.Request) llmtest.Reply {
				n := len(r.Messages)
				if n%3 == 0 && r.Last().Role == "user" {
					return llmtest.Reply{Calls: []llm.ToolCall{python(fmt.Sprint("c", n), "1")}}
				}
				return llmtest.Reply{Text: strings.Repeat("An answer of some words. ", 1+n%9), Pause: 5 * time.Millisecond}
			}
		},
	})
	var cancel context.CancelFunc
	w.ctx, cancel = context.WithTimeout(context.Background(), 10*time.Minute+time.Duration(turns)*time.Second)
	t.Cleanup(cancel)
	w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		h.Status(llm.ToolStatus{State: llm.ToolRunning})
		switch n := rand.IntN(6); {
		case outages && n == 2: // of a program that is gone by then
		case n == 0:
			return llm.ToolResult{Failed: true, Error: "Traceback: no"}
		case n == 1:
			yes, err := h.Ask(ctx, locale.Later("Install something?"))
			return llm.ToolResult{Output: fmt.Sprint(yes, err)}
		case n == 2:
			return w.makes(discordtest.File{Name: "chart.png", Data: chart(80, 60)})(ctx, user, "", c, h)
		case n == 3:
			panic("a tool crashes")
		}
		return llm.ToolResult{Output: "4", Run: &llm.Run{Code: "2+2", Output: "4"}}
	}
	var users []*discordtest.User
	for i := range people {
		u := w.AddUser(fmt.Sprint("user", i))
		w.guild.AddMember(u)
		users = append(users, u)
	}
	var channels []*discordtest.Channel
	for i := range 12 {
		channels = append(channels, w.guild.AddChannel(fmt.Sprint("channel", i)))
	}
	if outages { // Discord lists a bot no direct messages: only who wrote before is found again
		for _, u := range users {
			w.ask(u, u.DM(), "Hello")
		}
	}
	weather := discordtest.DefaultChaos(7)
	if outages {
		weather.Outage = .01
	}
	w.Unleash(weather)
	var mu sync.Mutex
	var questions []discordtest.Message
	var all sync.WaitGroup
	for i, u := range users {
		all.Go(func() {
			for n := i; n < turns; n += people {
				c, text := u.DM(), fmt.Sprint("question ", n)
				if n%2 == 0 {
					c, text = channels[n/2%len(channels)], w.Bot().Mention()+" "+text
				}
				var fs []discordtest.File
				if n%5 == 0 {
					fs = append(fs, discordtest.File{Name: "data.csv", Data: fmt.Appendf(nil, "a,b\n%d,%d\n", n, i)})
				}
				q, err := u.Send(c, text, fs...)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				questions = append(questions, q)
				mu.Unlock()
				if _, err := w.AwaitMessage(w.ctx, c, discordtest.FromBot, discordtest.ReplyTo(q), ended); err != nil {
					t.Errorf("%s was not answered: %v", text, err)
					return
				}
			}
		})
	}
	answered := make(chan struct{})
	go func() {
		all.Wait()
		close(answered)
	}()
	restarts := 0
	for over := false; !over; {
		select {
		case <-answered:
			over = true
		case <-time.After(10 * time.Second):
			if !outages {
				continue
			}
			if restarts++; restarts%2 == 0 {
				w.shutDown()
			} else {
				w.crash()
			}
			time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
			w.start()
		}
	}
	w.Heal()
	w.AwaitQuiet(w.ctx, 500*time.Millisecond)
	for _, q := range questions {
		answers := 0
		for _, m := range w.after(w.channelOf(q), q) {
			if discordtest.ReplyTo(q)(m) && ended(m) {
				answers++
			}
		}
		if answers != 1 {
			t.Errorf("%q has %d answers", q.Content, answers)
			for _, m := range w.after(w.channelOf(q), q) {
				if discordtest.ReplyTo(q)(m) {
					t.Logf("  %s", m.Text())
				}
			}
		}
	}
	w.forgiveLate(len(w.Requests()) / 100)
	sessions, resumed := w.Sessions()
	t.Logf("%d starts, %d sessions, %d resumed", 1+restarts, sessions, resumed)
	t.Logf("%d questions, %d requests to Discord, %d refused", len(questions), len(w.Requests()), w.InvalidRequests())
	// An injected global limit is met by all the requests, of 50 people, that are under way.
	if n, limit := w.InvalidRequests(), len(w.Requests())/4; n > limit {
		t.Errorf("%d of %d requests were refused", n, len(w.Requests()))
	}
}

// forgiveLate takes away the violations of rate limits that the client may have
// met because the machine is busy: the emulator allows 50 ms for an answer to
// arrive and be read.
func (w *bench) forgiveLate(atMost int) {
	w.t.Helper()
	all := w.Violations()
	w.ForgetViolations()
	late := 0
	for _, v := range all {
		if strings.Contains(v, "sent although the client knew") {
			late++
			continue
		}
		w.t.Errorf("violation: %s", v)
	}
	if late > atMost {
		w.t.Errorf("%d requests were sent into a known rate limit", late)
	}
}

// ended tells whether a message is the end of an answer, or says why there is none.
// Behind the text of one with several charts comes a message with these and the buttons.
func ended(m discordtest.Message) bool {
	return discordtest.HasButton("🔁 Retry")(m) || strings.Contains(m.Content, "-# 📎 ") || strings.HasPrefix(m.Content, "⚠️") && !strings.Contains(m.Content, "File saved!")
}

// BenchmarkPeople measures what the bot adds until the first word of an answer
// is on its way to Discord, with 200 people who ask at the same time, 5 % of
// them for code. The model answers at once.
func BenchmarkPeople(b *testing.B) {
	const people = 200
	w := newBench(b, setup{
		alone:  true,
		server: func(s *discordtest.Server) { s.NoRateLimits, s.Forget, s.SkipSchemas = true, true, true },
		model: func(m *llmtest.Server) {
			m.Answer = func(r llmtest.Request) llmtest.Reply {
				if strings.Contains(r.LastUser(), "code") && r.Last().Role == "user" {
					return llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}
				}
				return llmtest.Reply{Text: "An answer that is not too long, and not too short either."}
			}
		},
		discord: Options{tune: tuning{global: 1_000_000}},
	})
	var users []*discordtest.User
	for i := range people {
		u := w.AddUser(fmt.Sprint("user", i))
		w.guild.AddMember(u)
		users = append(users, u)
	}
	for b.Loop() {
		measurePeople(b, w, users)
	}
}

func measurePeople(b *testing.B, w *bench, users []*discordtest.User) {
	people := len(users)
	took := make([]time.Duration, people)
	var all sync.WaitGroup
	for i, u := range users {
		all.Go(func() {
			text := "a question"
			if i%20 == 0 {
				text = "code"
			}
			time.Sleep(time.Duration(i) * 25 * time.Millisecond) // 40 a second
			q, err := u.Send(u.DM(), text)
			if err != nil {
				b.Error(err)
				return
			}
			sent := time.Now()
			if _, err := w.AwaitMessage(w.ctx, u.DM(), discordtest.ReplyTo(q)); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(sent)
			if _, err := w.AwaitMessage(w.ctx, u.DM(), discordtest.ReplyTo(q), ended); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	b.ReportMetric(float64(took[people/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[people*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(mem.HeapInuse>>20), "MB-heap")
}
