// Package transcribe turns speech into text on an OpenAI-compatible server, by
// POST /audio/transcriptions:
// https://platform.openai.com/docs/api-reference/audio/createTranscription
package transcribe

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// MaxSize is how many bytes OpenAI's server takes.
const MaxSize = 25 << 20

const (
	wholeTime = 3 * time.Minute // of one request
	maxAnswer = 1 << 20         // bytes of one
)

// Client is a client of one server and model. It is safe for concurrent use.
type Client struct {
	url, key, model string
	http            *http.Client
}

// New returns a client of the server at base, such as https://api.openai.com/v1.
func New(base, key, model string) *Client {
	return &Client{url: strings.TrimRight(base, "/") + "/audio/transcriptions", key: key, model: model, http: &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			ForceAttemptHTTP2: true, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 10 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key is for this server
	}}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Model is the name of the model.
func (c *Client) Model() string { return c.model }

// Transcript is what was said.
type Transcript struct {
	Text          string
	Seconds       float64 // of the speech, as the server says; 0: it does not
	Input, Output int     // tokens, where the model is billed by them
}

// cannot is the sentence, for the person who spoke, where the server does not have
// what it takes.
const cannot = "I can't listen to voice messages here. Please write what you want to know."

// ErrNone is the error of programs without a client.
var ErrNone = fault.New(fault.Invalid, cannot)

// Transcribe returns what is said in an audio file, whose format the name's
// extension tells. Kind Invalid: the server or the model can't do that, or there is
// nothing to hear.
func (c *Client) Transcribe(ctx context.Context, name string, audio io.Reader) (t Transcript, err error) {
	ctx, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("model", c.model)
	_ = w.WriteField("response_format", "json")
	part, err := w.CreateFormFile("file", name)
	var size int64
	if err == nil {
		size, err = io.Copy(part, io.LimitReader(audio, MaxSize+1))
	}
	if err != nil {
		return t, err // of the reader
	}
	if size > MaxSize {
		return t, fault.New(fault.TooLarge, "The voice message is too long for me to listen to.")
	}
	w.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, &form)
	if err != nil {
		return t, fault.Wrap(err, fault.Internal, "")
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil && context.Cause(ctx) != context.DeadlineExceeded {
			return t, fault.Wrap(context.Cause(ctx), fault.Canceled, "")
		}
		return t, fault.Wrap(err, fault.Unavailable, "I could not listen to the voice message: the server can't be reached. Please try again, or write.")
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return t, fault.Wrap(err, fault.Unavailable, "I could not listen to the voice message: the server broke off. Please try again, or write.")
	}
	if res.StatusCode != http.StatusOK {
		return t, refused(res.StatusCode, body)
	}
	return read(body)
}

// read reads an answer: usage is by tokens or by seconds, by model; older servers
// have neither, or a duration.
func read(body []byte) (t Transcript, err error) {
	var a struct {
		Text     *string `json:"text"`
		Duration float64 `json:"duration"`
		Usage    struct {
			Seconds float64 `json:"seconds"`
			Input   int     `json:"input_tokens"`
			Output  int     `json:"output_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(body, &a); err != nil || a.Text == nil {
		return t, fault.Wrap(cause("no text in the answer"), fault.Unavailable, "I could not listen to the voice message: the server gave no text.")
	}
	t = Transcript{Text: strings.TrimSpace(*a.Text), Seconds: cmp.Or(a.Usage.Seconds, a.Duration), Input: a.Usage.Input, Output: a.Usage.Output}
	if t.Text == "" {
		return t, fault.New(fault.Invalid, "I heard nothing in the voice message.")
	}
	return t, nil
}

// cause is what the server said, for the log.
type cause string

func (c cause) Error() string { return string(c) }

func refused(status int, body []byte) error {
	said := cause(http.StatusText(status) + ": " + strings.ToValidUTF8(string(body[:min(len(body), 300)]), ""))
	text := strings.ToLower(string(body))
	switch {
	case status == http.StatusTooManyRequests:
		return fault.Wrap(said, fault.Exhausted, "I could not listen to the voice message: the server has too much to do. Please try again in a minute, or write.")
	case status >= 500 && status != http.StatusNotImplemented:
		return fault.Wrap(said, fault.Unavailable, "I could not listen to the voice message: the server failed. Please try again, or write.")
	case status == http.StatusBadRequest && !strings.Contains(text, "model"):
		return fault.Wrap(said, fault.Invalid, "I could not make out the voice message. Please write what you want to know.")
	}
	return fault.Wrap(said, fault.Invalid, cannot) // there is no such endpoint, no such model, or no right to them
}

// prices are OpenAI's, in dollars: of a minute, or of a million tokens, from the
// pages of the models at https://developers.openai.com/api/docs/models.
var prices = map[string]struct{ minute, input, output float64 }{
	"whisper-1":              {minute: 0.006},
	"gpt-transcribe":         {minute: 0.006},
	"gpt-4o-transcribe":      {input: 2.5, output: 10},
	"gpt-4o-mini-transcribe": {input: 1.25, output: 5},
}

// Cost returns what a transcript cost, in billionths of a dollar; false if that is
// not known.
func (c *Client) Cost(t Transcript) (int64, bool) {
	price, ok := prices[c.model]
	if name, _, dated := strings.Cut(c.model, "-20"); dated && !ok { // gpt-4o-mini-transcribe-2025-12-15
		price, ok = prices[name]
	}
	if price.minute > 0 {
		return int64(price.minute * 1e9 * t.Seconds / 60), t.Seconds > 0
	}
	return int64((price.input*float64(t.Input) + price.output*float64(t.Output)) * 1e3), ok && t.Input > 0
}
