// Package discordtest is an emulator of Discord: the REST API (v10), the gateway and the CDN on loopback ports,
// with people in it who write, attach files, run commands and press buttons. It works with any client library that
// lets the two addresses be set; the example has a whole bot.
//
// A test makes a server, points the bot at it, and acts:
//
//	s := discordtest.New(t) // fails the test on violations
//	guild := s.AddGuild("Acme")
//	anna := s.AddUser("anna")
//	guild.AddMember(anna)
//	general := guild.Channel("general")
//
//	startBot(s.Token(), s.RESTURL(), s.GatewayURL())
//	s.AwaitConnected(ctx)
//
//	m, err := anna.Send(general, s.Bot().Mention()+" Analyze this data", discordtest.File{Name: "sales.csv", Data: csv})
//	reply, err := s.AwaitMessage(ctx, general, discordtest.ReplyTo(m), discordtest.HasFile)
//
//	it, err := anna.Command(general, "files")
//	list, err := it.AwaitMessage(ctx)
//	it, err = anna.Choose(list, "", "sales.csv")
//	details, err := it.AwaitMessage(ctx, discordtest.HasButton("🗑️ Delete"))
//	it, err = anna.Press(details, "🗑️ Delete")
//
// Nothing sleeps: the Await methods return as soon as what they wait for is there, and end with their context.
//
// A program without a test uses the zero value of Server and calls Close.
//
// # What people do
//
// They write, reply, forward, edit and delete; attach files, record voice messages, send stickers, make polls and vote;
// start threads and posts in forums; run commands, also from a message's menu, press, choose, and fill in modals with
// files. Who has called Install takes the application along into groups (AddGroup) and to guilds without the bot.
// Private, Slowmode, Archive, Lock and Deny are what moderators do.
//
// # What can go wrong
//
// Inject makes single requests or events fail, Unleash everything at random, DropGateway, FreezeGateway and their
// siblings the connection; after a GatewayOutage nothing can be resumed. Advance moves the clock, so that interactions,
// links and limits grow old.
//
// # What people saw
//
// Transcript is a channel as one user sees it, ephemeral messages included; package render makes pictures of it.
// History has every version of a message with its time, so that streamed edits can be inspected.
//
// # Why it can be trusted
//
// Every request and every answer is validated against Discord's own OpenAPI document, where it is at hand (see
// HasOpenAPI; REQUIRE=discord-openapi makes its absence a failure), and what that document leaves out is checked by hand; what is wrong lands in Violations.
// Clients that were written against the real Discord are driven against it: disgo here, discordgo and discord.js in
// the nested module oracle. What is not modelled is answered 501 and is a violation, never silently accepted.
package discordtest
