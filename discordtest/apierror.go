package discordtest

import (
	"fmt"
	"net/url"
	"strings"
)

// An apiError is an error as Discord's REST API tells it.
type apiError struct {
	status  int
	code    int
	message string
	errors  map[string]any // of a form, else nil
}

func (e *apiError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.message) }

func (e *apiError) body() any {
	o := map[string]any{"message": e.message, "code": e.code}
	if e.errors != nil {
		o["errors"] = e.errors
	}
	if e.status == 429 {
		o["retry_after"], o["global"] = 20, false
	}
	return o
}

// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes
var (
	errUnauthorized       = &apiError{401, 0, "401: Unauthorized", nil}
	errUnknownChannel     = &apiError{404, 10003, "Unknown Channel", nil}
	errUnknownGuild       = &apiError{404, 10004, "Unknown Guild", nil}
	errUnknownMember      = &apiError{404, 10007, "Unknown Member", nil}
	errUnknownMessage     = &apiError{404, 10008, "Unknown Message", nil}
	errUnknownUser        = &apiError{404, 10013, "Unknown User", nil}
	errUnknownEmoji       = &apiError{400, 10014, "Unknown Emoji", nil}
	errUnknownWebhook     = &apiError{404, 10015, "Unknown Webhook", nil}
	errUnknownInteraction = &apiError{404, 10062, "Unknown interaction", nil}
	errUnknownCommand     = &apiError{404, 10063, "Unknown application command", nil}
	errTooLarge           = &apiError{413, 40005, "Request entity too large", nil}
	errAlreadyAcked       = &apiError{400, 40060, "Interaction has already been acknowledged.", nil}
	errMissingAccess      = &apiError{403, 50001, "Missing Access", nil}
	errNotAuthor          = &apiError{403, 50005, "Cannot edit a message authored by another user", nil}
	errEmptyMessage       = &apiError{400, 50006, "Cannot send an empty message", nil}
	errDMsClosed          = &apiError{403, 50007, "Cannot send messages to this user", nil}
	errMissingPermissions = &apiError{403, 50013, "Missing Permissions", nil}
	errBadToken           = &apiError{401, 50027, "Invalid Webhook Token", nil}
	errTooOldToDelete     = &apiError{400, 50034, "You can only bulk delete messages that are under 14 days old.", nil}
	errBadJSON            = &apiError{400, 50109, "The request body contains invalid JSON.", nil}
	errNoReply            = &apiError{403, 160002, "Cannot reply without permission to read message history", nil}
	errThreadExists       = &apiError{400, 160004, "A thread has already been created for this message", nil}
	errThreadLocked       = &apiError{403, 160005, "Thread is locked", nil}
	errNonTextChannel     = &apiError{400, 50008, "Cannot send messages in a non-text channel", nil}
	errPollExpired        = &apiError{400, 520001, "Poll expired", nil}
	errPollEdit           = &apiError{400, 520003, "Cannot edit a poll message", nil}
	errNoPoll             = &apiError{400, 520006, "Cannot expire a non-poll message", nil}
	errTooManyFollowUps   = &apiError{400, 40094, "This interaction has hit the maximum number of follow up messages", nil}
	errTooManyReactions   = &apiError{400, 30010, "Maximum number of reactions reached (20)", nil}
	errThreadFull         = &apiError{400, 30033, "Max number of thread participants has been reached (1000)", nil}
	errOldEdits           = &apiError{429, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later", nil}
	errThreadArchived     = &apiError{400, 50083, "Thread is archived", nil}
	errNoMutualGuild      = &apiError{403, 50278, "Cannot send messages to this user due to having no mutual guilds", nil}
	errWrongChannelType   = &apiError{400, 50024, "Cannot execute action on this channel type", nil}
)

// formErrors collects what is wrong with a body, as Discord's error 50035 reports it.
type formErrors struct {
	tree  map[string]any
	lines []string
}

// add reports a problem at a dotted path, such as "embeds.0.title".
func (f *formErrors) add(path, code, message string) {
	if f.tree == nil {
		f.tree = map[string]any{}
	}
	f.lines = append(f.lines, path+": "+message)
	at := f.tree
	for key := range strings.SplitSeq(path, ".") {
		next, ok := at[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[key] = next
		}
		at = next
	}
	list, _ := at["_errors"].([]any)
	at["_errors"] = append(list, map[string]any{"code": code, "message": message})
}

func (f *formErrors) max(path, s string, n int) {
	if runes(s) > n {
		f.add(path, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Must be %d or fewer in length.", n))
	}
}

func (f *formErrors) required(path, s string) {
	if s == "" {
		f.add(path, "BASE_TYPE_REQUIRED", "This field is required")
	}
}

func (f *formErrors) url(path, s string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "attachment" && u.Scheme != "discord" {
		f.add(path, "URL_TYPE_INVALID_SCHEME", fmt.Sprintf("Scheme %q is not supported. Scheme must be one of ('http', 'https').", s))
	}
}

// err returns nil, or error 50035.
func (f *formErrors) err() error {
	if f.tree == nil {
		return nil
	}
	return &apiError{400, 50035, "Invalid Form Body", f.tree}
}
