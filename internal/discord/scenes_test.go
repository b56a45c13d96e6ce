package discord

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/discordtest/render"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/testbin"
)

// Forty-six scenes of a server full of people, and the tests that play them: here, in
// the packages below, and with the real sandbox in cmd/attache.
//
//	ATTACHE_SCENES=FOLDER go test ./internal/discord -run 'Scene|Story|Case'
//
// draws what is seen at the end of each, on a phone and on a desktop.
var scenes = []struct {
	what  string
	tests string
}{
	1:  {"a mention, a CSV and a question", "TestStoryAnalyzeThisData"},
	2:  {"a file in direct messages, without words", "TestStoryOnlyFiles TestStoryAnalyzeButton"},
	3:  {"a mention and a picture, without words", "TestScenePictureAlone"},
	4:  {"a file, then a question about the file just posted", "TestCaseFileJustPosted"},
	5:  {"a question in reply to somebody's file", "TestStoryReplyToSomebodyElse"},
	6:  {"the same, four times", "TestCaseOneFileAskedAboutAgain"},
	7:  {"a reply with nothing but the mention", "TestCaseBareMentionInAReply"},
	8:  {"a reply to an embed", "TestCaseReplyToAnEmbed"},
	9:  {"a reply to message.txt", "TestCaseReplyToAPastedText"},
	10: {"a reply to a forward", "TestCaseReplyToAForward"},
	11: {"a reply to a long message", "TestSays"},
	12: {"a reply to a reply to a reply", "TestSays TestStoryReplyChains"},
	13: {"a forward to direct messages", "TestStoryForwarded"},
	14: {"an own paste of 2,500 characters", "TestStoryLongMessage"},
	15: {"a pasted picture and a question", "TestDiscordPictures"},
	16: {"a voice message", "TestStoryVoiceMessage TestStoryVoiceMessageUnheard"},
	17: {"stickers and polls", "TestSays TestSceneReplyToAPollAndToNothing"},
	18: {"ten attachments", "TestStoryTenUploads TestSceneTenOfOneName"},
	19: {"the same file again", "TestStorySameFileAgain TestStorySameContentTwice"},
	20: {"the fifth analysis, and the sixth", "TestCaseSixAnalyses"},
	21: {"a chart at the limit of files", "TestCaseChartAtTheLimit"},
	22: {"somebody joins a conversation about a file", "TestCaseSharedFile TestStoryOwnerIsAskedInTheThread"},
	23: {"two ask at once in a thread", "TestSceneTwoAtOnce"},
	24: {"people chat in a thread after a mention", "TestCaseThreadOfPeople TestOnlyWhenMentioned"},
	25: {"a thread is to be summed up", "TestCaseThreadBeforeTheMention TestStoryCatchUp"},
	26: {"a post in a forum", "TestForumPost TestScenePostThatAsks"},
	27: {"a wide table", "TestStoryWideTables TestStoryWideTableOfCode"},
	28: {"a wide table in Chinese", "TestPictureChinese"},
	29: {"a chart in Chinese", "TestCaseChartInChinese TestPictureChinese"},
	30: {"talk in Chinese, Arabic and emoji", "TestSceneScripts"},
	31: {"LaTeX", "TestCaseLaTeX TestStoryFormulas"},
	32: {"long code", "TestStoryLongCode TestStoryLongAnswer"},
	33: {"an edited question, and an edit that adds the mention", "TestStoryEditedQuestion TestSceneEditAddsTheMention"},
	34: {"a question that is deleted", "TestCaseDeletedQuestion TestWithdrawn TestScenePurge"},
	35: {"a bare ping", "TestStoryNothingAsked"},
	36: {"a mention in mid-sentence", "TestSceneMidSentence"},
	37: {"Stop and Retry", "TestStoryStop TestCaseRetryReplaces"},
	38: {"buttons pressed by somebody else", "TestStoryCode TestSceneForeignButtons"},
	39: {"kicked, locked out, the channel deleted, while it works", "TestSceneShutOut TestSceneTornAway TestStoryAnswerDeleted"},
	40: {"missing permissions", "TestCaseNoHistory TestSceneNoWay TestScenePermissionsTakenAway TestStoryMayNotAttach TestStoryMayNotWrite"},
	41: {"other bots and webhooks", "TestStoryNotForTheBot"},
	42: {"a German client", "TestAbsenceLanguage TestSceneGermanClient"},
	43: {"a long answer ends", "TestAbsencePing"},
	44: {"/ask, the menu of a message, an installed app", "TestStoryAskCommand TestStoryAskAboutAMessage TestStoryUserInstalled"},
	45: {"who does not see a chart", "TestCaseAltText TestStoryOneChart"},
	46: {"many at once", "BenchmarkPeople TestChaos"},
}

// Every scene is played by tests that exist.
func TestScenes(t *testing.T) {
	exists := map[string]bool{}
	for _, folder := range []string{".", "*", filepath.Join(testbin.Root(), "cmd", "attache")} {
		paths, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)\w+)\(`).FindAllSubmatch(data, -1) {
				exists[string(m[1])] = true
			}
		}
	}
	for n, s := range scenes[1:] {
		names := strings.Fields(s.tests)
		if len(names) == 0 {
			t.Errorf("%d, %s: nobody plays it", n+1, s.what)
		}
		for _, name := range names {
			if !exists[name] {
				t.Errorf("%d, %s: there is no %s", n+1, s.what, name)
			}
		}
	}
}

// shoot draws what is seen in the bench's channels.
func (w *bench) shoot(folder string) {
	shown := map[string]discordtest.Transcript{"general": w.anna.Transcript(w.general), "anna": w.anna.Transcript(w.anna.DM())}
	for _, m := range w.Messages(w.general) {
		if th := w.Channel(m.ID); th != nil {
			shown["thread"] = w.anna.Transcript(th)
		}
	}
	font, _ := filepath.Glob(filepath.Join(testbin.Root(), ".cache", "data", "python", "env-*", "lib", "python*", "site-packages", "noto_cjk_*", "*.otf"))
	for place, tr := range shown {
		if len(tr.Messages) == 0 || w.t.Failed() {
			continue
		}
		for _, width := range []int{390, 1000} {
			o := render.Options{Width: width, Header: true}
			if len(font) > 0 {
				o.Font = font[0]
			}
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
			png, err := render.PNG(ctx, tr, o)
			cancel()
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, strings.ReplaceAll(fmt.Sprintf("%s-%s-%d.png", w.t.Name(), place, width), "/", "-")), png, 0o644)
			}
			if err != nil {
				w.t.Error(err)
			}
		}
	}
}

// A picture without words is saved, and a button asks about it.
func TestScenePictureAlone(t *testing.T) {
	w := newBench(t, setup{})
	q := must(w.anna.Send(w.general, w.Bot().Mention(), discordtest.File{Name: "holiday.png", Data: chart(300, 200)}))(w)
	saved := w.await(w.general, discordtest.FromBot, discordtest.ReplyTo(q), discordtest.HasButton("📊 Analyze"))
	w.contains(saved, "holiday.png", "File saved! ID:")
	w.model.Push(llmtest.Reply{Text: "Colours from blue to red."})
	w.press(w.anna, saved, "📊 Analyze")
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Colours from blue to red."))
	if got := w.modelGot(); !strings.Contains(got, "holiday.png") {
		t.Errorf("the model got %q", got)
	}
}

// What people write goes to the model letter for letter, and comes back so.
func TestSceneScripts(t *testing.T) {
	w := newBench(t, setup{assistant: assistant.Options{Burst: 10}})
	for _, text := range []string{"今年的销售额是多少？", "ما هو متوسط الإيرادات؟", "👩‍👩‍👧‍👦 wie viele? 🇩🇪", "विक्रय कितना है?", "e\u0301 ≠ é"} {
		w.model.Push(llmtest.Reply{Text: "↩ " + text})
		_, a := w.ask(w.anna, w.general, text)
		w.contains(a, "↩ "+text)
		if got := w.modelGot(); got != text {
			t.Errorf("%q reached the model as %q", text, got)
		}
	}
}

// Who forgot the mention and adds it by an edit is answered, once.
func TestSceneEditAddsTheMention(t *testing.T) {
	w := newBench(t, setup{})
	m := must(w.anna.Send(w.general, "what is 2+2?"))(w)
	must(w.anna.Edit(m, "what is 2 + 2?"))(w)
	must(w.anna.Edit(m, w.Bot().Mention()+" what is 2+2?"))(w)
	w.answerTo(m)
	must(w.anna.Edit(m, w.Bot().Mention()+" what is 2+3?"))(w)
	w.await(w.general, discordtest.HasButton("✏️ Run the edited question"))
	if n := len(w.model.Requests()); n != 1 || w.modelGot() != "what is 2+2?" {
		t.Errorf("%d requests, the last %q", n, w.modelGot())
	}
}

// Two people who ask in one thread are answered side by side; who asks about an answer
// that is still being written waits, and sees so.
func TestSceneTwoAtOnce(t *testing.T) {
	w := newBench(t, setup{})
	th := must(w.anna.StartThread(must(w.anna.Send(w.general, "about numbers"))(w), "numbers"))(w)
	hold := make(chan struct{})
	w.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if strings.Contains(r.LastUser(), "hard") {
			<-hold
		}
		return llmtest.Reply{Text: "Answered."}
	}
	hard := must(w.anna.Send(th, w.Bot().Mention()+" something hard"))(w)
	w.model.Await(w.ctx, 1)
	w.answerTo(must(w.bert.Send(th, w.Bot().Mention()+" something easy"))(w))
	about := must(w.bert.Reply(hard, w.Bot().Mention()+" and in percent?"))(w)
	w.await(th, func(m discordtest.Message) bool { return m.ID == about.ID && len(m.Reactions) == 1 })
	if n := len(w.model.Requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
	close(hold)
	first, second := w.answerTo(hard), w.await(th, discordtest.FromBot, discordtest.ReplyTo(about), discordtest.HasButton("🔁 Retry"))
	if first.ID == second.ID || len(w.model.Requests()) != 3 {
		t.Errorf("%d requests", len(w.model.Requests()))
	}
}

// Where it may not write, and direct messages are closed, a reaction says so.
func TestSceneNoWay(t *testing.T) {
	w := newBench(t, setup{})
	w.general.Deny(discordtest.SendMessages)
	w.anna.CloseDMs()
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" hello?"))(w)
	m := w.await(w.general, func(m discordtest.Message) bool { return m.ID == q.ID && len(m.Reactions) > 0 })
	if m.Reactions[len(m.Reactions)-1].Emoji.Name != "🔇" {
		t.Errorf("got %+v", m.Reactions)
	}
}

// Its name in mid-sentence is left out, and other people's stay.
func TestSceneMidSentence(t *testing.T) {
	w := newBench(t, setup{})
	w.answerTo(must(w.anna.Send(w.general, "hey "+w.Bot().Mention()+", what do you think, "+w.bert.Mention()+"?"))(w))
	if got := w.modelGot(); !strings.Contains(got, "what do you think, @bert?") || strings.Contains(got, w.Bot().ID.String()) {
		t.Errorf("the model got %q", got)
	}
}

// Stop and Retry are for who asked; who else presses them is told so, alone.
func TestSceneForeignButtons(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Text: "Four."})
	_, a := w.ask(w.anna, w.general, "what is 2+2?")
	m := w.press(w.bert, a, "🔁 Retry")
	w.contains(m, "Only the person who asked can use that.")
	if m.EphemeralTo != w.bert.ID || len(w.model.Requests()) != 1 {
		t.Errorf("%d requests, %+v", len(w.model.Requests()), m)
	}
}

// Retry pressed twice runs the question once.
func TestSceneRetryTwice(t *testing.T) {
	w := newBench(t, setup{})
	q, a := w.ask(w.anna, w.general, "what is 2+2?")
	w.model.Push(llmtest.Reply{Text: "Again."})
	must(w.anna.Press(a, "🔁 Retry"))(w)
	must(w.anna.Press(a, "🔁 Retry"))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("That question is being answered right now."))
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Again."), discordtest.HasButton("🔁 Retry"))
	if err := w.AwaitQuiet(w.ctx, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if n, shown := len(w.model.Requests()), w.after(w.general, q); n != 2 || len(shown) != 2 { // one of them to anna alone
		t.Errorf("%d requests, %+v", n, shown)
	}
}

// What is forwarded of a forward is read.
func TestSceneForwardOfAForward(t *testing.T) {
	w := newBench(t, setup{})
	f := must(w.bert.Forward(must(w.bert.Send(w.general, "The server moves to Frankfurt"))(w), w.general))(w)
	f = must(w.bert.Forward(f, w.guild.AddChannel("news")))(w)
	w.answerTo(must(w.anna.Reply(f, w.Bot().Mention()+" when?"))(w))
	if got := w.modelGot(); !strings.Contains(got, "Frankfurt") {
		t.Errorf("the model got %q", got)
	}
}

// Shut out of the place while it works, the bot ends the turn and tells who asked
// by direct message, where it still shares a server with them; a channel that is
// gone took the question with it.
func TestSceneShutOut(t *testing.T) {
	for name, shut := range map[string]func(w *bench, th *discordtest.Channel){
		"locked":       func(_ *bench, th *discordtest.Channel) { th.Archive(true) },
		"may not send": func(w *bench, _ *discordtest.Channel) { w.general.Deny(discordtest.SendInThreads) },
		"kicked":       func(w *bench, _ *discordtest.Channel) { w.guild.RemoveMember(w.Bot()) },
		"deleted":      func(w *bench, th *discordtest.Channel) { w.DeleteChannel(th) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newBench(t, setup{})
			th := must(w.anna.StartThread(must(w.anna.Send(w.general, "about numbers"))(w), "numbers"))(w)
			hold := make(chan struct{})
			w.model.Answer = func(llmtest.Request) llmtest.Reply {
				<-hold
				return llmtest.Reply{Text: "Four."}
			}
			must(w.anna.Send(th, w.Bot().Mention()+" what is 2+2?"))(w)
			if err := w.AwaitTyping(w.ctx, th, w.Bot().Profile); err != nil {
				t.Fatal(err)
			}
			shut(w, th)
			close(hold)
			switch name {
			case "locked":
				w.await(w.anna.DM(), discordtest.FromBot, discordtest.Contains("The thread <#"+th.ID.String()+"> is closed"))
			case "may not send":
				w.await(w.anna.DM(), discordtest.FromBot, discordtest.Contains("I may not write in <#"+th.ID.String()+">"))
			}
			if name == "locked" || name == "may not send" {
				w.contains(w.await(w.anna.DM(), discordtest.FromBot, discordtest.Contains("Four.")), "This answers your question in <#"+th.ID.String()+">.")
			}
			if err := w.AwaitQuiet(w.ctx, 500*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if n := len(w.assistant.Questions(files.UserID(w.anna.ID))); n != 0 {
				t.Errorf("%d questions are open", n)
			}
		})
	}
}

// Where the place of a question goes away while code runs, that is stopped at once,
// nothing is tried again, and what was made is in the files of who asked. Somebody who
// leaves is answered all the same: others read along. So is everybody when Discord has
// an outage of a server.
func TestSceneTornAway(t *testing.T) {
	for name, c := range map[string]struct {
		tear func(w *bench, c *discordtest.Channel)
		on   bool // the work goes on
	}{
		"channel deleted": {tear: func(w *bench, c *discordtest.Channel) { w.DeleteChannel(c) }},
		"around a thread": {tear: func(w *bench, c *discordtest.Channel) { w.DeleteChannel(c.Parent) }},
		"thread deleted":  {tear: func(w *bench, c *discordtest.Channel) { w.DeleteChannel(c) }},
		"kicked":          {tear: func(w *bench, _ *discordtest.Channel) { w.guild.RemoveMember(w.Bot()) }},
		"member leaves":   {tear: func(w *bench, _ *discordtest.Channel) { w.guild.RemoveMember(w.anna) }, on: true},
		"outage": {tear: func(w *bench, _ *discordtest.Channel) {
			w.bot.handle(gateway.EventGuildDelete{UnavailableGuild: dg.UnavailableGuild{ID: snowflake.ID(w.guild.ID), Unavailable: true}})
		}, on: true},
	} {
		t.Run(name, func(t *testing.T) {
			var log logBuffer
			w := newBench(t, setup{discord: Options{Log: log.logger()}})
			place := w.guild.AddChannel("work")
			if strings.Contains(name, "thread") {
				place = must(w.anna.StartThread(must(w.anna.Send(place, "about numbers"))(w), "numbers"))(w)
			}
			running, goOn, stopped := make(chan bool), make(chan bool), make(chan bool)
			w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
				f, err := w.files.Save(ctx, files.Upload{User: user, Name: "made.csv", Body: strings.NewReader("a\n1\n"), Generated: true})
				close(running)
				select {
				case <-ctx.Done():
					close(stopped)
				case <-goOn:
				}
				return llm.ToolResult{Output: fmt.Sprint(err), Files: []string{string(f.ID)}}
			}
			w.model.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}, llmtest.Reply{Text: "Done."})
			q := must(w.anna.Send(place, w.Bot().Mention()+" work"))(w)
			<-running
			c.tear(w, place)
			if c.on {
				close(goOn)
				w.answerTo(q)
			} else {
				select {
				case <-stopped:
				case <-w.ctx.Done():
					t.Fatal("the work goes on")
				}
			}
			if err := w.AwaitQuiet(w.ctx, 300*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			page := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w)
			if len(page.Files) != 1 || page.Files[0].Name != "made.csv" {
				t.Errorf("the files are %+v", page.Files)
			}
			if n := strings.Count(log.String(), "level=WARN"); n > 1 {
				t.Errorf("%d warnings:\n%s", n, log.String())
			}
			if dm := w.after(w.anna.DM(), discordtest.Message{}); len(dm) > 0 && !c.on {
				t.Errorf("told %+v", dm)
			}
		})
	}
}

// What only somebody with a German client sees is in German, while the server speaks
// its own language.
func TestSceneGermanClient(t *testing.T) {
	w := newBench(t, setup{})
	w.anna.Locale = "de"
	w.contains(w.run(w.anna, w.general, "help"), "Dateien")
	_, a := w.ask(w.anna, w.general, "hallo")
	if !discordtest.HasButton("🔁 Retry")(a) {
		t.Errorf("got %+v", a.Components)
	}
	q := must(w.anna.Send(w.anna.DM(), "hallo"))(w)
	w.await(w.anna.DM(), discordtest.FromBot, discordtest.After(q), discordtest.HasButton("🔁 Wiederholen"))
}
