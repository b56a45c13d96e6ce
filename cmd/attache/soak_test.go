package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
)

// atRest is what a process holds while nobody asks anything.
type atRest struct{ memory, descriptors, goroutines int64 }

// TestSoakServe lets fifty people talk to the whole program, in a process of its
// own: they attach tables, have Python run and charts drawn. Measured after each
// round, at rest, it does not grow. ATTACHE_SOAK_MINUTES is how long it goes on in
// rounds of a minute; two short rounds are made without it.
func TestSoakServe(t *testing.T) {
	rounds, questions, pause := 2, 4, time.Duration(0)
	if n, err := strconv.Atoi(os.Getenv("ATTACHE_SOAK_MINUTES")); err == nil {
		rounds, questions, pause = max(n, 2), 20, 2*time.Second
	}
	s := discordtest.New(t)
	s.Forget, s.SkipSchemas = true, true
	number := regexp.MustCompile(`question (\d+)`)
	model := &llmtest.Server{Answer: func(r llmtest.Request) llmtest.Reply {
		found := number.FindStringSubmatch(r.LastUser())
		if found == nil {
			return llmtest.Reply{Text: "What was the question?"}
		}
		n, _ := strconv.Atoi(found[1])
		code := map[int]string{
			1: "x = globals().get('x', 0) + 1\nprint(x)",
			2: "df = load_file(list_user_files()[0]['file_id'])\nprint(df.amount.sum())",
			3: "import matplotlib.pyplot as plt\nplt.plot(range(100))\nplt.show()",
		}[n%6]
		if code == "" || r.Last().Role == "tool" {
			return llmtest.Reply{Text: fmt.Sprintf("This is answer %d. %s", n, strings.Repeat("It has some words. ", n%40))}
		}
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call(fmt.Sprint("c", n), "execute_python_code", map[string]string{"code": code})}}
	}}
	addr := freeAddress(t)
	g := startApart(t, s, model.Start(t), "DATA_DIR="+dataDir(t), "RUNSC="+gvisortest.Runsc(), "SANDBOX_POOL=1", "SANDBOX_IDLE=5s", "METRICS_LISTEN="+addr, "WEB_LISTEN=")
	guild := s.AddGuild("Acme")
	var people []*discordtest.User
	for i := range 50 {
		u := s.AddUser(fmt.Sprint("person", i))
		guild.AddMember(u)
		people = append(people, u)
	}
	g.await(t)

	metric := func(name string) int64 {
		resp, err := http.Get("http://" + addr + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, name+" "); ok {
				n, _ := strconv.ParseFloat(strings.TrimSpace(rest), 64)
				return int64(n)
			}
		}
		t.Fatalf("no %s", name)
		return 0
	}
	var first atRest
	asked := 0
	for round := range rounds {
		for range questions {
			asked++
			u := people[asked%len(people)]
			var files []discordtest.File
			if asked%6 == 2 {
				files = []discordtest.File{{Name: "sales.csv", Data: []byte(salesCSV + fmt.Sprintf("2024-02-01,West,%d\n", asked))}}
			}
			ctx := discordtest.Context(t)
			if _, err := u.Send(u.DM(), fmt.Sprint("Please answer question ", asked), files...); err != nil {
				t.Fatal(err)
			}
			if _, err := s.AwaitMessage(ctx, u.DM(), discordtest.FromBot, discordtest.Contains(fmt.Sprintf("This is answer %d.", asked))); err != nil {
				t.Fatalf("question %d: %v", asked, err)
			}
			time.Sleep(pause)
		}
		for end := time.Now().Add(2 * time.Minute); metric("attache_sandbox_live") > 0; time.Sleep(500 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("sandboxes are not stored")
			}
		}
		files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", g.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		now := atRest{status(t, g, "VmRSS") >> 10, int64(len(files)), metric("go_goroutines")}
		t.Logf("round %d, %d questions: %d MB of memory, %d descriptors, %d goroutines", round+1, asked, now.memory, now.descriptors, now.goroutines)
		if round == 0 {
			first = now
		} else if now.memory > first.memory+64 || now.descriptors > first.descriptors+16 || now.goroutines > first.goroutines+24 {
			t.Errorf("it had %+v after the first round, and %+v after round %d", first, now, round+1)
		}
	}
	_ = g.Process.Signal(syscall.SIGTERM)
	if err := g.ended(); err != nil {
		t.Error(err)
	}
}
