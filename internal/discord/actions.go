package discord

import "github.com/attachebot/attache/internal/discord/interact"

const (
	actStop    = "stop"   // prompt
	actCode    = "code"   // prompt, attempt
	actCSV     = "csv"    // file
	actNext    = "next"   // prompt, number
	actAnalyze = "an"     // file
	actKeep    = "keep"   // prompt, attempt
	actRetry   = "retry"  // prompt, attempt
	actEdited  = "edited" // prompt, attempt
	actAnswer  = "answer" // question, yes or no
	actQuiet   = "quiet"

	actReset       = "rc"  // conversation
	actResetFiles  = "rf"  // conversation
	actResetFiles2 = "rf2" // conversation, time
	actResetFiles3 = "rf3" // conversation, time, number and bytes of the files
	actCancel      = "no"
)

// ownActions are what the buttons do, but for those of the file manager.
func (b *Bot) ownActions() interact.Actions {
	return interact.Actions{
		actCode: {Args: 2, Handle: b.pressedCode, Open: true}, actCSV: {Args: 1, Handle: b.pressedCSV, Open: true},
		actNext: {Args: 2, Handle: b.pressedNext, Open: true}, actAnalyze: {Args: 1, Handle: b.pressedAnalyze},
		actKeep: {Args: 2, Handle: b.pressedKeep}, actStop: {Args: 1, Handle: b.pressedStop},
		actRetry: {Args: 2, Handle: b.pressedRetry}, actEdited: {Args: 2, Handle: b.pressedRetry},
		actAnswer: {Args: 2, Handle: b.pressedAnswer}, actQuiet: {Args: 0, Handle: b.hush},
		actReset: {Args: 1, Handle: b.resetConversation}, actResetFiles: {Args: 1, Handle: b.confirmReset},
		actResetFiles2: {Args: 2, Handle: b.confirmReset}, actResetFiles3: {Args: 4, Handle: b.resetAll},
		actCancel: {Args: 0, Handle: b.canceled},
	}
}
