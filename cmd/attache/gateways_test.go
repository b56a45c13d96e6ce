package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/mongo/mongotest"
)

// serveApart is the program in a process of its own, connected to an emulator of
// the test's. It says when it is connected.
func serveApart() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	m := &Main{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, EnvFile: "/nonexistent/.env"}
	m.discord = discord.Options{RESTURL: os.Getenv("EMULATOR_REST"), GatewayURL: os.Getenv("EMULATOR_GATEWAY"), CDNHosts: []string{os.Getenv("EMULATOR_CDN")}}
	m.connected = func() { fmt.Println("connected") }
	if err := errors.Join(m.Run(ctx, []string{"serve"}), m.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// gateway is one of several processes that serve one bot.
type gateway struct {
	*exec.Cmd
	connected chan struct{}
	ended     func() error
}

// twoGateways starts two processes on one database.
func twoGateways(t testing.TB, s *discordtest.Server, model *llmtest.Server) (gs []*gateway) {
	t.Helper()
	database := mongotest.Database(t, mongotest.Start(t))
	url := model.Start(t)
	for range 2 {
		gs = append(gs, startApart(t, s, url, "MONGODB_URI="+database, "DATA_DIR="+dataDir(t), "RUNSC=/nonexistent/runsc"))
	}
	for _, g := range gs {
		g.await(t)
	}
	if err := s.AwaitConnected(discordtest.Context(t)); err != nil {
		t.Fatal(err)
	}
	return gs
}

// startApart starts the program in a process of its own.
func startApart(t testing.TB, s *discordtest.Server, model string, settings ...string) *gateway {
	t.Helper()
	cmd := exec.Command("attache-apart")
	cmd.Env = append(os.Environ(), "EMULATOR_REST="+s.RESTURL(), "EMULATOR_GATEWAY="+s.GatewayURL(), "EMULATOR_CDN="+strings.TrimPrefix(s.CDNURL(), "http://"),
		"DISCORD_TOKEN="+s.Token(), "OPENAI_BASE_URL="+model, "OPENAI_API_KEY=sk-x", "OPENAI_MODEL=gpt-4o")
	cmd.Env = append(cmd.Env, settings...)
	log := &lockedBuilder{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{cmd, make(chan struct{}), sync.OnceValue(cmd.Wait)}
	go func() {
		in := bufio.NewScanner(out)
		if in.Scan() {
			close(g.connected)
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = g.ended()
		if t.Failed() {
			t.Logf("log of a gateway:\n%s", log)
		}
	})
	return g
}

// await waits until the process is connected.
func (g *gateway) await(t testing.TB) {
	t.Helper()
	select {
	case <-g.connected:
	case <-time.After(3 * time.Minute):
		t.Fatal("a gateway is not connected")
	}
}

// Of two processes that serve a bot, one is killed in the middle of an answer:
// the other tells its user, and answers in its place from then on.
func TestGatewayKilled(t *testing.T) {
	s := discordtest.New(t)
	s.Shards, s.MaxConcurrency = 2, 16
	ctx := discordtest.Context(t)
	anna := s.AddUser("anna")
	channels := map[int]*discordtest.Channel{} // one on each shard
	for n := 0; len(channels) < s.Shards; n++ {
		if n == 20 {
			t.Fatal("all guilds are on one shard")
		}
		g := s.AddGuild(fmt.Sprint("guild ", n))
		g.AddMember(anna)
		for range n { // the next guild's id, and so its shard, goes by what was made before
			g.AddChannel("more")
		}
		channels[int(uint64(g.ID>>22)%uint64(s.Shards))] = g.Channel("general")
	}
	model := &llmtest.Server{Answer: func(r llmtest.Request) llmtest.Reply {
		if strings.Contains(r.LastUser(), "compute") {
			return llmtest.Reply{Pieces: []string{"It begins"}, Hang: true}
		}
		return llmtest.Reply{Text: "Here I am."}
	}}
	gs := twoGateways(t, s, model)
	asked := map[int]discordtest.Message{}
	for shard, c := range channels { // each of its own person: one answer at a time
		u := s.AddUser(fmt.Sprint("user ", shard))
		c.Guild.AddMember(u)
		m, err := u.Send(c, s.Bot().Mention()+" compute")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AwaitMessage(ctx, c, discordtest.FromBot, discordtest.Contains("It begins")); err != nil {
			t.Fatal(err)
		}
		asked[shard] = m
	}
	if err := gs[0].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	_ = gs[0].ended()
	const told = "I was restarted in the middle of this answer."
	first := make(chan int, len(channels))
	for shard, c := range channels {
		go func() {
			if _, err := s.AwaitMessage(ctx, c, discordtest.FromBot, discordtest.Contains(told)); err == nil {
				first <- shard
			}
		}()
	}
	var dead int
	select {
	case dead = <-first:
	case <-ctx.Done():
		t.Fatal("nobody is told")
	}
	t.Logf("told after %v", time.Since(killed).Round(time.Millisecond))
	for shard, c := range channels {
		if _, err := anna.Send(c, s.Bot().Mention()+" hello?"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AwaitMessage(ctx, c, discordtest.FromBot, discordtest.Contains("Here I am.")); err != nil {
			t.Fatalf("shard %d: %v", shard, err)
		}
	}
	for _, m := range s.Messages(channels[1-dead]) {
		if strings.Contains(m.Text(), told) {
			t.Errorf("an answer that goes on is told to be cut off")
		}
	}
}

// BenchmarkGuilds is a bot in many servers of Discord, served by two processes: how
// long until all shards are ready, how much memory each process has, and how many
// messages among people they hear. One session may begin in five seconds, as for
// most bots.
func BenchmarkGuilds(b *testing.B) {
	for _, guilds := range []int{4, 2500} {
		b.Run(fmt.Sprint(guilds), func(b *testing.B) {
			for b.Loop() {
				manyGuilds(b, guilds)
			}
		})
	}
}

const (
	channelsEach = 20
	rolesEach    = 10
	talk         = 20_000 // messages
)

func manyGuilds(b *testing.B, n int) {
	s := discordtest.New(b)
	s.Shards, s.MaxConcurrency, s.Forget, s.SkipSchemas = 4, 1, true, true
	ctx := discordtest.Context(b)
	anna := s.AddUser("anna")
	var channels []*discordtest.Channel
	last := map[int]*discordtest.Channel{} // one on each shard
	for i := 0; i < n || len(last) < s.Shards; i++ {
		if i == n+20 {
			b.Fatal("not all shards have a guild")
		}
		g := s.AddGuild(fmt.Sprint("Guild number ", i))
		for r := range rolesEach {
			g.AddRole(fmt.Sprint("role ", r), 0, 0)
		}
		for c := range channelsEach - i%2 { // so that the ids of guilds fall on all shards
			g.AddChannel(fmt.Sprint("channel-", c))
		}
		g.AddMember(anna)
		channels = append(channels, g.Channel("general"))
		last[int(uint64(g.ID>>22)%uint64(s.Shards))] = g.Channel("general")
	}
	begun := time.Now()
	gs := twoGateways(b, s, &llmtest.Server{Answer: func(llmtest.Request) llmtest.Reply { return llmtest.Reply{Text: "Here I am."} }})
	b.ReportMetric(time.Since(begun).Seconds(), "s-to-ready")
	time.Sleep(2 * time.Second) // what was read of the guilds is collected
	resident, idle := int64(0), processors(b, gs)
	for _, g := range gs {
		resident += status(b, g, "VmRSS")
	}
	b.ReportMetric(float64(resident)/2/1024, "MB-each")
	begun = time.Now()
	for i := range talk {
		if _, err := anna.Send(channels[i%len(channels)], "people talk to one another, and the bot is not meant"); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range last { // events of a shard come in their order
		u := s.AddUser("who asks")
		c.Guild.AddMember(u)
		if _, err := u.Send(c, s.Bot().Mention()+" hello?"); err != nil {
			b.Fatal(err)
		}
		if _, err := s.AwaitMessage(ctx, c, discordtest.FromBot, discordtest.Contains("Here I am.")); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(talk/time.Since(begun).Seconds(), "messages/s")
	b.ReportMetric(talk/(processors(b, gs)-idle).Seconds(), "messages/cpu-s")
	for _, g := range gs {
		_ = g.Process.Signal(syscall.SIGTERM)
	}
	for _, g := range gs {
		if err := g.ended(); err != nil {
			b.Error(err)
		}
	}
}

// status is a figure of a process, in KiB.
func status(b testing.TB, g *gateway, name string) (n int64) {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			fmt.Sscan(rest, &n)
		}
	}
	return n
}

// processors is the time of processors that processes have taken.
func processors(b *testing.B, gs []*gateway) (t time.Duration) {
	b.Helper()
	for _, g := range gs {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.Process.Pid))
		if err != nil {
			b.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		var user, system int64
		fmt.Sscan(f[11], &user)
		fmt.Sscan(f[12], &system)
		t += time.Duration(user+system) * 10 * time.Millisecond // a hundredth of a second, on every Linux
	}
	return t
}
