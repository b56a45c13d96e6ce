package llm

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/brief"
)

// finding is what a refusal tells to do without in the next attempt.
type finding struct {
	limits
	once bool // about this request alone: nothing to remember
}

const (
	unable = `(not (currently |yet )?(support|enabled|allow|permitted|available)|n't support|unsupported|unrecognized|unknown|unexpected|extra (inputs|fields)|forbidden|no endpoints found|only supported|requires --enable)`
	cannot = `(` + unable + `|invalid|must be|should be|at most 0)`
	// calling names tools in general: a tool's own name stands in quotes and is
	// taken out before.
	calling = `(\btools?\b|\btool[_ -](use|calls?|calling|choice)\b|\bfunctions?\b|\bfunction[_ -]call(s|ing)?\b)`
	beside  = `(reasoning(_content|_details|_text)?|thinking(_blocks)?|thought_signature|extra_content|provider_specific_fields)`
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
		`|(expected|must (start|begin)).{0,60}(thinking|redacted_thinking)|without its required|invalid_encrypted_content|encrypted content.{0,80}(could not|cannot) be|invalid .{0,20}signature.{0,20}thinking|thinking.{0,10}signature: field required|thinking.{0,20} blocks .{0,60}cannot be modified|signature.{0,30}(invalid|could not)|items? (with id )?.{0,40}not found`)

	idsRefused  = words(`tool.?call.?ids?.{0,60}(a-z|length of 9|alphanumeric)`)
	tooMany     = words(`(tools|functions).{0,60}(array too long|too many|maximum length|at most|more than|maximum (of|number))|too many (tools|functions)|(at most|maximum (of|number of)?) \d+ (tools|functions)`)
	schemaWrong = words(`schema|function_declarations|input_schema|function\.parameters|\.parameters\b|json payload|grammar|invalid_function_parameters`)
	toolQuoted  = regexp.MustCompile("(?i)(?:function|tool)s?(?: call)?(?: named| name)?:? ?['\"`‘“]([A-Za-z0-9_.-]+)['\"`’”]")
	toolIndexed = []*regexp.Regexp{
		regexp.MustCompile(`function_declarations\[(\d+)\]`),
		regexp.MustCompile(`tools\[(\d+)\]`),
		regexp.MustCompile(`functions\[(\d+)\]`),
		regexp.MustCompile(`tools\.(\d+)\.`),
		regexp.MustCompile(`tools,? ?['"]?,? ?(\d+),`), // FastAPI: ('body', 'tools', 3, 'function')
	}

	orderWrong = words(`unexpected role|after role|roles? must alternate|must alternate|turn comes immediately after|expected last role|must be at the beginning|only user.{0,20}assistant|must be followed by|did not have response messages|final assistant content|first (message|turn|content).{0,40}user|consecutive (user|assistant|system)`)

	imagesNever = words(`(image|vision|multi-?modal|visual)\S*.{0,60}(not (currently |yet )?(supported|enabled|allowed|available)|n't support|unsupported by|only supported)` +
		`|(not|n't) support.{0,40}(image|vision|multi-?modal|visual)|(no endpoints found|unknown variant).{0,40}image|at most 0 image|not a multi-?modal|not a vision` +
		`|content.{0,40}must be a string|untagged enum chatcompletionrequestcontent|invalid type: sequence, expected a string|missing data required for image|unsupported content.{0,20}(type|part).{0,20}image|invalid content type\. image|mmproj|(type|value|variant).{0,20}image_url.{0,40}` + unable + `|cannot read image`)
	imageWrong = words(`image|picture|base64`)

	toolsNever = words(`(not|n't) (currently |yet )?support.{0,30}` + calling + `|` + calling + `.{0,40}(not (currently |yet )?(support|enabled|available|allowed|permitted)|n't support|unsupported|only supported)` +
		`|no endpoints found that support tool|requires --(enable|jinja|tool)|--enable-auto-tool-choice|(unrecognized|unknown|unexpected|extra|unsupported)[^.]{0,60}\b(tools|functions)\b`)
	toolsNoFlag = words(`requires --jinja|--enable-auto-tool-choice`)
	quoted      = regexp.MustCompile(`'[A-Za-z0-9_-]+__[A-Za-z0-9_-]+'|after role 'tool'|role:? ?'tool'`)

	roleRefused = words(`(system|developer).{0,60}(` + unable + `|beginning|first)|` + unable + `.{0,60}\b(system|developer)\b`)
)

// refusals lists what the words of a refusal say about parameters.
var refusals = []struct {
	lack  lack
	words *regexp.Regexp
}{
	{lackStreamOptions, words(`stream_options|include_usage`)},
	{lackMaxCompletionTokens, words(`max_completion_tokens.*` + cannot + `|` + cannot + `.{0,40}max_completion_tokens`)},
	{lackMaxTokens, words(`max_tokens.*(` + cannot + `|too large)|` + cannot + `.{0,40}max_tokens`)},
	{lackToolChoice, words(`tool_choice.{0,20}none|none.{0,20}tool_choice`)},
}

// adapt returns what to leave out of the next attempt of a request that was
// made with have and refused; false if e is about something else, or if nothing
// is left to leave out.
//
// A server's failure (5xx) teaches nothing. Since some servers refuse with 500,
// three refusals that can mean nothing else are answered for this request.
func (e *apiError) adapt(req Request, have limits, api API) (finding, bool) {
	responses := api == Responses
	var none finding
	lasting := func(l lack) (finding, bool) {
		return finding{limits: limits{lack: l}}, have.lack&l != l
	}
	if e.tooLong() || e.outOfCredit() || e.code == "tool_use_failed" {
		return none, false
	}
	if responses && e.noEndpoint() {
		return lasting(lackResponses)
	}
	text := quoted.ReplaceAllString(e.param+" "+e.message, "''")
	if e.status >= 500 && e.status != http.StatusNotImplemented {
		return e.adaptFailure(req, have, text)
	}
	switch e.status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType,
		http.StatusNotImplemented, http.StatusForbidden:
	default:
		return none, false
	}
	if e.wantsResponses() && api == Chat {
		switch {
		case !have.has(lackResponses):
			return lasting(lackChat)
		case effortNone.MatchString(e.message):
			return lasting(lackReasoning)
		}
		return none, false
	}
	if e.status == http.StatusForbidden {
		return none, false
	}
	if n, ok := e.outputLimit(req, have); ok {
		return finding{limits: limits{maxOutput: n}}, true
	}
	for _, r := range refusals {
		if !have.has(r.lack) && r.lack.usedBy(req, have) && r.words.MatchString(text) {
			return lasting(r.lack)
		}
	}
	if f, ok := e.adaptReasoning(req, have, api, text); ok {
		return f, true
	}
	if f, ok := e.adaptTools(req, have, text); ok {
		return f, true
	}
	if hasImages(req.Messages) && !have.has(lackImages) {
		why := brief.Bytes(e.message, 300)
		if imagesNever.MatchString(text) {
			return finding{limits: limits{lack: lackImages, left: []Unsupported{{What: Images, Reason: why}}}}, true
		}
		if imageWrong.MatchString(text) {
			return finding{limits: limits{lack: lackImages, left: []Unsupported{{What: TheseImages, Reason: why}}}, once: true}, true
		}
	}
	if orderWrong.MatchString(e.message) && !have.has(lackOrder) {
		return lasting(lackOrder)
	}
	if (roleRefused.MatchString(text) || orderWrong.MatchString(e.message)) && hasRole(req.Messages, System) && !have.has(lackSystem) {
		return lasting(lackSystem | lackOrder)
	}
	return e.adaptTransport(req, have, text)
}

// adaptFailure reads a 5xx that is a refusal.
func (e *apiError) adaptFailure(req Request, have limits, text string) (finding, bool) {
	l := lack(0)
	switch {
	case hasImages(req.Messages) && !have.has(lackImages) && imagesNever.MatchString(text):
		l = lackImages
	case len(have.tools(req)) > 0 && toolsNoFlag.MatchString(text):
		l = lackTools
	case orderWrong.MatchString(e.message) && !have.has(lackOrder):
		l = lackOrder
	case (orderWrong.MatchString(e.message) || roleRefused.MatchString(text)) && hasRole(req.Messages, System) && !have.has(lackSystem):
		l = lackSystem | lackOrder
	default:
		return finding{}, false
	}
	f := finding{limits: limits{lack: l}, once: true}
	if w := map[lack]What{lackImages: Images, lackTools: Tools}[l]; w != "" {
		f.left = []Unsupported{{What: w, Reason: brief.Bytes(e.message, 300)}}
	}
	return f, true
}

// adaptReasoning reads what is said about reasoning and what came beside the
// text of earlier answers.
func (e *apiError) adaptReasoning(req Request, have limits, api API, text string) (finding, bool) {
	full := e.words()
	sentKept := !have.has(lackKept) && slices.ContainsFunc(req.Messages, func(m Message) bool { return m.Kept != nil && m.Model == req.Model })
	old := hasCalls(req.Messages) && !have.has(lackOldCalls)
	switch {
	case api == Responses && !have.has(lackInclude) && includeWrong.MatchString(text):
		return finding{limits: limits{lack: lackInclude}}, true
	case sentKept && besideRefused.MatchString(full) && !besideMissing.MatchString(full):
		return finding{limits: limits{lack: lackKept}}, true
	case besideMissing.MatchString(full) && old && !have.has(lackBareCalls) && api != Responses:
		return finding{limits: limits{lack: lackBareCalls}}, true
	case besideMissing.MatchString(full) && old:
		return finding{limits: limits{lack: lackOldCalls | lackKept}, once: true}, true
	case besideMissing.MatchString(full) && sentKept:
		return finding{limits: limits{lack: lackKept}, once: true}, true
	case api == Messages && req.Effort != "" && !have.has(lackEffort) && thinkingWrong.MatchString(full):
		if req.Effort == "none" || have.has(lackAdaptive) {
			return finding{limits: limits{lack: lackEffort}}, true
		}
		return finding{limits: limits{lack: lackAdaptive}}, true
	case !have.has(lackEffort) && effortRefused.MatchString(full):
		return finding{limits: limits{lack: lackEffort}}, true
	}
	return finding{}, false
}

// adaptTools reads what is said about tools: all, one, or their number.
func (e *apiError) adaptTools(req Request, have limits, text string) (finding, bool) {
	if hasCalls(req.Messages) && !have.has(lackIDs) && idsRefused.MatchString(e.message) {
		return finding{limits: limits{lack: lackIDs}}, true
	}
	sent := have.tools(req)
	reason := brief.Bytes(e.message, 300)
	if len(sent) > 0 {
		if tooMany.MatchString(text) {
			if n := smallest(e.message, 1, len(sent)-1); n > 0 {
				return finding{limits: limits{maxTools: n}}, true
			}
		}
		if name := e.tool(sent); name != "" {
			return finding{limits: limits{left: []Unsupported{{What: OneTool, Tool: name, Reason: reason}}}}, true
		}
	}
	if !have.has(lackTools) && (len(sent) > 0 || hasCalls(req.Messages)) && toolsNever.MatchString(text) && !orderWrong.MatchString(e.message) && !schemaWrong.MatchString(e.words()) {
		return finding{limits: limits{lack: lackTools, left: []Unsupported{{What: Tools, Reason: reason}}}}, true
	}
	return finding{}, false
}

// tool returns the name of the tool whose schema is refused, or "".
func (e *apiError) tool(sent []Tool) string {
	full := e.words()
	if !schemaWrong.MatchString(full) {
		return ""
	}
	for _, m := range toolQuoted.FindAllStringSubmatch(full, -1) {
		if slices.ContainsFunc(sent, func(t Tool) bool { return t.Name == m[1] }) {
			return m[1]
		}
	}
	for _, re := range toolIndexed {
		if m := re.FindStringSubmatch(full); m != nil {
			if n := number(m[1]); n < len(sent) {
				return sent[n].Name
			}
		}
	}
	for _, t := range sent {
		if strings.Contains(full, t.Name) {
			return t.Name
		}
	}
	return ""
}

var outputWrong = words(`max_?(completion_|output_|new_)?tokens`)
var outputBounds = words(`too large|at most|less than|maximum|range|exceed|> \d|cannot be greater|must be (<=|between)`)

// outputLimit returns the longest output that the server allows, if that is
// what it refused.
func (e *apiError) outputLimit(req Request, have limits) (int, bool) {
	asked := have.output(req)
	if asked == 0 || !outputWrong.MatchString(e.param+" "+e.message) || !outputBounds.MatchString(e.message) {
		return 0, false
	}
	n := smallest(e.message, 16, asked-1)
	return n, n > 0
}

var anyNumber = regexp.MustCompile(`\d[\d,_]*`)

// smallest returns the smallest number in s between the bounds, or 0.
func smallest(s string, low, high int) int {
	best := 0
	for _, m := range anyNumber.FindAllString(s, -1) {
		if n := number(m); n >= low && n <= high && (best == 0 || n < best) {
			best = n
		}
	}
	return best
}

func (e *apiError) adaptTransport(req Request, have limits, text string) (finding, bool) {
	for _, r := range transport {
		if !have.has(r.lack) && r.lack.usedBy(req, have) && r.words.MatchString(text) {
			return finding{limits: limits{lack: r.lack}}, true
		}
	}
	return finding{}, false
}

var transport = []struct {
	lack  lack
	words *regexp.Regexp
}{
	{lackUser, words(`\buser\b.{0,40}` + unable + `|` + unable + `.{0,40}\buser\b`)},
	{lackStream, words(`stream.{0,60}(` + unable + `|verified)|` + unable + `.{0,40}stream|verified to stream`)},
}

// wantsResponses reports whether the server points to its other API.
func (e *apiError) wantsResponses() bool { return wantsResponses.MatchString(e.message) }

// usedBy reports whether a request made with have contains what l leaves out.
func (l lack) usedBy(req Request, have limits) bool {
	switch l {
	case lackStreamOptions:
		return !have.has(lackStream)
	case lackMaxCompletionTokens:
		return req.MaxOutput > 0 && have.limitParam() == "max_completion_tokens"
	case lackMaxTokens:
		return req.MaxOutput > 0 && have.limitParam() == "max_tokens"
	case lackUser:
		return req.User != ""
	case lackToolChoice:
		return req.NoCalls && len(req.Tools) > 0
	}
	return true
}
