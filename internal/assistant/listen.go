package assistant

import (
	"context"
	"io"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/transcribe"
)

// maxSpeech is the length of the longest voice message that is listened to.
const maxSpeech = 20 * time.Minute

// Voice is a voice message.
type Voice struct {
	Name   string // with the extension of its format
	Length time.Duration
	Open   func(ctx context.Context) (io.ReadCloser, error)
}

// Listen returns what is said in a voice message, for a user who pays for it.
// Errors: as of transcribe.Client.Transcribe; TooLarge: it is too long; Exhausted:
// a budget is used up.
func (a *Assistant) Listen(ctx context.Context, user files.UserID, v Voice) (text string, err error) {
	ears := a.opts.Ears
	switch {
	case ears == nil:
		return "", transcribe.ErrNone
	case v.Length > maxSpeech:
		return "", fault.New(fault.TooLarge, "The voice message is too long: I listen to %d minutes at most.", int(maxSpeech.Minutes()))
	}
	// A second of speech is about ten tokens in and four out.
	seconds := v.Length.Seconds()
	estimate, _ := ears.Cost(transcribe.Transcript{Seconds: seconds, Input: int(10 * seconds), Output: int(4 * seconds)})
	err = a.engine.Pay(ctx, user, ledger.NanoDollars(estimate), func() (u ledger.Usage, err error) {
		body, err := v.Open(ctx)
		if err != nil {
			return u, err
		}
		defer body.Close()
		t, err := ears.Transcribe(ctx, v.Name, body)
		if err != nil {
			return u, err
		}
		if t.Seconds == 0 {
			t.Seconds = seconds
		}
		text = t.Text
		u = ledger.Usage{Model: ears.Model(), Input: int64(t.Input), Output: int64(t.Output)}
		cost, known := ears.Cost(t)
		if u.Cost = ledger.NanoDollars(cost); !known {
			u.Unpriced = 1
		}
		return u, nil
	})
	return text, err
}
