package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/client"
)

// Servers fail after the first byte in their own forms, some in none that their
// API has. What had arrived stays, and the error is what it is.
func TestErrorsWithinAnAnswer(t *testing.T) {
	begin := map[llm.API]string{
		llm.Chat:      "data: " + delta(`{"content":"It begins"}`) + "\n\n",
		llm.Responses: `data: {"type":"response.output_text.delta","item_id":"a","delta":"It begins"}` + "\n\n",
		llm.Messages:  `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"It begins"}}` + "\n\n",
	}
	const long = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"
	for name, c := range map[string]struct {
		raw  string
		kind fault.Kind
		long bool
	}{
		"llama.cpp, no frame": {`data: {"code":500,"message":"The model produced output that does not match the expected peg-native format","type":"server_error"}`, fault.Unavailable, false}, // TestLlamaCppCalls
		"vLLM":                {`data: {"error":{"object":"error","message":"EngineCore encountered an issue. See stack trace (above) for the root cause.","type":"InternalServerError","param":null,"code":500}}`, fault.Unavailable, false},
		"vLLM old":            {`data: {"object":"error","message":"` + long + `","type":"BadRequestError","param":null,"code":400}`, fault.Invalid, true},
		"Gemini, an array":    {`data: [{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]`, fault.Exhausted, false},
		"FastAPI":             {`data: {"detail":"Internal Server Error"}`, fault.Unavailable, false},
		"OpenAI":              {`data: {"error":{"message":"The server had an error processing your request.","type":"server_error","param":null,"code":null}}`, fault.Unavailable, false},
		"a text":              {`data: {"error":"unexpected EOF"}`, fault.Unavailable, false},
		"an event of words":   {"event: error\ndata: upstream connect error or disconnect/reset before headers", fault.Unavailable, false},
		"Anthropic, overload": {"event: error\n" + `data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, fault.Unavailable, false},
		"Anthropic, rate":     {"event: error\n" + `data: {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your rate limit"}}`, fault.Exhausted, false},
		"Anthropic, long":     {"event: error\n" + `data: {"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}`, fault.Invalid, true},
		"Responses":           {`data: {"type":"error","code":"rate_limit_exceeded","message":"Rate limit reached","param":null,"sequence_number":3}`, fault.Exhausted, false},
		"Responses, long":     {`data: {"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"Your input exceeds the context window of this model."}}`, fault.Invalid, true},
		"fields of its own":   {`data: {"id":"c","choices":null,"error_type":"BadRequestError","error_message":"` + long + `"}`, fault.Invalid, true}, // github.com/NousResearch/hermes-agent/issues/65631
		"without a frame":     {`{"error":{"message":"` + long + `","type":"BadRequestError","code":400}}`, fault.Invalid, true},
		"DashScope":           {"id:1\nevent:error\n:HTTP_STATUS/429\n" + `data:{"code":"Throttling.AllocationQuota","message":"Allocated quota exceeded, please increase your quota limit."}`, fault.Exhausted, false}, // github.com/NousResearch/hermes-agent/issues/58017
		"beside a choice":     {`data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"code":"server_error","message":"Provider disconnected unexpectedly"}}`, fault.Unavailable, false},
		"a mark and words":    {`data: {"error":true,"message":"` + long + `"}`, fault.Invalid, true},
		"deeper":              {`data: {"error":{"error":{"message":"` + long + `","code":400}}}`, fault.Invalid, true},
		"LiteLLM":             {`data: {"error": {"message": "litellm.RateLimitError: too many", "type": "throttling_error", "param": null, "code": "429"}}`, fault.Exhausted, false},
	} {
		for api, first := range begin {
			t.Run(name+" "+string(api), func(t *testing.T) {
				requests := 0
				hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests++
					w.Header().Set("Content-Type", "text/event-stream")
					io.WriteString(w, first+c.raw+"\n\n")
				}))
				defer hs.Close()
				reply, text, err := generate(t, dial(t, client.Options{BaseURL: hs.URL + "/v1", API: api}), ask("hi"))
				if fault.KindOf(err) != c.kind || errors.Is(err, llm.ErrContext) != c.long {
					t.Errorf("kind %v: %v", fault.KindOf(err), err)
				}
				if text != "It begins" || reply.Finish != "" || len(reply.Unsupported) > 0 || requests != 1 {
					t.Errorf("text %q, %+v after %d requests", text, reply, requests)
				}
			})
		}
	}
}

// A stream that has the label of a document is read as one, in each API.
func TestStreamsWithTheWrongLabel(t *testing.T) {
	for api, raw := range map[llm.API]string{
		llm.Chat:      "data: " + delta(`{"content":"OK."}`) + "\n\ndata: [DONE]\n\n",
		llm.Responses: `data: {"type":"response.output_text.delta","item_id":"a","delta":"OK."}` + "\n\n" + `data: {"type":"response.completed","response":{"status":"completed","output":[]}}` + "\n\n",
		llm.Messages:  `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"OK."}}` + "\n\n" + `data: {"type":"message_stop"}` + "\n\n",
	} {
		hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, raw)
		}))
		if reply, text, err := generate(t, dial(t, client.Options{BaseURL: hs.URL + "/v1", API: api, Retries: -1}), ask("hi")); err != nil || text != "OK." || reply.Finish != llm.Stop {
			t.Errorf("%s: %q, %+v, %v", api, text, reply, err)
		}
		hs.Close()
	}
}
