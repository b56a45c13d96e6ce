package client

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm/protocol"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// translate gives an error its kind and its sentence. Shown is the text for
// the log; err is only looked at.
func translate(model string, shown, err error) error {
	var refused *refusal.Error
	if errors.As(err, &refused) {
		return refused.Fault(model, shown)
	}
	wrap := func(sentence string) error { return &fault.Error{Kind: fault.Unavailable, Msg: sentence, Err: shown} }
	var dns *net.DNSError
	var dial *net.OpError
	switch {
	case errors.Is(err, errFirstByte), errors.Is(err, context.DeadlineExceeded):
		return wrap("The language model took too long to answer. Please try again in a minute.")
	case errors.Is(err, errIdle), errors.Is(err, protocol.ErrCut):
		return wrap("The language model's answer broke off.")
	case errors.Is(err, protocol.ErrGarbled):
		return wrap("The language model's server sent something that I could not read.")
	case errors.Is(err, protocol.ErrTooLong):
		return wrap("The language model's answer was endless, so I stopped reading it.")
	case errors.As(err, &dns):
		return wrap("The language model's server cannot be found. Its address may be wrong (OPENAI_BASE_URL), or the network is down.")
	case errors.As(err, &dial) && dial.Op == "dial":
		return wrap("The language model's server cannot be reached. Please try again in a minute.")
	}
	return wrap("The connection to the language model failed. Please try again in a minute.")
}

// secretLike matches keys and account names as providers print them.
var secretLike = regexp.MustCompile(`\b(sk|pk|rk|org|proj|gsk|xai|key)[-_][A-Za-z0-9_*-]{6,}|(?i:bearer)\s+\S+`)

func hideSecrets(s, key string) string {
	if key != "" {
		s = strings.ReplaceAll(s, key, "[key]")
	}
	return secretLike.ReplaceAllString(s, "[hidden]")
}
