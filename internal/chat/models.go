package chat

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

const (
	listFresh   = 10 * time.Minute // how long the provider's list is used
	listTimeout = 2 * time.Second  // how long is waited for it
)

// modelNames caches the provider's list.
type modelNames struct {
	mu    sync.Mutex
	names []string
	at    time.Time // of the last attempt
}

// Models lists what users may choose: the configured names in their order,
// then, if there is none or one is "*", what the provider lists for chat. If the
// provider does not answer soon, the last list that it gave is used.
func (e *Engine) Models(ctx context.Context) []string {
	var names []string
	all := len(e.live().Models) == 0
	for _, n := range e.live().Models {
		if n == "*" {
			all = true
		} else {
			names = append(names, n)
		}
	}
	if all {
		if len(names) == 0 && e.live().Model != "" {
			names = append(names, e.live().Model)
		}
		for _, n := range e.provided(ctx) {
			if chats(n) {
				names = append(names, n)
			}
		}
	}
	var out []string
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func (e *Engine) provided(ctx context.Context) []string {
	c := &e.names
	c.mu.Lock()
	defer c.mu.Unlock()
	now := e.opts.Now()
	if fresh := listFresh; !c.at.IsZero() && now.Sub(c.at) < fresh && now.Sub(c.at) >= 0 {
		return c.names
	}
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	names, err := e.model.Models(ctx)
	if err == nil {
		c.names = names
		c.at = now
	} else if ctx.Err() == nil || ctx.Err() == context.DeadlineExceeded {
		c.at = now.Add(-listFresh + 30*time.Second) // ask again soon
	}
	return c.names
}

// otherUse are parts of the names of models that are not for chat.
var otherUse = []string{"embed", "whisper", "tts", "dall-e", "moderation", "-audio", "realtime", "transcribe",
	"image", "sora", "veo-", "davinci", "babbage", "turbo-instruct", "rerank", "-search-", "-ocr", "bge-", "deep-research", "computer-use", "stable-diffusion", "guard"}

func chats(name string) bool {
	name = strings.ToLower(name)
	return !slices.ContainsFunc(otherUse, func(s string) bool { return strings.Contains(name, s) })
}

// SetModel keeps a user's choice; "" goes back to the default. A name that is
// not in Models is an error of kind Invalid.
func (e *Engine) SetModel(ctx context.Context, user files.UserID, name string) error {
	if name != "" && !slices.Contains(e.Models(ctx), name) {
		return fault.New(fault.Invalid, "There is no model named %q to choose.", brief.Bytes(name, 100))
	}
	return e.store.SetModel(ctx, user, name)
}

// ModelOf returns the model that answers a user: their choice, else the
// default. "" is the provider's own default.
func (e *Engine) ModelOf(ctx context.Context, user files.UserID) (string, error) {
	name, err := e.modelOf(ctx, user)
	return name, err
}

func (e *Engine) modelOf(ctx context.Context, user files.UserID) (string, error) {
	name, err := e.store.ModelOf(ctx, user)
	if err != nil || name == "" {
		return e.live().Model, err
	}
	// A choice outlives the list that it was made from.
	if len(e.live().Models) > 0 && !slices.Contains(e.live().Models, "*") && !slices.Contains(e.live().Models, name) {
		return e.live().Model, nil
	}
	return name, nil
}

const (
	leastWindow  = 1500      // tokens: in less there is no place for the tools
	windowMemory = time.Hour // how long it is remembered that a request was too long
)

// learnedWindow is what a model's refusal of a request tells about its window.
type learnedWindow struct {
	tokens int
	at     time.Time
}

// window returns how many tokens a request to a model may have, and how many it
// may have together with its answer, as far as the server says so.
func (e *Engine) window(ctx context.Context, model string) (n, served int) {
	// A server that does not answer this will tell more when it is asked to answer.
	served, _ = e.model.Window(ctx, model)
	n = e.meter(model).window(served)
	if e.live().MaxRequest > 0 {
		n = min(n, e.live().MaxRequest)
	}
	if e.opts.MaxTurnTokens > 0 {
		n = min(n, int(e.opts.MaxTurnTokens/2))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if l, ok := e.windows[model]; ok && e.opts.Now().Sub(l.at) < windowMemory {
		n = min(n, l.tokens)
	}
	return n, served
}

// shrink learns that a request of so many tokens was too long for a model that
// takes named at most (0: it did not say), and returns what the next one may
// have; false if a shorter one makes no sense. Where what it takes is far more than
// this request had, that counts for no other.
func (e *Engine) shrink(model string, size, named int) (int, bool) {
	n := size * 7 / 10
	if named > 0 {
		// What the server counts as named is less by our count, if it refused this.
		n = min(n, named-reserveOf(named))
	}
	if n = max(n, leastWindow); size <= n {
		return 0, false
	}
	if named >= 3*size {
		return n, true // there is something else about this request
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.windows) > 1000 {
		clear(e.windows)
	}
	e.windows[model] = learnedWindow{n, e.opts.Now()}
	return n, true
}
