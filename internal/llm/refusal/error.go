// Package refusal reads what servers of models refuse, each in its own words,
// and finds out what the next request has to go without: a parameter, a tool,
// pictures. Limits are what is known of a model so far; Memory keeps what helped
// for a while.
package refusal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
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
	body = first(bytes.TrimSpace(body))
	var doc fields
	if json.Unmarshal(body, &doc) != nil {
		e.Message = brief.Bytes(string(body), 300)
		e.noAPI = true
		return e
	}
	obj, at := doc.said()
	e.Message, e.Code, e.Kind = obj.text(at), obj.text("code", "error_code", "status_code"), obj.text("type", "error_type")
	if status := obj["status"]; e.Kind == "" && bytes.HasPrefix(status, []byte(`"`)) {
		e.Kind = lenient.Text(status) // Google: "RESOURCE_EXHAUSTED"
	}
	e.Param, e.Failed, e.room = obj.text("param"), obj.text("failed_generation"), number(obj.text("n_ctx"))
	e.noAPI = e.Message == "" || at == "detail" && e.Message == "Not Found"
	if more := doc.text("error_description"); more != "" && at != "error_description" { // OAuth
		e.Message += ": " + more
	}
	var metadata fields // OpenRouter: what the provider behind it said
	if json.Unmarshal(obj["metadata"], &metadata) == nil && len(metadata["raw"]) > 0 {
		inner := Parse([]byte(lenient.Text(metadata["raw"])))
		if inner.Message != "" {
			e.Message += ": " + inner.Message
		}
		e.Param = cmp.Or(e.Param, inner.Param)
	}
	// An error that a server passes on as the text of its own.
	if strings.HasPrefix(strings.TrimSpace(e.Message), "{") {
		if inner := Parse([]byte(e.Message)); inner.Message != "" && !inner.noAPI {
			e.Message, e.Code, e.Kind = inner.Message, cmp.Or(inner.Code, e.Code), cmp.Or(inner.Kind, e.Kind)
			e.Param = cmp.Or(e.Param, inner.Param)
		}
	}
	e.RetryAfter = waitNamed(string(body), time.Now())
	e.Message = brief.Bytes(e.Message, 2000)
	return e
}

// fields are those of an object.
type fields map[string]json.RawMessage

// places is where the words of an error stand in the bodies that servers send: a
// field of the object in a field of the body, or of the body itself. The first
// that has words counts.
var places = []struct{ in, words string }{
	{"error", "message"},
	{"", "error"},
	{"", "message"},
	{"errors", "message"}, // Cloudflare
	{"errors", "description"},
	{"", "errors"},
	{"base_resp", "status_msg"}, // MiniMax
	{"fault", "faultstring"},    // Apigee
	{"", "error_msg"},           // Baidu
	{"", "error_message"},       // DeepInfra, within a stream
	{"", "msg"},
	{"", "detail"}, // FastAPI
	{"", "error_description"},
}

// said returns the object of an error, and the field with its words.
func (doc fields) said() (fields, string) {
	for _, p := range places {
		obj := doc
		if p.in != "" {
			obj = nil
			if json.Unmarshal(first(doc[p.in]), &obj) != nil {
				continue
			}
		}
		if obj.text(p.words) != "" {
			return obj, p.words
		}
	}
	return doc, ""
}

// text is the first of the fields that has words. True, false and null have none.
func (f fields) text(names ...string) string {
	for _, n := range names {
		raw := first(f[n])
		if n == "detail" {
			raw = f[n] // FastAPI: all of a list
		}
		if t := lenient.Text(raw); !slices.Contains([]string{"", "null", "true", "false", "{}", "[]"}, t) {
			return t
		}
	}
	return ""
}

// first is the first of a list, or what is no list.
func first(raw json.RawMessage) json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		return list[0]
	}
	return raw
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
		return e.Code == "tool_use_failed" || passing.MatchString(e.Message)
	}
	return e.Status >= 500 && !e.TooLong() && !e.outOfCredit() && !e.filtered() && !e.noMemory()
}

// passing is what is said of a failure with a status that blames the request.
var passing = words(`^\W*provider returned error\W*$|degraded function|at capacity|no capacity|overloaded|temporarily unavailable|consider retrying`)

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
