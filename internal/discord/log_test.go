package discord

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/files"
)

// logBuffer is a log that tests read.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Whatever goes wrong with an attachment, its name and its link stay out of the log.
func TestStoryLogHasNoNames(t *testing.T) {
	for what, c := range map[string]struct {
		faults []discordtest.Fault
		said   string
		log    string
	}{
		"down":      {[]discordtest.Fault{{On: "CDN ", Times: -1, Drop: true}}, "I could not get", "WARN"},
		"ill":       {[]discordtest.Fault{{On: "CDN ", Times: -1, Status: 503}}, "I could not get", "the CDN answered 503"},
		"gone":      {[]discordtest.Fault{{On: "CDN ", Times: -1, Status: 404}}, "is no longer on Discord", "not found"},
		"truncated": {[]discordtest.Fault{{On: "CDN ", Drop: true, AfterHandling: true}, {On: "CDN ", Times: -1, Drop: true}}, "Please send it again.", "WARN"},
	} {
		t.Run(what, func(t *testing.T) {
			log := &logBuffer{}
			w := newBench(t, setup{discord: Options{Log: log.logger()}, files: files.Options{Log: log.logger()}})
			for _, f := range c.faults {
				w.Inject(f)
			}
			must(w.anna.Send(w.anna.DM(), "", discordtest.File{Name: "Quarrel with Zoë; “draft” 2.csv", Data: bytes.Repeat(salesCSV, 50)}))(w)
			w.contains(w.await(w.anna.DM(), discordtest.FromBot), c.said, "Quarrel with Zoë; “draft” 2.csv")
			w.shutDown()
			for _, secret := range []string{"Quarrel", "quarrel", "Zo", "draft", "hm=", "ex="} {
				if strings.Contains(log.String(), secret) {
					t.Errorf("%q is in the log:\n%s", secret, log)
				}
			}
			if !strings.Contains(log.String(), c.log) || !strings.Contains(log.String(), "saving an attachment") {
				t.Errorf("the log does not say what happened:\n%s", log)
			}
		})
	}
}
