package discordtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"time"
)

var (
	errClosed     = errors.New("discordtest: the server is closed")
	discardLogger = log.New(io.Discard, "", 0)
)

// A call is one REST request being handled.
type call struct {
	*Request
	s    *Server
	r    *http.Request
	body []byte // JSON: the whole body, or its payload_json part
	form []upload
	user *User // who signed in, if not the bot asks

	problem string // what the OpenAPI document says of the body
}

// A handler answers a call with the lock held: with a body, with nil for 204, or with an *apiError.
type handler func(*call) (any, error)

// a route's access
const (
	botOnly = iota
	anybody // the token is in the path
	orUser  // also with the token of a person who signed in
)

type route struct {
	pattern string // method and path, as in the OpenAPI document
	status  int    // of success, when there is a body
	access  int
	handle  handler
}

func (s *Server) apiHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/oauth2/token", s.serveToken)
	mux.HandleFunc("/gateway", s.serveGateway)
	mux.HandleFunc("/gateway/", s.serveGateway)
	mux.HandleFunc("/resume", s.serveGateway)
	mux.HandleFunc("/resume/", s.serveGateway)
	for _, rt := range s.routes() {
		method, path, _ := strings.Cut(rt.pattern, " ")
		for _, version := range []string{"v10", "v9"} {
			mux.HandleFunc(method+" /api/"+version+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, rt) })
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.Header.Get("Authorization"), "Bot ") {
			http.NotFound(w, r) // a stranger, such as another test's client whose server had this port before
			return
		}
		s.violate(r.Method+" "+r.URL.Path, "this route is not modelled")
		s.serve(w, r, route{pattern: r.Method + " " + r.URL.Path, access: anybody, handle: func(*call) (any, error) {
			return nil, &apiError{501, 0, "discordtest does not model this route", nil}
		}})
	})
	return mux
}

// serve takes one request through limits, faults, checks and its handler, and records it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, rt route) {
	method, path, _ := strings.Cut(rt.pattern, " ")
	q := &Request{Time: s.Now(), Method: method, Path: r.URL.Path, Route: rt.pattern, Query: r.URL.RawQuery, UserAgent: r.UserAgent()}
	c := &call{Request: q, s: s, r: r}
	began := time.Now()
	s.began()
	defer s.ended(q)
	parseErr := c.read()
	if parseErr == nil {
		c.problem = s.problem(c)
	} else if !errors.As(parseErr, new(*apiError)) {
		panic(http.ErrAbortHandler) // the client broke off: there is nobody to answer
	}
	a := s.respond(c, rt, parseErr)

	if f := a.fault; f != nil {
		s.sleep(f.Delay)
	}
	q.Status, q.Took = a.status, time.Since(began)
	if e := a.err; e != nil {
		q.Code = e.code
	}
	s.validateResponse(q.Route, a)
	s.logf("%s %s -> %d %.300s", method, path, a.status, a.body)
	if f := a.fault; f != nil && f.Drop {
		cut(w, a)
		return
	}
	a.write(w)
	s.told(a)
}

// respond decides the answer.
func (s *Server) respond(c *call, rt route, parseErr error) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := s.faultFor(c.Route, c.Request)
	if a := s.limit(c, rt, fault); a != nil {
		return a
	}
	done := func(status int, body any, err error) *answer {
		a := s.answer(c, rt, status, body, err)
		a.fault = fault
		return a
	}
	if fault != nil && fault.Status != 0 {
		return done(0, nil, &apiError{fault.Status, fault.Code, fault.message(), nil})
	}
	if fault != nil && fault.Drop && !fault.AfterHandling {
		return done(0, nil, &apiError{status: 500})
	}
	if rt.access == orUser {
		c.user = s.bearer(c.r)
	}
	if rt.access != anybody && c.user == nil && c.r.Header.Get("Authorization") != "Bot "+s.token() {
		return done(0, nil, errUnauthorized)
	}
	if parseErr != nil {
		return done(0, nil, parseErr)
	}
	if c.problem != "" {
		s.violateLocked(c.Route, "%s", c.problem) // the handler's own checks decide what Discord would say
	}
	if fault != nil {
		s.losing = fault.LoseFiles
	}
	body, err := rt.handle(c)
	if it := s.interactions[c.r.PathValue("interaction_token")]; it != nil && fault != nil {
		it.excused = true // the client may not learn of the answer, and try again
	}
	status := http.StatusNoContent
	if body != nil {
		status = orDefault(rt.status, http.StatusOK)
	}
	defer func() { s.losing = 0 }()
	return done(status, body, err)
}

// An answer is a response ready to be written.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    *apiError
	fault  *Fault

	exhausts *bucket   // the answer says that nothing remains of it
	until    time.Time // before then
}

// answer marshals under the lock, since bodies share state with the server.
func (s *Server) answer(c *call, rt route, status int, body any, err error) *answer {
	a := &answer{status: status, header: http.Header{}}
	a.header.Set("Via", "1.1 google")
	if err != nil {
		if !errors.As(err, &a.err) {
			panic("discordtest: " + err.Error())
		}
		a.status, body = a.err.status, a.err.body()
		if s.losing > 0 {
			// What is missing is the fault's, not the client's.
		} else if a.err == errAlreadyAcked && !c.excused() || a.err.code == 50035 || a.err == errBadJSON || a.err == errEmptyMessage {
			s.violateLocked(c.Route, "refused with %d %s %s", a.err.code, a.err.message, mustJSON(a.err.errors))
		}
		if a.status == 401 || a.status == 403 {
			s.limits.invalid(s.now())
		}
	}
	if body != nil {
		a.header.Set("Content-Type", "application/json")
		a.body = mustJSON(body)
	}
	s.limits.describe(a, c.Route, c.bucketKey(), s.now())
	return a
}

func (a *answer) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// cut breaks the connection in the middle of the answer.
func cut(w http.ResponseWriter, a *answer) {
	if a.fault.AfterHandling && len(a.body) > 1 {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", itoa(len(a.body)))
		w.WriteHeader(a.status)
		w.Write(a.body[:len(a.body)/2])
		http.NewResponseController(w).Flush()
	}
	panic(http.ErrAbortHandler)
}

// excused tells whether answering an interaction twice is not the client's fault.
func (c *call) excused() bool {
	it := c.s.interactions[c.r.PathValue("interaction_token")]
	return it != nil && it.excused
}

// decode reads the call's JSON into v.
func (c *call) decode(v any) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) || len(c.body) == 0 {
			return errBadJSON
		}
		return &apiError{400, 50035, "Invalid Form Body", map[string]any{"_errors": []any{
			map[string]any{"code": "BASE_TYPE", "message": err.Error()}}}}
	}
	return nil
}

func (c *call) id(name string) ID { return parseID(c.r.PathValue(name)) }

func mustJSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("discordtest: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func (s *Server) token() string { return tokenOf(s.bot.ID) }

func trimBot(token string) string { return strings.TrimPrefix(token, "Bot ") }

func orDefault[T comparable](v, byDefault T) T {
	var zero T
	if v == zero {
		return byDefault
	}
	return v
}
