package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/discordtest/render"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/testbin"
)

// update writes the README's picture anew:
//
//	go test ./cmd/attache -run TestPicture -update
var update = flag.Bool("update", false, "write docs/pictures/conversation.png")

// TestPicture draws a conversation as a person sees it, out of what Discord's
// emulator received from the whole program: the model's words are scripted,
// the Python and its chart are real.
func TestPicture(t *testing.T) {
	b := serve(t, nil)
	ctx := discordtest.Context(t)
	guild := b.AddGuild("Weather Club")
	anna := b.AddUser("anna")
	guild.AddMember(anna)
	channel := guild.AddChannel("data")

	id := ""
	code := func(text string) llmtest.Reply {
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c1", "execute_python_code", map[string]string{"code": strings.ReplaceAll(text, "ID", id)})}}
	}
	b.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if found := regexp.MustCompile(`\d+_\d+_[0-9a-f]{8}`).FindString(r.LastUser() + r.System()); found != "" {
			id = found
		}
		last := r.Last()
		switch {
		case last.Role != "tool":
			return code(weatherCode)
		default:
			var got struct {
				Rows, Year             int
				First, Last, Hot, Cold string
				High                   float64
				Wet                    string
			}
			line := regexp.MustCompile(`(?m)^\{.*\}$`).FindString(last.Text)
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				return llmtest.Reply{Text: "The code failed: " + last.Text}
			}
			return llmtest.Reply{Text: fmt.Sprintf("Wet winters and dry summers each year, and **%d was the warmest** (mean high %.1f °C):\n"+
				"- %d days, %s to %s\n- warmest month: **%s**, coldest: **%s**\n- the most rain fell in **%s**",
				got.Year, got.High, got.Rows, got.First, got.Last, got.Hot, got.Cold, got.Wet)}
		}
	}
	data, err := os.ReadFile(filepath.Join(testbin.Root(), "runner", "tests", "testdata", "seattle-weather.csv"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := anna.Send(channel, b.Bot().Mention()+" how did the weather change over these years?", discordtest.File{Name: "seattle-weather.csv", Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.AwaitMessage(ctx, channel, discordtest.FromBot, discordtest.After(m), discordtest.HasFile, discordtest.HasButton("Code")); err != nil {
		t.Fatalf("%v\n%+v", err, b.Messages(channel))
	}
	if err := b.AwaitQuiet(ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	picture, err := render.PNG(ctx, anna.Transcript(channel), render.Options{Header: true, Start: time.Date(2026, 3, 2, 9, 41, 0, 0, time.UTC)})
	if errors.Is(err, render.ErrUnavailable) {
		testbin.Missing(t, "chromium", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil || img.Bounds().Dx() < 1000 || img.Bounds().Dy() < 800 {
		t.Errorf("%v, %v", img.Bounds(), err)
	}
	if *update {
		path := filepath.Join(testbin.Root(), "docs", "pictures", "conversation.png")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, picture, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

const weatherCode = `
import json
import matplotlib.pyplot as plt
df = load_file('ID')
df['month'] = df['date'].dt.to_period('M').dt.to_timestamp()
monthly = df.groupby('month').agg(rain=('precipitation', 'sum'), high=('temp_max', 'mean'))
fig, ax = plt.subplots(figsize=(9, 4))
ax.bar(monthly.index, monthly.rain, width=25, color='#8fb8de', label='rain (mm)')
line = ax.twinx()
line.plot(monthly.index, monthly.high, color='#d1495b', lw=2, label='mean high (°C)')
ax.set_ylabel('rain (mm a month)'); line.set_ylabel('mean high (°C)')
ax.set_title('Seattle, 2012 to 2015'); fig.legend(loc='upper left', bbox_to_anchor=(.125, .88))
ax.set_ylim(0, 380); line.set_ylim(3, 36)
years = df.groupby(df['date'].dt.year)['temp_max'].mean()
means = df.groupby(df['date'].dt.month_name())['temp_max'].mean()
wet = monthly.rain.idxmax()
print(json.dumps({'Rows': len(df), 'First': str(df.date.min().date()), 'Last': str(df.date.max().date()),
                  'Hot': means.idxmax(), 'Cold': means.idxmin(), 'Year': int(years.idxmax()), 'High': years.max(), 'Wet': wet.strftime('%B %Y')}))
`
