package discordtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// disgo never ends the clean-up of its rate limiter
		goleak.IgnoreAnyFunction("github.com/disgoorg/disgo/rest.(*rateLimiterImpl).cleanup"),
		// nor a reconnection that is under way when the client is closed
		goleak.IgnoreAnyFunction("github.com/disgoorg/disgo/gateway.(*gatewayImpl).doReconnect"),
	)
}

// A scene is a server with one guild, one member, and a plain REST client of the bot.
type scene struct {
	*Server
	t       *testing.T
	guild   *Guild
	general *Channel
	anna    *User
	client  http.Client
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := New(t)
	return sceneOn(t, s)
}

func sceneOn(t *testing.T, s *Server) *scene {
	guild := s.AddGuild("Acme")
	anna := s.AddUser("anna")
	guild.AddMember(anna)
	sc := &scene{Server: s, t: t, guild: guild, general: guild.Channel("general"), anna: anna}
	transport := &http.Transport{}
	sc.client.Transport = transport
	t.Cleanup(transport.CloseIdleConnections)
	return sc
}

// forgive checks that exactly so many violations were recorded, each containing its text, and forgets them.
func (sc *scene) forgive(texts ...string) {
	sc.t.Helper()
	got := sc.Violations()
	sc.ForgetViolations()
	if !HasOpenAPI() {
		return // some of them come from it
	}
	for _, text := range texts {
		found := false
		for _, v := range got {
			found = found || strings.Contains(v, text)
		}
		if !found {
			sc.t.Errorf("no violation %q among %q", text, got)
		}
	}
	if len(texts) == 0 && len(got) > 0 {
		sc.t.Errorf("violations: %q", got)
	}
}

type reply struct {
	Status int
	Header http.Header
	Body   map[string]any
	Raw    []byte
}

func (r reply) code() int {
	code, _ := r.Body["code"].(float64)
	return int(code)
}

func (r reply) message(t *testing.T) Message {
	t.Helper()
	var m Message
	if err := json.Unmarshal(r.Raw, &m); err != nil {
		t.Fatalf("%v in %s", err, r.Raw)
	}
	return m
}

// do sends a request of the bot; body is JSON text or a *form.
func (sc *scene) do(method, path string, body any) reply {
	sc.t.Helper()
	r, err := sc.try(method, path, body)
	if err != nil {
		sc.t.Fatal(err)
	}
	return r
}

func (sc *scene) try(method, path string, body any) (reply, error) {
	var in io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case string:
		in = strings.NewReader(b)
	case *form:
		kind = b.w.FormDataContentType()
		b.w.Close()
		in = &b.buf
	}
	req, err := http.NewRequest(method, sc.RESTURL()+path, in)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bot "+sc.Token())
	if in != nil {
		req.Header.Set("Content-Type", kind)
	}
	res, err := sc.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	r := reply{Status: res.StatusCode, Header: res.Header, Raw: raw}
	json.Unmarshal(raw, &r.Body)
	return r, err
}

// post sends a message to general.
func (sc *scene) post(body any) reply {
	sc.t.Helper()
	return sc.do("POST", fmt.Sprintf("/channels/%d/messages", sc.general.ID), body)
}

type form struct {
	buf bytes.Buffer
	w   *multipart.Writer
}

// multi makes a multipart body of a JSON payload and files by turns of name and content.
func multi(payload string, files ...string) *form {
	f := &form{}
	f.w = multipart.NewWriter(&f.buf)
	if payload != "" {
		f.w.WriteField("payload_json", payload)
	}
	for i := 0; i < len(files); i += 2 {
		part, _ := f.w.CreateFormFile(fmt.Sprintf("files[%d]", i/2), files[i])
		io.WriteString(part, files[i+1])
	}
	return f
}

func pngOf(w, h int) string {
	var b bytes.Buffer
	png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)))
	return b.String()
}

// must takes the error of an actor's deed as the test's failure.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func contextWith(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}
