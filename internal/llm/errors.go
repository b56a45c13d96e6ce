package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
)

// apiError is a refusal by the server, as it worded it.
type apiError struct {
	status     int
	code       string
	kind       string // the error's "type"
	param      string
	message    string
	failed     string // what the model wrote and the server could not read (Groq's failed_generation)
	noAPI      bool   // the body is not an error of any API: a wrong address
	retryAfter time.Duration
}

func (e *apiError) Error() string {
	s := fmt.Sprintf("status %d", e.status)
	if e.code != "" {
		s += " " + e.code
	} else if e.kind != "" {
		s += " " + e.kind
	}
	return s + ": " + e.message
}

// words is all that the refusal says.
func (e *apiError) words() string {
	return e.param + " " + e.code + " " + e.kind + " " + e.message
}

// readAPIError reads an error response of any of the forms that servers use:
// OpenAI's object, Google's array of it, a bare string, FastAPI's detail, or no
// JSON at all.
func readAPIError(res *http.Response) *apiError {
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	e := parseAPIError(body)
	e.status = res.StatusCode
	e.retryAfter = retryAfter(res.Header)
	return e
}

func parseAPIError(body []byte) *apiError {
	e := &apiError{}
	body = bytes.TrimSpace(body)
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0]
	}
	type object struct {
		Error    json.RawMessage `json:"error"`
		Message  json.RawMessage `json:"message"`
		Detail   json.RawMessage `json:"detail"`
		Code     json.RawMessage `json:"code"`
		Type     json.RawMessage `json:"type"`
		Param    json.RawMessage `json:"param"`
		Failed   string          `json:"failed_generation"`
		Metadata struct {
			Raw json.RawMessage `json:"raw"` // OpenRouter: what the provider behind it said
		} `json:"metadata"`
	}
	var doc, obj object
	if json.Unmarshal(body, &doc) != nil {
		e.message = brief.Bytes(string(body), 300)
		e.noAPI = true
		return e
	}
	switch {
	case json.Unmarshal(doc.Error, &obj) == nil && obj.Message != nil:
	case doc.Error != nil:
		obj = object{Message: doc.Error, Code: doc.Code}
	case doc.Message != nil:
		obj = doc
	default:
		obj = object{Message: doc.Detail}
		e.noAPI = doc.Detail == nil || plain(doc.Detail) == "Not Found"
	}
	e.message, e.code, e.kind, e.param, e.failed = plain(obj.Message), plain(obj.Code), plain(obj.Type), plain(obj.Param), obj.Failed
	if e.code == "" || e.code == "null" {
		e.code = ""
	}
	if raw := obj.Metadata.Raw; len(raw) > 0 {
		inner := parseAPIError([]byte(plain(raw)))
		if inner.message != "" {
			e.message += ": " + inner.message
		}
		e.param = cmpOr(e.param, inner.param)
	}
	e.message = brief.Bytes(e.message, 2000)
	return e
}

func cmpOr(a, b string) string {
	if a == "" || a == "null" {
		return b
	}
	return a
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
		return !e.outOfCredit() && !e.tooLong()
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	case http.StatusBadRequest:
		// What the model wrote was bad, or what a gateway says of a provider's
		// failure: neither is about the request.
		return e.code == "tool_use_failed" || strings.EqualFold(strings.TrimSpace(e.message), "provider returned error")
	}
	return e.status >= 500 && !e.tooLong()
}

// loading reports whether the server is still reading the model from disk.
func (e *apiError) loading() bool {
	return e.status == http.StatusServiceUnavailable && loadingModel.MatchString(e.message)
}

func (e *apiError) outOfCredit() bool {
	return e.status == http.StatusPaymentRequired || outOfCredit.MatchString(e.words())
}

var (
	outOfCredit  = words(`insufficient[_ ](quota|credit|balance|funds)|exceeded your current quota|billing_hard_limit|credit balance is too low|key limit exceeded|(spend|spending|usage|budget)[_ ](limit|cap) (reached|exceeded)|budget has been exceeded|exceeded_current_quota`)
	loadingModel = words(`loading (the )?model|model is (still )?(being )?load(ed|ing)|warming up`)
)

func words(expr string) *regexp.Regexp { return regexp.MustCompile(`(?is)` + expr) }

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
		err := wrap(fault.Invalid, "This conversation is too long for the model.").(*fault.Error)
		err.Hint = fault.NewConversation
		err.Err = &ContextError{Window: e.window(), err: shown}
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
	case e.noEndpoint():
		return wrap(fault.Invalid, "There is no API for chat at the address of the model's server. Please tell whoever runs this bot (OPENAI_BASE_URL; most end with /v1).")
	case e.wantsResponses():
		return wrap(fault.Invalid, "The %s answers only through the Responses API, which its server does not have here. Another model can be chosen.", named(model))
	case e.status == http.StatusNotFound:
		return fault.With(fault.OtherModel, wrap(fault.Invalid, "The provider has no %s.", named(model)))
	case e.code == "tool_use_failed":
		return wrap(fault.Unavailable, "The language model tried to call a tool and failed to word it. Please try again.")
	case e.loading():
		return wrap(fault.Unavailable, "The language model is still being loaded. Please try again in a few minutes.")
	case e.status >= 500 || e.temporary():
		return wrap(fault.Unavailable, "The language model has a problem on its side. Please try again in a minute.")
	}
	return wrap(fault.Invalid, "The language model refused the request: %s", sentence(shown.Error()))
}

// noEndpoint reports whether the address is not one of this API. A model that
// is not there is something else.
func (e *apiError) noEndpoint() bool {
	switch e.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return e.noAPI || notFoundPage.MatchString(e.message) && !strings.Contains(strings.ToLower(e.words()), "model")
	}
	return false
}

var notFoundPage = words(`^(404 )?(page |file |url |resource |route |endpoint )?not found\.?$|(unknown|invalid) (request )?url|no such (endpoint|route)|no route|cannot (get|post)|method not allowed`)

func named(model string) string {
	if model == "" {
		return "such model"
	}
	return "model named " + strconv.Quote(model)
}

// secretLike matches keys and account names as providers print them.
var secretLike = regexp.MustCompile(`\b(sk|pk|rk|org|proj|gsk|xai|key)[-_][A-Za-z0-9_*-]{6,}|(?i:bearer)\s+\S+`)

func hideSecrets(s, key string) string {
	if key != "" {
		s = strings.ReplaceAll(s, key, "[key]")
	}
	return secretLike.ReplaceAllString(s, "[hidden]")
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
