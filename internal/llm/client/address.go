package client

import (
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/refusal"
)

// address is where a server is, and what is known about it from that.
type address struct {
	base    string            // of the API, with a slash at its end
	query   map[string]string // of every request: Azure's api-version
	root    string            // of the server itself
	host    string
	azure   bool
	claude  bool // it speaks Anthropic's Messages API
	private bool // on this machine or in a private network
	unknown bool // nobody's API that is known: its parsers may be missing
}

// known are the servers whose path is not /v1, by the end of their host's name;
// those of a known provider set thoughts and calls apart by themselves.
var known = map[string]string{
	"api.openai.com":                    "/v1",
	"openai.azure.com":                  "/openai/v1",
	"services.ai.azure.com":             "/openai/v1",
	"cognitiveservices.azure.com":       "/openai/v1",
	"openrouter.ai":                     "/api/v1",
	"generativelanguage.googleapis.com": "/v1beta/openai",
	"api.groq.com":                      "/openai/v1",
	"api.anthropic.com":                 "/v1",
	"api.mistral.ai":                    "/v1",
	"api.deepseek.com":                  "/v1",
	"api.moonshot.ai":                   "/v1",
	"api.moonshot.cn":                   "/v1",
	"api.x.ai":                          "/v1",
	"api.cerebras.ai":                   "/v1",
	"api.perplexity.ai":                 "",
	"api.together.xyz":                  "/v1",
	"api.fireworks.ai":                  "/inference/v1",
	"dashscope.aliyuncs.com":            "/compatible-mode/v1",
	"dashscope-intl.aliyuncs.com":       "/compatible-mode/v1",
	"api.z.ai":                          "/api/paas/v4",
	"open.bigmodel.cn":                  "/api/paas/v4",
}

// parseAddress reads a base URL as people give it: with or without /v1, with a
// slash at the end, or the whole address of an endpoint.
func parseAddress(s string) (address, error) {
	if s == "" {
		s = DefaultBaseURL
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return address{}, fault.New(fault.Invalid, "OPENAI_BASE_URL must be a http or https address such as %s.", DefaultBaseURL)
	}
	a := address{host: strings.ToLower(u.Hostname()), unknown: true, query: map[string]string{}}
	path := strings.TrimRight(u.Path, "/")
	a.claude = strings.HasSuffix(a.host, "api.anthropic.com") || strings.HasSuffix(path, "/messages") || strings.HasSuffix(path, "/anthropic")
	for _, end := range []string{"/chat/completions", "/completions", "/responses", "/messages", "/models"} {
		path = strings.TrimSuffix(path, end)
	}
	standard := "/v1"
	for host, p := range known {
		if a.host == host || strings.HasSuffix(a.host, "."+host) {
			a.unknown, standard = false, p
		}
	}
	a.azure = strings.HasSuffix(a.host, ".azure.com")
	for name, values := range u.Query() {
		a.query[name] = values[0]
	}
	switch {
	case path == "" && a.azure && a.query["api-version"] != "" && a.query["api-version"] != "preview":
		path = "/openai"
	case path == "" || path == "/openai" && a.azure && a.query["api-version"] == "":
		path = standard
	case strings.HasSuffix(path, "/anthropic"):
		path += "/v1" // DeepSeek's, Moonshot's, Z.ai's
	}
	a.private = private(a.host)
	a.root = u.Scheme + "://" + u.Host
	a.base = a.root + path + "/"
	if u.User != nil {
		base := *u
		base.Path, base.RawQuery, base.Fragment = path+"/", "", ""
		a.base = base.String()
	}
	return a, nil
}

// private reports whether a host is this machine or in a network of one's own.
func private(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		_, cgnat, _ := net.ParseCIDR("100.64.0.0/10")
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || cgnat.Contains(ip)
	}
	for _, end := range []string{"localhost", ".local", ".lan", ".internal", ".home", ".home.arpa", ".intranet"} {
		if host == strings.TrimPrefix(end, ".") || strings.HasSuffix(host, "."+strings.TrimPrefix(end, ".")) {
			return true
		}
	}
	return !strings.Contains(host, ".") // a name of a container or of the local network
}

// path is the path of an endpoint. With its api-version, Azure has one for each
// deployment.
func (a address) path(model, endpoint string) string {
	if a.azure && strings.HasSuffix(a.base, "/openai/") && model != "" {
		return "deployments/" + url.PathEscape(model) + "/" + endpoint
	}
	return endpoint
}

// header are the headers of every request beside the bearer's.
func (a address) header(key string, api llm.API) map[string]string {
	h := map[string]string{}
	if api == llm.Messages {
		h["anthropic-version"] = "2023-06-01"
	}
	switch {
	case key == "":
	case a.azure:
		h["api-key"] = key
	case api == llm.Messages:
		h["x-api-key"] = key
	}
	return h
}

var (
	// Models of OpenAI that call tools through the Responses API alone, or that
	// have no other.
	needsResponses = regexp.MustCompile(`^gpt-(5\.[5-9]|[6-9]|[1-9]\d)|codex|^(gpt-|o\d).*-pro\b|deep-research`)
	effortNeedsIt  = regexp.MustCompile(`^(gpt-5|o\d)`)
)

// limits are what is known of a model before the first request.
func (a address) limits(req llm.Request, api llm.API) refusal.Limits {
	var l refusal.Limits
	switch api {
	case llm.Chat:
		l.Lack |= refusal.LackResponses
	case llm.Responses:
		l.Lack |= refusal.LackChat
	case llm.Messages:
		l.Lack |= refusal.LackOrder
		return l
	}
	if a.host != "api.openai.com" {
		l.Lack |= refusal.PreferMaxTokens // the older name is the one that other servers have in common
	}
	openai := a.host == "api.openai.com" || a.azure
	if openai && (needsResponses.MatchString(req.Model) || req.Effort != "" && len(req.Tools) > 0 && effortNeedsIt.MatchString(req.Model)) {
		l.Lack |= refusal.LackChat
	}
	if a.azure && strings.HasSuffix(a.base, "/openai/") || a.azure && strings.Contains(a.base, "/deployments/") {
		l.Lack |= refusal.LackResponses // they have it at /openai/v1
	}
	switch {
	case strings.HasSuffix(a.host, "mistral.ai"):
		l.Lack |= refusal.LackUser | refusal.LackStreamOptions | refusal.LackOrder
	case strings.HasSuffix(a.host, "anthropic.com"):
		l.Lack |= refusal.LackUser
	}
	return l
}

// apiFor is the API that a model is asked through, at a server that is spoken to
// as set.
func apiFor(l refusal.Limits, set llm.API) llm.API {
	switch {
	case set == llm.Messages:
		return llm.Messages
	case l.Has(refusal.LackChat) && !l.Has(refusal.LackResponses):
		return llm.Responses
	}
	return llm.Chat
}
