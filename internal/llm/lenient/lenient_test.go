package lenient_test

import (
	"encoding/json"
	"testing"

	"github.com/attachebot/attache/internal/llm/lenient"
)

func TestText(t *testing.T) {
	for raw, want := range map[string]string{`"a\nb"`: "a\nb", `null`: "", `{"x": 1}`: `{"x": 1}`, `7`: "7", `[1]`: "[1]", `""`: ""} {
		if got := lenient.Text(json.RawMessage(raw)); got != want {
			t.Errorf("Text(%s) = %q", raw, got)
		}
		doc := struct{ S lenient.String }{"before"}
		if err := json.Unmarshal([]byte(`{"S":`+raw+`}`), &doc); err != nil || string(doc.S) != want {
			t.Errorf("String of %s = %q, %v", raw, doc.S, err)
		}
	}
}

func TestWith(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`{"id":"1","x":{"unknown":[1, 2]}}`, `{"a":"b","x":{"unknown":[1,2]}}`},
		{`[1]`, `[1]`},
		{`null`, `null`},
		{`broken`, `broken`},
	} {
		if got := lenient.With(json.RawMessage(c.raw), map[string]any{"a": "b", "id": nil}); string(got) != c.want {
			t.Errorf("With(%s) = %s", c.raw, got)
		}
	}
	if got := lenient.JSON(func() {}); string(got) != "null" {
		t.Errorf("JSON of a function is %s", got)
	}
}
