package filestest

import (
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
)

// What people share in conversations.

func testBrought(t *testing.T, s suite) {
	old, f, other := s.add(t, file(1, noon.Add(-time.Hour), 0)), s.add(t, file(1, noon, time.Hour)), s.add(t, file(2, noon.Add(time.Minute), 0))
	brought := func(conversation string, now time.Time, limit int) []files.ID {
		t.Helper()
		bs, err := s.Brought(s.ctx, conversation, now, limit)
		must(t, err)
		var out []files.ID
		for _, b := range bs {
			out = append(out, b.ID)
		}
		return out
	}
	equal(t, "nothing", brought("c", noon, 10), []files.ID(nil))
	for _, b := range []struct {
		id    files.ID
		owner string
	}{{f.ID, "ann"}, {old.ID, "anna"}, {other.ID, "bert"}, {f.ID, "anna 😀"}} {
		must(t, s.Bring(s.ctx, "c", b.id, b.owner))
	}
	must(t, s.Bring(s.ctx, "d", f.ID, "anna"))
	equal(t, "latest first", brought("c", noon, 10), []files.ID{other.ID, f.ID, old.ID})
	equal(t, "limit", brought("c", noon, 2), []files.ID{other.ID, f.ID})
	equal(t, "expired", brought("c", noon.Add(time.Hour), 10), []files.ID{other.ID, old.ID})
	equal(t, "another conversation", brought("d", noon, 10), []files.ID{f.ID})
	bs, err := s.Brought(s.ctx, "c", noon, 10)
	must(t, err)
	equal(t, "whole", bs[1], files.Brought{File: f, Owner: "anna 😀"})

	_, _, err = s.Remove(s.ctx, []files.File{other}, noon)
	must(t, err)
	equal(t, "removed", brought("c", noon, 10), []files.ID{f.ID, old.ID})
	must(t, s.Bring(s.ctx, "c", other.ID, "bert"))
	equal(t, "not there", brought("c", noon, 10), []files.ID{f.ID, old.ID})
	must(t, s.Unshare(s.ctx, "c", 0))
	equal(t, "unshared", brought("c", noon, 10), []files.ID(nil))
	equal(t, "and only there", brought("d", noon, 10), []files.ID{f.ID})
	must(t, s.Bring(s.ctx, "d", old.ID, "anna"))
	must(t, s.Unshare(s.ctx, "", 1))
	equal(t, "of a user", brought("d", noon, 10), []files.ID(nil))
}

func testWords(t *testing.T, s suite) {
	word := func(conversation string, user files.UserID) files.Word {
		t.Helper()
		w, err := s.WordOf(s.ctx, conversation, user)
		must(t, err)
		return w
	}
	equal(t, "nothing", word("c", 1), files.Unasked)
	must(t, s.SetWord(s.ctx, "c", 1, files.Private))
	must(t, s.SetWord(s.ctx, "c", 1, files.Agreed))
	must(t, s.SetWord(s.ctx, "c", 2, files.Private))
	must(t, s.SetWord(s.ctx, "d", 1, files.Private))
	equal(t, "the last word", word("c", 1), files.Agreed)
	equal(t, "of another", word("c", 2), files.Private)
	equal(t, "elsewhere", word("d", 1), files.Private)
	must(t, s.Unshare(s.ctx, "c", 0))
	equal(t, "unshared", []files.Word{word("c", 1), word("c", 2), word("d", 1)}, []files.Word{files.Unasked, files.Unasked, files.Private})
	must(t, s.SetWord(s.ctx, "c", 2, files.Agreed))
	must(t, s.Unshare(s.ctx, "", 1))
	equal(t, "of a user", []files.Word{word("d", 1), word("c", 2)}, []files.Word{files.Unasked, files.Agreed})
}
