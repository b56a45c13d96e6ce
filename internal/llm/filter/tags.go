package filter

import (
	"regexp"
	"strings"
)

// names are the tags in angle brackets that models think in, in any case and with
// attributes.
const (
	names   = `think|thinking|thoughts?|reasoning|reason`
	endings = `(?i)</(?:` + names + `|seed:think|mm:think)\s*>|\[/think\]|◁/think▷|<\|end_thinking\|>|<channel\|>|<\|inner_suffix\|>|<\|end_of_thought\|>|assistantfinal|assistantcommentary`
)

var (
	openName = regexp.MustCompile(`(?i)^<(` + names + `)(?:\s[^<>\n]{0,100}|/)?>`)
	halfName = regexp.MustCompile(`(?i)^<(` + names + `)(\s[^<>\n]{0,100}|/)$`)
	closing  = regexp.MustCompile(endings)
	closes   = regexp.MustCompile(`^(?:` + endings + `)`)
	// musingIBM is how Granite begins to think aloud, and musedIBM how it ends.
	musingIBM = regexp.MustCompile(`^Here(?:'s| is) my thought process:`)
	musedIBM  = regexp.MustCompile(`Here(?:'s| is) my response:`)
)

// thoughtTokens are the other blocks that models think in.
var thoughtTokens = map[string]string{
	"[THINK]": "[/THINK]", "<seed:think>": "</seed:think>", "<mm:think>": "</mm:think>", "<|begin_of_thought|>": "<|end_of_thought|>", "◁think▷": "◁/think▷",
	"<|channel>thought": "<channel|>", "<unused94>thought": "<unused95>", "<|START_THINKING|>": "<|END_THINKING|>", "<|inner_prefix|>": "<|inner_suffix|>",
}

// opening returns the tag at the beginning of s that begins thoughts, and what
// ends them; maybe: s may become one. A tag that is empty ends at once.
func opening(s string) (tag string, end *regexp.Regexp, maybe bool) {
	if m := openName.FindStringSubmatch(s); m != nil {
		if strings.HasSuffix(m[0], "/>") {
			return m[0], regexp.MustCompile(``), false
		}
		return m[0], regexp.MustCompile(`(?i)</` + m[1] + `\s*>`), false
	}
	for open, end := range thoughtTokens {
		if strings.HasPrefix(s, open) {
			return open, regexp.MustCompile(regexp.QuoteMeta(end)), false
		}
		maybe = maybe || strings.HasPrefix(open, s)
	}
	for _, name := range []string{"<thinking", "<thoughts", "<reasoning"} {
		maybe = maybe || len(s) <= len(name) && strings.EqualFold(name[:len(s)], s)
	}
	return "", nil, maybe || halfName.MatchString(s)
}

// wraps are tags that some models put around an answer: the names behind their
// thoughts, the tokens always.
var (
	halfWrap   = regexp.MustCompile(`^<[a-z_]{0,12}$`)
	wrapNames  = regexp.MustCompile(`^<(answer|response|output|solution|final_answer)>\s*`)
	wrapTokens = map[string]string{"<|START_RESPONSE|>": "<|END_RESPONSE|>", "<|begin_of_solution|>": "<|end_of_solution|>"}
	// endTokens end an answer where the server does not take them away.
	endTokens = regexp.MustCompile(`^(<\|(eot_id|eom_id|im_end|endoftext|END_RESPONSE|END_OF_TURN_TOKEN|end_of_solution|end|return)\|>|<end_of_turn>|<turn\|>|</s>|<｜end▁of▁sentence｜>)\s*$`)
	halfToken = regexp.MustCompile(`^<([|｜/]?[\w▁]{0,20}\|?)?$`)
)

// wrap returns the tag at the beginning of s that is around an answer, and what
// ends it.
func wrap(s string, thought bool) (tag, end string, maybe bool) {
	for open, end := range wrapTokens {
		if strings.HasPrefix(s, open) {
			return open, end, false
		}
		maybe = maybe || strings.HasPrefix(open, s)
	}
	if m := wrapNames.FindStringSubmatch(s); m != nil && thought {
		return m[0], "</" + m[1] + ">", false
	}
	return "", "", maybe || thought && halfWrap.MatchString(s)
}

// Tags of calls. A token is never part of what a model says; a name may be, and
// stands at the beginning of a line or before what can only be a call.
var (
	callTokens = []string{"[TOOL_CALLS]", "[TOOL_REQUEST]", "<|python_tag|>", "<|python_start|>", "<|tool", "<｜tool", "<｜DSML｜", "<｜｜DSML｜｜", "<|DSML|", "<minimax:tool_call>", "<seed:tool_call>",
		"<longcat_tool_call>", "<start_function_call>", "<TOOLCALL>", "<|START_ACTION|>", "<|action_start|>", "<|message_sep|>", "<antml:"}
	callNames = []string{"<tool_call>", "<tool_calls>", "<tools>", "<tool_use>", "<function=", "<function_call>", "<function_calls>", "<functioncall>", `<invoke name="`}
	plainCall = regexp.MustCompile("^(?:<(?:tool_calls?|tools|tool_use|function_?calls?)>\\s*(?:```(?:json)?\\s*)?(?:\\[?\\s*\\{|<function=|<invoke|[\\w.-]+\\s*<arg_key>)|<function=[\\w.:-]+>\\s*(?:\\{|<parameter=)|<invoke name=\"[^\"]+\">\\s*<parameter)")
	halfCall  = regexp.MustCompile("^(?:<(?:tool_calls?|tools|tool_use|function_?calls?)>\\s*`{0,3}(?:json)?\\s*\\[?\\s*(?:<[a-z_]{0,9}|[\\w.-]{1,64}\\s*(?:<[a-z_]{0,8})?)?|<function=[\\w.:-]{0,64}>?\\s*(?:<[a-z]{0,10})?|<invoke name=\"[^\"\\n]{0,64}\"?>?\\s*(?:<[a-z]{0,10})?)$")
)

// calling reports whether a call begins with s, or may still do so.
func calling(s string, atLine bool) (is, maybe bool) {
	for _, t := range callTokens {
		if strings.HasPrefix(s, t) {
			return true, false
		}
		maybe = maybe || strings.HasPrefix(t, s)
	}
	for _, t := range callNames {
		if strings.HasPrefix(s, t) {
			return atLine || plainCall.MatchString(s), halfCall.MatchString(s)
		}
		maybe = maybe || strings.HasPrefix(t, s)
	}
	return false, maybe
}
