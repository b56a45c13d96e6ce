package refusal

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// TooLong reports whether a shorter request may succeed.
func (e *Error) TooLong() bool {
	text := e.words()
	if e.Status == http.StatusRequestEntityTooLarge || oneTooLarge.MatchString(text) {
		return true
	}
	return tooLong.MatchString(text) && !tooLongElse.MatchString(text) && !e.limited()
}

// oneTooLarge says that this request alone is more than may be asked for in a
// minute: to wait does not help.
var oneTooLarge = words(`request too large for|must be reduced in order to run`)

// tooLong has the words of OpenAI, Azure, vLLM, llama.cpp, LM Studio, Ollama,
// Gemini, Anthropic, Bedrock, Groq, Fireworks, Together, Mistral, Cohere, Zhipu,
// Moonshot, DashScope, SiliconFlow, SGLang, TGI, LiteLLM, xAI, Copilot, tabbyAPI, Cerebras, Cloudflare, MiniMax and ERNIE; the bodies are
// in testdata.
var tooLong = words(`context_length_exceeded|exceed_context_size|contextwindowexceeded|string_above_max_length|model_context_window_exceeded` +
	`|context[_ -]*(length|size|window|limit)` +
	`|maximum (context|prompt|input|sequence|number of (input )?tokens)|max(imum)?[_ ](seq(uence)?|prompt|input|model|message)[_ ]*(len|length|tokens|characters)` +
	`|too many (input )?tokens|too large for model with \d+ maximum|(token|input|prompt|request) (count|length).{0,30}exceed` +
	`|(prompt|input|inputs|message|messages|request|conversation)('s)? (is|are|was|has|have) (too long|longer than|too large)` +
	`|prompt (exceeds|too long)|exceed(s|ed|ing)?.{0,40}(token limit|max(imum)? (length|tokens)|model'?s? (input )?(limit|maximum|context))` +
	`|range of input length|reduce the length|request too large for|inputs? (tokens|must have less than)|` + "`inputs`" + ` must have|` + "`inputs` tokens" +
	`|message you (sent|submitted) (is|was) too long|please (shorten|reduce) (your|the) (prompt|input|messages?)|longer than the (model|maximum)|greater than max_seq_len|sequence length is longer|max_tokens must be at least 1, got -|(prompt|input) tokens (are )?too long|prompt_limit` +
	`|\b(inputs?|prompts?|messages?|request|conversation|context|sequence|tokens?)\b[^.]{0,60}(exceed\w*|(greater|larger|longer|more) than|supports? (only )?up to)[^.]{0,60}\b(limit|max(imum)?|allowed|length|window|context|supports?|\d{4,})\b` +
	`|(prompt|input|token|request)s?( (length|size|count))?( is| was)? too (long|large|big)|sum of prompt length` +
	`|長すぎ|トークン数?[^。]{0,12}超|너무 (길|깁|긴)|토큰[^.]{0,12}초과` +
	`|(输入|提示词?|上下文|消息|对话|请求|prompt|tokens?)[^。.]{0,12}(过长|超长|太长)|(输入|提示词?|上下文|prompt|tokens?)[^。.图片]{0,12}超(限|(过|出)[^。.图片]{0,16}(限制|上限|最大|长度))`)

// tooLongElse are refusals that speak of lengths and windows and are about
// something else: the output limit, the number of tools, a picture.
var tooLongElse = words(`max_(completion_)?tokens is too large|supports at most \d+ completion|array too long|(range of|valid range of) max_tokens|max_tokens: \d+ > \d+|max_output_tokens|fewer output tokens|maximum tokens (you )?requested` +
	`|image\S* (size|dimensions?|exceeds?)|(number of|many) (images?|tools?|functions?)|^\W*max_(completion_)?tokens\b.{0,20}(exceed|greater|larger)` +
	`|max_(completion_|output_)?tokens\W{0,3}((must|should) be (less|lower|smaller|at most|no more|<|in range|between)|超出|参数|取值)`)

// window is the number of tokens that the server says it takes, or 0.
func (e *Error) window() int {
	if e.room > 0 {
		return e.room
	}
	for _, re := range windowNamed {
		if m := re.FindStringSubmatch(e.Message); m != nil {
			if n := number(m[1]); n >= 256 {
				return n
			}
		}
	}
	return 0
}

func number(s string) int {
	n, err := strconv.Atoi(strings.NewReplacer(",", "", "_", "").Replace(s))
	if err != nil || n > 1<<30 {
		return 0
	}
	return n
}

const num = `(\d[\d,_]*)`

// windowNamed finds the window in a refusal: the most exact wording first.
var windowNamed = []*regexp.Regexp{
	words(`context limit: \d+ \+ \d+ > ` + num),
	words(`n_ctx: ?` + num),
	words(`context (?:length|size|window) limit \(` + num),
	words(`(?:model|token) limit \(` + num + ` tokens`),
	words(`context (?:length|size|window|limit)[^.\d]{0,40}?(?:of|is|only|:|=)\s*(?:only )?` + num),
	words(`context (?:length|size|window|limit)[^.\d]{0,40}?\(` + num + ` tokens`), // not MiniMax's "exceeds limit (2013)", a code
	words(`\(context (?:length|size|window) ` + num),
	words(`(?:maximum|max)(?: number of)?(?: context| input| prompt| sequence)?(?: tokens| length| len)?(?: allowed| of| is|:)* ?\(?` + num + `\)?(?: tokens)?`),
	words(`> ` + num + ` maximum`),
	words(`\[\d+, ?` + num + `\]`),
	words(`(?:token limit|max_seq_len|max_model_len|window)[^\d(]{0,20}` + num),
	words(`must (?:be <=|have less than|be less than) ` + num),
	words(`with ` + num + ` maximum`),
	words(`cannot exceed ` + num),
	words(`(?:exceeds?|exceeded) the (?:configured )?limit (?:of )?` + num),
	words(`max(?:imum)? token count (?:of |is )?` + num),
	words(`while (?:the )?limit is ` + num),
	words(`(?:limit for this model is|supports? (?:only )?up to|max size:|max_num_tokens \(|tokens limit|(?:session|model) length(?: of)?|tokens, max|model max \() ?` + num),
	words(`(?:exceed\w*|(?:greater|larger|longer|more) than) (?:the )?(?:\w+ ){0,3}(?:limit|length|maximum|window|allowed)(?: of| is|:)? ` + num),
	words(`too large.{0,200}limit:? ` + num + `, requested`),
}
