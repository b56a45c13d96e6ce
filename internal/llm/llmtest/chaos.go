package llmtest

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/attachebot/attache/internal/llm"
)

// Chaos makes a share of the replies go wrong. The n-th request of a server
// meets the same fate in every run with the same seed.
type Chaos struct {
	Seed uint64
	Rate float64 // of requests that fail, 0 to 1
}

// faults is every way in which a request can go wrong.
var faults = []Reply{
	{Down: true},
	{Status: http.StatusInternalServerError, Message: "The server had an error while processing your request."},
	{Status: http.StatusBadGateway, Message: "Bad gateway"},
	{Status: http.StatusServiceUnavailable, Message: "The engine is currently overloaded."},
	RateLimited(5 * time.Millisecond),
	RateLimited(time.Hour),
	{Status: http.StatusTooManyRequests, Code: "insufficient_quota", Message: "You exceeded your current quota."},
	ContextExceeded(),
	{Text: "This answer comes late but whole.", Wait: 30 * time.Millisecond},
	{Text: "This answer comes slowly, piece by piece, to its end.", Pause: 3 * time.Millisecond},
	{Text: "This answer breaks off in the middle of a", Cut: 3},
	{Text: "never seen", Cut: -1},
	{Calls: []llm.ToolCall{Call("call_cut", "execute_python_code", object{"code": "print('this call breaks off')"})}, Cut: 2},
	{Raw: []string{`{"choices":[{"index":0,"delta":{"content":"Fine so f`}},
	{Raw: []string{`<html>Bad Gateway</html>`}},
	{Raw: []string{`{"id":"x","choices":[]}`, `[DONE]`}},
	{Raw: []string{`null`, `[DONE]`}},
	{Raw: []string{}},
	{Raw: []string{`{"error":{"message":"The upstream failed.","code":502}}`}},
	{Raw: []string{`{"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"arguments":"{\"code\": 1"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`, `[DONE]`}},
	{Calls: []llm.ToolCall{Call("", "no_such_tool", "not json at all")}},
	{Calls: []llm.ToolCall{Call("same", "execute_python_code", `{"code":"print(1)",}`), Call("same", "execute_python_code", "```json\n{\"code\":\"print(2)\"}\n```")}},
	{Text: "Cut at the limit of the out", Finish: "length"},
	{Finish: "content_filter"},
	{},
}

func (c Chaos) fault(n int) (Reply, bool) {
	if c.Rate <= 0 {
		return Reply{}, false
	}
	r := rand.New(rand.NewPCG(c.Seed, uint64(n)))
	if r.Float64() >= c.Rate {
		return Reply{}, false
	}
	return faults[r.IntN(len(faults))], true
}
