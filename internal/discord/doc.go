// Package discord is the front end for Discord: it turns messages into turns of
// the chat engine, and what the engine emits into messages.
//
// A direct message, a mention, a reply to the bot and a message in a thread
// that the bot was called into are answered. The files of a message are saved
// first, each confirmed with its id. /files, /reset, /model, /usage and /help are
// the commands.
//
// Gateway and types are disgo's. Requests go through a client of our own, because
// of what disgo's does not do: obey global rate limits, stream uploads, repeat
// what failed halfway, keep file names out of headers, and ping nobody.
package discord
