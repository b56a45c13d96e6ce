package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// apiError is a refusal by the server, as it worded it.
type apiError struct {
	status     int
	code       string
	param      string
	message    string
	retryAfter time.Duration
}

func (e *apiError) Error() string {
	s := fmt.Sprintf("status %d", e.status)
	if e.code != "" {
		s += " " + e.code
	}
	return s + ": " + e.message
}

// readAPIError reads an error response of any of the forms that servers use:
// OpenAI's object, a bare string, FastAPI's detail, or no JSON at all.
func readAPIError(res *http.Response) *apiError {
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	e := parseAPIError(body)
	e.status = res.StatusCode
	e.retryAfter = retryAfter(res.Header)
	return e
}

func parseAPIError(body []byte) *apiError {
	e := &apiError{}
	var doc struct {
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &doc) != nil {
		e.message = clip(strings.TrimSpace(string(body)), 300)
		return e
	}
	var obj struct {
		Message json.RawMessage `json:"message"`
		Code    json.RawMessage `json:"code"`
		Type    string          `json:"type"`
		Param   json.RawMessage `json:"param"`
	}
	switch {
	case json.Unmarshal(doc.Error, &obj) == nil && obj.Message != nil:
		e.message, e.code, e.param = plain(obj.Message), plain(obj.Code), plain(obj.Param)
		if e.code == "" {
			e.code = obj.Type
		}
	case doc.Error != nil:
		e.message = plain(doc.Error)
	case doc.Message != nil:
		e.message = plain(doc.Message)
	default:
		e.message = plain(doc.Detail)
	}
	e.message = clip(e.message, 2000)
	return e
}

// plain renders a JSON value: a string without its quotes, null as nothing.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// retryAfter reads Retry-After (seconds or a date) and Retry-After-Ms. Zero
// means that there is none.
func retryAfter(h http.Header) time.Duration {
	parse := func(s string, unit time.Duration) time.Duration {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(f) || f < 0 {
			return 0
		}
		return time.Duration(min(f, 1e6) * float64(unit))
	}
	if d := parse(h.Get("Retry-After-Ms"), time.Millisecond); d > 0 {
		return d
	}
	v := h.Get("Retry-After")
	if t, err := http.ParseTime(v); err == nil {
		return max(time.Until(t), 0)
	}
	return parse(v, time.Second)
}

// temporary reports whether the same request may succeed later.
func (e *apiError) temporary() bool {
	switch e.status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly:
		return true
	case http.StatusTooManyRequests:
		return !e.outOfCredit()
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return e.status >= 500 && !e.tooLong()
}

func (e *apiError) outOfCredit() bool {
	return e.status == http.StatusPaymentRequired ||
		outOfCredit.MatchString(e.code+" "+e.message)
}

func (e *apiError) tooLong() bool {
	return tooLong.MatchString(e.code + " " + e.message)
}

var (
	outOfCredit = words(`insufficient[_ ](quota|credit|balance|funds)|exceeded your current quota|billing_hard_limit|credit balance is too low`)
	tooLong     = words(`context_length_exceeded|context[_ ](length|size|window)|maximum (context|prompt|input)|too many (input )?tokens|(prompt|input) is too long|reduce the length|string_above_max_length|request too large for`)
)

// A lack is a set of things that a model or its server cannot do.
type lack uint16

const (
	lackStreamOptions lack = 1 << iota
	lackMaxCompletionTokens
	lackMaxTokens
	lackUser
	lackToolChoice
	lackTools
	lackImages
	lackSystem
	lackStream
	preferMaxTokens // the older name of the output limit is tried first
)

// limitParam returns the name of the output limit to send, or "".
func (l lack) limitParam() string {
	names := []string{"max_completion_tokens", "max_tokens"}
	if l&preferMaxTokens != 0 {
		slices.Reverse(names)
	}
	for _, n := range names {
		if n == "max_tokens" && l&lackMaxTokens == 0 || n != "max_tokens" && l&lackMaxCompletionTokens == 0 {
			return n
		}
	}
	return ""
}

// names tells what of req was left out that a person would miss.
func (l lack) names(req Request) []string {
	var names []string
	if l&lackTools != 0 && len(req.Tools) > 0 {
		names = append(names, "tools")
	}
	if l&lackImages != 0 && hasImages(req.Messages) {
		names = append(names, "images")
	}
	return names
}

const (
	unable = `(not (currently )?(support|enabled|allow|permitted|available)|n't support|unsupported|unrecognized|unknown|unexpected|extra (inputs|fields)|forbidden|no endpoints found|only supported|requires --enable)`
	cannot = `(` + unable + `|invalid|must be|should be|at most 0)`
	calls  = `(\btools?\b|tool_calls?|tool_choice|\bfunctions?\b|function.calling)`
)

// refusals lists what the words of a refusal say about the model. The order
// matters: the names of parameters come before the general words.
var refusals = []struct {
	lack  lack
	words *regexp.Regexp
}{
	{lackStreamOptions, words(`stream_options|include_usage`)},
	{lackMaxCompletionTokens, words(`max_completion_tokens.*` + cannot + `|` + cannot + `.{0,40}max_completion_tokens`)},
	{lackMaxTokens, words(`max_tokens.*(` + cannot + `|too large)|` + cannot + `.{0,40}max_tokens`)},
	{lackToolChoice, words(`tool_choice.{0,20}none|none.{0,20}tool_choice`)},
	{lackTools, words(calls + `.{0,60}` + unable + `|` + unable + `.{0,60}` + calls)},
	{lackImages, words(`(image|vision|multi-?modal|content).{0,80}` + cannot + `|` + cannot + `.{0,80}(image|vision|multi-?modal)|not a multi-?modal`)},
	{lackSystem, words(`(system|developer).{0,60}(` + unable + `|beginning|first)|` + unable + `.{0,60}(system|developer)|roles must alternate|only user.{0,20}assistant`)},
	{lackUser, words(`\buser\b.{0,40}` + unable + `|` + unable + `.{0,40}\buser\b`)},
	{lackStream, words(`stream.{0,60}(` + unable + `|verified)|` + unable + `.{0,40}stream|verified to stream`)},
}

func words(expr string) *regexp.Regexp { return regexp.MustCompile(`(?is)` + expr) }

// lack returns what to leave out of the next attempt, or 0 when e is about
// something else, or when it was left out already.
func (e *apiError) lack(req Request, have lack) lack {
	switch e.status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity,
		http.StatusUnsupportedMediaType, http.StatusNotImplemented, http.StatusInternalServerError:
	default:
		return 0
	}
	if e.tooLong() {
		return 0
	}
	text := e.param + " " + e.message
	for _, r := range refusals {
		if have&r.lack == 0 && r.lack.usedBy(req, have) && r.words.MatchString(text) {
			return r.lack
		}
	}
	return 0
}

// usedBy reports whether a request made with have contains what l leaves out.
func (l lack) usedBy(req Request, have lack) bool {
	switch l {
	case lackStreamOptions:
		return have&lackStream == 0
	case lackMaxCompletionTokens:
		return req.MaxOutput > 0 && have.limitParam() == "max_completion_tokens"
	case lackMaxTokens:
		return req.MaxOutput > 0 && have.limitParam() == "max_tokens"
	case lackUser:
		return req.User != ""
	case lackToolChoice:
		return req.NoCalls && len(req.Tools) > 0
	case lackTools:
		return len(req.Tools) > 0 || hasCalls(req.Messages)
	case lackImages:
		return hasImages(req.Messages)
	case lackSystem:
		return hasRole(req.Messages, System)
	}
	return true
}

// translate gives an error its kind and its sentence. Shown is the text for
// the log; err is only looked at.
func translate(model string, shown, err error) error {
	wrap := func(k fault.Kind, format string, args ...any) error {
		return &fault.Error{Kind: k, Msg: fmt.Sprintf(format, args...), Err: shown}
	}
	var refused *apiError
	if errors.As(err, &refused) {
		return translateAPI(refused, model, shown, wrap)
	}
	var dns *net.DNSError
	var dial *net.OpError
	switch {
	case errors.Is(err, errFirstByte), errors.Is(err, context.DeadlineExceeded):
		return wrap(fault.Unavailable, "The language model took too long to answer. Please try again in a minute.")
	case errors.Is(err, errIdle), errors.Is(err, errCut):
		return wrap(fault.Unavailable, "The language model's answer broke off.")
	case errors.Is(err, errGarbled):
		return wrap(fault.Unavailable, "The language model's server sent something that I could not read.")
	case errors.Is(err, errTooLong):
		return wrap(fault.Unavailable, "The language model's answer was endless, so I stopped reading it.")
	case errors.As(err, &dns):
		return wrap(fault.Unavailable, "The language model's server cannot be found. Its address may be wrong (OPENAI_BASE_URL), or the network is down.")
	case errors.As(err, &dial) && dial.Op == "dial":
		return wrap(fault.Unavailable, "The language model's server cannot be reached. Please try again in a minute.")
	}
	return wrap(fault.Unavailable, "The connection to the language model failed. Please try again in a minute.")
}

func translateAPI(e *apiError, model string, shown error, wrap func(fault.Kind, string, ...any) error) error {
	switch {
	case e.outOfCredit():
		return wrap(fault.Exhausted, "The account at the model's provider has no credit left. Please tell whoever runs this bot.")
	case e.tooLong():
		err := wrap(fault.Invalid, "This conversation is too long for the model. /reset starts a new one.").(*fault.Error)
		err.Err = fmt.Errorf("%w: %w", ErrContext, shown)
		return err
	case e.status == http.StatusTooManyRequests:
		if e.retryAfter > 0 {
			return wrap(fault.Exhausted, "The language model gets too many requests. Please try again in %s.", e.retryAfter.Round(time.Second))
		}
		return wrap(fault.Exhausted, "The language model gets too many requests. Please try again in a minute.")
	case e.status == http.StatusUnauthorized:
		return wrap(fault.Denied, "The model's provider does not accept the API key. Please tell whoever runs this bot (OPENAI_API_KEY).")
	case e.status == http.StatusForbidden:
		return wrap(fault.Denied, "The model's provider denied the request. The key may not be allowed to use %s.", named(model))
	case e.status == http.StatusNotFound:
		return wrap(fault.Invalid, "The provider has no %s. /model shows what can be chosen.", named(model))
	case e.status >= 500 || e.temporary():
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

// secretLike matches keys and account names as providers print them.
var secretLike = regexp.MustCompile(`\b(sk|pk|rk|org|proj|gsk|xai|key)[-_][A-Za-z0-9_*-]{6,}|(?i:bearer)\s+\S+`)

var statusPrefix = regexp.MustCompile(`^status \d+( [\w.-]+)?: `)

// sentence makes one short line of a provider's words.
func sentence(s string) string {
	s = strings.Join(strings.Fields(statusPrefix.ReplaceAllString(s, "")), " ")
	if s == "" {
		return "it gave no reason."
	}
	return clip(s, 200)
}

// clip cuts s to at most n bytes, at the border of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
