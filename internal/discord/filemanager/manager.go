// Package filemanager is /files: people's files in pages, each with a preview, to be
// downloaded and deleted.
package filemanager

import (
	"context"
	"io"
	"log/slog"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/pending"
	"github.com/attachebot/attache/internal/discord/recent"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// Options say how a [Manager] works; Now, View, Confirmations and Views are needed.
type Options struct {
	Log           *slog.Logger
	Location      *time.Location // of the times shown
	Now           func() time.Time
	MaxDownload   func() int64              // bytes of a file that is sent
	MaxDirect     func() int64              // bytes of a file that Discord takes in direct messages
	Link          func(f files.File) string // of a file that is too large to be sent; nil or "": there is none
	View          time.Duration             // that making a preview may take
	Confirmations *interact.Confirmations
	Views         *pending.Views
}

// Manager shows people their files.
type Manager struct {
	assistant *assistant.Assistant
	api       *client.Client
	opts      Options

	several   *recent.Map[string, []files.ID] // to be deleted, by the name of the choice
	confirmed *recent.Map[string, bool]       // what was deleted, by the button that did: it may be pressed twice
}

// New returns a manager of the assistant's files.
func New(a *assistant.Assistant, api *client.Client, o Options) *Manager {
	return &Manager{a, api, o, recent.New[string, []files.ID](200), recent.New[string, bool](200)}
}

const (
	actPreview = "pv" // file

	actList     = "fl" // kind, page
	actMenu     = "fm" // kind, page; values: file ids
	actKinds    = "fk" // values: kinds
	actJump     = "fj" // kind, pages
	actDetails  = "fi" // file, kind, page
	actDownload = "fd" // file, kind, page
	actDelete   = "fx" // file, kind, page
	actDelete2  = "fy" // file, kind, page, time
	actDelete3  = "fz" // file, kind, page, time

	actSeveral  = "gs" // kind, page
	actSeveral1 = "gx" // kind, page; values: file ids
	actSeveral2 = "gy" // kind, page, time, choice
	actSeveral3 = "gz" // kind, page, time, choice
)

// Actions are those of the manager's buttons and menus.
func (m *Manager) Actions() interact.Actions {
	return interact.Actions{
		actPreview: {Args: 1, Handle: m.preview},
		actList:    {Args: 2, Handle: m.showList}, actMenu: {Args: 2, Handle: m.chosen}, actKinds: {Args: 0, Handle: m.kindChosen}, actJump: {Args: 2, Handle: m.askPage},
		actDetails: {Args: 3, Handle: m.showDetails}, actDownload: {Args: 3, Handle: m.download},
		actDelete: {Args: 3, Handle: m.confirmDelete}, actDelete2: {Args: 4, Handle: m.confirmDelete}, actDelete3: {Args: 4, Handle: m.deleteFile},
		actSeveral: {Args: 2, Handle: m.chooseSeveral}, actSeveral1: {Args: 2, Handle: m.confirmSeveral},
		actSeveral2: {Args: 4, Handle: m.confirmSeveral}, actSeveral3: {Args: 4, Handle: m.deleteSeveral},
	}
}

// PreviewButton shows what can be seen of a file.
func PreviewButton(l *locale.Language, user files.UserID, file files.ID) dg.ButtonComponent {
	return interact.Button(dg.ButtonStyleSecondary, "👀", l.T("Preview"), interact.NewID(actPreview, user, string(file)))
}

// Upload sends a user's file from the storage as it is read. A chart says in
// words what it shows.
func (m *Manager) Upload(ctx context.Context, f files.File) client.Upload {
	alt := ""
	if f.Kind == files.Image && f.Generated {
		alt = m.assistant.Alt(ctx, f)
	}
	return client.Upload{Name: f.Name, Size: f.Size, Alt: alt, Open: func(ctx context.Context) (io.ReadCloser, error) {
		_, r, err := m.assistant.Files().Open(ctx, f.User, f.ID)
		return r, err
	}}
}

// LinkTo is a link to a file that is too large for Discord, behind a colon; "" if
// there is none.
func (m *Manager) LinkTo(l *locale.Language, f files.File) string {
	if m.opts.Link == nil {
		return ""
	}
	link := m.opts.Link(f)
	if link == "" {
		return ""
	}
	return ": [" + l.T("download") + "](<" + link + ">)"
}
