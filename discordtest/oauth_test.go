package discordtest

import (
	"context"
	"net/url"
	"testing"

	"golang.org/x/oauth2"
)

// A library that we did not write signs a person in, as at Discord.
func TestOAuth(t *testing.T) {
	s := New(t)
	anna := s.AddUser("anna")
	secret := s.AllowSignIn("http://127.0.0.1/back")
	c := oauth2.Config{ClientID: s.ApplicationID().String(), ClientSecret: secret, RedirectURL: "http://127.0.0.1/back", Scopes: []string{"identify"},
		Endpoint: oauth2.Endpoint{AuthURL: s.AuthorizeURL(), TokenURL: s.TokenURL()}}
	verifier := oauth2.GenerateVerifier()
	at, err := anna.Authorize(c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), true)
	if err != nil {
		t.Fatal(err)
	}
	back, _ := url.Parse(at)
	if back.Query().Get("state") != "s" || back.Query().Get("iss") != "https://discord.com" {
		t.Errorf("back at %s", at)
	}
	ctx := context.Background()
	code := back.Query().Get("code")
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Client(ctx, token).Get(s.RESTURL() + "/users/@me")
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%v %v", res, err)
	}
	res.Body.Close()
	if _, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier)); err == nil {
		t.Error("a code was exchanged twice")
	}
	for what, bend := range map[string]func(*oauth2.Config){
		"another redirect": func(c *oauth2.Config) { c.RedirectURL = "http://evil.example" },
		"another scope":    func(c *oauth2.Config) { c.Scopes = []string{"bot"} },
		"another client":   func(c *oauth2.Config) { c.ClientID = "1" },
	} {
		other := c
		bend(&other)
		if _, err := anna.Authorize(other.AuthCodeURL("s"), true); err == nil {
			t.Errorf("%s is let through", what)
		}
	}
	at, err = anna.Authorize(c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), true)
	if err != nil {
		t.Fatal(err)
	}
	back, _ = url.Parse(at)
	if _, err := c.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption("another")); err == nil {
		t.Error("another verifier is let through")
	}
}
