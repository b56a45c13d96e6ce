package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// refusal is what a server says when it refuses, in its own words.
type refusal struct {
	Server string
	API    llm.API // empty: chat completions
	Means  string
	Status int
	Body   json.RawMessage
	Source string
	Wait   string // how long it says to wait
	Room   int    // how long an answer it leaves room for
	Window *int   // what it says a request may have; 0: nothing
}

func (r refusal) name() string { return r.Server + " " + r.Means + string(r.API) }

func refusals(t *testing.T) []refusal {
	t.Helper()
	b, err := os.ReadFile("testdata/refusals.json")
	var all []refusal
	if err := errors.Join(err, json.Unmarshal(b, &all)); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Source == "" {
			t.Errorf("%s has no source", r.name())
		}
	}
	return all
}

// refusing answers the first requests with a refusal and all others with "OK.".
// It returns the bodies of the requests.
func refusing(t *testing.T, r refusal, times int) (string, *[]string) {
	t.Helper()
	var bodies []string
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		if !strings.HasSuffix(req.URL.Path, "/chat/completions") && !strings.HasSuffix(req.URL.Path, "/messages") {
			http.NotFound(w, req)
			return
		}
		bodies = append(bodies, string(b))
		if len(bodies) <= times {
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
		t.Run(c.name(), func(t *testing.T) {
			base, bodies := refusing(t, c, 1)
			m := dial(t, client.Options{BaseURL: base, API: c.API, MaxWait: 10 * time.Millisecond})
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
			var long *llm.ContextError
			if c.Window != nil && (!errors.As(err, &long) || long.Window != *c.Window) {
				t.Errorf("the window is %d: %v", *c.Window, long)
			}
			final := slices.Contains([]string{"credit", "model", "filter", "denied", "memory"}, means) || c.Wait != ""
			if err != nil && !final && means != "toolong" && means != "responses" {
				t.Errorf("not answered: %v", err)
			}
			if tries := len(*bodies); final && (err == nil || tries != 1) {
				t.Errorf("%v after %d tries", err, tries)
			}
			if room := strconv.Itoa(c.Room); c.Room > 0 && (len(*bodies) < 2 || !has((*bodies)[1], `tokens":`+room+",") && !has((*bodies)[1], `tokens":`+room+"}")) {
				t.Fatalf("not asked for %s tokens: %.3000s", room, (*bodies)[len(*bodies)-1])
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

// What made no request succeed teaches nothing.
func TestALackIsLearnedAfterSuccess(t *testing.T) {
	s := &llmtest.Server{}
	s.Push(llmtest.Reply{Status: 400, Message: "gemma3 does not support tools"}, llmtest.Reply{Status: 402, Message: "Insufficient Balance"})
	m := connect(t, s, client.Options{Retries: -1})
	req := ask("hi")
	req.Tools = []llm.Tool{pythonTool}
	if _, _, err := generate(t, m, req); !fault.Is(err, fault.Exhausted) {
		t.Errorf("%v", err)
	}
	reply, text, err := generate(t, m, req)
	all := s.Requests()
	if err != nil || text != "OK." || len(reply.Unsupported) > 0 || len(all) != 3 || len(all[1].Tools) != 0 || len(all[2].Tools) != 1 {
		t.Errorf("%q, %+v, %v in %d requests", text, reply, err, len(all))
	}
}

// What a person reads of a refusal that nothing helps against.
func TestRefusalsInWords(t *testing.T) {
	told := map[string]struct {
		kind  fault.Kind
		words string
	}{
		"rate": {fault.Exhausted, "gets too many requests"}, "credit": {fault.Exhausted, "has no credit left"}, "filter": {fault.Denied, "its rules about content"},
		"denied": {fault.Denied, "denied the request"}, "model": {fault.Invalid, "has no model named"}, "memory": {fault.Unavailable, "too little memory"}, "retry": {fault.Unavailable, ""},
	}
	seen := 0
	for _, c := range refusals(t) {
		want, ok := told[c.Means]
		if !ok {
			continue
		}
		seen++
		t.Run(c.name(), func(t *testing.T) {
			base, bodies := refusing(t, c, 1000)
			_, _, err := generate(t, dial(t, client.Options{BaseURL: base, API: c.API, Retries: -1}), everything(t))
			if said := fault.Message(err); fault.KindOf(err) != want.kind || !strings.Contains(said, want.words) || len(*bodies) != 1 {
				t.Errorf("%d requests, %v: %q", len(*bodies), fault.KindOf(err), said)
			}
			if c.Wait == "" {
				return
			}
			wait, err2 := time.ParseDuration(c.Wait)
			if said := fault.Message(err); err2 != nil || !strings.Contains(said, " in "+wait.Round(time.Second).String()+".") {
				t.Errorf("%q does not say %s", said, c.Wait)
			}
		})
	}
	if seen < 50 {
		t.Errorf("only %d refusals", seen)
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
