package tokens

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// DiscordHosts are the hosts of files that were attached to messages.
var DiscordHosts = []string{"cdn.discordapp.com", "media.discordapp.net"}

// DiscordLink is what the link to a file on Discord tells. Discord signs such
// links for a day or so; a link that has expired answers 404.
type DiscordLink struct {
	Channel, Attachment string // ids
	Filename            string
	Expires             time.Time // zero if the link is not signed
}

// Expired reports whether the link no longer works at a time. One without a
// signature never does.
func (l DiscordLink) Expired(at time.Time) bool {
	return !l.Expires.IsZero() && !at.Before(l.Expires)
}

// ParseDiscordLink reads a link to a file on Discord; false if it is none.
func ParseDiscordLink(link string) (DiscordLink, bool) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.User != nil || !isHost(u.Host, DiscordHosts) {
		return DiscordLink{}, false
	}
	parts := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	if len(parts) != 4 || parts[0] != "attachments" && parts[0] != "ephemeral-attachments" {
		return DiscordLink{}, false
	}
	for _, id := range parts[1:3] {
		if _, err := strconv.ParseUint(id, 10, 64); err != nil {
			return DiscordLink{}, false
		}
	}
	l := DiscordLink{Channel: parts[1], Attachment: parts[2], Filename: parts[3]}
	if n, err := strconv.ParseInt(u.Query().Get("ex"), 16, 64); err == nil && n > 0 {
		l.Expires = time.Unix(n, 0).UTC()
	}
	return l, true
}

// proxySize returns the size that Discord's proxy is to scale an image to, as
// the link tells it; false if it does not.
func proxySize(link string) (w, h int, ok bool) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.User != nil || !strings.EqualFold(u.Host, "media.discordapp.net") {
		return 0, 0, false
	}
	w, err1 := strconv.Atoi(u.Query().Get("width"))
	h, err2 := strconv.Atoi(u.Query().Get("height"))
	return w, h, err1 == nil && err2 == nil && w > 0 && h > 0 && w <= maxSide && h <= maxSide
}

func isHost(host string, hosts []string) bool {
	for _, h := range hosts {
		if strings.EqualFold(host, h) {
			return true
		}
	}
	return false
}
