package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
)

// refusal is what a server says when it refuses, in its own words.
type refusal struct {
	Server string
	API    llm.API // empty: chat completions
	Means  string
	Status int
	Body   json.RawMessage
	Source string
}

func refusals(t *testing.T) []refusal {
	t.Helper()
	b, err := os.ReadFile("testdata/refusals.json")
	var all []refusal
	if err := errors.Join(err, json.Unmarshal(b, &all)); err != nil {
		t.Fatal(err)
	}
	return all
}

// refusing answers the first request with a refusal and all others with "OK.".
// It returns the bodies of the requests.
func refusing(t *testing.T, r refusal) (string, *[]string) {
	t.Helper()
	var bodies []string
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		if !strings.HasSuffix(req.URL.Path, "/chat/completions") && !strings.HasSuffix(req.URL.Path, "/messages") {
			http.NotFound(w, req)
			return
		}
		bodies = append(bodies, string(b))
		if len(bodies) == 1 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(r.Status)
			w.Write(r.Body)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		if r.API == llm.Messages {
			io.WriteString(w, "data: "+`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"OK."}}`+"\n\ndata: "+`{"type":"message_stop"}`+"\n\n")
			return
		}
		io.WriteString(w, "data: "+delta(`{"content":"OK."}`)+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(hs.Close)
	return hs.URL + "/v1", &bodies
}

// Each refusal leads to what it asks for, and none takes tools or images from
// the next request that it did not mean.
func TestRefusalsMeanWhatTheyMean(t *testing.T) {
	has := func(body, what string) bool { return strings.Contains(body, what) }
	for _, c := range refusals(t) {
		t.Run(c.Server+" "+c.Means+string(c.API), func(t *testing.T) {
			base, bodies := refusing(t, c)
			m := dial(t, client.Options{BaseURL: base, API: c.API})
			req := everything(t)
			req.MaxOutput = 16384
			for _, name := range append([]string{"github__search"}, fillers()...) {
				req.Tools = append(req.Tools, llm.Tool{Name: name, Description: "Searches.", Parameters: json.RawMessage(`{"type":"object"}`)})
			}
			req.Messages[2].Model = "test-model"
			req.Messages[2].Kept = &llm.Kept{Fields: map[string]json.RawMessage{"reasoning_content": json.RawMessage(`"I think."`)}}
			if c.API == llm.Messages {
				req.Messages[2].Kept = &llm.Kept{Blocks: []json.RawMessage{[]byte(`{"type":"thinking","thinking":"I think.","signature":"EqQB"}`),
					[]byte(`{"type":"text","text":"I run it."}`), []byte(`{"type":"tool_use","id":"call_1","name":"execute_python_code","input":{}}`)}}
			}
			means, tool, _ := strings.Cut(c.Means, ":")
			reply, _, err := generate(t, m, req)
			if got := errors.Is(err, llm.ErrContext); got != (means == "toolong") {
				t.Fatalf("ErrContext is %v: %v", got, err)
			}
			if err != nil && means != "toolong" && means != "credit" && means != "responses" && means != "model" {
				t.Errorf("not answered: %v", err)
			}
			if tries := len(*bodies); (means == "credit" || means == "model") && (err == nil || tries != 1) {
				t.Errorf("%v after %d tries", err, tries)
			}
			if _, _, err := generate(t, m, req); err != nil {
				t.Fatal(err)
			}
			next := (*bodies)[len(*bodies)-1]
			if got := !has(next, `"tools"`); got != (means == "TOOLS") {
				t.Errorf("later requests go without tools: %v", got)
			}
			if got := !has(next, `"image_url"`) && !has(next, `"type":"image"`); got != (means == "IMAGES") {
				t.Errorf("later requests go without images: %v", got)
			}
			for m, part := range map[string]string{"user": `"u1"`, "stream": `"stream":true`, "schema": `"name":"github__search"`, "count": `"name":"filler129"`, "ids": `"call_1"`} {
				if means != "TOOLS" && has(next, part) == (means == m) {
					t.Errorf("%q is in the next request: %v", part, has(next, part))
				}
			}
			if tool != "" && (len(reply.Unsupported) != 1 || reply.Unsupported[0].Tool != tool || reply.Unsupported[0].Reason == "") {
				t.Errorf("Unsupported = %+v", reply.Unsupported)
			}
			for _, said := range []string{"Be brief.", "What does it print?", "print(41)", "it printed 41", "It is noon.", "Anna: And this?"} {
				if !has(next, said) {
					t.Errorf("%q is missing in %s", said, next)
				}
			}
		})
	}
}

// fillers are names of tools, to more than any server takes.
func fillers() []string {
	var names []string
	for i := range 130 {
		names = append(names, fmt.Sprintf("filler%03d", i))
	}
	return names
}
