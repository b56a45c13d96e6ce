package sandbox_test

import (
	"bytes"
	"testing"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// Charts of libraries that draw in a browser come as pages for one.
func TestInteractiveCharts(t *testing.T) {
	sandboxtest.NeedIndex(t)
	h := sandboxtest.Open(t, sandbox.Options{})
	for name, c := range map[string]struct{ code, contains string }{
		"plotly": {"import plotly.express as px\npx.bar(x=['north', 'south'], y=[3, 1], title='Sales by region')", "Sales by region"},
		"altair": {"import altair as alt, pandas as pd\nalt.Chart(pd.DataFrame({'region': ['north'], 'sales': [3]})).mark_bar().encode(x='region', y='sales')", `"region"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := sandboxtest.NewSession(t, h)
			res := s.Run(c.code)
			page := s.Saved["chart_1.html"]
			if res.Outcome != sandbox.OK || len(s.Saved) != 1 || !bytes.Contains(page, []byte(c.contains)) {
				t.Errorf("%+v\nsaved %q", res, s.Order)
			}
		})
	}
}
