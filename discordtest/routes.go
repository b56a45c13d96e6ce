package discordtest

// routes lists what is modelled. Everything else is answered 501 and counts as a violation.
func (s *Server) routes() []route {
	const (
		app      = "/applications/{application_id}"
		commands = app + "/commands"
		inGuild  = app + "/guilds/{guild_id}/commands"
		channel  = "/channels/{channel_id}"
		msg      = channel + "/messages/{message_id}"
		guild    = "/guilds/{guild_id}"
		hook     = "/webhooks/{webhook_id}/{webhook_token}"
	)
	return []route{
		{"GET /gateway", 0, anybody, (*call).getGateway},
		{"GET /gateway/bot", 0, botOnly, (*call).getGatewayBot},
		{"GET /users/@me", 0, orUser, (*call).getMe},
		{"GET /users/@me/guilds", 0, botOnly, (*call).myGuilds},
		{"POST /users/@me/channels", 0, botOnly, (*call).createDM},
		{"GET /users/{user_id}", 0, botOnly, (*call).getUser},
		{"GET /oauth2/applications/@me", 0, botOnly, (*call).getApplication},
		{"GET /applications/@me", 0, botOnly, (*call).getApplication},

		{"GET " + commands, 0, botOnly, (*call).listCommands},
		{"PUT " + commands, 0, botOnly, (*call).setCommands},
		{"POST " + commands, 0, botOnly, (*call).createCommand},
		{"GET " + commands + "/{command_id}", 0, botOnly, (*call).getCommand},
		{"PATCH " + commands + "/{command_id}", 0, botOnly, (*call).editCommand},
		{"DELETE " + commands + "/{command_id}", 0, botOnly, (*call).deleteCommand},
		{"GET " + inGuild, 0, botOnly, (*call).listCommands},
		{"PUT " + inGuild, 0, botOnly, (*call).setCommands},
		{"POST " + inGuild, 0, botOnly, (*call).createCommand},
		{"GET " + inGuild + "/{command_id}", 0, botOnly, (*call).getCommand},
		{"PATCH " + inGuild + "/{command_id}", 0, botOnly, (*call).editCommand},
		{"DELETE " + inGuild + "/{command_id}", 0, botOnly, (*call).deleteCommand},

		{"GET " + channel, 0, botOnly, (*call).getChannel},
		{"PATCH " + channel, 0, botOnly, (*call).editChannel},
		{"DELETE " + channel, 0, botOnly, (*call).deleteChannel},
		{"GET " + channel + "/messages", 0, botOnly, (*call).listMessages},
		{"POST " + channel + "/messages", 0, botOnly, (*call).createMessage},
		{"POST " + channel + "/messages/bulk-delete", 0, botOnly, (*call).bulkDelete},
		{"GET " + msg, 0, botOnly, (*call).getMessage},
		{"PATCH " + msg, 0, botOnly, (*call).editMessage},
		{"DELETE " + msg, 0, botOnly, (*call).deleteMessage},
		{"PUT " + msg + "/reactions/{emoji_name}/@me", 0, botOnly, (*call).addReaction},
		{"DELETE " + msg + "/reactions/{emoji_name}/@me", 0, botOnly, (*call).removeReaction},
		{"POST " + channel + "/typing", 0, botOnly, (*call).typing},
		{"POST " + msg + "/threads", 201, botOnly, (*call).threadFromMessage},
		{"POST " + channel + "/threads", 201, botOnly, (*call).threadAlone},
		{"GET " + channel + "/polls/{message_id}/answers/{answer_id}", 0, botOnly, (*call).pollVoters},
		{"POST " + channel + "/polls/{message_id}/expire", 0, botOnly, (*call).expirePoll},
		{"GET " + channel + "/thread-members", 0, botOnly, (*call).listThreadMembers},
		{"PUT " + channel + "/thread-members/@me", 0, botOnly, (*call).joinThread},
		{"DELETE " + channel + "/thread-members/@me", 0, botOnly, (*call).leaveThread},
		{"GET " + channel + "/thread-members/{user_id}", 0, botOnly, (*call).getThreadMember},
		{"PUT " + channel + "/thread-members/{user_id}", 0, botOnly, (*call).addThreadMember},
		{"DELETE " + channel + "/thread-members/{user_id}", 0, botOnly, (*call).removeThreadMember},

		{"GET " + guild, 0, botOnly, (*call).getGuild},
		{"GET " + guild + "/channels", 0, botOnly, (*call).guildChannels},
		{"GET " + guild + "/roles", 0, botOnly, (*call).guildRoles},
		{"GET " + guild + "/members", 0, botOnly, (*call).listMembers},
		{"GET " + guild + "/members/{user_id}", 0, botOnly, (*call).getMember},
		{"GET " + guild + "/threads/active", 0, botOnly, (*call).activeThreads},

		{"POST /attachments/refresh-urls", 0, botOnly, (*call).refreshURLs},
		{"POST /interactions/{interaction_id}/{interaction_token}/callback", 0, anybody, (*call).callback},
		{"POST " + hook, 0, anybody, (*call).createFollowup},
		{"GET " + hook + "/messages/@original", 0, anybody, (*call).getFollowup},
		{"PATCH " + hook + "/messages/@original", 0, anybody, (*call).editFollowup},
		{"DELETE " + hook + "/messages/@original", 0, anybody, (*call).deleteFollowup},
		{"GET " + hook + "/messages/{message_id}", 0, anybody, (*call).getFollowup},
		{"PATCH " + hook + "/messages/{message_id}", 0, anybody, (*call).editFollowup},
		{"DELETE " + hook + "/messages/{message_id}", 0, anybody, (*call).deleteFollowup},
	}
}
