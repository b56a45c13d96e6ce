package wheels

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
)

// describe tells what helps a user to decide about a package that is not on
// the curated list: its age, and its downloads a month where they are known.
// A name that is not on the index is an error of kind NotFound.
func (p *Store) describe(ctx context.Context, name string) (about locale.Message, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	index := indexOr(p.opts.Index)
	page, err := httpGet(ctx, index+"/"+name+"/", 64<<20)
	var status *statusError
	switch {
	case errors.As(err, &status) && status.code == 404:
		return about, fault.New(fault.NotFound, "There is no package named %s on the package index.", name)
	case err != nil:
		return about, fault.Wrap(err, fault.Unavailable, "The package index can't be reached right now, so %s was not installed.", name)
	}
	about = locale.Later("It is not on the list of well-known packages.")
	if first := firstUpload(page); !first.IsZero() {
		about = about.And(locale.Later("First published: %s.", first.Format("2006-01")))
	}
	if counts := p.opts.Statistics; counts != "" {
		if n := downloads(ctx, counts, name); n > 0 {
			about = about.And(locale.Later("Downloads last month: %s.", humanize.Comma(n)))
		}
	}
	return about, nil
}

// firstUpload returns when the first file of a project came to the index (PEP 700).
func firstUpload(page []byte) time.Time {
	var list struct {
		Files []struct {
			Uploaded time.Time `json:"upload-time"`
		}
	}
	var first time.Time
	if json.Unmarshal(page, &list) != nil {
		return first
	}
	for _, f := range list.Files {
		if !f.Uploaded.IsZero() && (first.IsZero() || f.Uploaded.Before(first)) {
			first = f.Uploaded
		}
	}
	return first
}

// downloads returns last month's downloads as the statistics at base count them
// (https://pypistats.org/api/), 0 when they do not answer in time.
func downloads(ctx context.Context, base, name string) int64 {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	data, err := httpGet(ctx, base+"/"+name+"/recent", 64<<10)
	if err != nil {
		return 0
	}
	var answer struct {
		Data struct {
			LastMonth int64 `json:"last_month"`
		}
	}
	if json.Unmarshal(data, &answer) != nil {
		return 0
	}
	return answer.Data.LastMonth
}
