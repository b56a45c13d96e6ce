package filemanager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

const (
	pageSize   = 10 // files of one page
	maxOptions = 25 // of a menu
)

// view is a page of somebody's files: what all of /files leads back to.
type view struct {
	kind files.Kind // "": all
	page int        // from 0
	menu int        // of the kinds offered, from 0; not kept
}

func (v view) args() []string { return []string{string(v.kind), strconv.Itoa(v.page)} }

// viewOf reads a view out of the arguments of a custom id, from the i-th on.
func viewOf(id interact.ID, i int) view {
	return view{kind: files.Kind(id.Arg(i)), page: id.Number(i + 1)}
}

// Command shows the first page of the files.
func (m *Manager) Command(ctx context.Context, it *interact.Interaction) error {
	p, err := m.listPost(ctx, it, view{})
	if err != nil {
		return err
	}
	return it.Reply(ctx, p)
}

func (m *Manager) showList(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	return m.updateList(ctx, it, viewOf(id, 0))
}

func (m *Manager) kindChosen(ctx context.Context, it *interact.Interaction, _ interact.ID, i dg.ComponentInteraction) error {
	value := chosenValue(i)
	if menu, ok := strings.CutPrefix(value, otherKinds); ok {
		n, err := strconv.Atoi(menu)
		if err != nil {
			n = 0
		}
		return m.updateList(ctx, it, view{menu: n})
	}
	return m.updateList(ctx, it, view{kind: files.Kind(strings.TrimPrefix(value, oneKind))})
}

// chosenValue is the first value that was chosen in a menu; "" if there is none.
func chosenValue(i dg.ComponentInteraction) string {
	if values := interact.Chosen(i); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (m *Manager) updateList(ctx context.Context, it *interact.Interaction, v view) error {
	p, err := m.listPost(ctx, it, v)
	if err != nil {
		return err
	}
	return it.Update(ctx, p)
}

// listPost is one page of the user's files, with the ways to the others.
func (m *Manager) listPost(ctx context.Context, it *interact.Interaction, v view) (client.Post, error) {
	user, l := it.UserID, it.Lang
	page, err := m.assistant.Files().List(ctx, user, files.Query{Kind: v.kind, Offset: v.page * pageSize, Limit: pageSize})
	if err != nil {
		return client.Post{}, err
	}
	if len(page.Files) == 0 && (v.page > 0 || v.kind != "") {
		// Files have gone in the meantime.
		if v.page > 0 {
			return m.listPost(ctx, it, view{kind: v.kind, page: min(v.page-1, max(page.Total-1, 0)/pageSize)})
		}
		return m.listPost(ctx, it, view{})
	}
	pages := max((page.Total+pageSize-1)/pageSize, 1)
	e := dg.Embed{Title: "📁 " + l.T("Your Files"), Color: interact.Blurple, Footer: &dg.EmbedFooter{Text: m.listFooter(l, page.Usage)}}
	e.Description = l.T("You have %d file(s) uploaded.", page.Usage.Files)
	if v.kind != "" {
		e.Description += " " + l.T("%d of them: %s", page.Total, v.kind.Info().Emoji+" "+string(v.kind))
	}
	if page.Usage.Files == 0 {
		e.Description += "\n\n" + l.T("Attach a file to a message to me, and it appears here.")
	}
	now := m.opts.Now()
	for _, f := range page.Files {
		e.Fields = append(e.Fields, dg.EmbedField{
			Name:  f.Emoji() + " " + markdown.Escape(brief.Chars(f.Name, 80)),
			Value: l.T("Type: %s • Size: %s\nUploaded: %s • %s", f.Kind, l.Measure(files.Size(f.Size)), m.when(f.UploadedAt), f.Countdown(l, now)),
		})
	}
	p := client.Post{Embeds: []dg.Embed{e}}
	if len(page.Files) > 0 {
		p.Rows = append(p.Rows, interact.Row(m.fileMenu(it, v, page.Files, now)))
	}
	if len(page.Usage.Kinds) > 1 {
		p.Rows = append(p.Rows, interact.Row(kindMenu(it, v, page.Usage)))
	}
	if pages > 1 {
		p.Rows = append(p.Rows, pager(it, v, pages))
	}
	if len(page.Files) > 1 {
		p.Rows = append(p.Rows, interact.Row(interact.Button(dg.ButtonStyleSecondary, "🗑️", l.T("Delete several"), interact.NewID(actSeveral, user, v.args()...))))
	}
	return p, nil
}

func (m *Manager) listFooter(l *locale.Language, u files.Usage) string {
	if m.assistant.Files().Expiry() < 0 {
		return "💡 " + l.T("Files are stored permanently")
	}
	keep := "💡 " + l.T("Files expire after %s", l.Measure(files.Hours(m.assistant.Files().Expiry())))
	if u.Files == 0 {
		return keep
	}
	return keep + " • " + l.T("Use the menu below to manage files")
}

// when writes a time in the zone of the bot.
func (m *Manager) when(t time.Time) string { return t.In(m.opts.Location).Format("2006-01-02 15:04") }

func (m *Manager) fileMenu(it *interact.Interaction, v view, fs []files.File, now time.Time) dg.StringSelectMenuComponent {
	l := it.Lang
	menu := dg.StringSelectMenuComponent{CustomID: interact.NewID(actMenu, it.UserID, v.args()...).String(), Placeholder: l.T("Select a file...")}
	for _, f := range fs {
		menu.Options = append(menu.Options, dg.StringSelectMenuOption{
			Label: brief.Chars(f.Name, 100), Value: string(f.ID), Emoji: &dg.ComponentEmoji{Name: f.Emoji()},
			Description: brief.Chars(fmt.Sprintf("%s • %s • %s", f.Kind, l.Measure(files.Size(f.Size)), f.Countdown(l, now)), 100),
		})
	}
	return menu
}

// Values of the menu of kinds: a kind follows, or a number of a menu.
const (
	oneKind    = "kind "
	otherKinds = "more "
)

// kindMenu offers the kinds that the user has, the most frequent first. More
// than fit are in several menus, which lead to one another.
func kindMenu(it *interact.Interaction, v view, u files.Usage) dg.StringSelectMenuComponent {
	kinds := make([]files.Kind, 0, len(u.Kinds))
	for k := range u.Kinds {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(x, y files.Kind) int {
		return cmp.Or(cmp.Compare(u.Kinds[y], u.Kinds[x]), cmp.Compare(x, y))
	})
	size := maxOptions - 1
	if len(kinds) > size {
		size--
	}
	menus := max((len(kinds)+size-1)/size, 1)
	at := min(max(v.menu, 0), menus-1)
	if i := slices.Index(kinds, v.kind); i >= 0 {
		at = i / size
	}
	menu := dg.StringSelectMenuComponent{CustomID: interact.NewID(actKinds, it.UserID).String(), Placeholder: it.Lang.T("Show one kind only…")}
	menu.Options = []dg.StringSelectMenuOption{{Label: it.Lang.T("All kinds (%d)", u.Files), Value: oneKind,
		Emoji: &dg.ComponentEmoji{Name: "📁"}, Default: v.kind == "" && at == 0}}
	others := u.Files
	for _, k := range kinds[at*size : min((at+1)*size, len(kinds))] {
		others -= u.Kinds[k]
		menu.Options = append(menu.Options, dg.StringSelectMenuOption{Label: fmt.Sprintf("%s (%d)", k, u.Kinds[k]), Value: oneKind + string(k),
			Emoji: &dg.ComponentEmoji{Name: k.Info().Emoji}, Default: v.kind == k})
	}
	if menus > 1 {
		menu.Options = append(menu.Options, dg.StringSelectMenuOption{Label: it.Lang.T("Other kinds (%d)", others),
			Value: otherKinds + strconv.Itoa((at+1)%menus), Emoji: &dg.ComponentEmoji{Name: "➡️"}})
	}
	return menu
}

func pager(it *interact.Interaction, v view, pages int) dg.LayoutComponent {
	l := it.Lang
	last := pages - 1
	at := min(v.page, last)
	to := func(emoji, label string, page int, prefix string) dg.InteractiveComponent {
		// Two buttons may lead to the same page: the ids are kept apart by the way
		// the page is written.
		args := view{kind: v.kind, page: page}.args()
		args[1] = prefix + args[1]
		c := interact.Button(dg.ButtonStyleSecondary, emoji, label, interact.NewID(actList, it.UserID, args...))
		c.Disabled = page == at || page < 0 || page > last
		return c
	}
	return interact.Row(
		to("⏮️", l.T("First"), 0, "0"), to("◀️", l.T("Previous"), at-1, ""),
		interact.Button(dg.ButtonStyleSecondary, "", fmt.Sprintf("%d / %d", at+1, pages), interact.NewID(actJump, it.UserID, string(v.kind), strconv.Itoa(pages))),
		to("▶️", l.T("Next"), at+1, ""), to("⏭️", l.T("Last"), last, "0"))
}

// askPage asks for the page to go to.
func (m *Manager) askPage(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	return it.Form(ctx, dg.ModalCreate{
		CustomID: id.String(), Title: it.Lang.T("Go to page"),
		Components: []dg.LayoutComponent{dg.LabelComponent{
			Label:     it.Lang.T("Page, 1 to %d", max(id.Number(1), 1)),
			Component: dg.TextInputComponent{CustomID: "page", Style: dg.TextInputStyleShort, Required: true, MaxLength: 6},
		}},
	})
}

// Jumped goes to the page that was asked for.
func (m *Manager) Jumped(ctx context.Context, it *interact.Interaction, id interact.ID, data dg.ModalSubmitInteractionData) error {
	n, err := strconv.Atoi(strings.TrimSpace(data.Text("page")))
	if err != nil || n < 1 {
		return fault.New(fault.Invalid, "Enter a page from 1 to %d.", max(id.Number(1), 1))
	}
	return m.updateList(ctx, it, view{kind: files.Kind(id.Arg(0)), page: min(n, max(id.Number(1), 1)) - 1})
}
