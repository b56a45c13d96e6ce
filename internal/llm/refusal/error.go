// Package refusal reads what servers of models refuse, each in its own words,
// and finds out what the next request has to go without: a parameter, a tool,
// pictures. Limits are what is known of a model so far; Memory keeps what helped
// for a while.
package refusal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/llm/lenient"
)

// Error is a refusal by the server, as it worded it.
type Error struct {
	Status     int
	Code       string
	Kind       string // the error's "type"
	Param      string
	Message    string
	Failed     string // what the model wrote and the server could not read (Groq's failed_generation)
	noAPI      bool   // the body is not an error of any API: a wrong address
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	s := fmt.Sprintf("status %d", e.Status)
	if e.Code != "" {
		s += " " + e.Code
	} else if e.Kind != "" {
		s += " " + e.Kind
	}
	return s + ": " + e.Message
}

// words is all that the refusal says.
func (e *Error) words() string {
	return e.Param + " " + e.Code + " " + e.Kind + " " + e.Message
}

// Read reads an error response of any of the forms that servers use:
// OpenAI's object, Google's array of it, a bare string, FastAPI's detail, or no
// JSON at all.
func Read(res *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	e := Parse(body)
	e.Status = res.StatusCode
	e.RetryAfter = retryAfter(res.Header)
	return e
}

// Parse reads the body of an error, whatever its form.
func Parse(body []byte) *Error {
	e := &Error{}
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
		e.Message = brief.Bytes(string(body), 300)
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
		e.noAPI = doc.Detail == nil || lenient.Text(doc.Detail) == "Not Found"
	}
	e.Message, e.Code, e.Kind, e.Param, e.Failed = lenient.Text(obj.Message), lenient.Text(obj.Code), lenient.Text(obj.Type), lenient.Text(obj.Param), obj.Failed
	if e.Code == "" || e.Code == "null" {
		e.Code = ""
	}
	if raw := obj.Metadata.Raw; len(raw) > 0 {
		inner := Parse([]byte(lenient.Text(raw)))
		if inner.Message != "" {
			e.Message += ": " + inner.Message
		}
		e.Param = cmpOr(e.Param, inner.Param)
	}
	e.Message = brief.Bytes(e.Message, 2000)
	return e
}

func cmpOr(a, b string) string {
	if a == "" || a == "null" {
		return b
	}
	return a
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

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly:
		return true
	case http.StatusTooManyRequests:
		return !e.outOfCredit() && !e.TooLong()
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	case http.StatusBadRequest:
		// What the model wrote was bad, or what a gateway says of a provider's
		// failure: neither is about the request.
		return e.Code == "tool_use_failed" || strings.EqualFold(strings.TrimSpace(e.Message), "provider returned error")
	}
	return e.Status >= 500 && !e.TooLong()
}

// Loading reports whether the server is still reading the model from disk.
func (e *Error) Loading() bool {
	return e.Status == http.StatusServiceUnavailable && loadingModel.MatchString(e.Message)
}

func (e *Error) outOfCredit() bool {
	return e.Status == http.StatusPaymentRequired || outOfCredit.MatchString(e.words())
}

var (
	outOfCredit  = words(`insufficient[_ ](quota|credit|balance|funds)|exceeded your current quota|billing_hard_limit|credit balance is too low|key limit exceeded|(spend|spending|usage|budget)[_ ](limit|cap) (reached|exceeded)|budget has been exceeded|exceeded_current_quota`)
	loadingModel = words(`loading (the )?model|model is (still )?(being )?load(ed|ing)|warming up`)
)

func words(expr string) *regexp.Regexp { return regexp.MustCompile(`(?is)` + expr) }

// noEndpoint reports whether the address is not one of this API. A model that
// is not there is something else.
func (e *Error) noEndpoint() bool {
	switch e.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return e.noAPI || notFoundPage.MatchString(e.Message) && !strings.Contains(strings.ToLower(e.words()), "model")
	}
	return false
}

var notFoundPage = words(`^(404 )?(page |file |url |resource |route |endpoint )?not found\.?$|(unknown|invalid) (request )?url|no such (endpoint|route)|no route|cannot (get|post)|method not allowed`)
