package discord

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/transcribe"
)

func voice(d time.Duration) discordtest.File {
	return discordtest.File{Name: "voice-message.ogg", Data: []byte("OggS\x00 opus"), Type: "audio/ogg", Voice: d}
}

// A voice message is a question, and one that is replied to is read; both cost
// what they cost.
func TestStoryVoiceMessage(t *testing.T) {
	said := "What is seven times six?"
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, _, err := r.FormFile("file"); err != nil {
			t.Error(err)
		}
		fmt.Fprintf(rw, `{"text":%q,"usage":{"type":"duration","seconds":6}}`, said)
	}))
	t.Cleanup(server.Close)
	ears := transcribe.New(server.URL, "", "whisper-1")
	t.Cleanup(ears.Close)
	w := newBench(t, setup{assistant: assistant.Options{BurstTime: time.Millisecond, Ears: ears}})
	w.answerTo(must(w.anna.Send(w.anna.DM(), "", voice(6*time.Second)))(w))
	if got := w.modelGot(); got != said && !strings.HasSuffix(got, ": "+said) {
		t.Errorf("the model got %q", got)
	}
	if n := w.countFiles(w.anna); n != 0 {
		t.Errorf("what was heard is kept as %d files", n)
	}
	said = "We meet at four."
	m := must(w.bert.Send(w.general, "", voice(3*time.Second)))(w)
	w.answerTo(must(w.anna.Reply(m, w.Bot().Mention()+" when?"))(w))
	if got := w.modelGot(); !strings.Contains(got, "[In reply to bert: We meet at four.]") {
		t.Errorf("the model got %q", got)
	}
	rows := must(w.engine.Usage(w.ctx, ledger.Query{User: files.UserID(w.anna.ID), ByModel: true}))(w)
	for _, r := range rows {
		if r.Model == "whisper-1" && r.Requests == 2 && r.Cost == 1_200_000 {
			return
		}
	}
	t.Errorf("the cost is not kept: %+v", rows)
}

// Where nobody can listen, that is said, and the file is there for code.
func TestStoryVoiceMessageUnheard(t *testing.T) {
	w := caseBench(t)
	must(w.anna.Send(w.anna.DM(), "", voice(6*time.Second)))(w)
	w.await(w.anna.DM(), discordtest.FromBot, discordtest.Contains("I can't listen to voice messages here. Please write"))
	if len(w.model.Requests()) != 0 || w.countFiles(w.anna) != 1 {
		t.Errorf("%d requests, %d files", len(w.model.Requests()), w.countFiles(w.anna))
	}
}
