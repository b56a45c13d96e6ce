package client

import (
	"net/http"
	"strings"

	"github.com/disgoorg/disgo/rest"
)

const (
	missingAccess      rest.JSONErrorCode = 50001
	missingPermissions rest.JSONErrorCode = 50013
	noReplyUnread      rest.JSONErrorCode = 160002 // a reply needs to read the history
)

// PermissionNames are what [Client.Denied] is called with, in Discord's own words.
var PermissionNames = []string{"view_channel", "send_messages", "attach_files", "add_reactions", "read_message_history", "other"}

// lacking names the permission that the bot needs for a request that Discord refused,
// or "" where it was refused for something else. Discord itself does not tell which:
// it is read off the request, the rarest one of those that it needs.
func lacking(c Request, err error) string {
	route := c.To.Endpoint.Route
	switch code := Code(err); {
	case code == missingAccess:
		return "view_channel"
	case code == noReplyUnread:
		return "read_message_history"
	case code != missingPermissions:
		return ""
	case len(c.Files) > 0:
		return "attach_files"
	case strings.Contains(route, "/reactions"):
		return "add_reactions"
	case c.To.Endpoint.Method == http.MethodGet:
		return "read_message_history"
	case strings.Contains(route, "/messages"), strings.HasSuffix(route, "/typing"):
		return "send_messages"
	}
	return "other"
}
