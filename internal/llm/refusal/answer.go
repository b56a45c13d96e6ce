package refusal

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/attachebot/attache/internal/llm/lenient"
)

// InAnswer returns the error that a piece of an answer is, or nil. Servers that
// fail after they have said that all is well write it among the pieces: as
// OpenAI has it, without its frame (llama.cpp, vLLM), as FastAPI's detail, in an
// array (Google), as a status beside no answer (MiniMax, Cloudflare), or in plain words. Event is the piece's type in the stream.
func InAnswer(event string, data []byte) *Error {
	data = first(data)
	var doc map[string]json.RawMessage
	if json.Unmarshal(data, &doc) != nil && event != "error" {
		return nil // garbled, which is something else
	}
	if event != "error" && !isError(doc) {
		return nil
	}
	e := Parse(data)
	e.noAPI = false
	e.Status = statusOf(e, doc)
	return e
}

// isError reports whether a document is an error and no piece of an answer.
func isError(doc map[string]json.RawMessage) bool {
	if e := bytes.TrimSpace(doc["error"]); len(e) > 0 && !bytes.Equal(e, []byte("null")) && !bytes.Equal(e, []byte(`""`)) && !bytes.Equal(e, []byte("{}")) {
		return true
	}
	if lenient.Text(doc["type"]) == "error" || lenient.Text(doc["object"]) == "error" {
		return true
	}
	var base struct {
		Code lenient.String `json:"status_code"`
	}
	if json.Unmarshal(doc["base_resp"], &base) == nil && base.Code != "" && base.Code != "0" {
		return true
	}
	if lenient.Text(doc["success"]) == "false" {
		return true
	}
	for _, part := range []string{"choices", "response", "item", "delta", "output", "content", "content_block", "usage"} {
		if raw := doc[part]; raw != nil && !bytes.Equal(raw, []byte("null")) {
			return false
		}
	}
	return doc["detail"] != nil || said(doc["message"]) || said(doc["error_message"])
}

// said reports whether a field has words.
func said(raw json.RawMessage) bool {
	var words string
	return json.Unmarshal(raw, &words) == nil && words != ""
}

// kinds are the statuses that go with the kinds and codes of errors.
var kinds = []struct {
	word   string
	status int
}{
	{"authentication_error", http.StatusUnauthorized},
	{"billing_error", http.StatusPaymentRequired},
	{"permission_error", http.StatusForbidden},
	{"not_found_error", http.StatusNotFound},
	{"request_too_large", http.StatusRequestEntityTooLarge},
	{"rate_limit", http.StatusTooManyRequests},
	{"timeout_error", http.StatusGatewayTimeout},
	{"overloaded_error", 529},
	{"invalid", http.StatusBadRequest},
	{"image", http.StatusBadRequest},
}

// statusOf is the status that the server would have given, had it known in time.
func statusOf(e *Error, doc map[string]json.RawMessage) int {
	var inner map[string]json.RawMessage
	_ = json.Unmarshal(doc["error"], &inner)
	for _, s := range []string{e.Code, lenient.Text(inner["status_code"]), lenient.Text(inner["status"]), lenient.Text(doc["status_code"]), lenient.Text(doc["status"])} {
		if n, err := strconv.Atoi(s); err == nil && n >= 400 && n <= 599 {
			return n
		}
	}
	for _, k := range kinds {
		if strings.Contains(e.Code, k.word) || strings.Contains(e.Kind, k.word) {
			return k.status
		}
	}
	switch {
	case e.TooLong():
		return http.StatusBadRequest
	case e.limited():
		return http.StatusTooManyRequests
	}
	return http.StatusBadGateway
}
