package discord

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/compose"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/discord/places"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// finish shows the whole answer with its files and buttons, and how it ended.
func (a *answer) finish(res chat.Result, err error) {
	close(a.ended)
	a.shown.Wait()
	a.typing()
	if fault.Is(err, fault.Exists) {
		a.b.setOpen(a.q, false)
		return // it was answered before
	}
	if a.q.deleted.Load() {
		a.withdraw(a.b.base)
		a.b.setOpen(a.q, false)
		return
	}
	a.gone = a.gone || a.q.nowhere.Load()
	e := &answered{q: a.q, code: a.code, content: a.q.msg.Content}
	for _, f := range a.made {
		e.made = append(e.made, f.ID)
	}
	posts := a.finished(e, res, err)
	if err == nil && a.q.old != nil {
		a.b.removeOld(a.b.base, a.q)
	}
	a.b.answers.Put(a.q.msg.ID, e) // before its buttons can be pressed
	if a.gone {
		a.b.setOpen(a.q, false)
		return
	}
	lost := a.deliver(a.b.base, posts)
	e.mu.Lock()
	if n := len(a.sent); n > 0 && !a.gone {
		e.message = a.sent[n-1].id
	}
	for _, s := range a.sent {
		e.messages = append(e.messages, s.id)
	}
	e.mu.Unlock()
	if !lost {
		if a.shut == nil {
			a.ping(e)
		}
		a.b.setOpen(a.q, false)
	}
	if edited, ok := a.b.edits.Get(a.q.msg.ID); ok {
		a.b.offer(e, edited)
	}
}

// ping tells somebody who waited long that the answer is there: edits tell nobody.
func (a *answer) ping(e *answered) {
	took := time.Since(a.began)
	if a.b.live().PingAfter <= 0 || took < a.b.live().PingAfter || e.message == 0 || a.q.private {
		return
	}
	ctx, cancel := a.b.detached(time.Minute)
	defer cancel()
	user := a.q.msg.Author.ID
	text := "-# 🔔 " + a.q.lang.T("%s, the answer is there, after %s.", "<@"+user.String()+">", a.q.lang.Measure(strconv.Itoa(int(took.Seconds()))+" s"))
	m, err := a.b.send(ctx, a.q, client.Post{Text: text, Ping: user, ReplyTo: e.message})
	if err != nil {
		a.b.log.Warn("telling that an answer is there", "error", err)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.messages = append(e.messages, m.ID)
}

// finished is the answer as it stays.
func (a *answer) finished(e *answered, res chat.Result, err error) []client.Post {
	parts, next := compose.Next(a.parts)
	e.next = next
	body := compose.Whole(parts, a.b.layout(a.q))
	if body.Text == "" && len(body.Tables) == 0 {
		parts, e.next = compose.Next([]compose.Part{{Text: res.Text}})
		body = compose.Whole(parts, a.b.layout(a.q))
	}
	uploads, foot := a.uploads()
	whole := a.b.assistant.Files().Expiry()
	for _, f := range a.made {
		e.passing = e.passing || !f.ExpiresAt.IsZero() && (whole < 0 || f.ExpiresAt.Sub(f.UploadedAt) < whole)
	}
	uploads = append(body.Formulas, uploads...)
	for _, t := range body.Tables {
		uploads = append(uploads, t.Picture)
		if id, err := a.keepTable(t); err == nil {
			e.tables = append(e.tables, id)
		} else {
			a.b.log.Warn("keeping a table", "error", err)
			uploads = append(uploads, client.NewUpload(strings.TrimSuffix(t.Picture.Name, ".png")+".csv", t.CSV))
		}
	}
	e.page = a.page(e.tables)
	uploads = append(uploads, body.Files...)
	for _, p := range a.problems {
		foot = append(foot, "-# ⚠️ "+p)
	}
	for _, n := range a.notes {
		foot = append(foot, "-# "+brief.Chars(n, 300))
	}
	if end := a.ending(err); end != "" {
		foot = append(foot, end)
	}
	chunks := markdown.Split(body.Text, client.MaxContent)
	if len(chunks) > maxMessages {
		chunks = markdown.Split(body.Text, client.MaxContent-statusRoom)[:maxMessages]
		foot = append([]string{"-# 📄 " + a.q.lang.T("The whole answer is in answer.md.")}, foot...)
		uploads = append(uploads, client.NewUpload("answer.md", []byte(body.Text+"\n")))
	}
	if len(chunks) == 0 && len(foot) == 0 && len(uploads) == 0 {
		foot = append(foot, "-# 🤷 "+a.q.lang.T("There was nothing to say."))
	}
	if below := strings.Join(foot, "\n"); below != "" {
		if n := len(chunks); n > 0 && markdown.Length(chunks[n-1])+1+markdown.Length(below) <= client.MaxContent {
			chunks[n-1] += "\n" + below
		} else {
			chunks = append(chunks, markdown.Split(below, client.MaxContent)...)
		}
	}
	var posts []client.Post
	for _, c := range chunks {
		posts = append(posts, client.Post{Text: c})
	}
	posts = addFiles(posts, uploads)
	last := &posts[len(posts)-1]
	e.pictures = last.Pictures
	last.Rows = a.buttons(e)
	return posts
}

// keepTable keeps a table that is shown as a picture, for its button.
func (a *answer) keepTable(t compose.Drawn) (files.ID, error) {
	ctx, cancel := a.b.detached(10 * time.Second)
	defer cancel()
	name := strings.TrimSuffix(t.Picture.Name, ".png") + ".csv"
	f, err := a.b.assistant.Files().Save(ctx, files.Upload{User: a.q.user(), Name: name, Size: int64(len(t.CSV)),
		Body: bytes.NewReader(t.CSV), Generated: true})
	return f.ID, err
}

// page is where the browser shows what this answer has that is too large for a
// message: the page of one such thing, or the list of files, which has the newest
// first.
func (a *answer) page(tables []files.ID) string {
	at := a.b.opts.Page
	if at == nil {
		return ""
	}
	large := slices.Clone(tables)
	limit := a.limit()
	for _, f := range a.made {
		if f.Kind == "html" || f.Kind == files.Image && max(f.Width, f.Height) > widePicture || f.Size > limit {
			large = append(large, f.ID)
		}
	}
	switch len(large) {
	case 0:
		return ""
	case 1:
		return at("/files/" + string(large[0]))
	}
	return at("/files")
}

// widePicture is the pixels of a side beyond which a picture can't be read as
// Discord shows it.
const widePicture = 2000

// limit is how large a file may be that is sent.
func (a *answer) limit() int64 {
	return min(a.b.live().MaxDownload, a.b.places.FileLimit(a.q.guild()), client.MaxRequest)
}

// addFiles adds files to posts: to the last one, or as messages of their own
// where there are several pictures, which Discord would crop otherwise.
func addFiles(posts []client.Post, uploads []client.Upload) []client.Post {
	for i, batch := range client.Batches(uploads) {
		switch {
		case client.CountPictures(batch) > 1:
			posts = append(posts, client.NewPictures(batch))
		case i == 0 && len(posts) > 0:
			posts[len(posts)-1].Files = batch
		default:
			posts = append(posts, client.Post{Files: batch})
		}
	}
	return posts
}

// layout is how the answer to a question is laid out.
func (b *Bot) layout(q *question) compose.Options {
	return compose.Options{Language: q.lang, Fonts: b.opts.Fonts, Formulas: func(tex []string) ([]byte, []int) {
		ctx, cancel := b.detached(10 * time.Second)
		defer cancel()
		png, drawn, err := b.assistant.Previews().Formulas(ctx, q.user(), tex)
		if err != nil {
			b.log.Warn("drawing formulas", "error", err)
		}
		return png, drawn
	}}
}

// ending says why a turn ended early; "" if it did not.
func (a *answer) ending(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, assistant.ErrStopped):
		return "-# ⏹️ " + a.q.lang.T("Stopped.")
	case errors.Is(err, assistant.ErrClosing):
		return "-# ⏸️ " + a.q.lang.T("I had to stop for a moment, so this answer ends here. 🔁 Retry runs it again.")
	}
	return "⚠️ " + cmp.Or(a.b.explain(a.q.lang, err, "answering"), a.q.lang.T("This answer was interrupted."))
}

func (a *answer) buttons(e *answered) []dg.LayoutComponent {
	e.hush = a.b.places.Manners(a.q.channel()).Writers > 1 && a.b.readsAlong(a.q.channel()) == places.Member
	return e.rows(false)
}

// rows are the buttons below a finished answer.
func (e *answered) rows(edited bool) []dg.LayoutComponent {
	q := e.q
	args := []string{q.msg.ID.String(), q.again}
	var bs []dg.InteractiveComponent
	if edited {
		bs = append(bs, interact.Button(dg.ButtonStylePrimary, "✏️", q.lang.T("Run the edited question"), interact.NewID(actEdited, q.user(), args...)))
	}
	if e.code {
		bs = append(bs, interact.Button(dg.ButtonStyleSecondary, "📜", q.lang.T("Code"), interact.NewID(actCode, q.user(), args...)))
	}
	if q.by == nil {
		bs = append(bs, interact.Button(dg.ButtonStyleSecondary, "🔁", q.lang.T("Retry"), interact.NewID(actRetry, q.user(), args...)))
	}
	if e.passing {
		bs = append(bs, interact.Button(dg.ButtonStyleSecondary, "🔖", q.lang.T("Keep"), interact.NewID(actKeep, q.user(), args...)))
	}
	var rows []dg.LayoutComponent
	var tables []dg.InteractiveComponent
	if e.page != "" {
		tables = append(tables, dg.NewLinkButton(q.lang.T("Open in browser"), e.page).WithEmoji(dg.ComponentEmoji{Name: "🌐"}))
	}
	for i, id := range e.tables[:min(len(e.tables), maxButtons-len(tables))] {
		label := "CSV"
		if len(e.tables) > 1 {
			label += " " + strconv.Itoa(i+1)
		}
		tables = append(tables, interact.Button(dg.ButtonStyleSecondary, "⬇️", label, interact.NewID(actCSV, q.user(), string(id))))
	}
	if len(bs)+len(tables) <= maxButtons {
		bs, tables = append(bs, tables...), nil
	}
	if hush := interact.Button(dg.ButtonStyleSecondary, "🔇", q.lang.T("Only when mentioned"), interact.NewID(actQuiet, q.user())); e.hush && len(bs) < maxButtons {
		bs = append(bs, hush)
	} else if e.hush {
		tables = append(tables, hush)
	}
	for _, r := range [][]dg.InteractiveComponent{bs, tables} {
		if len(r) > 0 {
			rows = append(rows, interact.Row(r...))
		}
	}
	var next []dg.InteractiveComponent
	for i, text := range e.next {
		next = append(next, interact.Button(dg.ButtonStyleSecondary, "💬", text, interact.NewID(actNext, q.user(), args[0], strconv.Itoa(i))))
	}
	if len(next) > 0 {
		rows = append(rows, interact.Row(next...))
	}
	return rows
}

// maxButtons is how many a row has.
const maxButtons = 5

// uploads are the files that the turn made, pictures first, and lines about them.
func (a *answer) uploads() (ups []client.Upload, lines []string) {
	b, l := a.b, a.q.lang
	limit := a.limit()
	made := slices.Clone(a.made)
	slices.SortStableFunc(made, func(x, y files.File) int { return cmp.Compare(order(x), order(y)) })
	for i, f := range made {
		if i >= 3*client.MaxFiles {
			lines = append(lines, "-# … "+l.T("and %d more files: `/files` has them.", len(made)-i))
			break
		}
		if f.Size > limit {
			lines = append(lines, fmt.Sprintf("-# %s **%s** • %s • 📦 %s%s", f.Emoji(), escape(f.Name), l.Measure(files.Size(f.Size)), l.T("too large for Discord"), b.files.LinkTo(l, f)))
			continue
		}
		ups = append(ups, b.files.Upload(b.base, f))
	}
	if len(made) > 0 {
		lines = append([]string{"-# 📎 " + kept(l, made)}, lines...)
	}
	return ups, lines
}

// kept tells how many files were made and how long they are kept: "3 files, kept 48h".
func kept(l *locale.Language, made []files.File) string {
	if made[0].ExpiresAt.IsZero() {
		return l.T("%d files, kept for good", len(made))
	}
	return l.T("%d files, kept %s", len(made), l.Measure(files.Hours(made[0].ExpiresAt.Sub(made[0].UploadedAt))))
}

func order(f files.File) int {
	if f.Kind == files.Image {
		return 0
	}
	return 1
}

// patience is how long an answer waits for Discord to take it.
const patience = 10 * time.Minute

// deliver shows the finished answer: where it was asked, or else by direct message. It
// is lost if it can't be shown now, and a later try might succeed.
func (a *answer) deliver(ctx context.Context, posts []client.Post) (lost bool) {
	if a.shut == nil {
		lost = a.deliverHere(ctx, posts)
	}
	if a.shut != nil {
		a.deliverByDM(posts)
		return false
	}
	return lost
}

// deliverByDM tells who asked why there is no answer in the place of the question, and
// gives it to them.
func (a *answer) deliverByDM(posts []client.Post) {
	ctx, cancel := a.b.detached(2 * time.Minute)
	defer cancel()
	a.b.unheard(ctx, a.q, a.shut)
	dm, err := a.b.api.DM(ctx, a.q.msg.Author.ID)
	head := "-# 💬 " + a.q.lang.T("This answers your question in %s.", "<#"+a.q.channel().String()+">")
	if markdown.Length(posts[0].Text)+1+markdown.Length(head) > client.MaxContent || posts[0].Pictures {
		posts = append([]client.Post{{Text: head}}, posts...)
	} else {
		posts[0].Text = strings.TrimSpace(head + "\n" + posts[0].Text)
	}
	for _, p := range posts {
		if err != nil {
			break
		}
		p.Rows = nil // what they do is done where it was asked
		if _, err = a.b.api.Send(ctx, dm, p); fault.Is(err, fault.TooLarge) {
			if p.Files, err = nil, nil; p.Text != "" { // `/files` has them
				_, err = a.b.api.Send(ctx, dm, p)
			}
		}
	}
	if err != nil {
		a.b.log.Info("sending an answer by direct message", "user", a.q.user(), "error", err)
		a.b.mark(ctx, a.q, "🔇", true)
	}
}

// deliverHere shows the finished answer where it was asked. While Discord has problems
// it waits.
func (a *answer) deliverHere(ctx context.Context, posts []client.Post) (lost bool) {
	began := time.Now()
	for pause := 2 * time.Second; ; pause = min(2*pause, 30*time.Second) {
		_, err := a.sync(posts)
		switch fault.KindOf(err) {
		case fault.Unavailable, fault.Exhausted:
			if time.Since(began) < patience && sleep(a.b.ctx, pause) == nil {
				continue
			}
		case fault.TooLarge, fault.Denied, fault.Internal:
			if without, files := client.WithoutFiles(posts); len(files) > 0 && err != nil {
				return a.oneByOne(ctx, without, files)
			}
		}
		if err != nil {
			a.fail(ctx, err)
		} else if len(a.lost) > 0 {
			a.b.log.Warn("files of an answer are missing where it is shown", "files", len(a.lost))
			return a.oneByOne(ctx, nil, a.lost)
		}
		return client.MayPass(err)
	}
}

// oneByOne shows an answer whose files Discord refused together or lost: each file in
// a message of its own, and a line for those that it does not take either.
func (a *answer) oneByOne(ctx context.Context, posts []client.Post, ups []client.Upload) (lost bool) {
	if len(posts) > 0 {
		if _, err := a.sync(posts); err != nil {
			a.fail(ctx, err)
			return client.MayPass(err)
		}
	}
	var lines []string
	l := a.q.lang
	for _, u := range ups {
		p := client.Post{Files: []client.Upload{u}}
		m, err := a.b.send(ctx, a.q, p)
		switch {
		case err == nil && len(client.Lost(p, m)) == 0:
		case fault.Is(err, fault.TooLarge):
			lines = append(lines, "-# 📦 "+l.T("%s is too large for Discord here. `/files` has it.", escape(u.Name)))
		case fault.Is(err, fault.Denied):
			lines = append(lines, "-# 🔇 "+l.T("I may not attach files here. `/files` has %s.", escape(u.Name)))
		default:
			lines = append(lines, "-# ⚠️ "+l.T("%s could not be sent. `/files` has it.", escape(u.Name)))
		}
	}
	if len(lines) == 0 {
		return false
	}
	err := a.b.say(ctx, a.q, 0, strings.Join(lines, "\n"))
	if err != nil {
		a.fail(ctx, err)
	}
	return client.MayPass(err)
}
