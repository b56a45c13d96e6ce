package assistant

import (
	"context"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
)

// What a conversation of several people shares is what was brought into it: the
// files that were attached there or made there by code. Who speaks in it may
// use them there. They are not listed among that person's files, and can be
// neither deleted nor used elsewhere.
//
// Variables are in one Python session, of whoever began the conversation, if
// that person shares it. Code in it may be anybody's, so it reaches what was
// brought into the conversation alone, whoever runs it; to another file its
// owner has to say yes, which brings it there.

// Company is who else speaks in a message's conversation.
type Company string

const (
	// Alone: nobody. Nothing is shared.
	Alone Company = ""
	// Joining: who writes there joins a conversation with the assistant, and knows
	// it. Nobody is asked. The session is shared when the first other person joins,
	// unless it holds more than what was brought into the conversation.
	Joining Company = "joining"
	// Among: people talk among themselves, and call the assistant in. The owner of
	// a file is asked before somebody else's first use, once for all that they
	// bring there; a yes shares their session as well, if they began the
	// conversation with the assistant.
	Among Company = "among"
)

// refusalTime is how long a no counts: for so long the owner is not asked again.
const refusalTime = time.Hour

// consent is a question to an owner that waits, or what came of it.
type consent struct {
	done chan struct{} // closed when err is known
	err  error         // nil: yes
	at   time.Time     // of the answer
}

type consentKey struct {
	conversation string
	owner        files.UserID
}

// sharing is what a turn shares.
type sharing struct {
	t    *Turn
	in   string // conversation
	host files.UserID
	open bool // nobody is asked

	asked map[files.UserID]error // in this turn; calls come one at a time
}

// share finds out what a turn shares with the others of its conversation.
func (a *Assistant) share(ctx context.Context, t *Turn, with Company) (llm.Sharing, error) {
	if with == Alone {
		return llm.Sharing{}, nil
	}
	s := &sharing{t: t, in: t.Conversation(), host: t.User, open: with == Joining, asked: map[files.UserID]error{}}
	began, err := a.engine.Began(ctx, s.in)
	if err != nil {
		return llm.Sharing{}, err
	}
	out := llm.Sharing{Use: s.use, Listed: s.listed}
	if began == 0 || began == t.User {
		return out, nil
	}
	s.host = began
	joint, err := s.join(ctx)
	if joint {
		out.Session = uint64(began)
	} else {
		s.host = t.User // a session of their own
	}
	return out, err
}

// join tells whether the user may use the session of who began the
// conversation, and notes that it is shared from now on.
func (s *sharing) join(ctx context.Context) (bool, error) {
	s.t.a.words.Lock()
	defer s.t.a.words.Unlock()
	fs := s.t.a.files
	word, err := fs.WordOf(ctx, s.in, s.host)
	if err == nil && word == files.Unasked && s.open {
		word, err = files.Agreed, fs.SetWord(ctx, s.in, s.host, files.Agreed)
	}
	return err == nil && word == files.Agreed, err
}

// joint tells whether the session that the turn's code runs in is shared now.
func (s *sharing) joint(ctx context.Context) (bool, error) {
	if s.host != s.t.User {
		return true, nil
	}
	word, err := s.t.a.files.WordOf(ctx, s.in, s.host)
	return word == files.Agreed, err
}

// use tells whether a file may be used.
func (s *sharing) use(ctx context.Context, id string) error {
	fs, f := s.t.a.files, files.ID(id)
	own := f.User() == s.t.User
	brought, err := fs.BroughtFile(ctx, s.in, f)
	switch {
	case err == nil && (own || s.open):
		return nil
	case err == nil:
		return s.consent(ctx, brought)
	case !fault.Is(err, fault.NotFound) || !own:
		return err
	}
	return s.bringOwn(ctx, f)
}

// bringOwn lets the user use a file of theirs that was not brought into the
// conversation. In a session that is shared that takes a yes.
func (s *sharing) bringOwn(ctx context.Context, id files.ID) error {
	fs := s.t.a.files
	f, err := fs.Get(ctx, s.t.User, id)
	if err != nil {
		return err
	}
	joint, err := s.keepPrivate(ctx)
	if err != nil || !joint {
		return err
	}
	yes, err := s.t.ask(ctx, locale.Later("Let people in this thread use **%s**?\nIt is yours alone so far, and the Python session of this conversation is shared.", brief.Escape(f.Name)))
	switch {
	case err == nil && yes:
		return fs.Bring(ctx, s.in, s.t.req.UserName, []files.File{f})
	case err != nil:
		return err // no answer is no refusal
	}
	return fault.New(fault.Denied, "%q was not attached in this conversation, whose Python session is shared. Its owner, who asks, can attach it here, or ask in direct messages.", f.Name)
}

// keepPrivate notes that the user's session holds more than what was brought
// into the conversation, unless it is shared already, which it tells.
func (s *sharing) keepPrivate(ctx context.Context) (joint bool, err error) {
	s.t.a.words.Lock()
	defer s.t.a.words.Unlock()
	if s.host != s.t.User {
		return true, nil
	}
	word, err := s.t.a.files.WordOf(ctx, s.in, s.t.User)
	if err == nil && word == files.Unasked {
		err = s.t.a.files.SetWord(ctx, s.in, s.t.User, files.Private)
	}
	return word == files.Agreed, err
}

// listed returns the user's files that code may see listed.
func (s *sharing) listed(ctx context.Context) (ids []string, all bool, err error) {
	joint, err := s.joint(ctx)
	if err != nil || !joint {
		return nil, true, err
	}
	brought, err := s.t.a.files.Brought(ctx, s.in)
	for _, b := range brought {
		if b.User == s.t.User {
			ids = append(ids, string(b.ID))
		}
	}
	return ids, false, err
}

// consent asks the owner of a file that was brought into the conversation,
// unless they have said yes there.
func (s *sharing) consent(ctx context.Context, b files.Brought) error {
	word, err := s.t.a.files.WordOf(ctx, s.in, b.User)
	if err != nil || word == files.Agreed {
		return err
	}
	err, known := s.asked[b.User]
	if !known {
		err = s.t.a.askOwner(ctx, s.t, s.in, b)
		s.asked[b.User] = err
	}
	switch {
	case err == nil:
		return nil
	case fault.Is(err, fault.Denied):
		return fault.New(fault.Denied, "%q belongs to %s, who said no to its use by others in this thread. Talk to %s about it: I can ask again in an hour.", b.Name, b.Owner, b.Owner)
	case fault.Is(err, fault.Unavailable):
		return fault.New(fault.Denied, "%q belongs to %s, who has not said yet whether people in this thread may use it. Tell %s that a question waits for them, and ask again: I put it anew.", b.Name, b.Owner, b.Owner)
	}
	return err
}

// askOwner asks the owner of a file whether people in a conversation may use
// what they bring there. Turns that ask at the same time share one question, and
// a no counts for refusalTime.
func (a *Assistant) askOwner(ctx context.Context, t *Turn, conversation string, b files.Brought) error {
	key := consentKey{conversation, b.User}
	c := &consent{done: make(chan struct{})}
	for {
		a.mu.Lock()
		old := a.consents[key]
		if old == nil || !old.at.IsZero() && a.opts.Now().Sub(old.at) > refusalTime {
			a.consents[key] = c
			a.mu.Unlock()
			break
		}
		a.mu.Unlock()
		select {
		case <-old.done:
			if !fault.Is(old.err, fault.Canceled) { // the turn that asked ended first
				return old.err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}

	yes, err := t.askOf(ctx, b.User, locale.Later("Let people in this thread use **%s**?\nA yes is for all that you attach in this thread, and for your Python variables here.", brief.Escape(b.Name)))
	refused := err == nil && !yes
	switch {
	case refused:
		err = fault.New(fault.Denied, "")
	case err == nil:
		a.words.Lock()
		err = a.files.SetWord(ctx, conversation, b.User, files.Agreed)
		a.words.Unlock()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.err, c.at = err, a.opts.Now(); !refused {
		delete(a.consents, key)
	}
	close(c.done)
	for key, old := range a.consents {
		if len(a.consents) > 1000 && !old.at.IsZero() {
			delete(a.consents, key)
		}
	}
	return err
}
