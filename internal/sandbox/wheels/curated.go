package wheels

import (
	_ "embed"
	"strings"
)

//go:embed curated.txt
var curatedText string

// curated holds the distributions that are installed without asking, each with
// the requirement that stands for it where code asks for no certain version, and
// curatedModules the distribution of a module.
var curated, curatedModules = parseCurated(curatedText)

func parseCurated(text string) (names, modules map[string]string) {
	names, modules = map[string]string{}, map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		spec, list, _ := strings.Cut(line, ":")
		name, _, _ := strings.Cut(spec, "==")
		names[name] = spec
		modules[strings.ReplaceAll(name, "-", "_")] = name
		for _, m := range strings.Fields(list) {
			modules[m] = name
		}
	}
	return names, modules
}
