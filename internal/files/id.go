package files

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// UserID is a Discord snowflake: 1 to 1<<63-1. Zero is nobody. Its text, in
// JSON too, is decimal.
type UserID uint64

// ParseUserID reads what [UserID.String] writes. Errors are of kind Invalid.
func ParseUserID(s string) (UserID, error) {
	n, ok := decimal(s)
	if !ok || n == 0 {
		return 0, fault.New(fault.Invalid, "A user's id is a number like 123456789012345678.")
	}
	return UserID(n), nil
}

func (u UserID) String() string { return strconv.FormatUint(uint64(u), 10) }

// MarshalText writes the decimal form: a snowflake does not fit into the
// numbers of JavaScript.
func (u UserID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (u *UserID) UnmarshalText(b []byte) (err error) {
	*u, err = ParseUserID(string(b))
	return err
}

func (u UserID) valid() bool { return u > 0 && u < 1<<63 }

// ID names one file: {user}_{unix seconds}_{8 hex digits}. Its text is safe in
// a path, a URL and a custom_id. Knowing it gives nobody access: every
// call asks for the user too.
type ID string

// ParseID accepts exactly what newID makes. The error is the one answer to any
// id that leads nowhere, of kind NotFound.
func ParseID(s string) (ID, error) {
	user, rest, _ := strings.Cut(s, "_")
	unix, random, _ := strings.Cut(rest, "_")
	u, ok := decimal(user)
	_, ok2 := decimal(unix)
	if !ok || !ok2 || u == 0 || len(random) != 8 || strings.Trim(random, "0123456789abcdef") != "" {
		return "", errNotFound()
	}
	return ID(s), nil
}

// User returns the owner that the id names, or 0 for a malformed id.
func (id ID) User() UserID {
	user, _, _ := strings.Cut(string(id), "_")
	n, _ := decimal(user)
	return UserID(n)
}

func newID(user UserID, now time.Time) ID {
	var b [4]byte
	rand.Read(b[:])
	return ID(user.String() + "_" + strconv.FormatInt(now.Unix(), 10) + "_" + hex.EncodeToString(b[:]))
}

// decimal reads a number of up to 63 bits in its shortest form.
func decimal(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil && s[0] >= '0' && (s[0] != '0' || len(s) == 1)
}

func errNotFound() error {
	return fault.New(fault.NotFound, "File not found or expired")
}
