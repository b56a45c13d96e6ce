package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
)

// demo is a conversation with everything that can be drawn.
func demo(t *testing.T) (all, files discordtest.Transcript) {
	t.Helper()
	s := discordtest.New(t)
	guild := s.AddGuild("Acme")
	anna, ben := s.AddUser("anna"), s.AddUser("ben")
	guild.AddMember(anna, guild.AddRole("Analysts", 0xf1c40f, 0))
	guild.AddMember(ben)
	general := guild.Channel("general")
	call := func(path, payload string, uploads ...string) {
		t.Helper()
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		w.WriteField("payload_json", payload)
		for i := 0; i < len(uploads); i += 2 {
			part, _ := w.CreateFormFile(fmt.Sprintf("files[%d]", i/2), uploads[i])
			io.WriteString(part, uploads[i+1])
		}
		w.Close()
		req, _ := http.NewRequest("POST", s.RESTURL()+path, &body)
		req.Header.Set("Content-Type", w.FormDataContentType())
		req.Header.Set("Authorization", "Bot "+s.Token())
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode >= 300 {
			raw, _ := io.ReadAll(res.Body)
			t.Fatalf("%d %s", res.StatusCode, raw)
		}
		io.Copy(io.Discard, res.Body)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	q, err := anna.Send(general, s.Bot().Mention()+" Analyze this data and show me the **revenue by month**", discordtest.File{Name: "sales 2024.csv", Data: make([]byte, 2_621_440)})
	if err != nil {
		t.Fatal(err)
	}
	call(fmt.Sprintf("/channels/%d/messages", general.ID), fmt.Sprintf(`{"message_reference":{"message_id":"%d"},"content":%q}`, q.ID,
		"📊 **sales 2024.csv** · File saved! ID: `174_1700000000_1a2b3c4d`\n-# ⏰ Expires in 48h"))
	call(fmt.Sprintf("/channels/%d/messages", general.ID), fmt.Sprintf(`{"content":%q,"components":[{"type":1,"components":[{"type":2,"style":2,"label":"Code","emoji":{"name":"📜"},"custom_id":"a"},{"type":2,"style":2,"label":"Retry","emoji":{"name":"🔁"},"custom_id":"b"},{"type":2,"style":1,"label":"Stop","emoji":{"name":"⏹"},"custom_id":"c","disabled":true},{"type":2,"style":5,"label":"Docs","url":"https://example.org"}]}]}`,
		"## Sales in 2024\nThere are **1,204 rows** and *6 columns*, from `2024-01-02` to `2024-12-30`.\n\n- Best month: **November**, $84,210\n- Worst month: **February**, $31,004\n  - two days are missing\n1. Sort by revenue\n2. Drop duplicates\n> Revenue is net of returns.\n```py\nmonthly = df.groupby('month')['revenue'].sum()  # in USD\nprint(monthly.describe())\n```\n```\n| month | revenue |\n|-------|---------|\n| Jan   |  41,200 |\n| Feb   |  31,004 |\n```\nMore in the [guide](https://example.org), ask <@"+ben.ID.String()+"> ~~today~~ <t:1730000000:D> 🎉"),
		"revenue.png", chart(640, 360), "share.png", chart(480, 480))
	if err := ben.React(q, "👍"); err != nil {
		t.Fatal(err)
	}
	m, err := ben.Send(general, "🎉")
	if err != nil {
		t.Fatal(err)
	}
	_, err = anna.Reply(m, "Thank you both!")
	if err != nil {
		t.Fatal(err)
	}
	register(t, s)
	it, err := anna.Command(general, "files")
	if err != nil {
		t.Fatal(err)
	}
	call(fmt.Sprintf("/interactions/%d/%s/callback", it.ID, it.Token), `{"type":4,"data":{"flags":64,"embeds":[{"title":"📁 Your Files","description":"You have 2 file(s)","color":5793266,
		"fields":[{"name":"📊 sales 2024.csv","value":"Type: csv • Size: 2.5 MB\nUploaded: 2024-10-01 10:30 • ⏰ 36h left"},{"name":"🖼️ revenue.png","value":"Type: image • Size: 48 KB\nUploaded: 2024-10-01 10:31 • ♾️ Never expires"},
		{"name":"Rows","value":"1,204","inline":true},{"name":"Columns","value":"6","inline":true},{"name":"Missing","value":"0","inline":true}],
		"footer":{"text":"Files expire after 48 hours"},"image":{"url":"attachment://p.png"}}],
		"components":[{"type":1,"components":[{"type":3,"custom_id":"file","placeholder":"Choose a file","options":[{"label":"sales 2024.csv","value":"1","emoji":{"name":"📊"}}]}]},
		{"type":1,"components":[{"type":2,"style":3,"label":"Download","emoji":{"name":"⬇️"},"custom_id":"d"},{"type":2,"style":4,"label":"Delete","emoji":{"name":"🗑️"},"custom_id":"x"}]}]}}`,
		"p.png", chart(400, 160))
	it2, err := anna.Command(general, "files")
	if err != nil {
		t.Fatal(err)
	}
	call(fmt.Sprintf("/interactions/%d/%s/callback", it2.ID, it2.Token), `{"type":5,"data":{"flags":64}}`)
	call(fmt.Sprintf("/channels/%d/messages", general.ID), `{"flags":32768,"components":[{"type":17,"accent_color":5793266,"components":[{"type":10,"content":"### Components V2\nwith a **container**"},{"type":14},
		{"type":9,"components":[{"type":10,"content":"A section with a button"}],"accessory":{"type":2,"style":2,"label":"Open","custom_id":"o"}},{"type":12,"items":[{"media":{"url":"attachment://c.png"}}]},{"type":13,"file":{"url":"attachment://d.csv"}}]}]}`,
		"c.png", chart(300, 120), "d.csv", "a,b")
	call(fmt.Sprintf("/channels/%d/typing", general.ID), `{}`)
	all = anna.Transcript(general)
	files = all
	files.Messages = all.Messages[5:6]
	files.Typing = nil
	return all, files
}

func register(t *testing.T, s *discordtest.Server) {
	req, _ := http.NewRequest("PUT", fmt.Sprintf("%s/applications/%d/commands", s.RESTURL(), s.ApplicationID()), strings.NewReader(`[{"name":"files","description":"Your files"}]`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bot "+s.Token())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// chart is a picture with bars.
func chart(w, h int) string {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			bar := x * 12 / w
			if x%(w/12) > w/60 && y > h-20-(bar*7%11+2)*h/16 && y < h-20 {
				c = color.RGBA{0x4c, 0x72, 0xb0, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	png.Encode(&b, img)
	return b.String()
}

func TestPNG(t *testing.T) {
	all, files := demo(t)
	for name, transcript := range map[string]discordtest.Transcript{"all": all, "files": files} {
		// through JSON, as a program would hand it over
		data, err := json.Marshal(transcript)
		if err != nil {
			t.Fatal(err)
		}
		var read discordtest.Transcript
		if err := json.Unmarshal(data, &read); err != nil {
			t.Fatal(err)
		}
		picture, err := PNG(t.Context(), read, Options{Header: name == "all", Start: time.Date(2024, 10, 1, 10, 30, 0, 0, time.UTC)})
		if errors.Is(err, ErrUnavailable) {
			if slices.Contains(strings.Split(os.Getenv("REQUIRE"), ","), "chromium") {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if dir := os.Getenv("PICTURES"); dir != "" { // to look at them
			if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		img, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		size := img.Bounds().Size()
		if size.X != 2*760 || size.Y < 400 {
			t.Errorf("%s: %v", name, size)
		}
		for what, want := range map[string]color.RGBA{"background": {0x31, 0x33, 0x38, 255}, "embed or file": {0x2b, 0x2d, 0x31, 255}, "chart": {0x4c, 0x72, 0xb0, 255}, "red button": {0xda, 0x37, 0x3c, 255}} {
			if n := count(img, want); n < 2000 {
				t.Errorf("%s: %d pixels of the %s", name, n, what)
			}
		}
	}
}

func count(img image.Image, want color.RGBA) int {
	n := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if color.RGBAModel.Convert(img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y)) == want {
				n++
			}
		}
	}
	return n
}
