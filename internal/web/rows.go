package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/attachebot/attache/internal/columnar"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/table"
)

const (
	pageRows = 100    // of a table, in one answer
	copyRows = 10_000 // that a person copies at once
)

// shownTable is a table as a page has it: the first rows for everybody, and where
// the script finds all of them, sorted and filtered.
type shownTable struct {
	Key, Name, Src string
	HTML           template.HTML
}

// viewOf reads how a request wants to see a table.
func viewOf(r *http.Request) columnar.View {
	sort, err := strconv.Atoi(r.FormValue("sort"))
	if err != nil {
		sort = -1
	}
	filter := r.FormValue("q")
	return columnar.View{Sort: sort, Desc: r.FormValue("desc") == "1", Filter: filter[:min(len(filter), 500)]}
}

// rows answers with a page of a table, as the script of a page wants it.
func (v *visit) rows(t *columnar.Table) error {
	at, _ := strconv.Atoi(v.r.FormValue("at"))
	rows, total := t.Page(viewOf(v.r), at, pageRows)
	answer := map[string]any{"total": total, "all": t.Rows(), "rows": rows}
	if at == 0 {
		answer["columns"] = t.Columns()
	}
	v.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(v.w).Encode(answer)
}

// csv answers with the rows that a person sees, all of them; with tabs for the
// clipboard.
func (v *visit) csv(t *columnar.Table, name string) error {
	h := v.w.Header()
	if v.r.FormValue("tabs") != "" {
		h.Set("Content-Type", "text/tab-separated-values; charset=utf-8")
		return t.WriteCSV(v.w, viewOf(v.r), '\t', copyRows)
	}
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", attachment(name))
	return t.WriteCSV(v.w, viewOf(v.r), ',', t.Rows())
}

// script makes an answer for a script of a function whose error becomes a sentence.
func (s *Server) script(h func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w, r, s.userOf(r.Context()), s.languageOf(r)}
		err := h(v)
		if err == nil || r.Context().Err() != nil {
			return
		}
		http.Error(w, s.a.Explain(err, "answering the browser", v.frontEnd()), fault.KindOf(err).HTTPStatus())
	}
}

// fileTable finds the table of a file.
func (s *Server) fileTable(v *visit) (*columnar.Table, files.File, error) {
	f, err := s.a.Files().Get(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return nil, f, err
	}
	t, err := s.a.Previews().Whole(v.r.Context(), f)
	return t, f, err
}

func (s *Server) fileRows(v *visit) error {
	t, _, err := s.fileTable(v)
	if err != nil {
		return err
	}
	return v.rows(t)
}

func (s *Server) fileCSV(v *visit) error {
	t, f, err := s.fileTable(v)
	if err != nil {
		return err
	}
	return v.csv(t, strings.TrimSuffix(f.Name, f.Ext())+".csv")
}

// answerTable finds a table of an answer: of one that is shown as it comes, or of
// the history.
func (s *Server) answerTable(v *visit) (*columnar.Table, error) {
	conv, err := v.anyConv()
	if err != nil {
		return nil, err
	}
	tables, err := s.answerTables(v, conv, v.r.PathValue("turn"))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	n, err := strconv.Atoi(v.r.PathValue("table"))
	if err != nil || n < 0 || n >= len(tables) {
		return nil, fault.New(fault.NotFound, "That table is not here any more. Run the question again.")
	}
	return columnar.Of(tables[n]), nil
}

func (s *Server) answerTables(v *visit, conv, turn string) (tables []table.Table, err error) {
	t := s.talkOf(v.user, conv)
	t.mu.Lock()
	for _, show := range t.turns {
		if turnName(conv, show.ID) == turn {
			tables = append(tables, show.tables...)
		}
	}
	t.mu.Unlock()
	if len(tables) > 0 {
		return tables, nil
	}
	history, err := s.a.History(v.r.Context(), v.user, conversationID(v.user, conv), shownTurns)
	for _, r := range history {
		if r.User != v.user || turnName(conv, r.ID) != turn {
			continue
		}
		for _, m := range r.Messages {
			if m.Run != nil {
				tables = append(tables, m.Run.Tables...)
			}
		}
	}
	return tables, err
}

func (s *Server) answerRows(v *visit) error {
	t, err := s.answerTable(v)
	if err != nil {
		return err
	}
	return v.rows(t)
}

func (s *Server) answerCSV(v *visit) error {
	t, err := s.answerTable(v)
	if err != nil {
		return err
	}
	return v.csv(t, "table.csv")
}

// tableHTML shows a table of an answer. All its rows are in a file, or here.
func (s *Server) tableHTML(show *shownTurn, one table.Table) string {
	show.tables = append(show.tables, one)
	src := s.base + "/files/" + one.File
	if one.File == "" {
		src = fmt.Sprintf("%s/table/%d", show.Path, len(show.tables)-1)
	}
	return fragment(show.lang, "table", shownTable{Key: show.next(), Name: show.lang.T("Table"), Src: src, HTML: template.HTML(one.HTML(200))})
}
