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
	"net/http"
	"regexp"
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
	room       int    // tokens that a request may have, if the body has a field for it (llama.cpp's n_ctx)
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
	if d := retryAfter(res.Header, time.Now()); d > 0 {
		e.RetryAfter = d
	}
	return e
}

// Parse reads the body of an error, whatever its form.
func Parse(body []byte) *Error {
	e := &Error{}
	body = bytes.TrimSpace(body)
	body = first(body)
	type object struct {
		Error    json.RawMessage `json:"error"`
		Message  json.RawMessage `json:"message"`
		Detail   json.RawMessage `json:"detail"`
		Code     json.RawMessage `json:"code"`
		Type     json.RawMessage `json:"type"`
		Status   json.RawMessage `json:"status"`     // Google: "RESOURCE_EXHAUSTED"
		Kind     string          `json:"error_type"` // TGI
		Param    json.RawMessage `json:"param"`
		Failed   string          `json:"failed_generation"`
		Metadata struct {
			Raw json.RawMessage `json:"raw"` // OpenRouter: what the provider behind it said
		} `json:"metadata"`
		Errors json.RawMessage `json:"errors"` // Cloudflare: a list
		Base   *struct {
			Code lenient.String `json:"status_code"`
			Msg  lenient.String `json:"status_msg"`
		} `json:"base_resp"` // MiniMax
		Msg       json.RawMessage `json:"msg"`
		Window    lenient.String  `json:"n_ctx"`
		ErrorMsg  json.RawMessage `json:"error_msg"` // Baidu
		ErrorCode json.RawMessage `json:"error_code"`
		Words     json.RawMessage `json:"error_message"`     // DeepInfra, within a stream
		More      lenient.String  `json:"error_description"` // OAuth
	}
	var doc, obj object
	if json.Unmarshal(body, &doc) != nil {
		e.Message = brief.Bytes(string(body), 300)
		e.noAPI = true
		return e
	}
	switch {
	case json.Unmarshal(first(doc.Error), &obj) == nil && obj.Message != nil:
	case doc.Error != nil && (doc.Error[0] == '"' || doc.Error[0] == '{' || doc.Message == nil):
		obj = object{Message: doc.Error, Code: doc.Code, Kind: doc.Kind}
	case doc.Message != nil:
		obj = doc
	case json.Unmarshal(first(doc.Errors), &obj) == nil && obj.Message != nil:
	case doc.Errors != nil && lenient.Text(first(doc.Errors)) != "":
		obj = object{Message: first(doc.Errors)}
	case doc.Base != nil:
		obj = object{Message: lenient.JSON(doc.Base.Msg), Code: lenient.JSON(doc.Base.Code)}
	case doc.ErrorMsg != nil:
		obj = object{Message: doc.ErrorMsg, Code: doc.ErrorCode}
	case doc.Words != nil:
		obj = object{Message: doc.Words, Code: doc.Code, Kind: doc.Kind}
	case doc.Msg != nil:
		obj = object{Message: doc.Msg, Code: doc.Code}
	default:
		obj = object{Message: doc.Detail}
		e.noAPI = doc.Detail == nil || lenient.Text(doc.Detail) == "Not Found"
	}
	e.Message, e.Code, e.Kind, e.Param, e.Failed = lenient.Text(obj.Message), lenient.Text(obj.Code), lenient.Text(obj.Type), lenient.Text(obj.Param), obj.Failed
	if doc.More != "" {
		e.Message += ": " + string(doc.More)
	}
	e.room = number(string(obj.Window))
	if e.Code == "null" {
		e.Code = ""
	}
	if e.Kind == "" || e.Kind == "null" {
		if e.Kind = obj.Kind; e.Kind == "" && bytes.HasPrefix(obj.Status, []byte(`"`)) {
			e.Kind = lenient.Text(obj.Status)
		}
	}
	if raw := obj.Metadata.Raw; len(raw) > 0 {
		inner := Parse([]byte(lenient.Text(raw)))
		if inner.Message != "" {
			e.Message += ": " + inner.Message
		}
		e.Param = cmpOr(e.Param, inner.Param)
	}
	// An error that a server passes on as the text of its own.
	if strings.HasPrefix(strings.TrimSpace(e.Message), "{") {
		if inner := Parse([]byte(e.Message)); inner.Message != "" && !inner.noAPI {
			e.Message, e.Code, e.Kind = inner.Message, cmpOr(inner.Code, e.Code), cmpOr(inner.Kind, e.Kind)
			e.Param = cmpOr(e.Param, inner.Param)
		}
	}
	e.RetryAfter = waitNamed(string(body), time.Now())
	e.Message = brief.Bytes(e.Message, 2000)
	return e
}

// first is the first of a list, or what is no list.
func first(raw json.RawMessage) json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		return list[0]
	}
	return raw
}

func cmpOr(a, b string) string {
	if a == "" || a == "null" {
		return b
	}
	return a
}

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusFailedDependency:
		return true
	case http.StatusTooManyRequests:
		return !e.outOfCredit() && !e.TooLong() && !e.filtered()
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	case http.StatusBadRequest:
		// What the model wrote was bad, or what a gateway says of a provider's
		// failure: neither is about the request.
		return e.Code == "tool_use_failed" || strings.EqualFold(strings.TrimSpace(e.Message), "provider returned error")
	}
	return e.Status >= 500 && !e.TooLong() && !e.outOfCredit() && !e.filtered() && !e.noMemory()
}

// Loading reports whether the server is still reading the model from disk.
func (e *Error) Loading() bool {
	return e.Status == http.StatusServiceUnavailable && loadingModel.MatchString(e.Message)
}

var loadingModel = words(`loading (the )?model|model is (still )?(being )?load(ed|ing)|warming up`)

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
