package config

import (
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Secrets returns what of the settings is secret, by their types, and what else the
// environment and the file envFile have under names of secrets (AWS_SECRET_ACCESS_KEY)
// or as passwords in addresses (HTTPS_PROXY).
func (c Config) Secrets(envFile string) (all []string) {
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("env") == "" {
			continue
		}
		switch s := v.Field(i).Interface().(type) {
		case Secret:
			all = append(append(all, string(s)), inAddress(string(s))...)
		case URL:
			all = append(all, inAddress(string(s))...)
		}
	}
	others, _ := readFile(envFile) // which Load has read
	if others == nil {
		others = map[string]string{}
	}
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		others[name] = value
	}
	known := names()
	for name, value := range others {
		if strings.Contains(value, "://") {
			all = append(all, inAddress(value)...)
		} else if secretName.MatchString(name) && !slices.Contains(known, name) && !isPath(name, value) {
			all = append(all, value)
		}
	}
	return all
}

// secretName matches names of what is secret, in the environment and in addresses.
var secretName = regexp.MustCompile(`(?i)(^|_|-)(secret|token|password|passwd|pwd|pass|credentials?|headers|api_?key|access_?key|key|sig|signature)(_|-|$)`)

// isPath tells whether a value is that of the shell's PWD, or a file or folder that is
// there: the place of a secret is none.
func isPath(name, value string) bool {
	if name == "PWD" || name == "OLDPWD" {
		return true
	}
	_, err := os.Stat(value)
	return err == nil && strings.ContainsRune(value, filepath.Separator)
}

// inAddress returns what may be secret in an address: the password, a user without
// one, values of the query under names of secrets, and what looks random in the path.
func inAddress(address string) (all []string) {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return nil
	}
	rest, query, _ := strings.Cut(rest, "?")
	host := rest
	if at := strings.LastIndexByte(rest, '@'); at >= 0 { // a password may have a slash
		user, password, both := strings.Cut(rest[:at], ":")
		if both {
			all = append(all, plain(password), rest[:at])
		} else {
			all = append(all, plain(user))
		}
		host = rest[at+1:]
	}
	_, path, _ := strings.Cut(host, "/")
	for _, part := range strings.Split(path, "/") {
		if random(part) {
			all = append(all, plain(part))
		}
	}
	for _, one := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, named := strings.Cut(one, "=")
		switch {
		case !named && random(one):
			all = append(all, plain(one))
		case secretName.MatchString(name):
			all = append(all, plain(value))
		}
	}
	return all
}

func plain(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		return text
	}
	return s
}

// random tells whether a part of a path looks like a token: letters and figures, in one
// piece or in a long one. Versions, and names of several words such as a model's or a
// database's, do not.
func random(s string) bool {
	if len(s) < 7 || !mixed(s) || version.MatchString(s) {
		return false
	}
	if !words.MatchString(s) {
		return true
	}
	return slices.ContainsFunc(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("._-", r) }), func(piece string) bool {
		return len(piece) >= 10 && mixed(piece)
	})
}

func mixed(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) && strings.ContainsFunc(s, unicode.IsLetter)
}

var (
	version = regexp.MustCompile(`^v[0-9]+((alpha|beta|rc)[0-9]*)?$`)
	words   = regexp.MustCompile(`^[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)+$`)
)
