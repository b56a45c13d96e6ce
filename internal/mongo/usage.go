package mongo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
)

// usageRow is a document of usage: the sums of a user, a model, a conversation and
// a day. For the user 0 it is those of everybody in all conversations, so that the
// day's total is read from a few documents, however many users there are. What was
// used before there were sums by conversation has no such field.
type usageRow struct {
	ID        string `bson:"_id"`
	Day       string `bson:"day"`
	User      int64  `bson:"user_id"`
	Model     string `bson:"model"`
	Conv      string `bson:"conversation"`
	Requests  int64  `bson:"requests"`
	Estimated int64  `bson:"estimated"`
	Unpriced  int64  `bson:"unpriced"`
	Input     int64  `bson:"input"`
	Cached    int64  `bson:"cached"`
	Output    int64  `bson:"output"`
	Reasoning int64  `bson:"reasoning"`
	Cost      int64  `bson:"cost"` // billionths of a US dollar
}

// AddUsage implements ledger.Store. A crash after the user's sums leaves those of
// everybody behind by one request.
func (c *Chats) AddUsage(ctx context.Context, u ledger.Usage) error {
	inc := bson.D{{Key: "$inc", Value: bson.D{
		{Key: "requests", Value: u.Requests}, {Key: "estimated", Value: u.Estimated}, {Key: "unpriced", Value: u.Unpriced},
		{Key: "input", Value: u.Input}, {Key: "cached", Value: u.Cached},
		{Key: "output", Value: u.Output}, {Key: "reasoning", Value: u.Reasoning}, {Key: "cost", Value: int64(u.Cost)},
	}}}
	for _, of := range []usageRow{{User: int64(u.User), Conv: u.Conversation}, {}} {
		fields := set(bson.E{Key: "day", Value: u.Day}, bson.E{Key: "user_id", Value: of.User}, bson.E{Key: "model", Value: u.Model}, bson.E{Key: "conversation", Value: of.Conv})
		name := fmt.Sprintf("%s %d %s", u.Day, of.User, u.Model)
		if of.Conv != "" {
			name += "\n" + of.Conv
		}
		id := bson.D{{Key: "_id", Value: name}}
		if err := upsert(ctx, c.usage, id, append(fields, inc...)); err != nil {
			return translate(err)
		}
	}
	return nil
}

// Usage implements ledger.Store. The sums of groups are made here: FerretDB has
// no stage for several sums.
func (c *Chats) Usage(ctx context.Context, q ledger.Query) ([]ledger.Usage, error) {
	filter := bson.D{{Key: "user_id", Value: int64(q.User)}}
	if q.User == 0 && (q.ByUser || q.ByConversation) {
		filter = bson.D{{Key: "user_id", Value: bson.D{{Key: "$ne", Value: int64(0)}}}}
	}
	var days bson.D
	if q.From != "" {
		days = append(days, bson.E{Key: "$gte", Value: q.From})
	}
	if q.To != "" {
		days = append(days, bson.E{Key: "$lte", Value: q.To})
	}
	if days != nil {
		filter = append(filter, bson.E{Key: "day", Value: days})
	}
	cursor, err := c.usage.Find(ctx, filter)
	if err != nil {
		return nil, translate(err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	type group struct {
		day         string
		user        int64
		model, conv string
	}
	sums := map[group]*ledger.Usage{}
	for cursor.Next(ctx) {
		var r usageRow
		if err := cursor.Decode(&r); err != nil {
			return nil, translate(err)
		}
		var g group
		if q.ByDay {
			g.day = r.Day
		}
		if q.ByUser {
			g.user = r.User
		}
		if q.ByModel {
			g.model = r.Model
		}
		if q.ByConversation {
			g.conv = r.Conv
		}
		u := sums[g]
		if u == nil {
			u = &ledger.Usage{Day: g.day, User: files.UserID(g.user), Model: g.model, Conversation: g.conv}
			sums[g] = u
		}
		u.Requests += r.Requests
		u.Estimated += r.Estimated
		u.Unpriced += r.Unpriced
		u.Input += r.Input
		u.Cached += r.Cached
		u.Output += r.Output
		u.Reasoning += r.Reasoning
		u.Cost += ledger.NanoDollars(r.Cost)
	}
	if err := cursor.Err(); err != nil {
		return nil, translate(err)
	}
	var rows []ledger.Usage
	for _, u := range sums {
		rows = append(rows, *u)
	}
	slices.SortFunc(rows, func(a, b ledger.Usage) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.User, b.User), cmp.Compare(a.Model, b.Model), cmp.Compare(a.Conversation, b.Conversation))
	})
	return rows, nil
}
