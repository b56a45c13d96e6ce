// Package metrics counts what the program does, by decorators of the interfaces
// between its parts. A decorator changes nothing of what it decorates.
package metrics

import (
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/attachebot/attache/internal/fault"
)

// Metrics holds the counts of one program. The decorators of a nil *Metrics are
// what they are given.
type Metrics struct {
	registry *prometheus.Registry
	log      *slog.Logger
	names    names

	turns     *prometheus.CounterVec
	running   prometheus.Gauge
	turn      prometheus.Histogram
	firstWord prometheus.Histogram
	tokens    *prometheus.CounterVec
	cost      *prometheus.CounterVec
	calls     *prometheus.CounterVec
	call      *prometheus.HistogramVec

	requests *prometheus.CounterVec
	request  *prometheus.HistogramVec

	cells    *prometheus.CounterVec
	cell     prometheus.Histogram
	wait     prometheus.Histogram
	starts   *prometheus.CounterVec
	installs prometheus.Counter

	saved      prometheus.Counter
	savedBytes prometheus.Counter
	refused    prometheus.Counter
	sweeps     prometheus.Counter
	swept      prometheus.Counter
	lastSweep  prometheus.Gauge

	problems *prometheus.CounterVec
	denied   *prometheus.CounterVec
}

// seconds are the bounds of what people wait for; the last ones are those of code
// that runs long.
var seconds = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800}

// New returns metrics that have counted nothing. Turns are logged to log.
func New(version string, log *slog.Logger) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), log: log}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		m.registry.MustRegister(c)
		return c
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		m.registry.MustRegister(g)
		return g
	}
	histogram := func(name, help string) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds})
		m.registry.MustRegister(h)
		return h
	}
	histograms := func(name, help string, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "attache_build_info", Help: "1, with the version.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(build)

	m.turns = counters("attache_turns_total", "Turns that ended, by result: ok, or the kind of the error.", "result")
	m.running = gauge("attache_turns_running", "Turns that are being answered.")
	m.turn = histogram("attache_turn_seconds", "Time from the start of a turn to its end.")
	m.firstWord = histogram("attache_first_word_seconds", "Time from the start of a turn to the first word of its answer.")
	m.tokens = counters("attache_tokens_total", "Tokens used, by model and kind; cached is a part of input, reasoning one of output.", "model", "kind")
	m.cost = counters("attache_cost_dollars_total", "What the turns cost, as far as prices are known.", "model")
	m.calls = counters("attache_tool_calls_total", "Calls of tools that ended, by result: ok or failed.", "tool", "result")
	m.call = histograms("attache_tool_seconds", "Time that a call of a tool took.", "tool")

	m.requests = counters("attache_model_requests_total", "Requests to the model's server, by result: ok, or the kind of the error.", "model", "result")
	m.request = histograms("attache_model_request_seconds", "Time that a whole reply of the model took.", "model")

	m.cells = counters("attache_sandbox_cells_total", "Pieces of code that ran, by outcome; refused: no sandbox could start.", "outcome")
	m.cell = histogram("attache_sandbox_cell_seconds", "Time that a piece of code ran.")
	m.wait = histogram("attache_sandbox_wait_seconds", "Time that a piece of code waited before it ran: for a place, a start, a restore.")
	m.starts = counters("attache_sandbox_starts_total", "Sessions that got a sandbox, by how: started anew, or restored.", "how")
	m.installs = counter("attache_sandbox_installs_total", "Installations of packages.")

	m.saved = counter("attache_files_saved_total", "Files saved, uploaded and made by code.")
	m.savedBytes = counter("attache_files_saved_bytes_total", "Bytes of the files saved.")
	m.refused = counter("attache_files_refused_total", "Files refused, for a limit of their user or of the program.")
	m.sweeps = counter("attache_sweeps_total", "Sweeps of expired files that reached their end.")
	m.swept = counter("attache_files_expired_total", "Files deleted since they had expired.")
	m.lastSweep = gauge("attache_last_sweep_timestamp_seconds", "When the last sweep reached its end.")

	m.denied = counters("attache_discord_denied_total", "Requests that Discord refused for want of a permission, by the permission that they need.", "permission")

	m.problems = counters("attache_log_problems_total", "Warnings and errors logged, by part of the program and level.", "part", "level")
	for _, part := range []string{"attache", "discord"} { // an alert needs a zero to rise from
		for _, level := range []string{"WARN", "ERROR"} {
			m.problems.WithLabelValues(part, level)
		}
	}
	return m
}

// result is an error as a label.
func result(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.KindOf(err).String()
}

// names bounds how many values a label may have: models and tools are named by
// people and by models.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

const maxNames = 200

func (n *names) label(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	if !n.seen[name] {
		if len(n.seen) >= maxNames {
			return "other"
		}
		n.seen[name] = true
	}
	return name
}
