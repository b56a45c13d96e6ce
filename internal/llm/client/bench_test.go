package client_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
)

// BenchmarkGenerate measures a request of 1 MB and an answer of 1,000 pieces,
// against a server that does as little as it can.
func BenchmarkGenerate(b *testing.B) {
	var answer strings.Builder
	for range 1000 {
		fmt.Fprintf(&answer, "data: %s\n\n", delta(`{"content":"a word "}`))
	}
	answer.WriteString("data: " + finish("stop") + "\n\ndata: [DONE]\n\n")
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(answer.String()))
	}))
	defer hs.Close()
	m, err := client.New("", client.Options{BaseURL: hs.URL})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	for _, size := range []int{1 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size, " bytes"), func(b *testing.B) {
			req := ask("hi")
			for range 100 {
				req.Messages = append(req.Messages, llm.Text(llm.Assistant, "x"), llm.Text(llm.User, strings.Repeat("line \"of\" text\n", size/1500)))
			}
			req.Tools = []llm.Tool{pythonTool}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Generate(b.Context(), req, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
