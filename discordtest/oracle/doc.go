// Package oracle drives the emulator of Discord with client libraries that were written against the real one:
// discordgo (Go) and discord.js (Node). It is a module of its own, so that they are no dependency of the project:
//
//	go -C discordtest/oracle test ./...
package oracle
