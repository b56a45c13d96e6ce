package places

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/notes"
)

// Memory is what one bot keeps of its places in Notes. Without them it keeps and
// knows nothing.
type Memory struct {
	Notes notes.Store
	Bot   snowflake.ID // the application

	Instance string // of the program, among those that share the notes
}

func (m Memory) name(parts ...string) string {
	return "discord/" + m.Bot.String() + "/" + strings.Join(parts, "/")
}

func (m Memory) set(ctx context.Context, text string, name ...string) error {
	if m.Notes == nil {
		return nil
	}
	return m.Notes.SetNote(ctx, m.name(name...), text)
}

// ids returns those that were noted last under a name.
func (m Memory) ids(ctx context.Context, name string, limit int) (ids []snowflake.ID, err error) {
	if m.Notes == nil {
		return nil, nil
	}
	prefix := m.name(name, "")
	all, err := m.Notes.Notes(ctx, prefix, limit)
	for _, n := range all {
		if id, err := snowflake.Parse(strings.TrimPrefix(n.Name, prefix)); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// SetQuiet keeps that the bot answers in a thread only when it is called.
func (m Memory) SetQuiet(ctx context.Context, thread snowflake.ID) error {
	return m.set(ctx, "yes", "quiet", thread.String())
}

// Quiet returns the threads in which the bot answers only when it is called.
func (m Memory) Quiet(ctx context.Context) ([]snowflake.ID, error) {
	return m.ids(ctx, "quiet", 10_000)
}

// AddDM keeps that somebody writes to the bot in a channel of direct messages:
// Discord tells a bot of none.
func (m Memory) AddDM(ctx context.Context, channel snowflake.ID) error {
	return m.set(ctx, "yes", "dm", channel.String())
}

// DMs returns up to limit channels of direct messages, those that were added last
// first.
func (m Memory) DMs(ctx context.Context, limit int) ([]snowflake.ID, error) {
	return m.ids(ctx, "dm", limit)
}

// SetLanguage keeps the code of a person's language.
func (m Memory) SetLanguage(ctx context.Context, user snowflake.ID, code string) error {
	return m.set(ctx, code, "language", user.String())
}

// Languages returns the codes of people's languages, of up to limit people.
func (m Memory) Languages(ctx context.Context, limit int) (map[snowflake.ID]string, error) {
	if m.Notes == nil {
		return nil, nil
	}
	prefix := m.name("language", "")
	all, err := m.Notes.Notes(ctx, prefix, limit)
	codes := map[snowflake.ID]string{}
	for _, n := range all {
		if id, err := snowflake.Parse(strings.TrimPrefix(n.Name, prefix)); err == nil {
			codes[id] = n.Text
		}
	}
	return codes, err
}

// open is the memory of open answers: their turns' ids tell whose they are, and
// they are known before the bot is.
func (m Memory) open() Memory {
	m.Bot = 0
	return m
}

// SetOpen keeps that a turn's answer is under way, or no more.
func (m Memory) SetOpen(ctx context.Context, turn string, user uint64, open bool) error {
	text := ""
	if open {
		text = strconv.FormatUint(user, 10)
	}
	return m.open().set(ctx, text, "open", m.Instance, turn)
}

// Open returns the turns of this instance whose answers were under way, with their users.
func (m Memory) Open(ctx context.Context) (map[string]uint64, error) {
	if m.Notes == nil {
		return nil, nil
	}
	prefix := m.open().name("open", m.Instance, "")
	all, err := m.Notes.Notes(ctx, prefix, 10_000)
	turns := map[string]uint64{}
	for _, n := range all {
		turns[strings.TrimPrefix(n.Name, prefix)], _ = strconv.ParseUint(n.Text, 10, 64)
	}
	return turns, err
}

// SetHeard keeps up to when the bot heard everything.
func (m Memory) SetHeard(ctx context.Context, t time.Time) error {
	return m.set(ctx, t.UTC().Format(time.RFC3339), "heard")
}

// Heard returns up to when the bot heard everything; zero if that is not known.
func (m Memory) Heard(ctx context.Context) (time.Time, error) {
	if m.Notes == nil {
		return time.Time{}, nil
	}
	all, err := m.Notes.Notes(ctx, m.name("heard"), 1)
	if err != nil || len(all) == 0 {
		return time.Time{}, err
	}
	t, _ := time.Parse(time.RFC3339, all[0].Text)
	return t, nil
}
