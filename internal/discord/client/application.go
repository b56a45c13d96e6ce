package client

import (
	"context"
	"fmt"
	"log/slog"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/fault"
)

// Application is what Discord says of the bot.
type Application struct {
	ID      snowflake.ID        `json:"id"`
	Name    string              `json:"name"`
	Flags   dg.ApplicationFlags `json:"flags"`
	Servers int                 `json:"approximate_guild_count"`
}

// Application asks Discord about the bot.
func (a *Client) Application(ctx context.Context) (app Application, err error) {
	err = a.Do(ctx, Request{To: rest.GetCurrentApplication.Compile(nil), Into: &app})
	return app, err
}

// Permissions are what the bot needs in a server.
const Permissions = dg.PermissionViewChannel | dg.PermissionSendMessages | dg.PermissionSendMessagesInThreads |
	dg.PermissionEmbedLinks | dg.PermissionAttachFiles | dg.PermissionReadMessageHistory | dg.PermissionAddReactions

// Invite is the link that invites a bot into a server.
func Invite(app snowflake.ID) string {
	return fmt.Sprintf("https://discord.com/oauth2/authorize?client_id=%d&scope=bot+applications.commands&permissions=%d", app, Permissions)
}

// contentFlags say that the bot may read messages: the first is for bots in 100
// servers and more, which Discord lets do that; the limited one is the switch in
// the developer portal. See
// https://docs.discord.com/developers/resources/application#application-object-application-flags
const contentFlags = dg.ApplicationFlagGatewayMessageContent | dg.ApplicationFlagGatewayMessageContentLimited

const noContent = "Discord does not let the bot read messages. Switch on MESSAGE CONTENT INTENT in the developer portal (Bot, Privileged Gateway Intents)."

// Check asks Discord, without connecting, whether a bot with this token can work.
// Kind Denied: not, with what the operator should do; Unavailable: it is not known.
func Check(ctx context.Context, base, token string) (Application, error) {
	c := New(base, token, 0, slog.New(slog.DiscardHandler))
	defer c.Close()
	app, err := c.Application(ctx)
	switch {
	case fault.Is(err, fault.Denied):
		return app, fault.Wrap(err, fault.Denied, badToken)
	case err == nil && app.Flags&contentFlags == 0:
		return app, fault.New(fault.Denied, noContent)
	}
	return app, err
}
