// Package discord is the front end for Discord: it turns messages into turns of
// the chat engine, and what the engine emits into messages.
//
// A direct message, a mention, a reply to the bot and a message in a thread
// that the bot was called into are answered. The files of a message are saved
// first, each confirmed with its id. /files, /reset, /model, /usage and /help are
// the commands.
//
// Discord's protocol is in package client, the cutting of Markdown in package markdown.
package discord
