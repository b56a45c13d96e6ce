package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// BenchmarkFirstToken measures what the engine adds to the time until the
// first text, while 200 users chat at once with pauses of a second or so, 5 %
// of them with code: everything from Run to the first event, less what the
// model's server waits on purpose. The server runs in the same process.
//
//	go test -run - -bench FirstToken -benchtime 1x ./internal/chat
func BenchmarkFirstToken(b *testing.B) {
	const users, turns, think = 200, 5, 50 * time.Millisecond
	for range b.N {
		b.StopTimer()
		w := newWorld(b, chat.Options{})
		w.server.Answer = func(r llmtest.Request) llmtest.Reply {
			if len(r.Messages)%20 == 3 && r.Last().Role == "user" {
				return llmtest.Reply{Text: "Let me compute.", Wait: think, Calls: []llm.ToolCall{python("", "print(1)")}}
			}
			return llmtest.Reply{Text: "An answer of a few words, streamed in pieces as usual.", Wait: think, Pause: 20 * time.Millisecond}
		}
		for u := range users { // everybody has a few files
			for i := range 3 {
				if _, err := w.files.Save(b.Context(), files.Upload{User: files.UserID(u + 1), Name: fmt.Sprint(i, ".txt"), Size: -1, Body: strings.NewReader(fmt.Sprint(u, i))}); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.StartTimer()
		var mu sync.Mutex
		var waits []time.Duration
		var all sync.WaitGroup
		for u := range users {
			all.Go(func() {
				time.Sleep(time.Duration(u) * 5 * time.Millisecond)
				for i := range turns {
					first := time.Duration(0)
					start := time.Now()
					_, err := w.Run(b.Context(), chat.Turn{
						ID: fmt.Sprint(u, "-", i), User: files.UserID(u + 1), UserName: "U", Conversation: fmt.Sprint("c", u), Text: "How are you?",
					}, func(ev chat.Event) {
						if _, ok := ev.(chat.TextDelta); ok && first == 0 {
							first = time.Since(start) - think
						}
					})
					if err != nil {
						b.Error(err)
					}
					mu.Lock()
					waits = append(waits, first)
					mu.Unlock()
					time.Sleep(800 * time.Millisecond)
				}
			})
		}
		all.Wait()
		slices.Sort(waits)
		b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "ms-p50")
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "ms-p99")
		b.ReportMetric(float64(len(waits)), "turns")
	}
}
