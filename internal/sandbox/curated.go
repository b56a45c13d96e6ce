package sandbox

import (
	_ "embed"
	"strings"
)

//go:embed curated.txt
var curatedText string

// curated holds the distributions that are installed without asking, and
// curatedModules the distribution of a module.
var curated, curatedModules = parseCurated(curatedText)

func parseCurated(text string) (map[string]bool, map[string]string) {
	names, modules := map[string]bool{}, map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, list, _ := strings.Cut(line, ":")
		names[name] = true
		modules[strings.ReplaceAll(name, "-", "_")] = name
		for _, m := range strings.Fields(list) {
			modules[m] = name
		}
	}
	return names, modules
}
