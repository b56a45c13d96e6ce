package discordtest

import "testing"

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	if !HasOpenAPI() {
		require(t, "discord-openapi", "Discord's OpenAPI document is neither at $DISCORD_OPENAPI nor at ../shared/data")
	}
	doc, err := loadSchemas()
	if err != nil {
		t.Fatal(err)
	}
	create := pointer("paths", "/channels/{channel_id}/messages", "post", "requestBody", "content", "application/json", "schema")
	for body, want := range map[string]struct{ open, closed bool }{
		`{"content":"hi"}`:                                            {true, true},
		`{"contnet":"hi"}`:                                            {true, false},
		`{"content":5}`:                                               {false, false},
		`{"attachments":[{"id":0}]}`:                                  {true, true},
		`{"attachments":[{"id":"0"}]}`:                                {true, true},
		`{"embeds":[{"title":"a","titel":"b"}]}`:                      {true, false},
		`{"components":[{"type":1,"components":[{"type":2}]}]}`:       {false, false},
		`{"message_reference":{"message_id":"1","channel_id":"two"}}`: {false, false},
	} {
		if err := doc.open.validate(create, []byte(body)); (err == nil) != want.open {
			t.Errorf("%s: %v", body, err)
		}
		if err := doc.closed.validate(create, []byte(body)); (err == nil) != want.closed {
			t.Errorf("closed %s: %v", body, err)
		}
	}
}

// TestModelledRoutes shows that every route is spelled as in the OpenAPI document, so that it is validated.
func TestModelledRoutes(t *testing.T) {
	t.Parallel()
	doc, err := loadSchemas()
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		require(t, "discord-openapi", "Discord's OpenAPI document is absent")
	}
	for _, r := range (&Server{}).routes() {
		if _, ok := doc.operation(r.pattern); !ok && r.pattern != "POST /attachments/refresh-urls" {
			t.Errorf("%s is not in the OpenAPI document", r.pattern)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	doc, err := loadSchemas()
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		require(t, "discord-openapi", "Discord's OpenAPI document is absent")
	}
	at := pointer("paths", "/interactions/{interaction_id}/{interaction_token}/callback", "post", "requestBody", "content", "application/json", "schema")
	got := explain(doc.open.validate(at, []byte(`{"type":4,"data":{"components":[{"type":1,"components":[{"type":2,"style":1,"custom_id":5}]}]}}`)))
	if got != "at /data/components/0/components/0/custom_id: got number, want null or string" {
		t.Error(got)
	}
}
