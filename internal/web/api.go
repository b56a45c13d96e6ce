package web

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/table"
)

// openAPI describes what is served below /api/v1. A test holds it against the
// handlers.
//
//go:embed openapi.json
var openAPI []byte

// apiRoutes are the operations, spelled as in the document.
func (s *Server) apiRoutes() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"POST /api/v1/ask":               s.apiAsk,
		"POST /api/v1/questions/{id}":    s.apiAnswer,
		"GET /api/v1/files":              s.apiFiles,
		"POST /api/v1/files":             s.apiUpload,
		"GET /api/v1/files/{id}":         s.apiFile,
		"GET /api/v1/files/{id}/content": s.download,
		"DELETE /api/v1/files/{id}":      s.apiDelete,
		"GET /api/v1/usage":              s.apiUsage,
	}
}

// apiHandler serves scripts. A token is their only way in: a cookie, which a
// browser sends by itself, opens nothing here.
func (s *Server) apiHandler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range s.apiRoutes() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			token, err := s.api.Find(r.Context(), strings.TrimSpace(secret))
			if err != nil {
				apiError(w, fault.KindOf(err).HTTPStatus(), fault.KindOf(err), s.a.Explain(err, "looking for a token", frontEnd))
				return
			}
			if token.Hash == "" || !strings.EqualFold(scheme, "Bearer") {
				w.Header().Set("WWW-Authenticate", "Bearer")
				apiError(w, http.StatusUnauthorized, fault.Denied, "This needs a token: Authorization: Bearer attache_…")
				return
			}
			if !s.stays(token.User) {
				apiError(w, http.StatusUnauthorized, fault.Denied, "You can't sign in here.")
				return
			}
			ctx := context.WithValue(r.Context(), tokenKey{}, "token "+token.User.String()+" "+token.Hash)
			r = r.WithContext(ctx)
			if err := h(&visit{w, r, token.User, nil}); err != nil && ctx.Err() == nil {
				apiError(w, fault.KindOf(err).HTTPStatus(), fault.KindOf(err), s.a.Explain(err, "answering a script", frontEnd))
			}
		})
	}
	mux.HandleFunc("GET /api/v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openAPI)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		apiError(w, http.StatusNotFound, fault.NotFound, "There is no such operation. /api/v1/openapi.json lists them.")
	})
	return mux
}

type tokenKey struct{}

func apiError(w http.ResponseWriter, status int, kind fault.Kind, sentence string) {
	if sentence == "" {
		sentence = http.StatusText(status)
	}
	answer(w, status, map[string]string{"error": sentence, "kind": kind.String()})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// apiFileOf is a file as scripts see it.
type apiFileOf struct {
	ID        files.ID   `json:"id"`
	Name      string     `json:"name"`
	Kind      files.Kind `json:"kind"`
	Size      int64      `json:"size"`
	SHA256    string     `json:"sha256,omitempty"`
	Generated bool       `json:"generated"`
	Uploaded  time.Time  `json:"uploaded_at"`
	Expires   *time.Time `json:"expires_at"`
}

func apiFileFrom(f files.File) apiFileOf {
	out := apiFileOf{f.ID, f.Name, f.Kind, f.Size, f.SHA256, f.Generated, f.UploadedAt, nil}
	if !f.ExpiresAt.IsZero() {
		out.Expires = &f.ExpiresAt
	}
	return out
}

func (s *Server) apiFiles(v *visit) error {
	offset, _ := strconv.Atoi(v.r.FormValue("offset"))
	limit, _ := strconv.Atoi(v.r.FormValue("limit"))
	p, err := s.a.Files().List(v.r.Context(), v.user, files.Query{Kind: files.Kind(v.r.FormValue("kind")), Offset: offset, Limit: min(limit, 1000)})
	if err != nil {
		return err
	}
	list := []apiFileOf{}
	for _, f := range p.Files {
		list = append(list, apiFileFrom(f))
	}
	answer(v.w, http.StatusOK, map[string]any{"total": p.Total, "files": list})
	return nil
}

func (s *Server) apiFile(v *visit) error {
	f, err := s.a.Files().Get(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err == nil {
		answer(v.w, http.StatusOK, apiFileFrom(f))
	}
	return err
}

// apiUpload saves the body of a request as a file, as it comes.
func (s *Server) apiUpload(v *visit) error {
	end, err := s.uploads.begin(v)
	if err != nil {
		return err
	}
	defer end()
	name := v.r.URL.Query().Get("name")
	if name == "" {
		return fault.New(fault.Invalid, "Give the file a name: /api/v1/files?name=sales.csv.")
	}
	body := http.MaxBytesReader(v.w, v.r.Body, s.a.Files().MaxUpload()+1) // one more is seen to be too large
	one := s.a.Save(v.r.Context(), v.user, []assistant.Upload{{Name: name, Size: max(v.r.ContentLength, 0),
		Open: func(context.Context) (io.ReadCloser, error) { return body, nil }}})[0]
	if one.Err == nil {
		answer(v.w, http.StatusCreated, apiFileFrom(one.Saved.File))
	}
	return one.Err
}

func (s *Server) apiDelete(v *visit) error {
	err := s.a.Files().Delete(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err == nil {
		v.w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// apiUsed is what was used, as scripts see it.
type apiUsed struct {
	Day      string  `json:"day,omitempty"`
	Model    string  `json:"model,omitempty"`
	Conv     string  `json:"conversation,omitempty"`
	Requests int64   `json:"requests"`
	Input    int64   `json:"input_tokens"`
	Output   int64   `json:"output_tokens"`
	Cost     float64 `json:"cost_usd"`
}

func apiUsedFrom(u ledger.Usage) apiUsed {
	return apiUsed{u.Day, u.Model, u.Conversation, u.Requests, u.Input, u.Output, float64(u.Cost) / 1e9}
}

func (s *Server) apiUsage(v *visit) error {
	days, err := strconv.Atoi(v.r.FormValue("days"))
	if err != nil {
		days = 30
	}
	r, err := s.a.Usage(v.r.Context(), v.user, false, max(1, min(days, 366)))
	if err != nil {
		return err
	}
	byDay, byModel, byConv := []apiUsed{}, []apiUsed{}, []apiUsed{}
	for _, u := range r.Days {
		byDay = append(byDay, apiUsedFrom(u))
	}
	for _, u := range r.Models {
		byModel = append(byModel, apiUsedFrom(u))
	}
	for _, u := range r.Conversations {
		u.Conversation = strings.TrimPrefix(u.Conversation, conversationID(v.user, ""))
		byConv = append(byConv, apiUsedFrom(u))
	}
	answer(v.w, http.StatusOK, map[string]any{"total": apiUsedFrom(r.Total), "days": byDay, "models": byModel, "conversations": byConv})
	return nil
}

// apiAnswer answers a question of a turn with yes or no.
func (s *Server) apiAnswer(v *visit) error {
	var in struct {
		Answer *bool `json:"answer"`
	}
	if err := v.json(&in); err != nil || in.Answer == nil {
		return fault.New(fault.Invalid, `The body must be {"answer": true} or {"answer": false}.`)
	}
	err := s.a.Answer(v.user, v.r.PathValue("id"), *in.Answer)
	if err == nil {
		v.w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func (v *visit) json(into any) error {
	d := json.NewDecoder(http.MaxBytesReader(v.w, v.r.Body, 256<<10))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// apiEvent is an event of an answer.
type apiEvent struct {
	Type         string       `json:"type"`
	Conversation string       `json:"conversation,omitempty"`
	Turn         string       `json:"turn,omitempty"`
	Text         string       `json:"text,omitempty"`
	ID           string       `json:"id,omitempty"`
	Table        *table.Table `json:"table,omitempty"`
	File         *apiFileOf   `json:"file,omitempty"`
}

// apiAsk answers a question as a stream of events. Who leaves stops the answer.
func (s *Server) apiAsk(v *visit) error {
	var in struct {
		Question     string     `json:"question"`
		Conversation string     `json:"conversation"`
		Files        []files.ID `json:"files"`
	}
	if err := v.json(&in); err != nil || strings.TrimSpace(in.Question) == "" || len(in.Question) > 64<<10 {
		return fault.New(fault.Invalid, `The body must be JSON with a "question" of at most 64 KB.`)
	}
	if in.Conversation == "" {
		in.Conversation = strings.ToLower(rand.Text()[:16])
	}
	if !convName.MatchString(in.Conversation) {
		return fault.New(fault.Invalid, "The name of a conversation has small letters and digits, at most 40.")
	}
	m := assistant.Message{Text: in.Question, Own: in.Question}
	for _, id := range in.Files {
		f, err := s.a.Files().Get(v.r.Context(), v.user, id)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, f)
	}
	turn, err := s.start(v, in.Conversation, in.Question, m, "")
	if err != nil {
		return err
	}
	defer turn.Stop(v.user)
	ctx, cancel := context.WithCancel(v.r.Context())
	defer cancel()
	s.work.Go(func() { s.whileValid(ctx, v.user, cancel) })
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	send := v.sender()
	if !send(apiEvent{Type: "started", Conversation: in.Conversation, Turn: turn.ID}) {
		return nil
	}
	for _, e := range turn.Follow(ctx, 0) {
		for _, out := range s.apiEvents(e) {
			if !send(out) {
				return nil
			}
		}
	}
	return nil
}

// sender returns what writes an event, and false when nobody is there.
func (v *visit) sender() func(apiEvent) bool {
	rc := http.NewResponseController(v.w)
	return func(e apiEvent) bool {
		data, err := json.Marshal(e)
		if err != nil {
			return false
		}
		_ = rc.SetWriteDeadline(time.Now().Add(30 * time.Second))
		if _, err := fmt.Fprintf(v.w, "data: %s\n\n", data); err != nil {
			return false
		}
		return rc.Flush() == nil
	}
}

// apiEvents makes of an event of a turn what scripts get of it.
func (s *Server) apiEvents(e assistant.Event) (out []apiEvent) {
	add := func(e apiEvent) { out = append(out, e) }
	switch e := e.(type) {
	case chat.TextDelta:
		add(apiEvent{Type: "text", Text: e.Text})
	case chat.ToolStarted:
		add(apiEvent{Type: "code", ID: e.Call.ID, Text: codeOf(e.Call)})
	case chat.ToolOutput:
		add(apiEvent{Type: "output", ID: e.CallID, Text: e.Text})
	case chat.ToolEnded:
		for _, t := range e.Result.Tables {
			t.TotalRows, t.TotalColumns = t.Size()
			add(apiEvent{Type: "table", ID: e.Call.ID, Table: &t})
		}
		for _, f := range e.Files {
			file := apiFileFrom(f)
			add(apiEvent{Type: "file", ID: e.Call.ID, File: &file})
		}
		if e.Result.Error != "" {
			add(apiEvent{Type: "output", ID: e.Call.ID, Text: e.Result.Error})
		}
	case chat.Notice:
		add(apiEvent{Type: "notice", Text: e.Text})
	case assistant.Problem:
		add(apiEvent{Type: "notice", Text: e.Sentence})
	case assistant.Asked:
		add(apiEvent{Type: "question", ID: e.Question.ID, Text: plainBold(e.Question.Text.String())})
	case assistant.Ended:
		if e.Err == nil {
			add(apiEvent{Type: "done"})
			break
		}
		sentence := s.a.Explain(e.Err, "answering a script", frontEnd)
		if sentence == "" {
			sentence = "Stopped."
		}
		add(apiEvent{Type: "failed", Text: sentence})
	}
	return out
}
