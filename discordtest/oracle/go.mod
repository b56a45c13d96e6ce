// The clients here judge the emulator; the project itself does not need them.
module github.com/attachebot/attache/discordtest/oracle

go 1.26.3

replace github.com/attachebot/attache => ../..

require (
	github.com/attachebot/attache v0.0.0
	github.com/bwmarrin/discordgo v0.29.0
)

require (
	github.com/coder/websocket v1.8.15 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/image v0.47.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
