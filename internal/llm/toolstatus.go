package llm

import "github.com/attachebot/attache/internal/locale"

// ToolStatus is what a running tool does, or waits for. Front ends show its
// Emoji and its String, or word it themselves.
type ToolStatus struct {
	State  ToolState `json:"state"`
	Detail string    `json:"detail,omitempty"` // see the states
	Place  int       `json:"place,omitempty"`  // in the queue: 1 is next
}

// ToolState is a stage of a tool's call.
type ToolState string

// The states of a call.
const (
	ToolQueued     ToolState = "queued"     // waits for a sandbox; Place is set
	ToolStarting   ToolState = "starting"   // Python starts
	ToolRestoring  ToolState = "restoring"  // the session is restored
	ToolInstalling ToolState = "installing" // Detail: the packages
	ToolRunning    ToolState = "running"    // Detail: the tool; empty for Python code
	ToolWorking    ToolState = "working"    // Detail: what it does, in the tool's words
)

// StatusOf is the status of a call that has not said anything yet.
func StatusOf(c ToolCall) ToolStatus {
	if c.Name == PythonTool {
		return ToolStatus{State: ToolRunning}
	}
	return ToolStatus{State: ToolRunning, Detail: c.Name}
}

// String is Text in English.
func (s ToolStatus) String() string { return s.Text(nil) }

// Text words the status for people, in a few words.
func (s ToolStatus) Text(l *locale.Language) string {
	switch s.State {
	case ToolQueued:
		return l.T("Waiting for a sandbox, place %d", s.Place)
	case ToolStarting:
		return l.T("Starting Python")
	case ToolRestoring:
		return l.T("Restoring the session")
	case ToolInstalling:
		return l.T("Installing %s", s.Detail)
	case ToolRunning:
		if s.Detail == "" {
			return l.T("Running Python")
		}
		return l.T("Running %s", s.Detail)
	}
	return s.Detail
}

// Emoji is a picture for the status.
func (s ToolStatus) Emoji() string {
	switch s.State {
	case ToolQueued:
		return "⏳"
	case ToolStarting:
		return "🐍"
	case ToolRestoring:
		return "♻️"
	case ToolInstalling:
		return "📦"
	case ToolRunning:
		if s.Detail == "" {
			return "🐍"
		}
		return "🔧"
	}
	return "⚙️"
}
