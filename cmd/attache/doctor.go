package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/nats"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/probe"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

func (m *Main) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "check this machine and the settings, and test the isolation", Args: exactly(0, ""),
		Long: "Checks what Attaché depends on: settings, storage, the model, Discord, the sandbox, tools; and tries from inside\n" +
			"the sandbox what must not be possible. It ends with status 1 if something is wrong.",
		RunE: m.with(m.doctor),
	}
}

// doctor checks what the program depends on, and tries from inside the sandbox
// what must not be possible. It exits with 1 when something is wrong.
func (m *Main) doctor(ctx context.Context, _ []string) error {
	d := &diagnosis{m: m}
	d.settings()
	if where := sessionsHere(d.m.Config); where != "" {
		d.add("Python sessions", true, where)
	}
	if line := m.wrongClock(time.Now()); line != "" {
		d.add("clock", false, line)
	}
	d.storage(ctx)
	d.messages(ctx)
	d.bucket(ctx)
	d.addresses(ctx)
	d.model(ctx)
	d.discord(ctx)
	host := d.python(ctx)
	d.tools(ctx, host)
	if host != nil {
		checks, err := probe.Run(ctx, host)
		for _, c := range checks {
			detail := ""
			if !c.OK {
				detail = c.Detail
			}
			d.add(c.Name, c.OK, detail)
		}
		if err != nil {
			d.add("isolation", false, fmt.Sprintf("it could not be tested: %v", err))
		}
	}
	if ctx.Err() != nil { // what failed since may be no fault
		return fault.Wrap(context.Cause(ctx), fault.Canceled, "")
	}
	d.print()
	if d.failed > 0 {
		return errCode(1)
	}
	return nil
}

type diagnosis struct {
	m      *Main
	rows   [][3]string
	failed int
}

func (d *diagnosis) add(what string, ok bool, detail string) {
	mark := "ok"
	if !ok {
		mark = "FAIL"
		d.failed++
	}
	d.rows = append(d.rows, [3]string{mark, what, detail})
}

// warn adds a row on what is not right and keeps nothing from working.
func (d *diagnosis) warn(what, detail string) {
	d.rows = append(d.rows, [3]string{"warn", what, detail})
}

func (d *diagnosis) print() {
	width := 0
	for _, r := range d.rows {
		width = max(width, len([]rune(r[1])))
	}
	for _, r := range d.rows {
		fmt.Fprintf(d.m.secrets.Writer(d.m.Stdout), "%-4s  %s%s  %s\n", r[0], r[1], strings.Repeat(" ", width-len([]rune(r[1]))), r[2])
	}
}

func (d *diagnosis) storage(ctx context.Context) {
	dir, _ := filepath.Abs(d.m.Config.DataDir)
	st, err := d.m.openStores(ctx)
	if err != nil {
		d.add("data folder and database", false, fault.Message(err))
		return
	}
	var fs syscall.Statfs_t
	free := int64(0)
	if syscall.Statfs(dir, &fs) == nil {
		free = int64(fs.Bavail) * int64(fs.Bsize)
	}
	d.add("data folder and database", free > 1<<30, fmt.Sprintf("%s, %s free", dir, files.Size(free)))
	service, err := d.m.openFiles(ctx, st, d.m.log(d.m.quiet()))
	if err != nil {
		d.add("files", false, fault.Message(err))
		return
	}
	t, err := service.Totals(ctx)
	if err != nil {
		d.add("files", false, fault.Message(err))
		return
	}
	d.add("files", true, fmt.Sprintf("%d files of %d users, %s on disk", t.Files, t.Users, files.Size(t.Stored)))
}

// messages looks whether all workers of the database are at one message server. Servers
// outside may be connected with each other; embedded ones are not.
func (d *diagnosis) messages(ctx context.Context) {
	if d.m.shared == nil {
		return
	}
	workers, err := remote.Workers(ctx, d.m.shared)
	if err != nil {
		d.add("workers", false, fault.Message(err))
		return
	}
	if apart := separated(workers); apart != "" {
		d.add("workers", false, apart)
	}
}

// separated tells which workers can't be reached by all who serve; "" if there are none.
func separated(workers []remote.Report) string {
	at, embedded := map[string][]string{}, false
	for _, w := range workers {
		if w.Server != "" {
			at[w.Server] = append(at[w.Server], w.Name)
			embedded = embedded || strings.HasPrefix(w.Server, nats.Embedded)
		}
	}
	if len(at) < 2 || !embedded {
		return ""
	}
	var groups []string
	for _, names := range at {
		slices.Sort(names)
		groups = append(groups, strings.Join(names, ", "))
	}
	slices.Sort(groups)
	return fmt.Sprintf("they are at %d message servers that do not know each other (%s): no serve can ask the workers of another, and sessions wait until they are stored. "+
		"Set CLUSTER_LISTEN at one serve, and NATS_URL to it at all others, without CLUSTER_LISTEN", len(at), strings.Join(groups, "; "))
}

func (d *diagnosis) model(ctx context.Context) {
	model, err := d.m.openModel()
	if err != nil {
		d.add("model", false, fault.Message(err))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if d.m.builtin() {
		d.add("model", true, "built-in; set OPENAI_API_KEY or OPENAI_BASE_URL for a real one")
		return
	}
	name := d.m.Config.OpenAIModel
	switch names, err := model.Models(ctx); {
	case fault.Is(err, fault.Invalid):
		d.warn("model", name+"; its server has no list of models") // Azure's deployments, Perplexity
	case err != nil:
		d.add("model", false, fault.Message(err))
		return
	case !slices.Contains(names, name):
		d.warn("model", fmt.Sprintf("%s is not among the %d that the server lists: see OPENAI_MODEL", name, len(names)))
	default:
		d.add("model", true, fmt.Sprintf("%s, of %d that the server has", name, len(names)))
	}
	d.ability(context.WithoutCancel(ctx), model)
}

// explained is what the operator reads of an error: the sentence for everybody,
// and its cause, which may name folders.
func explained(err error) string {
	if cause := errors.Unwrap(err); cause != nil {
		return fmt.Sprintf("%s (%v)", fault.Message(err), cause)
	}
	return fault.Message(err)
}

// ability asks the model for one small call of a tool, gives it the result, and
// tells what it can do.
func (d *diagnosis) ability(ctx context.Context, model llm.Model) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(d.m.Config.FirstByte, abilityTime))
	defer cancel()
	window := ""
	if n, err := model.Window(ctx, d.m.Config.OpenAIModel); err == nil && n > 0 {
		window = fmt.Sprintf("; its server takes %s tokens at once", humanize.Comma(int64(n)))
	}
	req := llm.Request{
		Model: d.m.Config.OpenAIModel, MaxOutput: 4000,
		Messages: []llm.Message{llm.Text(llm.User, "This is a test of the connection. Call the tool execute_python_code with the code print(6*7), then say the number that it printed.")},
		Tools: []llm.Tool{{Name: "execute_python_code", Description: "Runs Python code.",
			Parameters: []byte(`{"type":"object","properties":{"code":{"type":"string"}},"required":["code"]}`)}},
	}
	const what = "model: a call of a tool"
	began := time.Now()
	reply, err := model.Generate(ctx, req, nil)
	took := time.Since(began).Round(100 * time.Millisecond)
	if err != nil {
		d.add(what, false, fault.Message(err))
		return
	}
	if len(reply.Unsupported) > 0 {
		d.warn(what, lacking(reply.Unsupported[0])+window)
		return
	}
	if len(reply.Message.Calls) == 0 {
		d.warn(what, fmt.Sprintf("it answered after %v without a call; it may be too small for this%s", took, window))
		return
	}
	req.Messages = append(req.Messages, reply.Message)
	for _, c := range reply.Message.Calls {
		m := llm.Text(llm.FromTool, "42")
		m.CallID = c.ID
		req.Messages = append(req.Messages, m)
	}
	if reply, err = model.Generate(ctx, req, nil); err != nil {
		d.add(what, false, "it called, and then did not take the result: "+fault.Message(err))
		return
	}
	if left := reply.Unsupported; len(left) > 0 && left[0].What == llm.CallsAsText {
		d.warn(what, lacking(left[0])+window)
		return
	} else if len(left) > 0 {
		d.warn(what, fmt.Sprintf("it called, and then did not take the result as one: %s%s", left[0].Reason, window))
		return
	}
	d.add(what, true, fmt.Sprintf("called after %v, and took the result%s", took, window))
}

// lacking tells what of a call of a tool did not work.
func lacking(u llm.Unsupported) string {
	switch u.What {
	case llm.CallsAsText:
		return "it writes calls as text, which its server does not read: a flag is missing there (llama.cpp: --jinja; vLLM: --enable-auto-tool-choice and --tool-call-parser)"
	case llm.OneTool:
		return "its server refuses how the tool is described: " + u.Reason
	}
	return "it can't use tools, so it can't run code: " + u.Reason
}

// abilityTime is how long a model may take for the two answers.
const abilityTime = 2 * time.Minute

func (d *diagnosis) python(ctx context.Context) *gvisor.Host {
	d.m.Config.Pool = 0
	host, err := d.m.openPython(ctx, d.m.log(d.m.quiet()), d.m.Stderr)
	if err != nil {
		d.add("sandbox", false, explained(err))
		return nil
	}
	who := "as root"
	if os.Geteuid() != 0 {
		who = "as an ordinary user"
	}
	if !container.Privileged() {
		who += ", in a user namespace"
	}
	began := time.Now()
	key := sandbox.Key{Conversation: fmt.Sprintf("doctor %d", os.Getpid())}
	defer host.Reset(context.WithoutCancel(ctx), key)
	res, err := host.Run(ctx, key, sandbox.Cell{Code: "print(1+1)"})
	if err != nil {
		d.add("sandbox", false, explained(err))
		return nil
	}
	if strings.TrimSpace(res.Output) != "2" {
		d.add("sandbox", false, "Python prints nothing. "+res.Error)
		return nil
	}
	d.add("sandbox", true, fmt.Sprintf("gVisor %s; first result %d ms after the start of a session", who, time.Since(began).Milliseconds()))
	var rooms []string
	for _, r := range host.Rooms() {
		rooms = append(rooms, fmt.Sprintf("%s %s of at most %s", r.What, files.Size(r.Bytes), files.Size(r.Bound)))
	}
	d.add("disk of the sandbox", true, strings.Join(rooms, ", "))
	return host
}

// sessionsHere tells what becomes of a Python session when another serve on the same
// database answers next; "" where that can't be, or the session goes along.
func sessionsHere(c config.Config) string {
	if c.MongoURI == "" || c.ClusterListen != "" || c.NATSURL != "" {
		return ""
	}
	if c.SessionsURL != "" {
		return "this serve has a message server of its own: another serve on the same database goes on with a session when it has been stored; CLUSTER_LISTEN at one of them, and NATS_URL at the others, share them at once"
	}
	return "on this machine alone: another serve on the same database begins them anew, without their variables; CLUSTER_LISTEN or NATS_URL, and SESSIONS_URL, share them"
}

// settings is doctor's row on them. Run refuses wrong values before it comes
// here.
func (d *diagnosis) settings() {
	unknown, err := config.Unknown(d.m.EnvFile)
	if err != nil || len(unknown) == 0 {
		d.add("settings", true, "no wrong value")
		return
	}
	d.add("settings", false, strings.Join(unknown, " "))
}
