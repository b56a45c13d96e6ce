package terminal

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// command is what a line that begins with its name does.
type command struct {
	name, args, help string
	run              func(t *Terminal, ctx context.Context, arg string) error
	complete         func(t *Terminal, begin string) []string // of the argument
}

// commands are all, as /help lists them. It is a function because one lists them.
func commands() []command {
	return []command{
		{"/attach", "FILE", locale.Key("save a file, to ask about it"), (*Terminal).attach, func(_ *Terminal, begin string) []string { return pathsLike(begin) }},
		{"/files", "", locale.Key("list your files"), (*Terminal).list, nil},
		{"/open", "FILE", "write a file of yours here, and open it where there is a desktop", (*Terminal).open, (*Terminal).namesLike},
		{"/delete", "FILE", "delete a file of yours, after two confirmations", (*Terminal).delete, (*Terminal).namesLike},
		{"/code", "", "show the code behind the last answer, and what it printed", (*Terminal).code, nil},
		{"/model", "[NAME]", "show which model answers, or choose another", (*Terminal).model, (*Terminal).modelsLike},
		{"/usage", "", "what you used, and what it cost", (*Terminal).usage, nil},
		{"/reset", "", locale.Key("forget the conversation and its variables"), (*Terminal).reset, nil},
		{"/help", "", "show this", (*Terminal).help, nil},
		{"/quit", "", locale.Key("leave"), nil, nil},
	}
}

func (t *Terminal) help(context.Context, string) error {
	l := t.opts.Language
	fmt.Fprintln(t.opts.Status, l.T("Type a question; a ```python block may have several lines. Commands:"))
	for _, c := range commands() {
		fmt.Fprintf(t.opts.Status, "  %-14s %s\n", c.name+" "+c.args, l.T(c.help))
	}
	return nil
}

// command runs a line that is a command, and tells whether it was one.
func (t *Terminal) command(ctx context.Context, line string) bool {
	name, arg, _ := strings.Cut(line, " ")
	if !strings.HasPrefix(name, "/") || strings.Contains(name[1:], "/") {
		return false
	}
	arg = strings.TrimSpace(arg)
	for _, c := range commands() {
		if c.name != name || c.run == nil {
			continue
		}
		if c.args == "FILE" && arg == "" {
			fmt.Fprintf(t.opts.Status, "%s needs a file: %s %s\n", name, name, c.args)
			return true
		}
		t.complain(c.run(t, ctx, arg))
		return true
	}
	if like := likely(name); like != "" {
		fmt.Fprintf(t.opts.Status, "%s → %s?\n", t.opts.Language.T("There is no command %s.", name), like)
		return true
	}
	fmt.Fprintln(t.opts.Status, t.opts.Language.T("There is no command %s.", name))
	t.help(ctx, "")
	return true
}

// likely is the command that probably was meant: the only one that begins alike.
func likely(name string) (like string) {
	for n := len(name); n > len("/x"); n-- {
		for _, c := range commands() {
			if strings.HasPrefix(c.name, name[:n]) {
				if like != "" {
					return ""
				}
				like = c.name
			}
		}
		if like != "" {
			return like
		}
	}
	return ""
}

// complete returns what a line may become by Tab.
func (t *Terminal) complete(line string) (ways []string) {
	name, arg, more := strings.Cut(line, " ")
	for _, c := range commands() {
		switch {
		case !more && strings.HasPrefix(c.name, name) && strings.HasPrefix(line, "/"):
			way := c.name
			if c.args != "" {
				way += " "
			}
			ways = append(ways, way)
		case more && c.name == name && c.complete != nil:
			for _, one := range c.complete(t, arg) {
				if !strings.ContainsFunc(one, func(r rune) bool { return shown(r) != r || r == '\n' || r == '\r' }) { // the line goes to the terminal as it is
					ways = append(ways, name+" "+one)
				}
			}
		}
	}
	return ways
}

func (t *Terminal) attach(ctx context.Context, path string) error {
	saved, err := t.Attach(ctx, []string{path})
	t.pending = append(t.pending, saved...)
	return err
}

func (t *Terminal) reset(ctx context.Context, _ string) error {
	err := t.a.Reset(ctx, t.opts.User, t.opts.Conversation)
	if err == nil {
		fmt.Fprintln(t.opts.Status, t.opts.Language.T("Forgotten. Your files are kept."))
	}
	return err
}

func (t *Terminal) list(ctx context.Context, _ string) error {
	all, err := t.own(ctx)
	if err != nil {
		return err
	}
	l := t.opts.Language
	fmt.Fprintln(t.opts.Out, l.T("You have %d file(s) uploaded.", len(all)))
	for _, f := range all {
		fmt.Fprintf(t.opts.Out, "%s %s  %s  %s • %s • %s\n", f.Emoji(), f.Name, f.ID, f.Kind, l.Measure(files.Size(f.Size)), f.Lifetime(l, time.Now()))
	}
	return nil
}

// own returns all files of the person, the newest first.
func (t *Terminal) own(ctx context.Context) ([]files.File, error) {
	page, err := t.a.Files().List(ctx, t.opts.User, files.Query{Limit: mostFiles})
	return page.Files, err
}

const mostFiles = 100_000

// find returns the person's file of an id, or the newest of a name.
func (t *Terminal) find(ctx context.Context, name string) (files.File, error) {
	all, err := t.own(ctx)
	if err != nil {
		return files.File{}, err
	}
	for _, f := range all {
		if f.Name == name || string(f.ID) == name {
			return f, nil
		}
	}
	return files.File{}, fault.New(fault.NotFound, "You have no file %s; /files lists them.", name)
}

// namesLike returns the names of the person's files that begin so.
func (t *Terminal) namesLike(begin string) (names []string) {
	all, _ := t.own(context.Background()) // nothing is completed then
	for _, f := range all {
		if strings.HasPrefix(f.Name, begin) && !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

func (t *Terminal) open(ctx context.Context, name string) error {
	f, err := t.find(ctx, name)
	if err != nil {
		return err
	}
	folder := t.opts.Folder
	if folder == "" {
		folder = "."
	}
	made, err := Fetch(ctx, t.a.Files(), t.opts.User, []string{string(f.ID)}, folder)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.opts.Status, "Written to %s\n", made[0].Path)
	OnDesktop(made[0].Path)
	return nil
}

// Desktop is the program that opens a file on the desktop; "" where there is none.
func Desktop() string {
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return ""
	}
	opener, _ := exec.LookPath("xdg-open")
	return opener
}

// OnDesktop opens a file, of which the person was told, where there is a desktop.
func OnDesktop(path string) {
	if opener := Desktop(); opener != "" {
		_ = exec.Command(opener, path).Start() // else the person does it
	}
}

// delete deletes a file after two confirmations by the person, whatever else is
// answered with yes.
func (t *Terminal) delete(ctx context.Context, name string) error {
	f, err := t.find(ctx, name)
	if err != nil {
		return err
	}
	ask := Asker(t.opts.In, t.opts.Status, false, t.opts.Language)
	for _, question := range []locale.Message{
		locale.Later("Are you sure you want to delete %s (%s)? This action cannot be undone!", f.Name, string(f.ID)),
		locale.Later("This is your last chance to cancel: permanently delete %s?", f.Name),
	} {
		if yes, err := ask(ctx, question); err != nil || !yes {
			fmt.Fprintln(t.opts.Status, "Nothing was deleted.")
			return err
		}
	}
	if err := t.a.Files().Delete(ctx, t.opts.User, f.ID); err != nil {
		return err
	}
	fmt.Fprintln(t.opts.Status, "✅ Successfully deleted: "+f.Name)
	return nil
}

func (t *Terminal) code(ctx context.Context, _ string) error {
	if t.last == "" {
		fmt.Fprintln(t.opts.Status, "There is no answer yet.")
		return nil
	}
	runs, err := t.a.Code(ctx, t.opts.User, t.last)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		fmt.Fprintln(t.opts.Status, "No code ran for the last answer.")
	}
	for _, r := range runs {
		fmt.Fprintf(t.opts.Out, "%s\n", strings.TrimRight(r.Code, "\n"))
		fmt.Fprintf(t.opts.Status, "── %s ──\n", max(r.Elapsed.Round(time.Millisecond), time.Millisecond))
		if r.Output != "" {
			fmt.Fprintf(t.opts.Out, "%s\n", strings.TrimRight(r.Output, "\n"))
		}
	}
	return nil
}

func (t *Terminal) model(ctx context.Context, name string) error {
	if name != "" {
		if err := t.a.SetModel(ctx, t.opts.User, name); err != nil {
			return err
		}
		t.opts.Model = ""
	}
	now := t.opts.Model
	if now == "" {
		var err error
		if now, err = t.a.ModelOf(ctx, t.opts.User); err != nil {
			return err
		}
	}
	fmt.Fprintf(t.opts.Status, "%s answers.", now)
	if all := t.a.Models(ctx); name == "" && len(all) > 1 {
		fmt.Fprintf(t.opts.Status, " You may choose: %s", strings.Join(all, ", "))
	}
	fmt.Fprintln(t.opts.Status)
	return nil
}

func (t *Terminal) modelsLike(begin string) (names []string) {
	for _, m := range t.a.Models(context.Background()) {
		if strings.HasPrefix(m, begin) {
			names = append(names, m)
		}
	}
	return names
}

func (t *Terminal) usage(ctx context.Context, _ string) error {
	r, err := t.a.Usage(ctx, t.opts.User, false, 30)
	if err != nil {
		return err
	}
	for _, of := range []struct {
		when string
		days int
	}{{"today", 1}, {"7 days", 7}, {"30 days", 30}} {
		u := r.Since(of.days)
		fmt.Fprintf(t.opts.Out, "%-8s %d requests, %d tokens, %s\n", of.when, u.Requests, u.Tokens(), u.Cost)
	}
	if b := r.Budget; b != nil && b.CostLimit > 0 {
		fmt.Fprintf(t.opts.Out, "Left today: %s of %s\n", max(0, b.CostLimit-b.Today.Cost), b.CostLimit)
	}
	return nil
}
