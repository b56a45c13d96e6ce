package main

import (
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/table"
	"github.com/attachebot/attache/internal/testbin"
)

// The pictures of docs/shell.md are of a real terminal (tmux) with the real program in
// it; only the model's words are scripted. They are current, ids and times aside:
//
//	go test ./cmd/attache -run TestPictureTerminal -update
func TestPictureTerminal(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		testbin.Missing(t, "tmux", err.Error())
	}
	s := newScreen(t, 96, 40)
	s.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.Last().Role != "tool" {
			id := regexp.MustCompile(`\d+_\d+_[0-9a-f]{8}`).FindString(r.LastUser() + r.System())
			return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c1", "execute_python_code", map[string]string{"code": fmt.Sprintf(terminalCode, id)})}}
		}
		var got struct {
			Year int
			High float64
		}
		line := regexp.MustCompile(`(?m)^\{.*\}$`).FindString(r.Last().Text)
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			return llmtest.Reply{Text: "The code failed: " + r.Last().Text}
		}
		return llmtest.Reply{Text: fmt.Sprintf("## The years\n**%d was the warmest**, with a mean high of %.1f °C. The mean is `df.temp_max.mean()` of each year.\n", got.Year, got.High)}
	}
	s.types("attache chat --out charts\n")
	s.awaits("/quit")
	s.types("/attach sea\t\n")
	s.awaits("File saved!")
	s.types("Which year was the warmest?\n")
	s.awaits("→ charts/by_year.png")
	s.picture("terminal-answer.svg")

	s.types("/code\n")
	s.awaits(`"High": 17.4}`)
	s.types("/files\n")
	s.awaits("2 file(s)")
	s.types("/usage\n")
	s.awaits("30 days")
	s.types("/delete by\t\n")
	s.awaits("[y/N]")
	s.types("n\n")
	s.awaits("Nothing was deleted.")
	s.picture("terminal-commands.svg")
}

const terminalCode = `import json
import matplotlib.pyplot as plt
df = load_file("%s")
years = df.groupby(df["date"].dt.year)["temp_max"].agg(["mean", "max"]).round(1)
years["mean"].plot.bar(title="Mean high, °C")
plt.savefig("by_year.png")
display(years)
print(json.dumps({"Year": int(years["mean"].idxmax()), "High": years["mean"].max()}))`

// screen is a terminal with a shell in it.
type screen struct {
	t             *testing.T
	model         llmtest.Server
	socket        string
	columns, rows int
}

func newScreen(t *testing.T, columns, rows int) *screen {
	s := &screen{t: t, socket: filepath.Join(t.TempDir(), "tmux"), columns: columns, rows: rows}
	data, work, bin := dataDir(t), t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	weather, err := os.ReadFile(filepath.Join(testbin.Root(), "runner", "tests", "testdata", "seattle-weather.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "attache")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, "seattle-weather.csv"), weather, 0o600); err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("tmux", "-f", "/dev/null", "-S", s.socket, "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows), "bash", "--norc", "--noprofile")
	shell.Dir = work
	shell.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "PS1=$ ", "ENV=", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "NO_COLOR=", "DISPLAY=", "WAYLAND_DISPLAY=",
		"DATA_DIR="+data, "RUNSC="+gvisortest.Runsc(), "SANDBOX_POOL=0", "TIMEZONE=UTC",
		"OPENAI_BASE_URL="+s.model.Start(t), "OPENAI_API_KEY=sk-x", "OPENAI_MODEL=gpt-5.4-mini")
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { s.tmux("kill-server") })
	s.awaits("$")
	return s
}

func (s *screen) tmux(args ...string) string {
	s.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", s.socket}, args...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %s: %v: %s", args[0], err, out)
	}
	return string(out)
}

// types presses keys.
func (s *screen) types(keys string) {
	s.t.Helper()
	for _, r := range keys {
		switch r {
		case '\n':
			s.tmux("send-keys", "Enter")
		case '\t':
			before := s.tmux("capture-pane", "-p")
			s.tmux("send-keys", "Tab")
			eventually(s.t, func() bool { return s.tmux("capture-pane", "-p") != before })
		default:
			s.tmux("send-keys", "-l", string(r))
		}
	}
}

// awaits waits until the screen has a text, and then rests.
func (s *screen) awaits(text string) {
	s.t.Helper()
	now := ""
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		before := now
		if now = s.tmux("capture-pane", "-p"); strings.Contains(now, text) && now == before {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("there is no %q in\n%s", text, now)
		}
	}
}

// changing is what differs from run to run.
var changing = regexp.MustCompile(`Starting Python in gVisor once, to start from its snapshot from now on |\d+_\d+_[0-9a-f]{8}|Done in [0-9.]+m?s|── [0-9.]+m?s ──|\([0-9.]+ KB\)|[0-9.]+ KB`)

// picture compares the screen with a picture of the documentation, or draws it anew.
func (s *screen) picture(name string) {
	s.t.Helper()
	drawn := drawScreen(s.tmux("capture-pane", "-p", "-e"), s.columns)
	path := filepath.Join(testbin.Root(), "docs", "pictures", name)
	if *update {
		if err := os.WriteFile(path, []byte(drawn), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	there, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	words := func(svg string) string {
		text := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(svg, ""))
		return changing.ReplaceAllString(strings.Join(strings.Fields(text), " "), "…")
	}
	if got, want := words(drawn), words(string(there)); got != want {
		s.t.Errorf("docs/pictures/%s is out of date (make pictures): it has\n%s\nand the terminal\n%s", name, want, got)
	}
}

const (
	cellWidth, cellHeight = 8.4, 18
	margin                = 12
)

var (
	graphicRendition = regexp.MustCompile(`\x1b\[([0-9;]*)m`)
	colours          = map[string]string{"31": "#f7768e", "32": "#9ece6a", "33": "#e0af68", "34": "#7aa2f7", "35": "#bb9af7", "36": "#7dcfff"}
)

// drawScreen is what a terminal shows as an SVG.
func drawScreen(captured string, columns int) string {
	lines := strings.Split(strings.TrimRight(captured, "\n"), "\n")
	var b strings.Builder
	width, height := float64(columns)*cellWidth+2*margin, len(lines)*cellHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="#1a1b26"/>`+"\n")
	fmt.Fprintf(&b, `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="#c0caf5">`+"\n")
	style := map[string]string{}
	for n, line := range lines {
		column := 0
		for line != "" {
			at := graphicRendition.FindStringSubmatchIndex(line)
			text := line
			if at != nil {
				text = line[:at[0]]
			}
			if cells := table.Width(text); strings.TrimSpace(text) != "" {
				fmt.Fprintf(&b, `<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>`+"\n", margin+float64(column)*cellWidth, margin+n*cellHeight+14,
					float64(cells)*cellWidth, style["weight"]+style["fill"]+style["dim"], strings.ReplaceAll(html.EscapeString(text), " ", "\u00a0"))
			}
			column += table.Width(text)
			if at == nil {
				break
			}
			for _, code := range strings.Split(line[at[2]:at[3]], ";") {
				switch {
				case code == "" || code == "0":
					clear(style)
				case code == "1":
					style["weight"] = ` font-weight="bold"`
				case code == "2":
					style["dim"] = ` opacity="0.6"`
				case code == "22":
					delete(style, "weight")
					delete(style, "dim")
				case code == "39":
					delete(style, "fill")
				case colours[code] != "":
					style["fill"] = fmt.Sprintf(` fill="%s"`, colours[code])
				}
			}
			line = line[at[1]:]
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}
