package assistant

import (
	"context"
	"errors"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// Conversations lists the conversations that a user began.
func (a *Assistant) Conversations(ctx context.Context, q chat.ConversationQuery) ([]chat.Conversation, error) {
	return a.engine.Conversations(ctx, q)
}

// History returns the last turns of a conversation that the user began.
func (a *Assistant) History(ctx context.Context, user files.UserID, conversation string, limit int) ([]chat.Record, error) {
	return a.engine.History(ctx, user, conversation, limit)
}

// Rename gives a conversation that the user began a title; "" takes it away.
func (a *Assistant) Rename(ctx context.Context, user files.UserID, conversation, title string) error {
	return a.engine.Rename(ctx, user, conversation, title)
}

// Code returns the code that ran for an answer. Kind NotFound: there is none, or
// the answer is not in the history any more.
func (a *Assistant) Code(ctx context.Context, user files.UserID, turn string) ([]llm.Run, error) {
	runs, err := a.engine.Runs(ctx, user, turn)
	if fault.Is(err, fault.NotFound) || err == nil && len(runs) == 0 {
		return nil, fault.New(fault.NotFound, "I don't have the code of that answer any more: it was run again, or the conversation was forgotten.")
	}
	return runs, err
}

// Reset forgets a conversation and its variables. Kind Denied: somebody else
// began it.
func (a *Assistant) Reset(ctx context.Context, user files.UserID, conversation string) error {
	if err := a.engine.Reset(ctx, user, conversation); err != nil {
		return err
	}
	return a.files.UnshareConversation(ctx, conversation)
}

// DeleteFiles deletes all files of a user, and tells how many.
func (a *Assistant) DeleteFiles(ctx context.Context, user files.UserID) (deleted int, err error) {
	for {
		page, err := a.files.List(ctx, user, files.Query{Limit: 100})
		if err != nil || len(page.Files) == 0 {
			return deleted, err
		}
		for _, f := range page.Files {
			switch err := a.files.Delete(ctx, user, f.ID); {
			case err == nil:
				deleted++
			case !fault.Is(err, fault.NotFound):
				return deleted, err
			}
		}
	}
}

// DeleteEverything deletes what is kept of a user: files, the conversations that
// they began with their variables, and their choice of a model. What they used
// is kept for the operator's accounts.
func (a *Assistant) DeleteEverything(ctx context.Context, user files.UserID) error {
	_, err := a.DeleteFiles(ctx, user)
	for {
		list, lerr := a.engine.Conversations(ctx, chat.ConversationQuery{User: user, Limit: 100})
		if err = errors.Join(err, lerr); err != nil || len(list) == 0 {
			break
		}
		for _, c := range list {
			err = errors.Join(err, a.Reset(ctx, user, c.ID))
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, a.files.UnshareUser(ctx, user), a.engine.SetModel(ctx, user, ""))
}

// Models lists what users may choose.
func (a *Assistant) Models(ctx context.Context) []string { return a.engine.Models(ctx) }

// ModelOf returns the model that answers a user; "" is the provider's default.
func (a *Assistant) ModelOf(ctx context.Context, user files.UserID) (string, error) {
	return a.engine.ModelOf(ctx, user)
}

// SetModel keeps a user's choice; "" goes back to the default.
func (a *Assistant) SetModel(ctx context.Context, user files.UserID, name string) error {
	return a.engine.SetModel(ctx, user, name)
}
