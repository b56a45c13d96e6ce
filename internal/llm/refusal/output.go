package refusal

import (
	"regexp"

	"github.com/attachebot/attache/internal/llm"
)

var outputWrong = words(`max(imum)?[_ ]?(completion|output|new|total)?[_ ]?tokens`)
var outputBounds = words(`too large|lower than|greater than|less or equal|取值|超出|at most|less than|maximum|range|exceed|> \d|cannot be greater|must be (<=|between)`)

// outputLimit returns the longest output that the server allows, if that is
// what it refused.
func (e *Error) outputLimit(req llm.Request, have Limits) (int, bool) {
	asked := have.Output(req)
	if asked == 0 || !outputWrong.MatchString(e.Param+" "+e.Message) || !outputBounds.MatchString(e.Message) {
		return 0, false
	}
	if m := outputBelow.FindStringSubmatch(e.Message); m != nil {
		if n := number(m[1]+m[2]) - 1; n >= 16 && n < asked {
			return n, true
		}
	}
	for _, re := range outputNamed {
		if m := re.FindStringSubmatch(e.Message); m != nil {
			if n := number(m[1]); n >= 16 && n < asked {
				return n, true
			}
		}
	}
	n := smallest(e.Message, 16, asked-1)
	return n, n > 0
}

// outputBelow finds a number that the output must stay below.
var outputBelow = words(`(?:less|lower|smaller) than ` + num + `|` + num + ` \(exclusive\)`)

// outputNamed finds the longest output in a refusal; other numbers in it may be
// versions and ids.
var outputNamed = []*regexp.Regexp{
	words(`(?:<=|less than or equal to|at most|cannot exceed|must not exceed|not be greater than|max_total_tokens=|up to|no more than) ?` + num),
	words(`\[\d+, ?` + num + `\]`),
	words(`max\w*: \d+ > ` + num),
}

// leastRoom is how many tokens of an answer are worth asking for. Where a request
// leaves less, it is too long.
const leastRoom = 1024

// outputRoom returns how long the answer may be where the request alone fits and
// only together with the answer asked for is too much: for the window, for the
// tokens of a minute, for what is left of the credit. Else it is 0. Nothing asked
// for means that the server assumed a length.
func (e *Error) outputRoom(asked int) int {
	room := 0
	if m := affordable.FindStringSubmatch(e.Message); m != nil {
		room = number(m[1])
	} else if m := perMinute.FindStringSubmatch(e.Message); m != nil {
		room = number(m[1]) - (number(m[2]) - asked)
		if asked == 0 {
			return 0
		}
	} else if e.TooLong() {
		for _, re := range promptNamed {
			if m := re.FindStringSubmatch(e.Message); m != nil {
				room = e.window()
				for _, part := range m[1:] {
					room -= number(part)
				}
				break
			}
		}
	}
	if room < leastRoom || asked > 0 && room >= asked {
		return 0
	}
	return room
}

var (
	affordable = words(`can only afford ` + num)
	// Groq, OpenAI: the answer asked for counts as if it were written.
	perMinute = words(`too large.{0,200}tokens per (?:min|minute|day)\b.{0,20}limit:? ` + num + `, requested:? ` + num)
	// promptNamed finds how long the request itself is, in one number or two.
	promptNamed = []*regexp.Regexp{
		words(num + ` in the messages, ` + num + ` in the (?:functions|tools).{0,20}in the completion`), // Azure
		words(`prompt length \(` + num + `.{0,40}max_tokens`),                                           // TensorRT-LLM
		words(num + ` in the (?:messages|prompt|input)\b.{0,60}in the completion`),
		words(num + ` of text input.{0,60}in the output`),
		words(num + ` tokens from the (?:input )?messages and`),
		words(`output tokens and your (?:prompt|request).{0,30}?` + num + ` input tokens`),
		words(`your (?:prompt|request) (?:has|contains)(?: at least)? ` + num + ` input tokens`),
		words(`(?:limit|length): ` + num + ` \+ \d+ >`),
		words(`given: ` + num + " `inputs` tokens and"),
	}
)

var anyNumber = regexp.MustCompile(`\b\d[\d,_]*\b`)

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
