package chat

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// run is one turn on its way.
type run struct {
	e      *Engine
	turn   Turn
	rec    Record
	result Result

	emitMu sync.Mutex
	emitTo func(Event)
	over   bool

	model     string // requested; "" is the default of e.model
	tools     []llm.Tool
	own       map[string]TurnTool // of tools, those of the turn alone
	window    int                 // tokens of a request
	served    int                 // tokens of a request and its answer, as the server says; 0: it does not
	system    llm.Message
	context   llm.Message
	past      []pastTurn
	images    map[string]*llm.Image // by file id, of those shown to the model
	forgotten bool                  // the conversation was reset meanwhile
	told      map[string]bool       // notices given
	failure   llm.Message           // what had arrived of the reply that failed

	entered      bool // the session; see enterSession
	leaveSession func()
}

func (r *run) emit(ev Event) {
	if r.emitTo == nil {
		return
	}
	r.emitMu.Lock()
	defer r.emitMu.Unlock()
	if !r.over {
		r.emitTo(ev)
	}
}

// silence ends all events, also of a tool that speaks after its end.
func (r *run) silence() {
	r.emitMu.Lock()
	defer r.emitMu.Unlock()
	r.over = true
}

// notice tells one line in the language of who reads, once in a turn.
func (r *run) notice(key string, args ...any) { r.tellOnce(r.turn.FrontEnd.T(key, args...)) }

// tellOnce tells one line, once in a turn.
func (r *run) tellOnce(text string) {
	if r.told[text] {
		return
	}
	if r.told == nil {
		r.told = map[string]bool{}
	}
	r.told[text] = true
	r.emit(Notice{text})
}

// answer takes the turn from the question to the last answer.
func (r *run) answer(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	for round := 1; ; round++ {
		lastRound := round > r.e.live().MaxRounds
		reply, err := r.request(ctx, round, lastRound)
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			r.failure = reply.Message
			return err
		}
		r.result.Rounds = round
		if lastRound {
			reply.Message.Calls = nil
			r.notice("I stopped after the largest number of steps that one answer may take.")
		}
		switch reply.Finish {
		case llm.Length:
			r.notice("The answer was cut at the model's output limit.")
		case llm.Filtered:
			r.notice("The model's provider filtered the answer.")
		case llm.Repeated:
			r.notice("The model repeated itself without end, so I stopped it.")
		}
		if text := reply.Message.Text(); text != "" {
			r.say(text)
		}
		if len(reply.Message.Parts)+len(reply.Message.Calls) > 0 {
			r.rec.Messages = append(r.rec.Messages, reply.Message)
		}
		if len(reply.Message.Calls) == 0 {
			return nil
		}
		r.rec.Messages = append(r.rec.Messages, r.call(ctx, reply, round)...)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.save(ctx)
	}
}

// prepare finds the model and what goes into the prompt.
func (r *run) prepare(ctx context.Context) (err error) {
	if r.model = r.turn.Model; r.model == "" {
		if r.model, err = r.e.modelOf(ctx, r.turn.User); err != nil {
			return err
		}
	}
	r.rec.Model = r.model
	if r.e.tools != nil {
		r.tools = r.e.tools.Tools(ctx, r.turn.User)
	}
	r.addTurnTools()
	r.window, r.served = r.e.window(ctx, r.model)
	history, err := r.readHistory(ctx)
	if err != nil {
		return err
	}
	r.system = systemPrompt(r.turn.FrontEnd, r.tools, r.e.live().Instructions)
	r.context, err = r.e.contextPrompt(ctx, r.turn)
	if err != nil {
		return err
	}
	r.loadImages(ctx, history)
	r.readDocuments(ctx)
	r.setPast(history)
	return nil
}

// addTurnTools adds the tools of the turn alone. A name that is taken stays so.
func (r *run) addTurnTools() {
	r.own = map[string]TurnTool{}
	for _, t := range r.turn.Tools {
		if slices.ContainsFunc(r.tools, func(o llm.Tool) bool { return o.Name == t.Name }) {
			continue
		}
		r.own[t.Name] = t
		r.tools = append(r.tools[:len(r.tools):len(r.tools)], t.Tool)
	}
}

func (r *run) say(text string) {
	if r.result.Text != "" {
		r.result.Text += "\n\n"
	}
	r.result.Text += text
}

// end records how the turn ended and returns the error for its user.
func (r *run) end(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		// A caller may give any cause of its own: only ours say more than ctx does.
		if err = context.Cause(ctx); !errors.Is(err, errStopping) && !errors.Is(err, errTooSlow) {
			err = ctx.Err()
		}
	}
	if errors.Is(err, errTooSlow) {
		err = fault.Wrap(err, fault.Unavailable, "This took longer than %v, so I stopped.", r.e.opts.MaxTurn)
	}
	switch {
	case err == nil:
		r.rec.State = Done
	case errors.Is(err, errStopping), fault.Is(err, fault.Canceled):
		r.rec.State = Interrupted
	default:
		r.rec.State = Failed
	}
	if err != nil {
		text := r.failure.Text()
		if text != "" {
			r.say(text)
		}
		if text != "" || len(r.rec.Messages) > 1 {
			why := fault.Message(err)
			if fault.Is(err, fault.Canceled) {
				why = "The user stopped it."
			}
			r.mark(text, why)
		}
	}
	r.result.Model = r.rec.Model
	r.rec.Ended = r.e.clock.next()
	// The history is kept although the caller left.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait *= 4 {
		if r.save(ctx) || wait > time.Second {
			break
		}
		time.Sleep(wait)
	}
	return err
}

// answered tells who wants to know of a turn in which code ran.
func (r *run) answered(ctx context.Context) {
	ran := slices.ContainsFunc(r.rec.Messages, func(m llm.Message) bool { return m.Run != nil })
	if r.e.opts.Answered == nil || !ran || r.forgotten {
		return
	}
	session := r.turn.User
	if shared := r.turn.Sharing.Session; shared != 0 {
		session = files.UserID(shared)
	}
	r.e.opts.Answered(context.WithoutCancel(ctx), session, r.turn.Conversation, r.turn.ID)
}

// mark ends the history of an answer that has no end of its own.
func (r *run) mark(text, why string) {
	r.rec.Messages = append(r.rec.Messages, llm.Text(llm.Assistant, interrupted(text, why)))
}

// interrupted is what the model reads of its own answer that was interrupted
// after text.
func interrupted(text, why string) string {
	if why != "" {
		why = " " + why
	}
	if text == "" {
		return "[This answer was interrupted." + why + "]"
	}
	return text + "\n\n[This answer was interrupted here." + why + "]"
}

// save keeps the turn as it is now and reports whether there is nothing left
// to try.
func (r *run) save(ctx context.Context) bool {
	if r.forgotten {
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := r.e.store.Save(ctx, r.rec)
	if fault.Is(err, fault.NotFound) {
		r.forgotten = true
		return true
	}
	if err != nil && r.rec.State != Running {
		r.notice("I could not keep this answer in my history.")
	}
	return err == nil
}

// errEnough ends a turn without an error: its limits are reached, and the
// user was told.
var errEnough = errors.New("the limits of the turn are reached")

// request makes one request and accounts for it. A request that turns out to
// be too long is repeated with less.
func (r *run) request(ctx context.Context, round int, last bool) (llm.Reply, error) {
	effort := "" // the operator's
	for try := 0; ; try++ {
		req := llm.Request{Model: r.model, Tools: r.tools, NoCalls: last, User: opaque(r.turn.User)}
		var err error
		var size int
		if req.Messages, size, err = r.fit(last); err != nil {
			return llm.Reply{}, err
		}
		var release func()
		if req.MaxOutput, release, err = r.admit(ctx, round, size); err != nil {
			return llm.Reply{}, err
		}
		req.MaxOutput = r.outputCap(req.MaxOutput, size)
		req.Effort = effort
		shown := false
		reply, err := r.e.model.Generate(ctx, req, func(s string) {
			shown = true
			r.emit(TextDelta{s})
		})
		r.account(ctx, size, reply, err)
		release()
		r.tell(reply)
		if !slices.ContainsFunc(req.Messages, hasImage) {
			r.e.calibrate(r.model, size, reply.Usage)
		}
		var tooLong *llm.ContextError
		if errors.As(err, &tooLong) && !shown {
			n, ok := r.e.shrink(r.model, size, tooLong.Window)
			if ok && try < 5 {
				r.window = n
				continue
			}
			return reply, r.e.tooSmall(err, cmp.Or(tooLong.Window, r.served))
		}
		if err != nil {
			return reply, err
		}
		r.rec.Model = cmp.Or(r.model, reply.Model)
		empty := strings.TrimSpace(reply.Message.Text()) == "" && len(reply.Message.Calls) == 0
		switch {
		case !empty || reply.Finish == llm.Filtered:
			return reply, nil
		case reply.Finish == llm.Length && effort == "" && try == 0:
			effort = "low" // it thought all the way to its limit
			continue
		case reply.Finish == llm.Length:
			return reply, fault.New(fault.Unavailable, "The model reached its output limit before it said anything.")
		case try == 0:
			continue
		case round > 1:
			reply.Message = llm.Message{} // what the tools made is the answer
			return reply, nil
		}
		return reply, fault.New(fault.Unavailable, "The language model gave an empty answer. Please try again.")
	}
}

// outputCap bounds the answer of a model of which nothing is known: small ones
// don't always find an end.
func (r *run) outputCap(bound, size int) int {
	m := r.e.meter(r.model)
	if m.known() {
		return bound
	}
	most := answerReserve
	if r.served > 0 {
		most = max(min(most, r.served-size-64), assumedOutput)
	}
	if bound > 0 {
		most = min(most, bound)
	}
	return most
}

// tooSmall says that a model's window does not take even a short request, and
// how it is made larger; window is what the server named, or 0.
func (e *Engine) tooSmall(err error, window int) error {
	if window == 0 || window > smallWindow {
		return err
	}
	return fault.Wrap(err, fault.Invalid, "The model takes only %s tokens at once here, which is too few for this. Whoever runs this bot can give it more: llama.cpp's -c, Ollama's num_ctx (OLLAMA_CONTEXT_LENGTH), vLLM's --max-model-len; 16,000 or more work well.", humanize.Comma(int64(window)))
}

// smallWindow is a window in which there is little place beside the tools.
const smallWindow = 16_000

// unsupported is what a person reads of a part of the request that the model
// went without; "" for nothing.
func (r *run) unsupported(u llm.Unsupported, model string) string {
	f := r.turn.FrontEnd
	switch u.What {
	case llm.Tools:
		if flags := flag.FindAllString(u.Reason, 3); len(flags) > 0 {
			return f.T("The model %s can't use tools, so it can't run code or read files: its server must be started with %s.", model, strings.Join(flags, ", "))
		}
		return f.T("The model %s can't use tools, so it can't run code or read files.", model) + f.hint(fault.OtherModel)
	case llm.Images:
		return f.T("The model %s can't see images.", model)
	case llm.TheseImages:
		return f.T("The model %s could not read an image here, so it answers without seeing it.", model)
	case llm.CallsAsText:
		return f.T("The model %s wrote a tool call as text, which I can't run. Its server reads calls with --tool-call-parser (vLLM, SGLang) or --jinja (llama.cpp).", model)
	}
	if u.Tool == llm.PythonTool {
		return f.T("The model %s does not take the tool that runs code, so it can't run code or read files.", model)
	}
	return ""
}

// flag is an option of a server that its refusal names.
var flag = regexp.MustCompile(`--[a-z][a-z-]+`)

// tell says what the request went without: to the person, and to the operator
// once in a while.
func (r *run) tell(reply llm.Reply) {
	model := cmp.Or(reply.Model, r.model)
	for _, u := range reply.Unsupported {
		if text := r.unsupported(u, model); text != "" {
			r.tellOnce(text)
		}
		if u.Reason != "" && r.e.once(model+" "+string(u.What)+" "+u.Tool) {
			r.e.opts.Log.Warn("a part of a request was left out", "model", model, "what", string(u.What), "tool", u.Tool, "error", u.Reason)
		}
	}
}

// once reports whether something was not told within the last hour.
func (e *Engine) once(what string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.told) > 1000 {
		clear(e.told)
	}
	now := e.opts.Now()
	if at, ok := e.told[what]; ok && now.Sub(at) < time.Hour && now.Sub(at) >= 0 {
		return false
	}
	e.told[what] = now
	return true
}

// opaque hides the user's id from the provider.
func opaque(user files.UserID) string { return hash("user:" + user.String())[:32] }
