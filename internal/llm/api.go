package llm

// API is a way to speak to a server.
type API string

const (
	Auto      API = "auto" // by the address, the model, and what the server says
	Chat      API = "chat" // chat completions
	Responses API = "responses"
	Messages  API = "messages" // Anthropic's
)
