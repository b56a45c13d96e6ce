package gvisor_test

import (
	"bytes"
	"image"
	_ "image/jpeg" // of what is drawn
	_ "image/png"  // of what is drawn
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

const (
	plotlyBars = "import plotly.express as px\nfig = px.bar(x=['north', 'south'], y=[3, 1], title='Sales by region')\n"
	altairBars = "import altair as alt, pandas as pd\nc = alt.Chart(pd.DataFrame({'region': ['north'], 'sales': [3]})).mark_bar().encode(x='region', y='sales')\n"
	bokehLine  = "from bokeh.plotting import figure, show\np = figure(title='Sales by region')\np.line([1, 2], [3, 4])\n"
)

// Charts of libraries that draw in a browser come as pages for one and, of
// Plotly and Altair, as pictures.
func TestInteractiveCharts(t *testing.T) {
	t.Parallel()
	sandboxtest.NeedIndex(t)
	h := gvisortest.Open(t, gvisor.Options{Packages: wheels.Curated})
	type step struct {
		code  string
		saved string // names
		says  string // in the first page
	}
	for name, steps := range map[string][]step{ // a session each
		"plotly": {
			{plotlyBars + "fig", "chart_1.html chart_1.png", "Sales by region"},
			{"fig.show('browser')", "chart_2.html chart_2.png", "Sales by region"},
			{"import plotly.io as pio\npio.show({'data': [{'type': 'bar', 'y': [1, 2]}]})", "chart_3.html chart_3.png", `"bar"`},
			{"px.choropleth(locations=['DEU'], color=[3])", "chart_4.html", "DEU"},
			{"%pip install kaleido\nfig.write_image('a.jpg', width=300, height=200, scale=2)\nassert fig.to_image('svg')[:4] == b'<svg'", "a.jpg", ""},
		},
		"altair": {
			{altairBars + "c", "chart_1.html chart_1.png", `"region"`},
			{"c.show()", "chart_2.html chart_2.png", `"region"`},
			{"c.save('a.png')", "a.png", ""},
		},
		"altair written first": {{altairBars + "c.save('a.png')", "a.png", ""}},
		"bokeh":                {{bokehLine + "show(p)", "chart_1.html", "Sales by region"}},
		"folium":               {{"import folium\nfolium.Map([52.5, 13.4])", "chart_1.html", "52.5"}},
		"plotnine":             {{"import plotnine as p, pandas as pd\np.ggplot(pd.DataFrame({'a': [1, 2], 'b': [3, 4]}), p.aes('a', 'b', color='a')) + p.geom_point()", "chart_1.png", ""}},
		"seaborn":              {{"import seaborn.objects as so\nso.Plot([1, 2], [3, 1]).add(so.Line())", "chart_1.png", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			s := sandboxtest.NewSession(t, h)
			for _, c := range steps {
				res := s.Run(c.code)
				names := slices.Sorted(maps.Keys(s.Saved))
				if got := strings.Join(names, " "); res.Outcome != sandbox.OK || got != c.saved {
					t.Fatalf("%s\nsaved %s\n%+v", c.code, got, res)
				}
				if page := s.Saved[names[0]]; c.says != "" && !bytes.Contains(page, []byte(c.says)) {
					t.Errorf("%s does not have %s: %.500s", names[0], c.says, page)
				}
				for name, data := range s.Saved {
					if strings.HasSuffix(name, ".html") {
						continue
					}
					if img, _, err := image.Decode(bytes.NewReader(data)); err != nil {
						t.Errorf("%s: %v", name, err)
					} else if n := colours(img); n < 3 {
						t.Errorf("%s has %d colours", name, n)
					}
				}
			}
		})
	}
}

// colours counts the colours of a picture.
func colours(img image.Image) int {
	seen := map[[4]uint32]bool{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, a := img.At(x, y).RGBA()
			seen[[4]uint32{r, g, b, a}] = true
		}
	}
	return len(seen)
}

// Where packages can't be had, charts come as pages, and drawing says why it
// can't be done.
func TestInteractiveChartsWithoutPackages(t *testing.T) {
	t.Parallel()
	sandboxtest.NeedIndex(t)
	h := gvisortest.Open(t, gvisor.Options{})
	s := sandboxtest.NewSession(t, h)
	if res := s.Run("%pip install plotly altair\nimport altair, plotly\n" +
		"import attache.imports\nattache.imports._current.pip = lambda specs: (_ for _ in ()).throw(attache.imports.HostError('Not today.'))"); res.Outcome != sandbox.OK {
		t.Fatalf("%+v", res)
	}
	if res := s.Run(plotlyBars + "fig"); res.Outcome != sandbox.OK || len(s.Saved) != 1 || s.Saved["chart_1.html"] == nil {
		t.Errorf("%+v, saved %q", res, s.Order)
	}
	for code, want := range map[string]string{
		plotlyBars + "fig.write_image('a.png')": "ModuleNotFoundError: Not today.",
		altairBars + "c.save('a.png')":          "requires the vl-convert-python package",
	} {
		if res := s.Run(code); res.Outcome != sandbox.Failed || !strings.Contains(res.Error, want) {
			t.Errorf("%+v", res)
		}
	}
}

// Code that was written for a notebook finds what it imports of IPython.
func TestNotebookCode(t *testing.T) {
	t.Parallel()
	s := sandboxtest.NewSession(t, gvisortest.Open(t, gvisor.Options{Packages: wheels.Off}))
	res := s.Run(`from IPython.display import display, HTML, Markdown, Image, clear_output
from IPython.core.display import HTML as Old
import IPython, io, pandas as pd
from PIL import Image as P
assert IPython.get_ipython() is None
display(pd.DataFrame({"a": [1]}), Markdown("**b**"), Old("<p>c &amp; d</p><table><tr><td>1</td><td>2</td></tr></table>"))
clear_output(wait=True)
b = io.BytesIO()
P.new("RGB", (4, 4), "red").save(b, "PNG")
display(Image(b.getvalue()))`)
	var texts []string
	for _, shown := range res.Shown {
		texts = append(texts, shown.Text)
	}
	if res.Outcome != sandbox.OK || len(texts) != 3 || res.Shown[0].Table == nil || texts[1] != "**b**" || texts[2] != "c & d\n1\t2" || len(s.Saved) != 1 {
		t.Errorf("%+v\n%q, saved %q", res, texts, s.Order)
	}
}

// A picture never costs a session its memory: it is left out instead.
func TestInteractiveChartsLeaveMemory(t *testing.T) {
	t.Parallel()
	sandboxtest.NeedIndex(t)
	s := sandboxtest.NewSession(t, gvisortest.Open(t, gvisor.Options{}))
	const points = "import plotly.express as px\nfig = px.scatter(x=list(range(6_000)), y=list(range(6_000)), render_mode='webgl')\n"
	if res := s.Run(points + "fig"); res.Outcome != sandbox.OK || len(s.Saved) != 2 {
		t.Fatalf("%+v, saved %q", res, s.Order)
	}
	res := s.Run("import numpy\nhold = numpy.ones(550 << 17)\n" + points + "fig")
	if res.Outcome != sandbox.OK || s.Saved["chart_2.html"] == nil || s.Saved["chart_2.png"] != nil {
		t.Errorf("%+v, saved %q", res, s.Order)
	}
	if res := s.Run("fig.to_image()"); res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "too little of the session's memory is left") {
		t.Errorf("%+v", res)
	}
	s.Expect("hold.size", "72089600")
}
