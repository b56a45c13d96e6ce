package refusal

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/llm"
)

// Finding is what a refusal tells to do without in the next attempt.
type Finding struct {
	Limits
	Once bool // about this request alone: nothing to remember
}

const (
	unable = `(not (currently |yet )?(support|enabled|allow|permitted|available)|n't support|unsupported|unrecognized|unknown|unexpected|extra (inputs|fields)|forbidden|no endpoints found|only supported|requires --enable)`
	cannot = `(` + unable + `|invalid|must be|should be|at most 0)`
	// calling names tools in general: a tool's own name stands in quotes and is
	// taken out before.
	calling = `(\btools?\b|\btool[_ -](use|calls?|calling)\b|\bfunctions?\b|\bfunction[_ -]call(s|ing)?\b)`
	// beside names the fields beside an answer's text. The name of a model may end
	// with such a word.
	beside = `(?:^|[^\w-])(reasoning(_content|_details|_text)?|thinking(_blocks)?|thought_signature|extra_content|provider_specific_fields)`
)

var (
	// The server wants the API that openai.com calls Responses.
	wantsResponses = words(`/v1/responses|v1/responses|only supported in .{0,20}responses|not a chat model|(use|via|through) the responses (api|endpoint)`)
	effortNone     = words(`reasoning[_.]effort to .{0,3}none`)

	effortRefused = words(`reasoning[_.]?effort.{0,80}` + cannot + `|` + cannot + `.{0,60}reasoning[_.]?effort|` + cannot + `.{0,40}\breasoning\b|think(ing)? value .{0,40}not supported|does not support thinking`)
	// Of Anthropic's API: models differ in how they are told how long to think.
	thinkingWrong = words(`thinking.{0,40}(` + unable + `|input|disabled)|adaptive|output_config|\beffort\b|budget_tokens`)
	includeWrong  = words(cannot + `.{0,60}(\binclude\b|encrypted_content)|(\binclude\b|encrypted_content).{0,40}` + cannot)

	besideRefused = words(`(propert|field|parameter|input|argument|key|attribute)\S*.{0,60}` + beside + `.{0,60}` + unable + `|` + unable + `.{0,80}` + beside + `|` + beside + `\S{0,3} (is|are) (not (allowed|accepted|permitted|supported)|unsupported)`)
	besideMissing = words(beside + `.{0,100}(must be (passed|provided|included|sent)|missing|required|is not set)|missing.{0,40}` + beside +
		`|(expected|must (start|begin)).{0,60}(thinking|redacted_thinking)|without its required|invalid_encrypted_content|encrypted content.{0,80}(could not|cannot) be|invalid .{0,20}signature.{0,20}thinking|thinking.{0,10}signature: field required|thinking.{0,20} blocks .{0,60}cannot be modified|(signature.{0,30}|thought.?signature .{0,12})(invalid|could not|not valid|corrupt)|(invalid|corrupt)\w* thought.?signature|items? (with id )?.{0,40}not found`)

	idsRefused = words(`tool.?call.?ids?.{0,60}(a-z|length of 9|alphanumeric)`)
	// callsWrong: calls and results of earlier messages do not go together.
	callsWrong  = words(`either content or tool_calls|no tool (call|output) found|tool_(use|result)\W.{0,60}(without|unexpected|must have)|unexpected .{0,20}tool_use_id|must be a response to a prec|number of function (calls|responses?)\b|toolconfig field must be defined|blocks in .?messages.? must define|calling without .?tools=|tool.?(result|call)\S*( \S+)? ?id\b.{0,80}(not found|duplicate)|duplicate.{0,20}tool_call_id|function arguments json|tool_calls\[\d+\]\.function\.arguments`)
	tooMany     = words(`(tools|functions).{0,60}(array too long|too many|maximum length|at most|more than|maximum (of|number))|too many (tools|functions)|(at most|maximum (of|number of)?) \d+ (tools|functions)`)
	schemaWrong = words(`tools(\.|\[|["'], ?)\d+[\].,]{0,2} ?["']?(custom|function)|schema|function_declarations|input_schema|function\.parameters|\.parameters\b|json payload|grammar|invalid_function_parameters`)
	toolQuoted  = regexp.MustCompile("(?i)(?:function|tool)s?(?: call)?(?: named| name)?:? ?['\"`‘“]([A-Za-z0-9_.-]+)['\"`’”]")
	toolIndexed = []*regexp.Regexp{
		regexp.MustCompile(`function_declarations\[(\d+)\]`),
		regexp.MustCompile(`tools\[(\d+)\]`),
		regexp.MustCompile(`functions\[(\d+)\]`),
		regexp.MustCompile(`tools\.(\d+)\.`),
		regexp.MustCompile(`tools,? ?['"]?,? ?(\d+),`), // FastAPI: ('body', 'tools', 3, 'function')
	}

	orderWrong = words(`unexpected role|after role|(must|should|needs? to|have to) (be )?alternat|must end with a user|turn comes immediately after|expected last role|must be at the beginning|only user.{0,20}assistant|must be followed by|did not have response messages|final assistant content|first (message|turn|content).{0,40}user|consecutive (user|assistant|system)|invalid chat setting`) // the last is MiniMax's word for two system messages

	imagesNever = words(`(image|vision|multi-?modal|visual)\S*.{0,60}(not (currently |yet )?(supported|enabled|allowed|available|loaded)|n't support|unsupported by|only supported)` +
		`|(not|n't|cannot) (support|accept|have|take|see).{0,40}(image|vision|multi-?modal|visual)|不支持.{0,12}(图|视觉|多模态|image|vision)|(图片|图像|多模态)\S{0,6}不支持` +
		`|text-only|only (supports?|accepts?) ?'?text|only '?text'? (content|input|messages|is|type)|content.{0,60}(should be a valid|expected a) string|expected string, received array|array into .{0,60}content of type string|(no endpoints found|unknown variant).{0,40}image|at most 0 image|not a multi-?modal|not a vision` +
		`|content.{0,40}must be a string|untagged enum chatcompletionrequestcontent|invalid type: sequence, expected a string|missing data required for image|(unsupported|unknown|unexpected|invalid)( content)?( part)? (type|part|variant)\b.{0,40}image|invalid content type\. image|mmproj|content\.type.{0,40}\['text'\]|(type|value|variant).{0,20}image_url.{0,40}` + unable + `|cannot read image`)
	imageWrong = words(`image|picture|base64|^.?text.? is not (set|present)`) // the last is MiMo's word for a part that is no text

	toolsNever = words(`(not|n't) (currently |yet )?(support|configured).{0,30}` + calling + `|` + calling + `.{0,40}(not (currently |yet )?(support|enabled|available|allowed|permitted)|n't support|unsupported|only supported|is disabled|requires a tool.?call parser)` +
		`|不支持.{0,8}(工具|函数|function|tool)|(工具|函数)调用.{0,6}不(支持|可用)|no endpoints found that support tool|requires --(enable|jinja|tool)|--enable-auto-tool-choice|(unrecognized|unknown|unexpected|extra|unsupported)[^.]{0,60}\b(tools|functions)\b`)
	toolsNoFlag = words(`requires --jinja|--enable-auto-tool-choice`)
	// notStreamed: what can be had, but only as a whole answer.
	notStreamed = words(calling + `.{0,40}(in|with|when|while) stream|stream.{0,40}(with|and|when using) ` + calling)
	quoted      = regexp.MustCompile(`'[A-Za-z0-9_-]+__[A-Za-z0-9_-]+'|after role 'tool'|role:? ?'tool'`)

	roleRefused = words(`invalid (message )?role.{0,10}(system|developer)|(system|developer).{0,60}(` + unable + `|beginning|first)|` + unable + `.{0,60}\b(system|developer)\b`)
)

// refusals lists what the words of a refusal say about parameters.
var refusals = []struct {
	lack  Lack
	words *regexp.Regexp
}{
	{LackStreamOptions, words(`stream_options|include_usage`)},
	{LackMaxCompletionTokens, words(`max_completion_tokens.*` + cannot + `|` + cannot + `.{0,40}max_completion_tokens`)},
	{LackMaxTokens, words(`max_tokens.*(` + cannot + `|too large)|` + cannot + `.{0,40}max_tokens`)},
	{LackToolChoice, words(`tool_choice.{0,60}(none|` + cannot + `)|(none|` + cannot + `).{0,60}tool_choice`)},
}

// Adapt returns what to leave out of the next attempt of a request that was
// made with have and refused; false if e is about something else, or if nothing
// is left to leave out.
//
// A server's failure (5xx) teaches nothing. Since some servers refuse with 500,
// refusals that can mean nothing else are answered for this request.
func (e *Error) Adapt(req llm.Request, have Limits, api llm.API) (Finding, bool) {
	responses := api == llm.Responses
	var none Finding
	lasting := func(l Lack) (Finding, bool) {
		return Finding{Limits: Limits{Lack: l}}, have.Lack&l != l
	}
	if n := e.outputRoom(have.Output(req)); n > 0 {
		return Finding{Limits: Limits{maxOutput: n}, Once: true}, true
	}
	if e.TooLong() || e.outOfCredit() || e.filtered() || e.Code == "tool_use_failed" {
		return none, false
	}
	if responses && e.noEndpoint() {
		return lasting(LackResponses)
	}
	text := quoted.ReplaceAllString(e.Param+" "+e.Message, "''")
	if e.Status >= 500 && e.Status != http.StatusNotImplemented {
		return e.adaptFailure(req, have, text)
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType,
		http.StatusNotImplemented, http.StatusForbidden, http.StatusMethodNotAllowed:
	default:
		return none, false
	}
	if e.wantsResponses() && api == llm.Chat {
		switch {
		case !have.Has(LackResponses):
			return lasting(LackChat)
		case effortNone.MatchString(e.Message):
			return lasting(LackReasoning)
		}
		return none, false
	}
	if e.Status == http.StatusForbidden {
		return none, false
	}
	if n, ok := e.outputLimit(req, have); ok {
		return Finding{Limits: Limits{maxOutput: n}}, true
	}
	for _, r := range refusals {
		if !have.Has(r.lack) && r.lack.usedBy(req, have) && r.words.MatchString(text) {
			return lasting(r.lack)
		}
	}
	if parametersRefused.MatchString(e.Message) {
		return e.adaptParameters(req, have)
	}
	if f, ok := e.adaptReasoning(req, have, api, text); ok {
		return f, true
	}
	if f, ok := e.adaptTools(req, have, text); ok {
		return f, true
	}
	if hasImages(req.Messages) && !have.Has(LackImages) {
		why := brief.Bytes(e.Message, 300)
		if imagesNever.MatchString(text) {
			return Finding{Limits: Limits{Lack: LackImages, left: []llm.Unsupported{{What: llm.Images, Reason: why}}}}, true
		}
		if imageWrong.MatchString(text) || e.Code == "1210" { // GLM says no more than that a parameter is wrong
			return Finding{Limits: Limits{Lack: LackImages, left: []llm.Unsupported{{What: llm.TheseImages, Reason: why}}}, Once: true}, true
		}
	}
	if orderWrong.MatchString(e.Message) && !have.Has(LackOrder) {
		return lasting(LackOrder)
	}
	if (roleRefused.MatchString(text) || orderWrong.MatchString(e.Message)) && hasRole(req.Messages, llm.System) && !have.Has(LackSystem) {
		return lasting(LackSystem | LackOrder)
	}
	if f, ok := e.adaptTransport(req, have, text); ok {
		return f, true
	}
	return e.adaptVague(req, have)
}

// vague says that something of the messages is wrong, and not what.
var vague = words(`^\W*(the )?(messages? (parameter is illegal|参数非法)|invalid api parameter|param incorrect|invalid params)\b.{0,80}$|^\W*messages 参数非法`)

// adaptVague leaves out what some servers do not take, one thing after another.
func (e *Error) adaptVague(req llm.Request, have Limits) (Finding, bool) {
	why := brief.Bytes(e.Message, 300)
	switch {
	case !vague.MatchString(e.Message):
	case hasImages(req.Messages) && !have.Has(LackImages):
		return Finding{Limits: Limits{Lack: LackImages, left: []llm.Unsupported{{What: llm.TheseImages, Reason: why}}}, Once: true}, true
	case !have.Has(LackOrder):
		return Finding{Limits: Limits{Lack: LackOrder}}, true
	case hasCalls(req.Messages) && !have.Has(LackOldCalls):
		return Finding{Limits: Limits{Lack: LackOldCalls}, Once: true}, true
	}
	return Finding{}, false
}

// parametersRefused is OpenRouter's word when no provider of a model takes all
// that was asked for. It does not tell what.
var parametersRefused = words(`no endpoints found that (can handle|support) the requested parameters`)

// adaptParameters leaves out what is missed least.
func (e *Error) adaptParameters(req llm.Request, have Limits) (Finding, bool) {
	for _, l := range []Lack{LackEffort, LackUser, LackToolChoice} {
		if !have.Has(l) && l.usedBy(req, have) {
			return Finding{Limits: Limits{Lack: l}}, true
		}
	}
	if len(have.Tools(req)) == 0 {
		return Finding{}, false
	}
	return Finding{Limits: Limits{Lack: LackTools, left: []llm.Unsupported{{What: llm.Tools, Reason: brief.Bytes(e.Message, 300)}}}}, true
}

// adaptFailure reads a 5xx that is a refusal.
func (e *Error) adaptFailure(req llm.Request, have Limits, text string) (Finding, bool) {
	l := Lack(0)
	if bad := e.badTools(have.Tools(req)); len(bad) > 0 && schemaFailed.MatchString(e.Message) {
		return Finding{Limits: without(bad, brief.Bytes(e.Message, 300)), Once: true}, true
	}
	switch {
	case hasImages(req.Messages) && !have.Has(LackImages) && imagesNever.MatchString(text):
		l = LackImages
	case len(have.Tools(req)) > 0 && toolsNoFlag.MatchString(text):
		l = LackTools
	case orderWrong.MatchString(e.Message) && !have.Has(LackOrder):
		l = LackOrder
	case (orderWrong.MatchString(e.Message) || roleRefused.MatchString(text)) && hasRole(req.Messages, llm.System) && !have.Has(LackSystem):
		l = LackSystem | LackOrder
	default:
		return Finding{}, false
	}
	f := Finding{Limits: Limits{Lack: l}, Once: true}
	if w := map[Lack]llm.What{LackImages: llm.Images, LackTools: llm.Tools}[l]; w != "" {
		f.left = []llm.Unsupported{{What: w, Reason: brief.Bytes(e.Message, 300)}}
	}
	return f, true
}

// adaptReasoning reads what is said about reasoning and what came beside the
// text of earlier answers.
func (e *Error) adaptReasoning(req llm.Request, have Limits, api llm.API, text string) (Finding, bool) {
	full := e.words()
	sentKept := !have.Has(LackKept) && slices.ContainsFunc(req.Messages, func(m llm.Message) bool { return m.Kept != nil && m.Model == req.Model })
	old := hasCalls(req.Messages) && !have.Has(LackOldCalls)
	switch {
	case api == llm.Responses && !have.Has(LackInclude) && includeWrong.MatchString(text):
		return Finding{Limits: Limits{Lack: LackInclude}}, true
	case sentKept && besideRefused.MatchString(full) && !besideMissing.MatchString(full):
		return Finding{Limits: Limits{Lack: LackKept}}, true
	case besideMissing.MatchString(full) && old && !have.Has(LackBareCalls) && api != llm.Responses:
		return Finding{Limits: Limits{Lack: LackBareCalls}}, true
	case besideMissing.MatchString(full) && old:
		return Finding{Limits: Limits{Lack: LackOldCalls | LackKept}, Once: true}, true
	case besideMissing.MatchString(full) && sentKept:
		return Finding{Limits: Limits{Lack: LackKept}, Once: true}, true
	case api == llm.Messages && req.Effort != "" && !have.Has(LackEffort) && thinkingWrong.MatchString(full):
		if req.Effort == "none" || have.Has(LackAdaptive) {
			return Finding{Limits: Limits{Lack: LackEffort}}, true
		}
		return Finding{Limits: Limits{Lack: LackAdaptive}}, true
	case !have.Has(LackEffort) && effortRefused.MatchString(full):
		return Finding{Limits: Limits{Lack: LackEffort}}, true
	}
	return Finding{}, false
}

// adaptTools reads what is said about tools: all, one, or their number.
func (e *Error) adaptTools(req llm.Request, have Limits, text string) (Finding, bool) {
	if hasCalls(req.Messages) && !have.Has(LackIDs) && idsRefused.MatchString(e.Message) {
		return Finding{Limits: Limits{Lack: LackIDs}}, true
	}
	if hasCalls(req.Messages) && !have.Has(LackOldCalls) && callsWrong.MatchString(e.Message) {
		return Finding{Limits: Limits{Lack: LackOldCalls}, Once: true}, true
	}
	sent := have.Tools(req)
	reason := brief.Bytes(e.Message, 300)
	if len(sent) > 0 {
		if tooMany.MatchString(text) {
			if n := smallest(e.Message, 1, len(sent)-1); n > 0 {
				return Finding{Limits: Limits{maxTools: n}}, true
			}
		}
		if bad := e.badTools(sent); len(bad) > 0 {
			return Finding{Limits: without(bad, reason)}, true
		}
		if !have.Has(LackStream) && toolsNever.MatchString(text) && notStreamed.MatchString(text) {
			return Finding{Limits: Limits{Lack: LackStream}}, true
		}
	}
	if !toolsNever.MatchString(text) || orderWrong.MatchString(e.Message) || schemaWrong.MatchString(e.words()) {
		return Finding{}, false
	}
	switch {
	case len(sent) > 0:
		return Finding{Limits: Limits{Lack: LackTools, left: []llm.Unsupported{{What: llm.Tools, Reason: reason}}}}, true
	case hasCalls(req.Messages) && !have.Has(LackTools|LackOldCalls):
		// No tool was sent, so nothing is known of tools.
		return Finding{Limits: Limits{Lack: LackOldCalls}, Once: true}, true
	}
	return Finding{}, false
}

// badTools returns the tools whose schema is refused, or nil: the one that is
// named, else those that may be meant.
func (e *Error) badTools(sent []llm.Tool) []llm.Tool {
	full := e.words()
	if !schemaWrong.MatchString(full) {
		return nil
	}
	for _, m := range toolQuoted.FindAllStringSubmatch(full, -1) {
		if i := slices.IndexFunc(sent, func(t llm.Tool) bool { return t.Name == m[1] }); i >= 0 {
			return sent[i : i+1]
		}
	}
	for _, re := range toolIndexed {
		if m := re.FindStringSubmatch(full); m != nil {
			if n := number(m[1]); n < len(sent) {
				return sent[n : n+1]
			}
		}
	}
	for i, t := range sent {
		if strings.Contains(full, t.Name) {
			return sent[i : i+1]
		}
	}
	return suspects(full, sent)
}

// without leaves out tools for a reason.
func without(tools []llm.Tool, reason string) (l Limits) {
	for _, t := range tools {
		l.left = append(l.left, llm.Unsupported{What: llm.OneTool, Tool: t.Name, Reason: reason})
	}
	return l
}

var (
	// schemaFailed is a refusal of llama.cpp, whatever its status.
	schemaFailed = words(`schema conversion failed|failed to parse grammar`)
	schemaWord   = regexp.MustCompile(`[A-Za-z_$][\w$-]{3,}`)
	schemaSaid   = words(`schema|grammar|\.parameters\b`)
	commonWords  = []string{"type", "object", "string", "properties", "required", "description"}
)

// suspects returns the tools that a refusal may be about which names none: those
// whose schema has a word of it that others have not, else those of other
// servers, which wrote their own schemas.
func suspects(said string, sent []llm.Tool) []llm.Tool {
	if !schemaSaid.MatchString(said) {
		return nil
	}
	for _, w := range schemaWord.FindAllString(said, -1) {
		if slices.Contains(commonWords, w) {
			continue
		}
		var with []llm.Tool
		for _, t := range sent {
			if strings.Contains(string(t.Parameters), `"`+w+`"`) {
				with = append(with, t)
			}
		}
		if len(with) > 0 && len(with) < len(sent) {
			return with
		}
	}
	var foreign []llm.Tool
	for _, t := range sent {
		if strings.Contains(t.Name, "__") {
			foreign = append(foreign, t)
		}
	}
	return foreign
}

func (e *Error) adaptTransport(req llm.Request, have Limits, text string) (Finding, bool) {
	for _, r := range transport {
		if !have.Has(r.lack) && r.lack.usedBy(req, have) && r.words.MatchString(text) {
			return Finding{Limits: Limits{Lack: r.lack}}, true
		}
	}
	return Finding{}, false
}

var transport = []struct {
	lack  Lack
	words *regexp.Regexp
}{
	{LackUser, words(`\buser\b.{0,40}` + unable + `|` + unable + `.{0,40}\buser\b`)},
	{LackStream, words(`stream.{0,60}(` + unable + `|verified)|` + unable + `.{0,40}stream|verified to stream`)},
}

// wantsResponses reports whether the server points to its other API.
func (e *Error) wantsResponses() bool { return wantsResponses.MatchString(e.Message) }

// usedBy reports whether a request made with have contains what l leaves out.
func (l Lack) usedBy(req llm.Request, have Limits) bool {
	switch l {
	case LackStreamOptions:
		return !have.Has(LackStream)
	case LackMaxCompletionTokens:
		return have.Output(req) > 0 && have.LimitParam() == "max_completion_tokens"
	case LackMaxTokens:
		return have.Output(req) > 0 && have.LimitParam() == "max_tokens"
	case LackUser:
		return req.User != ""
	case LackEffort:
		return req.Effort != ""
	case LackToolChoice:
		return req.NoCalls && len(req.Tools) > 0
	}
	return true
}

func hasImages(msgs []llm.Message) bool {
	return slices.ContainsFunc(msgs, llm.Message.HasImages)
}

func hasCalls(msgs []llm.Message) bool {
	return slices.ContainsFunc(msgs, func(m llm.Message) bool { return len(m.Calls) > 0 || m.Role == llm.FromTool })
}

func hasRole(msgs []llm.Message, r llm.Role) bool {
	return slices.ContainsFunc(msgs, func(m llm.Message) bool { return m.Role == r })
}
