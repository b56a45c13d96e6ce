package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Example returns the text of .env.example: every variable with its
// description and default.
func Example() string {
	var b strings.Builder
	b.WriteString("# Settings of Attaché. Copy this file to .env and change what you need; a value\n" +
		"# in the environment wins over one here. Made by `go generate ./internal/config`.\n" +
		"#\n" +
		"# A change of this file is taken while serve runs, within seconds or at SIGHUP,\n" +
		"# but for the settings at which it says that they need a restart.\n")
	for _, f := range settings() {
		name := f.Tag.Get("env")
		if g := f.Tag.Get("group"); g != "" {
			fmt.Fprintf(&b, "\n# ----- %s -----\n", g)
		}
		b.WriteString("\n")
		for _, line := range wrap(f.Tag.Get("doc"), 78) {
			fmt.Fprintf(&b, "# %s\n", line)
		}
		if list := f.Tag.Get("oneof"); list != "" {
			fmt.Fprintf(&b, "# One of: %s\n", strings.Join(strings.Fields(list), ", "))
		}
		if f.Tag.Get("live") == "" {
			b.WriteString("# Needs a restart.\n")
		}
		fmt.Fprintf(&b, "#%s=%s\n", name, f.Tag.Get("default"))
	}
	return b.String()
}

// settings are the fields of the settings, in their order.
func settings() (all []reflect.StructField) {
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("env") != "" {
			all = append(all, f)
		}
	}
	return all
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(text) {
		if line != "" && len(line)+1+len(w) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}

// Table returns the text of docs/settings.md: every setting in a table.
func Table() string {
	var b strings.Builder
	b.WriteString("# Settings\n\n" +
		"<!-- Made by `go generate ./internal/config`. -->\n\n" +
		"They stand in `.env` or in the environment, which wins. What is marked live is taken [while `serve` runs](hosting.md#changing-settings);\n" +
		"the others need a restart.\n")
	for _, f := range settings() {
		name := f.Tag.Get("env")
		if g := f.Tag.Get("group"); g != "" {
			fmt.Fprintf(&b, "\n## %s\n\n| setting | default | live | what |\n|---|---|---|---|\n", g)
		}
		def, live, doc := "", "", f.Tag.Get("doc")
		if d := f.Tag.Get("default"); d != "" {
			def = "`" + d + "`"
		}
		if f.Tag.Get("live") != "" {
			live = "live"
		}
		if list := f.Tag.Get("oneof"); list != "" {
			doc += " One of `" + strings.Join(strings.Fields(list), "`, `") + "`."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, def, live, strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(doc))
	}
	return b.String()
}
