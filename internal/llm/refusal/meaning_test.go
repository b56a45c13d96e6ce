package refusal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
)

// Relatives of the recorded refusals (client/testdata/refusals.json): what they
// mean is in their words, whoever says them.
func TestRelatives(t *testing.T) {
	for want, cases := range map[string][]struct {
		status int
		body   string
	}{
		"credit": {
			{200, `{"id":"1","choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}`},
			{429, `{"error":{"message":"You have run out of credits. Please add more.","code":429}}`},
			{403, `{"error":"Your newly created team doesn't have any credits yet. You can purchase credits on https://console.x.ai/team."}`},
			{400, `{"error":{"message":"Billing hard limit has been reached","type":"invalid_request_error","code":"billing_hard_limit_reached"}}`},
			{429, `{"error":{"message":"Your account is not active, please check your billing details on our website.","code":"billing_not_active"}}`},
			{403, `{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}`},
			{402, `{"error":{"message":"Payment required"}}`},
			{429, `{"error":{"message":"Your account org-1 is suspended, please check your plan and billing details","type":"exceeded_current_quota_error"}}`},
			{400, `{"error":{"message":"Budget has been exceeded! Current cost: 10.02, Max budget: 10.0","type":"budget_exceeded","code":"400"}}`},
			{429, `{"error":{"message":"You have exceeded your monthly spending limit."}}`},
			{403, `{"error":{"message":"您的账户余额不足，请充值","code":"403"}}`},
			{400, `{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."}}`},
			{403, `{"error":{"message":"The free tier of the model has been exhausted. If you wish to continue access the model on a paid basis, please disable the \"use free tier only\" mode in the management console.","code":"AllocationQuota.FreeTierOnly"}}`},
			{403, `{"error":{"code":"AccountOverdueError","message":"The request failed because your account has an overdue balance. Request id: 0217","param":"","type":"Forbidden"}}`},
			{429, `{"error":{"code":"SetLimitExceeded","message":"Your account [21] has reached the set inference limit for the [doubao] model, and the model service has been paused. To continue using this model, please visit the Model Activation page.","type":"TooManyRequests"}}`},
			{402, `{"error":"You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits."}`},
			{429, `{"error":{"message":"Your account org-x<ak-y> is suspended due to insufficient balance, please recharge your account","type":"exceeded_current_quota_error"}}`},
			{429, `{"errors":[{"message":"AiError: you have used up your daily free allocation of 10,000 neurons, please upgrade to Cloudflare's Workers Paid plan if you would like to continue usage.","code":4006}],"success":false}`},
			{403, `{"error":{"message":"免费资源包余量已用尽","code":"ResourcePackExhausted"}}`},
			{401, `{"error":{"message":"You exceeded your current quota, please check your plan and billing details","type":"insufficient_quota","code":401}}`},
			{402, `{"detail":{"error":"inference prohibited, please enter a payment method"}}`},
			{429, `{"error":{"message":"You have exceeded your monthly quota","code":"quota_exceeded"}}`},
		},
		"rate": {
			{429, ``},
			{429, `{"error":{"message":"请求数超过限制，请稍后再试"}}`},
			{429, `{"base_resp":{"status_code":1002,"status_msg":"rate limit exceeded(RPM)"}}`},
			{429, `{"error_code":336501,"error_msg":"Rate limit reached for RPM"}`},
			{429, `Too Many Requests`},
			{429, `{"error":{"code":"RateLimitReached","message":"Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait 48000 seconds before retrying."}}`},
			{429, `{"code":"Some resource has been exhausted","error":"Too many requests for team 16f2. Your team's rate limit is (actual/limit): requests per second: 6/5."}`},
			{429, `{"message":"Requests rate limit exceeded"}`},
			{429, `{"error":{"message":"Your account org-x<ak-y> request reached organization max RPM: 3, please try again after 1 seconds","type":"rate_limit_reached_error"}}`},
			{429, `[{"error":{"code":429,"message":"Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.","status":"RESOURCE_EXHAUSTED"}}]`},
			{429, `{"error":"you've reached your hourly usage limit, please upgrade to continue"}`},
			{429, `{"fault":{"faultstring":"Rate limit quota violation. Quota limit exceeded.","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}`},
			{429, `{"error":{"message":"Allocated quota exceeded, please increase your quota limit.","type":"insufficient_capacity","code":"Throttling.AllocationQuota"}}`},
			{429, `{"message":"You are using a Trial key, which is limited to 20 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits."}`},
			{429, `{"message":"Request was rejected due to rate limiting. Details:TPM limit reached.","data":null}`},
			{429, `{"error":"Model is overloaded","error_type":"overloaded"}`},
			{429, `{"error":{"code":"1305","message":"当前API请求过多，请稍后重试。"}}`},
			{429, `{"error":{"message":"Quota exceeded for quota metric 'Generate requests' and limit 'per minute'","code":429,"status":"RESOURCE_EXHAUSTED"}}`},
		},
		"filter": {
			{400, `{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt.","code":"invalid_prompt"}}`},
			{400, `{"error":{"message":"Your request was rejected as a result of our safety system.","code":"content_policy_violation"}}`},
			{403, `{"error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO","code":"The caller does not have permission to execute the specified operation"}`},
			{403, `{"error":{"message":"openai/gpt-5 requires moderation on OpenAI. Your input was flagged for \"violence\".","code":403,"metadata":{"reasons":["violence"],"flagged_input":"…"}}}`},
			{400, `{"error":{"message":"The image contains prohibited content.","code":"image_content_policy_violation"}}`},
			{400, `{"error":{"code":"SensitiveContentDetected","message":"The request failed because the input text may contain sensitive information.","type":"BadRequest"}}`},
			{400, `{"error":{"message":"The response was blocked by safety settings: PROHIBITED_CONTENT","code":400}}`},
			{422, `{"detail":"Prompt was rejected by the content moderation system"}`},
			{400, `{"error":{"message":"Your input contains unsafe content","code":"unsafe_content"}}`},
			{451, `{"error":{"message":"内容安全检查未通过，包含违规信息"}}`},
			{500, `{"error":{"message":"<400> InternalError.Algo.DataInspectionFailed: Output data may contain inappropriate content."}}`},
		},
		"key": {
			{401, ``},
			{403, `{"error":{"message":"Authentication Fails, Your api key: ****abcd is invalid"}}`},
			{400, `{"error":{"message":"Invalid Authentication","type":"invalid_authentication_error"}}`},
			{403, `{"message":"The security token included in the request is invalid."}`},
			{401, `{"error":{"message":"无效的令牌 (request id: 2025)","type":"new_api_error"}}`},
			{403, `{"error":"invalid_client","error_description":"The token is expired"}`},
			{403, `{"status":403,"title":"Forbidden","detail":"Authorization failed"}`},
			{200, `{"base_resp":{"status_code":1004,"status_msg":"login fail: Please carry the API secret key in the 'Authorization' field of the request header"}}`},
			{400, `{"error_code":110,"error_msg":"Access token invalid or no longer valid"}`},
			{400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]`},
			{400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***. You can obtain an API key from https://console.x.ai."}`},
			{403, `{"error":{"message":"Invalid API key provided","type":"invalid_request_error"}}`},
			{400, `{"error":{"code":"1002","message":"身份验证失败。"}}`},
		},
		"model": {
			{404, `{"error":{"message":"The model does not exist","code":"model_not_found"}}`},
			{404, `{"error":{"code":"ModelNotOpen","message":"Your account 21 has not activated the model doubao-seed. Please activate the model service in the Ark Console.","type":"NotFound"}}`},
			{404, `{"error":{"code":"InvalidEndpointOrModel.NotFound","message":"The model or endpoint doubao-x does not exist or you do not have access to it.","type":"NotFound"}}`},
			{404, `{"error":"model 'llama9' not found"}`},
			{400, `{"error":{"message":"No models loaded. Please load a model in the developer page or use the 'lms load' command.","type":"invalid_request_error","param":"model","code":"model_not_found"}}`},
			{403, `{"error":{"message":"This token has no access to model gpt-5","type":"new_api_error"}}`},
			{400, `{"detail":"The requested model 'x' does not exist."}`},
			{404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`},
			{400, `{"error":{"message":"Model Not Exist","type":"invalid_request_error"}}`},
			{400, `{"code":20012,"message":"Model does not exist. Please check it carefully.","data":null}`},
			{400, `{"error":{"message":"openai/gpt-99 is not a valid model ID","code":400}}`},
			{400, `{"object":"error","message":"Invalid model: mistral-huge","type":"invalid_model","param":null,"code":"1500"}`},
			{400, `{"error":{"code":"1211","message":"模型不存在，请检查模型代码。"}}`},
			{400, `{"error":{"message":"{'error': '/chat/completions: Invalid model name passed in model=x. Call /v1/models to view available models for your key.'}","type":"None","code":"400"}}`},
			{403, `{"error":{"message":"Project does not have access to model gpt-9: model not found","code":"model_not_found"}}`},
		},
		"long": {
			{400, `{"message":"The model returned the following errors: Too many input tokens. Max input tokens: 8192, request input token count: 9000"}`},
			{413, `{"errors":[{"message":"AiError: The estimated number of input and maximum output tokens (43223) exceeded this model context window limit (24000).","code":5021}],"success":false}`},
			{400, `{"error_code":336007,"error_msg":"the max input characters is 516096","id":"as-1"}`},
			{400, `{"error":{"message":"Total tokens of image and text exceed max message tokens.","code":"InvalidParameter"}}`},
			{400, `{"error":{"message":"<400> InternalError.Algo.InvalidParameter: Total message token length exceed model limit (131072 tokens)."}}`},
			{400, `{"error":{"message":"Requested tokens (9000) exceed context window of 4096"}}`},
			{500, `{"error":{"message":"prompt too long; exceeded max context length by 812 tokens"}}`},
			{400, `{"error":"the input length exceeds the context length"}`},
			{400, `{"error":{"message":"The message you submitted was too long, please submit something shorter."}}`},
			{400, `{"error":{"message":"Your request exceeds the model's input limit."}}`},
			{400, `{"error":{"message":"输入token数超过模型上限"}}`},
			{400, `{"msg":"提示词过长，请缩短后重试","code":400}`},
			{200, `{"id":"1","choices":null,"base_resp":{"status_code":2013,"status_msg":"invalid params, context window exceeds limit"}}`},
		},
		"memory": {
			{500, `{"error":{"message":"cudaMalloc failed: out of memory"}}`},
			{500, `{"error":"Failed to load model: insufficient system resources"}`},
		},
		"down": {
			{503, `{"error":{"message":"Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.","type":"service_unavailable_error"}}`},
			{529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`},
			{503, `{"error":{"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE","code":503}}`},
			{500, `{"error":{"message":"An internal error has occurred. Please retry","status":"INTERNAL","code":500}}`},
			{504, `{"error":{"message":"Deadline expired before operation could complete.","status":"DEADLINE_EXCEEDED"}}`},
			{503, `{"error":{"message":"No available channel for model gpt-9 under group default (distributor)","type":"new_api_error"}}`},
			{520, `error code: 520`},
			{408, `{"error":{"message":"Request timed out"}}`},
			{502, `<html><body>Bad Gateway</body></html>`},
			{424, `{"error":"Request failed during generation: Server error: ","error_type":"generation"}`},
		},
		"denied": {
			{403, `{"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory"}}`},
			{403, `{"error":{"message":"This organization has been disabled for a violation of our usage policies."}}`},
		},
	} {
		for _, c := range cases {
			e := Parse([]byte(c.body))
			e.Status = c.status
			err := e.Fault("m", e)
			got := fault.KindOf(err).String()
			switch {
			case e.outOfCredit():
				got = "credit"
			case e.TooLong():
				got = "long"
			case e.filtered():
				got = "filter"
			case e.noMemory():
				got = "memory"
			case e.badKey():
				got = "key"
			case fault.KindOf(err) == fault.Exhausted:
				got = "rate"
			case e.noModel():
				got = "model"
			case fault.KindOf(err) == fault.Unavailable:
				got = "down"
			}
			if got != want {
				t.Errorf("%d %s: %s, want %s: %v", c.status, c.body, got, want, fault.Message(err))
			}
			if again := want == "rate" || want == "down"; e.Temporary() != again {
				t.Errorf("%d %s: tried again: %v", c.status, c.body, !again)
			}
			if f, ok := e.Adapt(llm.Request{Messages: []llm.Message{llm.Text(llm.User, "hi")}}, Limits{}, llm.Chat); ok {
				t.Errorf("%d %s: answered by %+v", c.status, c.body, f)
			}
		}
	}
}

// A gateway that does not tell which parameter no provider takes: what is missed
// least is left out first, and the model is there all the time.
func TestParametersRefused(t *testing.T) {
	e := Parse([]byte(`{"error":{"message":"No endpoints found that can handle the requested parameters. To learn more about provider routing, visit: https://openrouter.ai/docs/guides/routing/provider-selection","code":404}}`)) // github.com/AventurasTeam/Aventuras/issues/48
	e.Status = http.StatusNotFound
	req := llm.Request{User: "u1", Effort: "high", NoCalls: true, Messages: []llm.Message{llm.Text(llm.User, "hi")}, Tools: []llm.Tool{{Name: "search"}}}
	var have Limits
	for _, want := range []Lack{LackEffort, LackUser, LackToolChoice, LackTools} {
		f, ok := e.Adapt(req, have, llm.Chat)
		if !ok || f.Lack != want {
			t.Fatalf("%b, %v: want %b", f.Lack, ok, want)
		}
		have = have.With(f.Limits)
	}
	if f, ok := e.Adapt(req, have, llm.Chat); ok {
		t.Errorf("answered by %+v", f)
	}
	if said := fault.Message(e.Fault("m", e)); strings.Contains(said, "no model") {
		t.Errorf("%q", said)
	}
}

// Words that do not say what is wrong with the messages cost what servers differ in,
// one thing after another, and neither tools nor pictures of later requests.
func TestVagueRefusals(t *testing.T) {
	for _, body := range []string{
		`{"error":{"code":"1214","message":"The messages parameter is illegal. Please check the documentation."}}`,         // github.com/continuedev/continue/issues/13259
		`{"error":{"code":"1214","message":"messages 参数非法。请检查文档。"}}`,                                                       // github.com/MetaGLM/zhipuai-sdk-python-v4/issues/14
		`{"error":{"code":"1210","message":"Invalid API parameter, please check the documentation."}}`,                     // github.com/cline/cline/issues/9939
		"{\"error\":{\"code\":\"400\",\"message\":\"Param Incorrect\",\"param\":\"`text` is not present\",\"type\":\"\"}}", // github.com/XiaomiMiMo/MiMo-V2-Flash/issues/8
		`{"type":"error","error":{"type":"invalid_request_error","message":"invalid params"}}`,                             // github.com/MiniMax-AI/MiniMax-M2/issues/76
	} {
		e := Parse([]byte(body))
		e.Status = http.StatusBadRequest
		picture := llm.Message{Role: llm.User, Parts: []llm.Part{{Text: "this"}, {Image: &llm.Image{FileID: "f", MIME: "image/png", Data: []byte("x")}}}}
		req := llm.Request{Messages: []llm.Message{llm.Text(llm.User, "hi"), {Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "1", Name: "search", Arguments: "{}"}}}, picture}, Tools: []llm.Tool{{Name: "search"}}}
		var have Limits
		for _, want := range []Lack{LackImages, LackOrder, LackOldCalls} {
			f, ok := e.Adapt(req, have, llm.Chat)
			if !ok || f.Lack != want || f.Once == (want == LackOrder) {
				t.Fatalf("%s: %b, once %v, %v: want %b", body, f.Lack, f.Once, ok, want)
			}
			have = have.With(f.Limits)
		}
		if f, ok := e.Adapt(req, have, llm.Chat); ok {
			t.Errorf("%s: answered by %+v", body, f)
		}
	}
}

// A choice among tools that is refused costs nobody their tools.
func TestToolChoiceRefused(t *testing.T) {
	for _, body := range []string{
		`{"error":{"message":"Thinking mode does not support this tool_choice","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`,                                                                              // github.com/osaurus-ai/osaurus/pull/1940
		`{"message":"deepseek-reasoner does not support this tool_choice"}`,                                                                                                                                                               // github.com/vectorize-io/hindsight/issues/1286
		`{"error":{"message":"No endpoints found that support the provided 'tool_choice' value. To learn more about provider routing, visit: https://openrouter.ai/docs/provider-routing","code":404}}`,                                   // github.com/zed-industries/zed/issues/36094
		`{"message":"Unsupported tool_choice: type='function' function=ChoiceObjectFunction(name='Steps'). Expected 'auto' or 'none'.","type":"invalid_request_error","param":"tool_choice","code":"wrong_api_format"}`,                   // github.com/567-labs/instructor/issues/1766
		`{"tpe":"fail.input.generic","errors":[{"description":"Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.","key":"fail.input.generic","extras":null}],"extras":null}`,                     // github.com/writer/writer-framework/pull/1013
		`{"error":{"message":"Failed to deserialize the JSON body into the target type: tool_choice: unknown variant, expected one of none, auto, required","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`, // github.com/BerriAI/litellm/pull/37470
	} {
		e := Parse([]byte(body))
		e.Status = http.StatusBadRequest
		req := llm.Request{Messages: []llm.Message{llm.Text(llm.User, "hi")}, Tools: []llm.Tool{{Name: "search"}}}
		if f, ok := e.Adapt(req, Limits{}, llm.Chat); ok {
			t.Errorf("%s: %+v", body, f)
		}
		req.NoCalls = true
		f, ok := e.Adapt(req, Limits{}, llm.Chat)
		if !ok || f.Lack != LackToolChoice {
			t.Errorf("%s: %b, %v", body, f.Lack, ok)
		}
	}
}

// Calls of earlier answers in a request without tools are refused as if the model
// had none: they go as text, and its tools stay.
func TestCallsWithoutTools(t *testing.T) {
	req := llm.Request{Messages: []llm.Message{llm.Text(llm.User, "hi"), {Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "1", Name: "search", Arguments: "{}"}}}}}
	for _, message := range []string{
		"litellm.UnsupportedParamsError: Bedrock doesn't support tool calling without `tools=` param specified. Pass `tools=` param OR set `litellm.modify_params = True`",
		"The toolConfig field must be defined when using toolUse and toolResult content blocks.",
		"Requests which have `tool_use` or `tool_result` blocks in `messages` must define `tools`.",
		"This model does not support tools.",
	} {
		e := &Error{Status: http.StatusBadRequest, Message: message}
		if f, ok := e.Adapt(req, Limits{}, llm.Chat); !ok || f.Lack != LackOldCalls || !f.Once {
			t.Errorf("%s: %b, %v, %v", message, f.Lack, f.Once, ok)
		}
	}
}

func TestWaitNamed(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for body, want := range map[string]time.Duration{
		"Please try again in 20s.":              20 * time.Second,
		"Please try again in 6ms. Visit":        6 * time.Millisecond,
		"Please try again in 1m26.4s.":          86400 * time.Millisecond,
		"Please try again in 2h5m.":             125 * time.Minute,
		"try again after 1 seconds":             time.Second,
		"Please retry after 6 minutes":          6 * time.Minute,
		"Retry after 3 hours":                   3 * time.Hour,
		"Please retry in 45.578569677s.":        45578569677,
		`"retryDelay": "17s"`:                   17 * time.Second,
		`{"retry_after": 2.5}`:                  2500 * time.Millisecond,
		"Please wait 30 seconds before":         30 * time.Second,
		"Try again in 1 day":                    24 * time.Hour,
		"resets at 2026-11-29T15:00:00Z (2056)": 3 * time.Hour,
		`{"X-RateLimit-Reset":"1795953660000"}`: time.Minute,
		"resets at 2026-11-29T11:00:00Z":        0,
		"Please try again later.":               0,
		"Rate limit of 10 per 60s exceeded for UserByModelByMinute. Please wait 21 seconds before retrying.": 21 * time.Second,
		"Please wait 8 hours 24 minutes and try again":                                                       8*time.Hour + 24*time.Minute, // github.com/microsoft/vscode-copilot-release/issues/3210
		"retry after 1343.2 minutes":                                                                         80592 * time.Second,
		"请在 30 秒后重试":                                                                                         30 * time.Second,
		"Your limit resets in 2 hours":                                                                       2 * time.Hour,
		"Please try again in about 5 minutes":                                                                5 * time.Minute,
		`{"retry_after_seconds": 12}`:                                                                        12 * time.Second,
		"Please wait a moment":                                                                               0,
		"Please try again in 99999999999999999999999999999s":                                                 0,
		"Limit 6000, Requested 7591":                                                                         0,
	} {
		if got := waitNamed(body, now); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}

// Headers that say when to come back, as servers write them.
func TestWaitInHeaders(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		headers string // "name: value", lines
		want    time.Duration
	}{
		{"Retry-After: 20", 20 * time.Second},
		{"Retry-After: 1.5", 1500 * time.Millisecond},
		{"Retry-After: 20s", 20 * time.Second},
		{"Retry-After: Sun, 29 Nov 2026 12:01:00 GMT", time.Minute},
		{"Retry-After: 2026-11-29T12:00:30Z", 30 * time.Second},
		{"Retry-After: 1795953660", time.Minute},
		{"Retry-After: Sun, 29 Nov 2026 11:00:00 GMT", 0},
		{"Retry-After: soon", 0},
		{"Retry-After: -5", 0},
		{"Retry-After: NaN", 0},
		{"Retry-After-Ms: 250\nRetry-After: 1", 250 * time.Millisecond},
		{"X-RateLimit-Reset: 1795953660000\nX-RateLimit-Remaining: 0", time.Minute}, // OpenRouter
		{"RateLimit-Reset: 30\nRateLimit-Remaining: 0", 30 * time.Second},
		{"X-RateLimit-Reset-After: 2.5", 2500 * time.Millisecond},
		{"x-ratelimit-reset-requests: 6m0s\nx-ratelimit-remaining-requests: 0\nx-ratelimit-reset-tokens: 12ms\nx-ratelimit-remaining-tokens: 5000", 6 * time.Minute}, // OpenAI, Groq
		{"x-ratelimit-reset-requests: 6m0s\nx-ratelimit-remaining-requests: 9\nx-ratelimit-reset-tokens: 1m26.4s\nx-ratelimit-remaining-tokens: 0", 86400 * time.Millisecond},
		{"anthropic-ratelimit-input-tokens-reset: 2026-11-29T12:00:45Z\nanthropic-ratelimit-input-tokens-remaining: 0\nanthropic-ratelimit-requests-reset: 2026-11-29T13:00:00Z\nanthropic-ratelimit-requests-remaining: 49", 45 * time.Second},
		{"X-RateLimit-Reset: 1795953660\nX-RateLimit-Remaining: 7", 0},
	} {
		h := http.Header{}
		for _, line := range strings.Split(c.headers, "\n") {
			name, value, _ := strings.Cut(line, ": ")
			h.Set(name, value)
		}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.headers, got, c.want)
		}
	}
}

// The window is what the refusal says of it, not another number in it.
func TestWindowNamed(t *testing.T) {
	for message, want := range map[string]int{
		"exceeded this model context window limit (24000).":                           24000,
		"invalid params, context window exceeds limit (2013)":                         0,
		"Total message token length exceed model limit (131072 tokens).":              131072,
		"Requested tokens (9000) exceed context window of 4096":                       4096,
		"prompt too long; exceeded max context length by 812 tokens":                  0,
		"Max input tokens: 8192, request input token count: 9000":                     8192,
		"the input (40,000 tokens) is longer than the context length (32,768 tokens)": 32768,
	} {
		if got := (&Error{Message: message}).window(); got != want {
			t.Errorf("%s: %d, want %d", message, got, want)
		}
	}
}

// What stands where an answer is expected and is none.
func TestAnswersThatAreErrors(t *testing.T) {
	for body, want := range map[string]bool{
		`{"choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}`:   true,
		`{"choices":[{"delta":{"content":"a"}}],"base_resp":{"status_code":0,"status_msg":""}}`:   false,
		`{"errors":[{"message":"AiError: no capacity","code":3040}],"success":false,"result":{}}`: true,
		`{"errors":[],"success":true,"choices":[{"delta":{"content":"a"}}]}`:                      false,
	} {
		if got := InAnswer("", []byte(body)); (got != nil) != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}
