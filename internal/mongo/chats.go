package mongo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// Chats is a [chat.Store]: the collections turns, conversation_titles,
// user_models and usage.
type Chats struct {
	turns  *mongo.Collection
	titles *mongo.Collection
	models *mongo.Collection
	usage  *mongo.Collection
}

var _ chat.Store = (*Chats)(nil)

// NewChats returns the conversations and the usage of a database, and makes
// their indexes.
func NewChats(ctx context.Context, db *DB) (*Chats, error) {
	c := &Chats{db.db.Collection("turns"), db.db.Collection("conversation_titles"), db.db.Collection("user_models"), db.db.Collection("usage")}
	err := db.index(ctx, c.turns.Name(),
		index{"conversation", bson.D{{Key: "conversation", Value: 1}, {Key: "started", Value: 1}, {Key: "_id", Value: 1}}, false},
		index{"user", bson.D{{Key: "user_id", Value: 1}, {Key: "conversation", Value: 1}}, false},
		index{"state", bson.D{{Key: "state", Value: 1}, {Key: "started", Value: 1}}, false})
	if err == nil {
		err = db.index(ctx, c.usage.Name(), index{"user", bson.D{{Key: "user_id", Value: 1}, {Key: "day", Value: 1}}, false})
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// turn is a document of turns. Times are Unix microseconds.
type turn struct {
	ID           string     `bson:"_id"`
	Conversation string     `bson:"conversation"`
	User         int64      `bson:"user_id"`
	Instance     string     `bson:"instance"`
	State        chat.State `bson:"state"`
	Model        string     `bson:"model"`
	Started      int64      `bson:"started"`
	Ended        int64      `bson:"ended"`    // 0: it runs
	Messages     string     `bson:"messages"` // JSON
}

func encodeTurn(r chat.Record) (turn, error) {
	b, err := json.Marshal(r.Messages)
	t := turn{r.ID, r.Conversation, int64(r.User), r.Instance, r.State, r.Model, r.Started.UnixMicro(), 0, string(b)}
	if !r.Ended.IsZero() {
		t.Ended = r.Ended.UnixMicro()
	}
	return t, err
}

func (t turn) decode() (chat.Record, error) {
	r := chat.Record{ID: t.ID, Conversation: t.Conversation, User: files.UserID(t.User), Instance: t.Instance,
		State: t.State, Model: t.Model, Started: time.UnixMicro(t.Started).UTC()}
	if t.Ended != 0 {
		r.Ended = time.UnixMicro(t.Ended).UTC()
	}
	return r, json.Unmarshal([]byte(t.Messages), &r.Messages)
}

var (
	ended   = bson.A{chat.Done, chat.Failed, chat.Interrupted}
	visible = append(bson.A{chat.Running}, ended...)
)

func in(values bson.A) bson.D { return bson.D{{Key: "$in", Value: values}} }

func set(fields ...bson.E) bson.D { return bson.D{{Key: "$set", Value: bson.D(fields)}} }

// drop leaves of a turn its id.
var drop = set(bson.E{Key: "state", Value: chat.Dropped}, bson.E{Key: "messages", Value: "[]"})

func errNoTurn() error {
	return fault.New(fault.NotFound, "That message is no longer in my history.")
}

// Claim implements chat.Store.
func (c *Chats) Claim(ctx context.Context, r chat.Record) error {
	_, err := c.turns.InsertOne(ctx, turn{r.ID, r.Conversation, int64(r.User), r.Instance, chat.Claimed, "", r.Started.UnixMicro(), 0, "[]"})
	return translate(err)
}

// Release implements chat.Store.
func (c *Chats) Release(ctx context.Context, id string) error {
	_, err := c.turns.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "state", Value: chat.Claimed}}, drop)
	return translate(err)
}

// enter makes of a claim the turn, or inserts the turn if there is no claim.
func (c *Chats) enter(ctx context.Context, t turn) error {
	res, err := c.turns.ReplaceOne(ctx, bson.D{{Key: "_id", Value: t.ID}, {Key: "state", Value: chat.Claimed},
		{Key: "user_id", Value: t.User}, {Key: "instance", Value: t.Instance}}, t)
	if err == nil && res.MatchedCount == 0 {
		_, err = c.turns.InsertOne(ctx, t)
	}
	return err
}

// Begin implements chat.Store. A crash after the new turn is entered leaves
// the replaced one in the history, before a turn that Recover finds.
func (c *Chats) Begin(ctx context.Context, r chat.Record, replaces string) error {
	t, err := encodeTurn(r)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "")
	}
	if replaces != "" {
		if err := c.mayReplace(ctx, t, replaces); err != nil {
			return err
		}
	}
	if err := c.enter(ctx, t); err != nil || replaces == "" {
		return translate(err)
	}
	// Of calls that race, one finds the old turn as it was.
	res, err := c.turns.UpdateOne(ctx, bson.D{{Key: "_id", Value: replaces}, {Key: "state", Value: in(ended)}}, drop)
	if err == nil && res.MatchedCount > 0 {
		return nil
	}
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, undone := c.turns.DeleteOne(undo, bson.D{{Key: "_id", Value: t.ID}})
	if err = errors.Join(err, undone); err != nil {
		return translate(err)
	}
	return errNoTurn()
}

func (c *Chats) mayReplace(ctx context.Context, t turn, replaces string) error {
	var old, last turn
	err := c.turns.FindOne(ctx, bson.D{{Key: "_id", Value: replaces}, {Key: "conversation", Value: t.Conversation},
		{Key: "user_id", Value: t.User}, {Key: "state", Value: in(visible)}}).Decode(&old)
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return errNoTurn()
	case err != nil:
		return translate(err)
	case old.State == chat.Running:
		return fault.New(fault.Invalid, "That message is still being answered.")
	}
	err = c.turns.FindOne(ctx, bson.D{{Key: "conversation", Value: t.Conversation}, {Key: "state", Value: in(visible)}},
		options.FindOne().SetSort(latest)).Decode(&last)
	if err == nil && last.ID != replaces {
		return fault.New(fault.Invalid, "Only the last message of a conversation can be run again.")
	}
	return translate(err)
}

// read leaves out turns that ended before their message was read.
var read = bson.E{Key: "messages", Value: bson.D{{Key: "$ne", Value: "[]"}}}

// latest sorts a conversation, the last turn first.
var latest = bson.D{{Key: "started", Value: -1}, {Key: "_id", Value: -1}}

// Save implements chat.Store.
func (c *Chats) Save(ctx context.Context, r chat.Record) error {
	t, err := encodeTurn(r)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "")
	}
	res, err := c.turns.UpdateOne(ctx, bson.D{{Key: "_id", Value: t.ID}, {Key: "state", Value: chat.Running}},
		set(bson.E{Key: "state", Value: t.State}, bson.E{Key: "model", Value: t.Model},
			bson.E{Key: "ended", Value: t.Ended}, bson.E{Key: "messages", Value: t.Messages}))
	if err == nil && res.MatchedCount == 0 {
		return errNoTurn()
	}
	return translate(err)
}

// Get implements chat.Store.
func (c *Chats) Get(ctx context.Context, id string) (chat.Record, error) {
	var t turn
	err := c.turns.FindOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "state", Value: in(visible)}}).Decode(&t)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return chat.Record{}, errNoTurn()
	}
	if err != nil {
		return chat.Record{}, translate(err)
	}
	return t.decode()
}

func (c *Chats) find(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) ([]chat.Record, error) {
	cursor, err := c.turns.Find(ctx, filter, opts)
	if err != nil {
		return nil, translate(err)
	}
	var docs []turn
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, translate(err)
	}
	var turns []chat.Record
	for _, t := range docs {
		r, err := t.decode()
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "")
		}
		turns = append(turns, r)
	}
	return turns, nil
}

// History implements chat.Store.
func (c *Chats) History(ctx context.Context, conversation string, limit int) ([]chat.Record, error) {
	turns, err := c.find(ctx, bson.D{{Key: "conversation", Value: conversation}, {Key: "state", Value: in(ended)}, read},
		options.Find().SetSort(latest).SetLimit(int64(limit)))
	slices.Reverse(turns)
	return turns, err
}

// Clear implements chat.Store.
func (c *Chats) Clear(ctx context.Context, conversation string) error {
	_, err := c.turns.UpdateMany(ctx, bson.D{{Key: "conversation", Value: conversation}, {Key: "state", Value: in(visible)}}, drop)
	if err == nil {
		_, err = c.titles.DeleteOne(ctx, bson.D{{Key: "_id", Value: conversation}})
	}
	return translate(err)
}

// Forget implements chat.Store.
func (c *Chats) Forget(ctx context.Context, before time.Time) error {
	_, err := c.turns.DeleteMany(ctx, bson.D{{Key: "state", Value: in(append(bson.A{chat.Dropped}, ended...))},
		{Key: "started", Value: bson.D{{Key: "$lt", Value: before.UnixMicro()}}}})
	return translate(err)
}

// Recover implements chat.Store.
func (c *Chats) Recover(ctx context.Context, instance string, before time.Time) ([]chat.Record, error) {
	found, err := c.find(ctx, bson.D{{Key: "state", Value: in(bson.A{chat.Running, chat.Claimed})}, {Key: "$or", Value: bson.A{
		bson.D{{Key: "instance", Value: instance}},
		bson.D{{Key: "started", Value: bson.D{{Key: "$lt", Value: before.UnixMicro()}}}},
	}}}, options.Find().SetSort(bson.D{{Key: "started", Value: 1}, {Key: "_id", Value: 1}}))
	if err != nil {
		return nil, err
	}
	var turns []chat.Record
	for _, r := range found {
		res, err := c.turns.UpdateOne(ctx, bson.D{{Key: "_id", Value: r.ID}, {Key: "state", Value: r.State}},
			set(bson.E{Key: "state", Value: chat.Interrupted}, bson.E{Key: "ended", Value: r.Started.UnixMicro()}))
		if err != nil {
			return turns, translate(err)
		}
		if res.MatchedCount > 0 { // not by another program in the meantime
			r.State = chat.Interrupted
			turns = append(turns, r)
		}
	}
	_, err = c.turns.DeleteMany(ctx, bson.D{{Key: "state", Value: chat.Dropped},
		{Key: "started", Value: bson.D{{Key: "$lt", Value: before.AddDate(0, 0, -7).UnixMicro()}}}})
	return turns, translate(err)
}

// Conversations implements chat.Store. Sums are made here: a user has some
// hundreds of conversations, and servers differ in what they aggregate.
func (c *Chats) Conversations(ctx context.Context, q chat.ConversationQuery) ([]chat.Conversation, error) {
	names, err := c.conversationsOf(ctx, q.User)
	if err != nil {
		return nil, err
	}
	var list []chat.Conversation
	for _, name := range names {
		if !strings.HasPrefix(name, q.Prefix) {
			continue
		}
		turns, err := c.find(ctx, bson.D{{Key: "conversation", Value: name}, {Key: "state", Value: in(visible)}, read},
			options.Find().SetSort(bson.D{{Key: "started", Value: 1}, {Key: "_id", Value: 1}}))
		if err != nil {
			return nil, err
		}
		if len(turns) == 0 || turns[0].User != q.User {
			continue
		}
		title, err := c.title(ctx, name)
		if err != nil {
			return nil, err
		}
		found := contains(title, q.Search)
		for _, t := range turns {
			found = found || slices.ContainsFunc(t.Messages, func(m llm.Message) bool { return contains(m.Text(), q.Search) })
		}
		if found {
			list = append(list, chat.Conversation{ID: name, Title: cmp.Or(title, turns[0].Messages[0].Text()),
				Started: turns[0].Started, Updated: turns[len(turns)-1].Started, Turns: len(turns)})
		}
	}
	slices.SortFunc(list, func(a, b chat.Conversation) int {
		return cmp.Or(b.Updated.Compare(a.Updated), strings.Compare(a.ID, b.ID))
	})
	list = list[min(q.Offset, len(list)):]
	return list[:min(cmp.Or(q.Limit, 50), len(list))], nil
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// conversationsOf names the conversations that a user took part in.
func (c *Chats) conversationsOf(ctx context.Context, user files.UserID) ([]string, error) {
	cursor, err := c.turns.Find(ctx, bson.D{{Key: "user_id", Value: int64(user)}, {Key: "state", Value: in(visible)}},
		options.Find().SetProjection(bson.D{{Key: "conversation", Value: 1}}))
	if err != nil {
		return nil, translate(err)
	}
	var docs []turn
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, translate(err)
	}
	var names []string
	for _, d := range docs {
		names = append(names, d.Conversation)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (c *Chats) title(ctx context.Context, conversation string) (string, error) {
	var doc struct {
		Title string `bson:"title"`
	}
	err := c.titles.FindOne(ctx, bson.D{{Key: "_id", Value: conversation}}).Decode(&doc)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return "", nil
	}
	return doc.Title, translate(err)
}

// Began implements chat.Store.
func (c *Chats) Began(ctx context.Context, conversation string) (files.UserID, error) {
	var first turn
	err := c.turns.FindOne(ctx, bson.D{{Key: "conversation", Value: conversation}, {Key: "state", Value: in(visible)}},
		options.FindOne().SetSort(bson.D{{Key: "started", Value: 1}, {Key: "_id", Value: 1}})).Decode(&first)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return 0, nil
	}
	return files.UserID(first.User), translate(err)
}

// Rename implements chat.Store.
func (c *Chats) Rename(ctx context.Context, conversation, title string) error {
	id := bson.D{{Key: "_id", Value: conversation}}
	if title == "" {
		_, err := c.titles.DeleteOne(ctx, id)
		return translate(err)
	}
	return translate(upsert(ctx, c.titles, id, set(bson.E{Key: "title", Value: title})))
}

// ModelOf implements chat.Store.
func (c *Chats) ModelOf(ctx context.Context, user files.UserID) (string, error) {
	var doc struct {
		Model string `bson:"model"`
	}
	err := c.models.FindOne(ctx, bson.D{{Key: "_id", Value: int64(user)}}).Decode(&doc)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return "", nil
	}
	return doc.Model, translate(err)
}

// SetModel implements chat.Store.
func (c *Chats) SetModel(ctx context.Context, user files.UserID, model string) error {
	id := bson.D{{Key: "_id", Value: int64(user)}}
	if model == "" {
		_, err := c.models.DeleteOne(ctx, id)
		return translate(err)
	}
	return translate(upsert(ctx, c.models, id, set(bson.E{Key: "model", Value: model})))
}

// upsert updates a document that it makes if there is none. Two that make the
// same one collide in the server, and one of them tries again.
func upsert(ctx context.Context, c *mongo.Collection, id, update bson.D) (err error) {
	for range 5 {
		if _, err = c.UpdateOne(ctx, id, update, options.UpdateOne().SetUpsert(true)); !mongo.IsDuplicateKeyError(err) {
			return err
		}
	}
	return err
}
