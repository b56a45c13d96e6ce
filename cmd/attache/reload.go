package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm/builtin"
	"github.com/attachebot/attache/internal/terminal"
	"github.com/attachebot/attache/tokens"
)

// settings are what serve goes by now: a snapshot that is never changed. The parts of
// the program ask for the one of now, each in its own words, by the functions below.
type settings struct {
	config.Config
	catalog *tokens.Catalog // of PRICES_FILE and TOKENIZERS; nil: the built-in one
}

// now are the settings of now: those of the start, until others are taken.
func (m *Main) now() settings {
	if s := m.settings.Load(); s != nil {
		return *s
	}
	return settings{Config: m.Config}
}

// chatOptions are what of the engine's options may change.
func (m *Main) chatOptions() chat.Options {
	s := m.now()
	o := chat.Options{
		Model: s.OpenAIModel, Models: s.Models, Catalog: s.catalog, Instructions: s.SystemPrompt, MaxRounds: s.MaxToolRounds, MaxRequest: s.MaxRequest,
		UserDailyCost: ledger.NanoDollars(s.UserDailyBudget), UserDailyTokens: s.UserDailyTokens, GlobalDailyCost: ledger.NanoDollars(s.GlobalDailyBudget),
		Keep: time.Duration(s.History) * 24 * time.Hour,
	}
	if m.builtin() {
		o.Model, o.Models = builtin.Name, nil
	}
	return o
}

// fileOptions are what of the file management's options may change.
func (m *Main) fileOptions() files.Options {
	s := m.now()
	return files.Options{
		Expiry: time.Duration(s.Expiration) * time.Hour, GeneratedExpiry: time.Duration(s.MadeExpiry) * time.Hour,
		MaxUpload: int64(s.MaxUpload) << 20, MaxFiles: s.MaxFiles, MaxBytes: int64(s.MaxStorage) << 20,
		MaxGenerated: s.MaxGenerated, MaxGeneratedBytes: int64(s.MaxStorage) << 20,
	}
}

// assistantOptions are what of the assistant's options may change.
func (m *Main) assistantOptions() assistant.Options {
	s := m.now()
	o := assistant.Options{FetchLinks: assistant.Links(s.FetchLinks), Catalog: s.catalog}
	for _, id := range s.AdminIDs {
		o.Admins = append(o.Admins, files.UserID(id))
	}
	return o
}

// discordOptions are what of the bot's options may change.
func (m *Main) discordOptions() discord.Options {
	s := m.now()
	return discord.Options{
		MaxDownload: int64(s.MaxSend) << 20, PingAfter: s.PingAfter, Threads: discord.Threads(s.Threads),
		Allowed: discord.Who{Users: s.AllowedUsers, Roles: s.AllowedRoles, Channels: s.AllowedChannels},
		Blocked: discord.Who{Users: s.BlockedUsers, Roles: s.BlockedRoles, Channels: s.BlockedChannels},
	}
}

// load reads the settings.
func (m *Main) load() (config.Config, error) {
	m.read = stateOf(m.EnvFile)
	c, err := config.Load(m.EnvFile)
	if err != nil {
		return c, fault.Wrap(err, fault.Invalid, "Some settings are wrong:\n%v", err)
	}
	return c, checkLanguage(c.Language)
}

// reload takes what of the settings may change while the program runs, and logs what
// it took. Wrong ones change nothing: all of them must be right.
func (m *Main) reload(log *slog.Logger) {
	file := filepath.Base(m.EnvFile)
	next, err := m.load()
	s := m.now()
	now, taken, waiting := s.Config.Take(next)
	if err == nil {
		s.Config = now
		s.catalog, err = openPrices(now)
	}
	if err != nil {
		log.Error(notTaken, "file", file, "error", strings.ReplaceAll(fault.Message(err), "\n", " "))
		return
	}
	m.settings.Store(&s)
	m.level.Set(logLevel(now))
	if len(taken) > 0 {
		log.Info("changed settings are taken", "file", file, "settings", strings.Join(taken, " "))
	}
	if len(waiting) > 0 {
		log.Warn("changed settings wait for a restart", "file", file, "settings", strings.Join(waiting, " "))
	}
	if len(taken)+len(waiting) == 0 {
		log.Info("the settings are as they were; files that they name are read again", "file", file)
	}
}

// lookEvery is how often the file of the settings is looked at. Looking works where
// being told does not: over bind mounts, and for what Kubernetes replaces.
const lookEvery = 2 * time.Second

// watchSettings reloads the settings when their file has changed and rests, and at
// SIGHUP, until ctx ends. At a terminal SIGHUP ends the program, as ever.
func (m *Main) watchSettings(ctx context.Context, log *slog.Logger) {
	hangup := make(chan os.Signal, 1)
	if !terminal.IsTerminal(m.Stdin) && !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangup, syscall.SIGHUP)
		defer signal.Stop(hangup)
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	before := m.read
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			m.reload(log)
		case <-tick.C:
			now := stateOf(m.EnvFile)
			rests := now == before
			before = now
			switch {
			case now == m.read || !rests: // an editor may be writing it
			case now == noFile:
				m.read = now
				log.Error(notTaken, "file", filepath.Base(m.EnvFile), "error", "the file is gone") // who may use the bot is not everybody then
			default:
				m.reload(log)
			}
		}
	}
}

const notTaken = "take changed settings; nothing is changed"

// noFile is the state of a file that is not there.
const noFile = ""

// stateOf tells two contents of a file apart.
func stateOf(path string) string {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return noFile
	}
	if err != nil {
		return err.Error()
	}
	inode := uint64(0)
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = s.Ino
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size(), inode)
}
