package refusal

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
)

// Fault gives the refusal its kind and its sentence. Shown is the text for the
// log.
func (e *Error) Fault(model string, shown error) error {
	wrap := func(k fault.Kind, format string, args ...any) error {
		return &fault.Error{Kind: k, Msg: fmt.Sprintf(format, args...), Err: shown}
	}
	switch {
	case e.outOfCredit():
		return wrap(fault.Exhausted, "The account at the model's provider has no credit left. Please tell whoever runs this bot.")
	case e.TooLong():
		err := wrap(fault.Invalid, "This conversation is too long for the model.").(*fault.Error)
		err.Hint = fault.NewConversation
		err.Err = &llm.ContextError{Window: e.window(), Err: shown}
		return err
	case e.filtered():
		return fault.With(fault.NewConversation, wrap(fault.Denied, "The model's provider refused this because of its rules about content. Please word it differently."))
	case e.Status == http.StatusTooManyRequests:
		if e.RetryAfter > 0 {
			return wrap(fault.Exhausted, "The language model gets too many requests. Please try again in %s.", e.RetryAfter.Round(time.Second))
		}
		return wrap(fault.Exhausted, "The language model gets too many requests. Please try again in a minute.")
	case e.badKey():
		return wrap(fault.Denied, "The model's provider does not accept the API key. Please tell whoever runs this bot (OPENAI_API_KEY).")
	case e.Status == http.StatusForbidden && e.noModel():
		return fault.With(fault.OtherModel, wrap(fault.Invalid, "The provider has no %s.", named(model)))
	case e.denied():
		return wrap(fault.Denied, "The model's provider denied the request. The key may not be allowed to use %s.", named(model))
	case e.noEndpoint():
		return wrap(fault.Invalid, "There is no API for chat at the address of the model's server. Please tell whoever runs this bot (OPENAI_BASE_URL; most end with /v1).")
	case e.wantsResponses():
		return wrap(fault.Invalid, "The %s answers only through the Responses API, which its server does not have here. Another model can be chosen.", named(model))
	case e.noModel():
		return fault.With(fault.OtherModel, wrap(fault.Invalid, "The provider has no %s.", named(model)))
	case e.Code == "tool_use_failed":
		return wrap(fault.Unavailable, "The language model tried to call a tool and failed to word it. Please try again.")
	case e.noMemory():
		return fault.With(fault.OtherModel, wrap(fault.Unavailable, "The server has too little memory for the %s. Please tell whoever runs this bot.", named(model)))
	case e.Loading():
		return wrap(fault.Unavailable, "The language model is still being loaded. Please try again in a few minutes.")
	case e.Status >= 500 || e.Temporary():
		return wrap(fault.Unavailable, "The language model has a problem on its side. Please try again in a minute.")
	}
	return wrap(fault.Invalid, "The language model refused the request: %s", sentence(shown.Error()))
}

func named(model string) string {
	if model == "" {
		return "such model"
	}
	return "model named " + strconv.Quote(model)
}

var statusPrefix = regexp.MustCompile(`^status \d+( [\w.-]+)?: `)

// sentence makes one short line of a provider's words.
func sentence(s string) string {
	s = strings.Join(strings.Fields(statusPrefix.ReplaceAllString(s, "")), " ")
	if s == "" {
		return "it gave no reason."
	}
	return brief.Bytes(s, 200)
}
