package files_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

func TestIDs(t *testing.T) {
	r := onDisk(t, files.Options{})
	seen := map[files.ID]bool{}
	for range 100 {
		s := r.save(t, alice, "a", "a")
		if !regexp.MustCompile(`^111111111111111111_1727778600_[0-9a-f]{8}$`).MatchString(string(s.ID)) || seen[s.ID] {
			t.Fatalf("id %q", s.ID)
		}
		seen[s.ID] = true
		if id, err := files.ParseID(string(s.ID)); err != nil || id != s.ID || id.User() != alice {
			t.Errorf("ParseID(%q) = %q, %v", s.ID, id, err)
		}
	}
}

func TestParseIDRefuses(t *testing.T) {
	for _, s := range []string{
		"", "_", "__", "1_2", "1_2_", "1_2_abcdef0", "1_2_abcdef012", "1_2_ABCDEF01", "1_2_abcdefgh", "0_2_abcdef01", "01_2_abcdef01",
		"1_02_abcdef01", "+1_2_abcdef01", "-1_2_abcdef01", "1_-2_abcdef01", "1__abcdef01", "_2_abcdef01", "1_2_abcdef01_", "1_2_3_abcdef01",
		" 1_2_abcdef01", "1_2_abcdef01\n", "1_2_abcdef0\x00", "1_2_abcdef０1", "１_2_abcdef01", "../1_2_abcdef01", "1_2_../../..",
		"9223372036854775808_2_abcdef01", "1_9223372036854775808_abcdef01", "1_0x2_abcdef01", "1_1e9_abcdef01", "1_1_000_0000",
	} {
		if id, err := files.ParseID(s); !fault.Is(err, fault.NotFound) || id != "" {
			t.Errorf("ParseID(%q) = %q, %v", s, id, err)
		}
	}
	for _, s := range []string{"1_0_00000000", "9223372036854775807_9223372036854775807_ffffffff"} {
		if _, err := files.ParseID(s); err != nil {
			t.Errorf("ParseID(%q): %v", s, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("111111111111111111_1727778600_0a1b2c3d")
	f.Add("../../etc/passwd")
	shape := regexp.MustCompile(`^(0|[1-9][0-9]{0,18})_(0|[1-9][0-9]{0,18})_[0-9a-f]{8}$`)
	f.Fuzz(func(t *testing.T, s string) {
		id, err := files.ParseID(s)
		if err != nil {
			if id != "" {
				t.Errorf("%q with an error", id)
			}
			return
		}
		if string(id) != s || !shape.MatchString(s) {
			t.Errorf("ParseID(%q) = %q", s, id)
		}
		if u, err := files.ParseUserID(id.User().String()); err != nil || u != id.User() || !strings.HasPrefix(s, u.String()+"_") {
			t.Errorf("user of %q is %v, %v", s, u, err)
		}
	})
}

func TestUserID(t *testing.T) {
	for _, s := range []string{"", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "9223372036854775808", "١"} {
		if u, err := files.ParseUserID(s); !fault.Is(err, fault.Invalid) || u != 0 {
			t.Errorf("ParseUserID(%q) = %v, %v", s, u, err)
		}
	}
	b, err := json.Marshal(map[string]files.UserID{"user": 9223372036854775807})
	if err != nil || string(b) != `{"user":"9223372036854775807"}` {
		t.Errorf("%s, %v", b, err)
	}
	var back map[string]files.UserID
	if err := json.Unmarshal(b, &back); err != nil || back["user"] != 9223372036854775807 {
		t.Errorf("%v, %v", back, err)
	}
}
