package tokens_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/attachebot/attache/tokens"
)

func Example() {
	model := tokens.ForModel("openai/gpt-4o")
	n := model.Count("The quick brown fox jumps over the lazy dog.")
	cost, _ := model.Cost(tokens.Usage{Input: n, Output: 200}, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	fmt.Println(n, "tokens; with 200 of an answer", cost)
	// Output: 10 tokens; with 200 of an answer $0.002025
}

func ExampleEncoding_Encode() {
	ids := tokens.O200KBase.Encode("Hello, 世界!")
	text, err := tokens.O200KBase.Decode(ids)
	fmt.Println(len(ids), text, err)
	// Output: 4 Hello, 世界! <nil>
}

func ExampleEncoding_CountUpTo() {
	long := strings.Repeat("All work and no play makes Jack a dull boy. ", 1_000_000)
	n, ok := tokens.O200KBase.CountUpTo(long, 1000)
	fmt.Println(n, ok)
	// Output: 1000 false
}

func ExampleEncoding_Truncate() {
	fmt.Println(tokens.O200KBase.Truncate("The quick brown fox jumps over the lazy dog.", 4))
	// Output: The quick brown fox
}

func ExampleCounter() {
	c := tokens.CL100KBase.NewCounter()
	io.Copy(c, strings.NewReader("The quick brown fox "))
	fmt.Println(c.Count())
	c.WriteString("jumps over the lazy dog.")
	fmt.Println(c.Count())
	// Output:
	// 5
	// 10
}

func ExampleModel_CountRequest() {
	var req tokens.Request
	err := json.Unmarshal([]byte(`{
		"model": "gpt-4o",
		"messages": [
			{"role": "system", "content": "You describe pictures."},
			{"role": "user", "content": [
				{"type": "text", "text": "What is this?"},
				{"type": "image_url", "image_url": {"url": "https://example.com/a.png", "width": 1024, "height": 1024}}
			]}
		]
	}`), &req)
	if err != nil {
		fmt.Println(err)
		return
	}
	b := tokens.ForModel(req.Model).CountRequest(req)
	fmt.Println("text", b.Text.Tokens, "images", b.Images.Tokens, "overhead", b.Overhead.Tokens)
	fmt.Println("total", b.Total().Tokens, "exact", b.Total().Exact)
	// Output:
	// text 8 images 765 overhead 11
	// total 784 exact true
}

func ExampleModel_Trim() {
	req := tokens.Request{Messages: []tokens.Message{
		tokens.Text("system", "Be brief."),
		tokens.Text("user", "A long story: "+strings.Repeat("and then ", 1000)),
		tokens.Text("assistant", "I see."),
		tokens.Text("user", "What did I tell you?"),
	}}
	req, ok := tokens.ForModel("gpt-4o").Trim(req, 100)
	fmt.Println(len(req.Messages), ok)
	// Output: 3 true
}

func ExampleCatalog_With() {
	catalog, err := tokens.BuiltIn().With([]byte(`{"models": {
		"acme/large": {"window": 32000, "prices": [{"input": 0.5, "cached": 0.05, "output": 2}]}
	}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	cost, known := catalog.Model("acme/large").Cost(tokens.Usage{Input: 10_000, Cached: 8_000, Output: 500}, time.Now())
	fmt.Println(cost, known)
	_, known = catalog.Model("acme/small").Cost(tokens.Usage{Input: 10_000}, time.Now())
	fmt.Println(known)
	// Output:
	// $0.0024 true
	// false
}

func ExampleParseDiscordLink() {
	link, ok := tokens.ParseDiscordLink("https://cdn.discordapp.com/attachments/1/2/chart.png?ex=65d903de&is=65c68ede&hm=00")
	fmt.Println(ok, link.Filename, link.Expires.Format(time.DateOnly), link.Expired(time.Now()))
	// Output: true chart.png 2024-02-23 true
}
