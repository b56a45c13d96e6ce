package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// A stop while a person is asked ends within the ten seconds that `docker stop`
// waits, and whoever was asked is told.
func TestStopWithAnOpenQuestion(t *testing.T) {
	b := serve(t, map[string]string{"SANDBOX_POOL": "0"})
	b.model.Answer = func(llmtest.Request) llmtest.Reply {
		return llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c", "execute_python_code", `{"code":"delete_file(list_user_files()[0]['file_id'])"}`)}}
	}
	anna := b.AddUser("anna")
	b.AddGuild("Acme").AddMember(anna)
	if _, err := anna.Send(anna.DM(), "Delete it.", discordtest.File{Name: "sales.csv", Data: []byte(salesCSV)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(discordtest.Context(t), 90*time.Second)
	defer cancel()
	if _, err := b.AwaitMessage(ctx, anna.DM(), discordtest.FromBot, discordtest.Contains("Are you sure you want to delete")); err != nil {
		for _, m := range b.Messages(anna.DM()) {
			t.Log(m.Text())
		}
		t.Fatal(err)
	}
	began := time.Now()
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	} else {
		t.Logf("stopped after %s", took)
	}
	all := b.Messages(anna.DM())
	if !slices.ContainsFunc(all, func(m discordtest.Message) bool {
		return strings.Contains(m.Text(), "I had to stop for a moment, so this answer ends here")
	}) {
		for _, m := range all {
			t.Logf("%s", m.Text())
		}
		t.Error("whoever was asked is not told")
	}
}
