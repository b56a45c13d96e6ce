package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/attachebot/attache/internal/apitoken"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

// spec is the OpenAPI document as the judge of answers.
type spec struct {
	t       *testing.T
	c       *jsonschema.Compiler
	paths   map[string]map[string]json.RawMessage
	answers map[string]bool // "get /api/v1/files 200": seen
}

func newSpec(t *testing.T) *spec {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	if err != nil {
		t.Fatal(err)
	}
	s := &spec{t: t, c: jsonschema.NewCompiler(), answers: map[string]bool{}}
	s.c.AssertFormat()
	if err := s.c.AddResource("api.json", doc); err != nil {
		t.Fatal(err)
	}
	var all struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(openAPI, &all); err != nil {
		t.Fatal(err)
	}
	s.paths = all.Paths
	return s
}

func (s *spec) valid(what, pointer, body string) {
	s.t.Helper()
	schema, err := s.c.Compile("api.json#" + pointer)
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		s.t.Errorf("%s: %v\n%s", what, err, body)
	}
}

// check holds an answer against the operation's responses.
func (s *spec) check(method, path string, status int, body string, h http.Header) {
	s.t.Helper()
	var op struct {
		Responses map[string]struct {
			Content map[string]json.RawMessage `json:"content"`
		} `json:"responses"`
	}
	method = strings.ToLower(method)
	raw, ok := s.paths[path][method]
	if !ok {
		s.t.Fatalf("%s %s is not in the document", method, path)
	}
	if err := json.Unmarshal(raw, &op); err != nil {
		s.t.Fatal(err)
	}
	code := http.StatusText(status)
	r, ok := op.Responses[itoa(status)]
	if !ok {
		s.t.Errorf("%s %s: %d %s is not in the document: %s", method, path, status, code, body)
		return
	}
	s.answers[method+" "+path+" "+itoa(status)] = true
	mime, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if len(r.Content) == 0 {
		if body != "" {
			s.t.Errorf("%s %s: %d has a body: %s", method, path, status, body)
		}
		return
	}
	if _, ok := r.Content[mime]; !ok && mime != "text/csv" {
		s.t.Errorf("%s %s: %d is %s", method, path, status, mime)
	}
	pointer := "/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + method + "/responses/" + itoa(status) + "/content/" + strings.ReplaceAll(mime, "/", "~1") + "/schema"
	switch mime {
	case "application/json":
		s.valid(method+" "+path, pointer, body)
	case "text/event-stream":
		for _, line := range strings.Split(strings.TrimSpace(body), "\n\n") {
			s.valid(method+" "+path, "/components/schemas/Event", strings.TrimPrefix(line, "data: "))
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// script calls the API with a token.
type script struct {
	*person
	spec  *spec
	token string
}

func (s *script) call(method, path, at, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.site.origin+at, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	res, err := http.DefaultClient.Do(req)
	status, text, h := res0(s.t, res, err)
	s.spec.check(method, path, status, text, h)
	return status, text
}

// The document and the handlers have the same operations, and what is answered is
// what the document says: for each operation and each status that it names.
func TestAPIAsDescribed(t *testing.T) {
	s := newSite(t, ServerOptions{})
	spec := newSpec(t)
	var described, served []string
	for path, ops := range spec.paths {
		for method := range ops {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	for pattern := range s.apiRoutes() {
		served = append(served, pattern)
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Fatalf("described %q\nserved %q", described, served)
	}

	token, err := s.api.Make(t.Context(), 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	c := &script{s.person(), spec, token}
	status, text := c.call("POST", "/api/v1/files", "/api/v1/files?name=sales+%3Ci%3E.csv", "a,b\n1,2\n")
	var f apiFileOf
	if err := json.Unmarshal([]byte(text), &f); err != nil || status != http.StatusCreated || f.Name != "sales <i>.csv" || f.Size != 8 {
		t.Fatalf("%d %s %v", status, text, err)
	}
	id := string(f.ID)
	c.call("POST", "/api/v1/files", "/api/v1/files", "x")
	c.call("POST", "/api/v1/files", "/api/v1/files?name=large.bin", strings.Repeat("x", int(s.files.MaxUpload())+1))
	for range maxUploads {
		s.uploads.all[&upload{uploads: s.uploads}] = struct{}{}
	}
	c.call("POST", "/api/v1/files", "/api/v1/files?name=a.txt", "x")
	clear(s.uploads.all)
	if _, text := c.call("GET", "/api/v1/files", "/api/v1/files?kind=csv&limit=5", ""); !strings.Contains(text, id) {
		t.Errorf("the list: %s", text)
	}
	c.call("GET", "/api/v1/files/{id}", "/api/v1/files/"+id, "")
	if _, text := c.call("GET", "/api/v1/files/{id}/content", "/api/v1/files/"+id+"/content", ""); text != "a,b\n1,2\n" {
		t.Errorf("downloaded %q", text)
	}

	s.tools.Handle = s.makes
	s.model.Push(
		llmtest.Reply{Text: "Let me look.", Calls: []llm.ToolCall{{ID: "a", Name: "execute_python_code", Arguments: `{"code":"df.plot()"}`}}},
		llmtest.Reply{Text: "There are 3 rows."})
	_, text = c.call("POST", "/api/v1/ask", "/api/v1/ask", `{"question":"How many rows?","conversation":"abc","files":["`+id+`"]}`)
	for _, want := range []string{`"type":"started","conversation":"abc"`, `"type":"code","text":"df.plot()"`, `"type":"table"`, `"type":"file"`, `"text":" 3 rows."`, `"total_rows":1,`, `"type":"done"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the answer has no %s:\n%s", want, text)
		}
	}
	p := s.person()
	p.signIn()
	if _, page, _ := p.do("GET", "/c/abc", nil); !strings.Contains(page, "There are 3 rows.") {
		t.Error("the page does not have the conversation")
	}
	for _, bad := range []string{"", "{}", `{"question":" "}`, `{"question":"x","conversation":"../1"}`, `{"question":"x","nonsense":1}`} {
		if status, _ := c.call("POST", "/api/v1/ask", "/api/v1/ask", bad); status != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, status)
		}
	}
	c.call("POST", "/api/v1/ask", "/api/v1/ask", `{"question":"x","files":["1_1_00000000"]}`)

	// A question of the answer, answered.
	asked := make(chan bool, 1)
	s.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		yes, _ := h.Ask(ctx, locale.Later("May **geopandas** be installed?"))
		asked <- yes
		return llm.ToolResult{Output: "ok"}
	}
	s.model.Push(llmtest.Reply{Calls: []llm.ToolCall{{ID: "b", Name: "execute_python_code", Arguments: `{"code":"x"}`}}}, llmtest.Reply{Text: "Done."})
	go func() {
		for range 200 {
			if qs := s.a.Questions(1); len(qs) > 0 {
				c.call("POST", "/api/v1/questions/{id}", "/api/v1/questions/"+qs[0].ID, `{"answer":true}`)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	if _, text := c.call("POST", "/api/v1/ask", "/api/v1/ask", `{"question":"map?"}`); !strings.Contains(text, `"text":"May geopandas be installed?"`) || !<-asked {
		t.Errorf("the question:\n%s", text)
	}
	c.call("POST", "/api/v1/questions/{id}", "/api/v1/questions/none", `{"answer":true}`)
	c.call("POST", "/api/v1/questions/{id}", "/api/v1/questions/none", `{"answer":"yes"}`)
	c.call("GET", "/api/v1/usage", "/api/v1/usage?days=7", "")

	c.call("DELETE", "/api/v1/files/{id}", "/api/v1/files/"+id, "")
	for _, op := range [][2]string{{"DELETE", ""}, {"GET", ""}, {"GET", "/content"}} {
		c.call(op[0], "/api/v1/files/{id}"+op[1], "/api/v1/files/"+id+op[1], "")
	}
	c.token = ""
	for path, ops := range spec.paths {
		for method := range ops {
			if status, _ := c.call(strings.ToUpper(method), path, strings.ReplaceAll(path, "{id}", id), ""); status != http.StatusUnauthorized {
				t.Errorf("%s %s without a token: %d", method, path, status)
			}
		}
	}
	for path, ops := range spec.paths {
		for method, raw := range ops {
			var op struct {
				Responses map[string]any `json:"responses"`
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatal(err)
			}
			for status := range op.Responses {
				if what := method + " " + path + " " + status; !spec.answers[what] {
					t.Errorf("the document has %s, which nothing answered", what)
				}
			}
		}
	}
}

// A token is shown once, kept as a hash, is somebody's alone, and ends with its
// revocation: answers under way too. A cookie opens nothing.
func TestAPITokens(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	_, page, _ := p.do("POST", "/tokens", map[string][]string{"name": {"<b>laptop</b>"}})
	_, rest, _ := strings.Cut(page, `<code id="fresh">`)
	token, _, _ := strings.Cut(rest, "<")
	if !strings.HasPrefix(token, apitoken.Prefix) || strings.Contains(page, "<b>laptop") {
		t.Fatalf("%q\n%s", token, page)
	}
	if _, page, _ := p.do("GET", "/tokens", nil); strings.Contains(page, token) {
		t.Error("the token is shown again")
	}
	again := s.again(ServerOptions{})
	if one, err := again.api.Find(t.Context(), token); err != nil || one.User != 1 {
		t.Errorf("on another machine: %v %v", one, err)
	}
	theirs, err := s.files.Save(t.Context(), files.Upload{User: 2, Name: "secret.csv", Body: strings.NewReader("secret")})
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string, header ...string) int {
		status, text, _ := p.do("GET", path, nil, header...)
		if strings.Contains(text, "secret") {
			t.Errorf("%s has another's file", path)
		}
		return status
	}
	if status := get("/api/v1/files"); status != http.StatusUnauthorized {
		t.Errorf("with a cookie: %d", status)
	}
	for _, header := range []string{"Bearer", "Bearer ", "Basic " + token, "Bearer " + token + "x", "Bearer " + apitoken.Hash(token)} {
		if status := get("/api/v1/files", "Authorization", header); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", header, status)
		}
	}
	if status := get("/api/v1/files", "Authorization", "bearer "+token); status != http.StatusOK {
		t.Errorf("with the token: %d", status)
	}
	for _, path := range []string{"", "/content"} {
		if status := get("/api/v1/files/"+string(theirs.ID)+path, "Authorization", "Bearer "+token); status != http.StatusNotFound {
			t.Errorf("another's file%s: %d", path, status)
		}
	}

	gate := make(chan struct{})
	s.model.Answer = func(llmtest.Request) llmtest.Reply {
		<-gate
		return llmtest.Reply{Text: "late"}
	}
	defer close(gate)
	ended := make(chan string, 1)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), "POST", s.origin+"/api/v1/ask", strings.NewReader(`{"question":"x"}`))
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		_, text, _ := res0(t, res, err)
		ended <- text
	}()
	time.Sleep(300 * time.Millisecond)
	if done, err := s.api.Revoke(t.Context(), 2, apitoken.Hash(token)); done || err != nil || get("/api/v1/files", "Authorization", "Bearer "+token) != http.StatusOK {
		t.Error("another revoked the token")
	}
	if _, page, _ := p.do("GET", "/tokens", nil); !strings.Contains(page, "last used 20") {
		t.Errorf("its last use: %s", page)
	}
	elsewhere := again.person()
	elsewhere.signIn()
	elsewhere.do("POST", "/tokens/revoke", map[string][]string{"hash": {apitoken.Hash(token)}})
	select {
	case text := <-ended:
		if strings.Contains(text, "done") {
			t.Errorf("the answer went on: %s", text)
		}
	case <-time.After(time.Minute):
		t.Error("an answer outlived its token")
	}
	if status := get("/api/v1/files", "Authorization", "Bearer "+token); status != http.StatusUnauthorized {
		t.Errorf("after its revocation: %d", status)
	}
	for range apitoken.Most {
		if _, err := s.api.Make(t.Context(), 1, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.api.Make(t.Context(), 1, "x"); err == nil {
		t.Error("there is no bound")
	}
}
