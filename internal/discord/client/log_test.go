package client

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/attachebot/attache/internal/fault"
)

func TestScrub(t *testing.T) {
	link := "https://cdn.discordapp.com/attachments/1/2/secret.csv?ex=1&is=2&hm=3"
	request := &url.Error{Op: "Get", URL: link, Err: errors.New("connection refused")}
	named := fault.New(fault.NotFound, "secret.csv is gone.")
	for want, err := range map[string]error{
		"connection refused": errors.New("connection refused"),
		`unavailable: Get "https://cdn.discordapp.com/…": connection refused`: fault.Wrap(request, fault.Unavailable, "I could not get secret.csv."),
		"not found":        named,
		"while: not found": fmt.Errorf("while: %w", named),
		"while: no connection: Post \"https://discord.com/…\": EOF": fmt.Errorf("while: %w: %w", errNotSent, &url.Error{Op: "Post", URL: "https://discord.com/api/v10/webhooks/1/token/messages/@original", Err: errors.New("EOF")}),
		"a\ninternal": errors.Join(errors.New("a"), fault.New(fault.Internal, "secret.csv")),
	} {
		if got := scrub(err); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
