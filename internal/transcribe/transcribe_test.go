package transcribe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
)

// The form is the documented one, and answers of all servers are read.
func TestTranscribe(t *testing.T) {
	answer, status := "", 200
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.URL.Path != "/v1/audio/transcriptions" || r.Header.Get("Authorization") != "Bearer key" {
			t.Errorf("got %s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		f, h, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		data, _ := io.ReadAll(f)
		if h.Filename != "voice-message.ogg" || string(data) != "OggS" && len(data) < 1000 || r.FormValue("model") != "m" || r.FormValue("response_format") != "json" {
			t.Errorf("got %q with %.20q, model %q", h.Filename, data, r.FormValue("model"))
		}
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	defer s.Close()
	c := New(s.URL+"/v1/", "key", "m")
	defer c.Close()
	for _, x := range []struct {
		status int
		answer string
		want   Transcript
		kind   fault.Kind
		says   string
	}{
		{200, `{"text":" Hello. ","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":45,"total_tokens":59}}`, Transcript{Text: "Hello.", Input: 14, Output: 45}, 0, ""},
		{200, `{"text":"Hello.","usage":{"type":"duration","seconds":9}}`, Transcript{Text: "Hello.", Seconds: 9}, 0, ""},
		{200, `{"text":"Hello.","duration":2.5,"language":"english"}`, Transcript{Text: "Hello.", Seconds: 2.5}, 0, ""},
		{200, `{"text":"Hello."}`, Transcript{Text: "Hello."}, 0, ""},
		{200, `{"text":""}`, Transcript{}, fault.Invalid, "I heard nothing"},
		{200, `{}`, Transcript{}, fault.Unavailable, "gave no text"},
		{200, `<html>`, Transcript{}, fault.Unavailable, "gave no text"},
		{404, `{"error":{"message":"Not Found"}}`, Transcript{}, fault.Invalid, "I can't listen to voice messages here"},
		{404, `404 page not found`, Transcript{}, fault.Invalid, "I can't listen to voice messages here"}, // Ollama
		{400, `{"error":{"message":"model m does not exist"}}`, Transcript{}, fault.Invalid, "I can't listen to voice messages here"},
		{401, `{}`, Transcript{}, fault.Invalid, "I can't listen to voice messages here"},
		{501, ``, Transcript{}, fault.Invalid, "I can't listen to voice messages here"},
		{400, `{"error":{"message":"Audio file might be corrupted or unsupported"}}`, Transcript{}, fault.Invalid, "could not make out"},
		{429, `{}`, Transcript{}, fault.Exhausted, "too much to do"},
		{503, `{}`, Transcript{}, fault.Unavailable, "failed"},
	} {
		status, answer = x.status, x.answer
		got, err := c.Transcribe(context.Background(), "voice-message.ogg", strings.NewReader("OggS"))
		if x.says == "" && (err != nil || got != x.want) || x.says != "" && (fault.KindOf(err) != x.kind || !strings.Contains(fault.Message(err), x.says)) {
			t.Errorf("%d %s: got %+v, %v", x.status, x.answer, got, err)
		}
	}
	if _, err := c.Transcribe(context.Background(), "a.ogg", io.LimitReader(zeros{}, MaxSize+1)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a large one: %v", err)
	}
	if _, err := c.Transcribe(context.Background(), "a.ogg", failing{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("one that can't be read: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestCost(t *testing.T) {
	for model, want := range map[string]int64{"whisper-1": 600_000, "gpt-transcribe": 600_000, "gpt-4o-transcribe": 485_000,
		"gpt-4o-mini-transcribe": 242_500, "gpt-4o-mini-transcribe-2025-12-15": 242_500} {
		if got, ok := New("", "", model).Cost(Transcript{Seconds: 6, Input: 14, Output: 45}); got != want || !ok {
			t.Errorf("%s: %d", model, got)
		}
	}
	for model, tr := range map[string]Transcript{"whisper-large-v3": {Seconds: 6}, "whisper-1": {Input: 3}, "gpt-4o-transcribe": {Seconds: 6}} {
		if _, ok := New("", "", model).Cost(tr); ok {
			t.Errorf("%s: %+v has a cost", model, tr)
		}
	}
}
