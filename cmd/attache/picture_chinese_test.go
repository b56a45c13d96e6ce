package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/discordtest/render"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/testbin"
)

// TestPictureChinese draws an answer in Chinese with four charts and a wide table:
// the charts are made by the real Python, and shown whole; nothing is a box.
func TestPictureChinese(t *testing.T) {
	b := serve(t, nil)
	ctx := discordtest.Context(t)
	guild := b.AddGuild("数据分析")
	anna := b.AddUser("lin")
	guild.AddMember(anna)
	channel := guild.AddChannel("销售")
	b.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if last := r.Last(); last.Role == "tool" {
			if !strings.Contains(last.Text, "四张图") {
				return llmtest.Reply{Text: "The code failed: " + last.Text}
			}
			return llmtest.Reply{Text: chineseAnswer() + "\n\n[?] 哪个地区增长最快？\n[?] 预测下个季度的销售额"}
		}
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c1", "execute_python_code", map[string]string{"code": chineseCode})}}
	}
	m, err := anna.Send(channel, b.Bot().Mention()+" 请分析今年各地区的销售情况，并画四张图。")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.AwaitMessage(ctx, channel, discordtest.FromBot, discordtest.After(m), discordtest.HasFile, discordtest.HasButton("📜 Code")); err != nil {
		t.Fatalf("%v\n%+v", err, b.Messages(channel))
	}
	if err := b.AwaitQuiet(ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	fonts, err := filepath.Glob(filepath.Join(os.Getenv("DATA_DIR"), "python", "env-*", "lib", "python*", "site-packages", "noto_cjk_*", "*.otf"))
	if err != nil || len(fonts) == 0 {
		t.Fatalf("no font for Chinese in the environment: %v", err)
	}
	charts, tables := 0, 0
	for _, m := range b.Messages(channel) {
		for _, c := range m.Components {
			if c.Type == discordtest.MediaGallery && len(c.Items) != 1 {
				t.Errorf("%d pictures are in one gallery, which Discord crops", len(c.Items))
			}
		}
		for _, f := range m.Files {
			switch {
			case strings.HasPrefix(f.Filename, "table-"):
				tables++
				if !strings.Contains(f.Description, "华东") {
					t.Errorf("the table's description is %q", f.Description)
				}
			case f.Width != nil:
				charts++
				if !strings.Contains(f.Description, "销售") {
					t.Errorf("a chart's description is %q", f.Description)
				}
			}
		}
	}
	if charts != 4 || tables != 1 {
		t.Errorf("%d charts and %d tables are shown", charts, tables)
	}
	picture, err := render.PNG(ctx, anna.Transcript(channel), render.Options{Header: true, Font: fonts[0], Start: time.Date(2026, 3, 2, 9, 41, 0, 0, time.UTC)})
	if errors.Is(err, render.ErrUnavailable) {
		testbin.Missing(t, "chromium", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(picture)); err != nil || img.Bounds().Dy() < 2000 {
		t.Errorf("%v, %v", img.Bounds(), err)
	}
	if *update {
		if err := os.WriteFile(filepath.Join(testbin.Root(), "docs", "pictures", "chinese.png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func chineseAnswer() string {
	var b strings.Builder
	b.WriteString("今年**华东**的销售额最高，**西南**增长最快（+23%）。各地区的数据如下：\n\n| 地区 | 第一季度 | 第二季度 | 第三季度 | 第四季度 | 全年 | 同比 | 说明 |\n|---|---:|---:|---:|---:|---:|---:|---|\n")
	for i, region := range []string{"华东", "华南", "华北", "华中", "西南", "西北", "东北", "港澳台"} {
		base := 1200 - 110*i
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | +%d%% | 第%d季度因促销活动而明显增长，其余月份保持平稳 |\n",
			region, base, base+40, base+95, base+160, 4*base+295, 5+(i*7)%19, 1+i%4)
	}
	b.WriteString("\n建议在下一季度增加对西南地区的投入。")
	return b.String()
}

const chineseCode = `
import matplotlib.pyplot as plt
regions = ['华东', '华南', '华北', '西南']
quarters = ['第一季度', '第二季度', '第三季度', '第四季度']
data = [[1200, 1240, 1295, 1360], [1090, 1130, 1185, 1250], [980, 1020, 1075, 1140], [760, 800, 855, 935]]
for n, kind in enumerate(['line', 'bar', 'pie', 'area']):
    fig, ax = plt.subplots(figsize=(8, 4.2))
    if kind == 'line':
        for r, d in zip(regions, data):
            ax.plot(quarters, d, marker='o', label=r)
        ax.set_ylabel('销售额（万元）'); ax.legend(); ax.set_title('各地区季度销售额')
    elif kind == 'bar':
        ax.bar(regions, [sum(d) for d in data], color='#4c72b0'); ax.set_ylabel('万元'); ax.set_title('全年销售额')
    elif kind == 'pie':
        ax.pie([sum(d) for d in data], labels=regions, autopct='%.0f%%'); ax.set_title('销售额占比')
    else:
        ax.stackplot(quarters, data, labels=regions); ax.legend(loc='upper left'); ax.set_title('累计销售额')
    plt.savefig(f'销售图{n + 1}.png'); plt.close(fig)
print('四张图')
`
