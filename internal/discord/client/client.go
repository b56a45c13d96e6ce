package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/disgoorg/disgo/rest"

	"github.com/attachebot/attache/internal/fault"
)

const (
	maxTries   = 4                // of a request that failed, rate limits aside
	maxLimited = 8                // answers 429 to one request
	Timeout    = 20 * time.Second // of one try of a request, without the time for files
	slowest    = 64 << 10         // bytes a second that an upload must reach
	maxAnswer  = 16 << 20         // bytes of an answer
)

// A Client makes requests to Discord's REST API. It is safe for concurrent use.
type Client struct {
	base   string // URL, without a slash at the end
	token  string
	http   *http.Client
	limits *limiter
	log    *slog.Logger

	// Denied, if not nil, is called with the permission for want of which Discord has
	// refused a request: one of PermissionNames.
	Denied func(permission string)
}

const userAgent = "DiscordBot (https://github.com/attachebot/attache, 1)"

// New returns a client of the API at base, such as https://discord.com/api/v10. It
// makes at most global requests a second; 0: as many as Discord allows.
func New(base, token string, global int, log *slog.Logger) *Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &Client{base: base, token: token, limits: newLimiter(global, log), log: log, http: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
			ExpectContinueTimeout: time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close ends idle connections.
func (a *Client) Close() { a.http.CloseIdleConnections() }

// A Request is one request.
type Request struct {
	To    *rest.CompiledEndpoint
	Body  any      // sent as JSON; nil: none
	Files []Upload // with body, as a form
	Into  any      // gets the answer; nil: it is dropped

	Low bool // it can wait for others

	// once is set for requests that must not be repeated when it is not known
	// whether they were carried out.
	Once bool
}

// Do makes a request. It waits for rate limits, and repeats what failed on
// Discord's side. Errors have a kind, and a *rest.Error in their tree if there
// was an answer.
func (a *Client) Do(ctx context.Context, c Request) error {
	var payload []byte
	if c.Body != nil {
		var err error
		if payload, err = json.Marshal(c.Body); err != nil {
			return fault.Wrap(err, fault.Internal, "")
		}
	}
	u := normal
	switch {
	case !c.To.Endpoint.BotAuth:
		u = exempt
	case c.Low:
		u = low
	}
	for failed, limited := 0, 0; ; {
		bucket, err := a.limits.acquire(ctx, c.To, u)
		if err != nil {
			return AsFault(err)
		}
		res, answer, err := a.once(ctx, c, payload)
		tooOld := err == nil && res.StatusCode == http.StatusTooManyRequests && Code(restError(res, answer)) == oldEdits
		a.limits.release(bucket, c.To, res, tooOld)
		switch {
		case err == nil && res.StatusCode < 300:
			if c.Into == nil || len(answer) == 0 {
				return nil
			}
			return fault.Wrap(json.Unmarshal(answer, c.Into), fault.Unavailable, "Discord gave an answer that I don't understand.")
		case ctx.Err() != nil:
			return AsFault(context.Cause(ctx))
		case tooOld:
			return AsFault(restError(res, answer))
		case err == nil && res.StatusCode == http.StatusTooManyRequests:
			if limited++; limited > maxLimited {
				return AsFault(restError(res, answer))
			}
			continue // the limiter knows how long to wait
		case err == nil && res.StatusCode < 500:
			err := restError(res, answer)
			if permission := lacking(c, err); permission != "" && a.Denied != nil {
				a.Denied(permission)
			}
			return AsFault(err)
		case err == nil:
			err = restError(res, answer)
		}
		failed++
		if failed >= maxTries || c.Once && !errors.Is(err, errNotSent) || errors.As(err, new(*fault.Error)) {
			return AsFault(err)
		}
		a.log.Debug("a request to Discord is repeated", "route", routeOf(c.To), "error", err)
		pause := 250 * time.Millisecond << failed
		if err := sleep(ctx, pause/2+rand.N(pause/2)); err != nil {
			return AsFault(err)
		}
	}
}

// errNotSent is in the tree of an error after which Discord can't have seen
// the request.
var errNotSent = errors.New("no connection")

// once makes one try. With an answer, whatever its status, there is no error.
func (a *Client) once(ctx context.Context, c Request, payload []byte) (*http.Response, []byte, error) {
	timeout := Timeout
	req, err := http.NewRequest(c.To.Endpoint.Method, a.base+c.To.URL, nil)
	if err != nil {
		return nil, nil, err
	}
	var files *form
	switch {
	case len(c.Files) > 0:
		files = newForm(payload, c.Files)
		req.Header.Set("Content-Type", files.contentType())
		req.ContentLength = files.size()
		timeout += time.Duration(req.ContentLength/slowest) * time.Second
	case payload != nil:
		req.Header.Set("Content-Type", "application/json")
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(payload)), int64(len(payload))
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var sending *bodyReader
	if files != nil {
		sending = files.open(ctx)
		req.Body = sending
	}
	req.Header.Set("User-Agent", userAgent)
	if c.To.Endpoint.BotAuth {
		req.Header.Set("Authorization", "Bot "+a.token)
	}
	res, err := a.http.Do(req.WithContext(ctx))
	if err != nil {
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			err = fmt.Errorf("%w: %w", errNotSent, err)
		}
		if sending != nil && sending.failure() != nil {
			err = sending.failure()
		}
		return nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil && res.StatusCode < 300 && c.Into == nil {
		err = nil // it is done, and nobody asked for the answer
	}
	return res, answer, err
}

// restError makes an error of an answer.
func restError(res *http.Response, answer []byte) error {
	e := &rest.Error{Request: res.Request, Response: res, RsBody: answer}
	if json.Unmarshal(answer, e) != nil { // not from Discord itself
		e.Message = http.StatusText(res.StatusCode)
	}
	return e
}

// Code returns Discord's own code of an error, or 0.
func Code(err error) rest.JSONErrorCode {
	var e *rest.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// threadArchived refuses messages and edits in a thread that is closed, and locked.
const threadArchived, threadLocked = 50083, 160005

// Closed tells whether Discord refused something because the thread is closed.
func Closed(err error) bool { return Code(err) == threadArchived || Code(err) == threadLocked }

// oldEdits refuses edits of messages older than an hour, of which a channel takes few. It
// is a 429 that tells no time to wait, and says nothing of edits of other messages.
const oldEdits = 30046

// TooOldToEdit tells whether Discord refused an edit because of the message's age: what
// it was to say goes into a new one.
func TooOldToEdit(err error) bool { return Code(err) == oldEdits }

// MayPass tells whether what failed may succeed later.
func MayPass(err error) bool {
	return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Exhausted) || fault.Is(err, fault.Canceled)
}

// AsFault gives an error of a request, or of a context, its kind.
func AsFault(err error) error {
	var e *rest.Error
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled):
		return fault.Wrap(err, fault.Canceled, "")
	default:
		return fault.Wrap(err, fault.Unavailable, "I can't reach Discord right now.")
	}
	switch {
	case e.Code == 40005 || e.Response.StatusCode == http.StatusRequestEntityTooLarge:
		return fault.Wrap(err, fault.TooLarge, "That is too large for Discord.")
	case e.Response.StatusCode == http.StatusUnauthorized:
		return fault.Wrap(err, fault.Denied, "Discord does not accept the bot's token.")
	case e.Response.StatusCode == http.StatusForbidden, e.Code == threadArchived:
		return fault.Wrap(err, fault.Denied, "Discord does not let me do that here.")
	case e.Response.StatusCode == http.StatusNotFound:
		return fault.Wrap(err, fault.NotFound, "That is gone from Discord.")
	case e.Response.StatusCode == http.StatusTooManyRequests:
		return fault.Wrap(err, fault.Exhausted, "Discord asks me to slow down. Please try again in a minute.")
	case e.Response.StatusCode >= 500:
		return fault.Wrap(err, fault.Unavailable, "Discord has a problem right now. Please try again in a minute.")
	}
	return fault.Wrap(err, fault.Internal, "")
}

// sleep waits, or returns the reason why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
