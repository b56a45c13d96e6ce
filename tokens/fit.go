package tokens

// Fit tells whether a request fits into a model's window.
type Fit struct {
	Request Amount // tokens of the request
	Limit   int    // the most that it may have; 0: not known
	Fits    bool   // or nothing is known to the contrary
}

// InputLimit returns the most tokens that a request may have if so many are
// to be left for the answer; 0 if the model's window is unknown, at least 1
// else.
func (m *Model) InputLimit(reserve int) int {
	if m.MaxInput == 0 {
		return 0
	}
	limit := m.MaxInput
	if m.Window > 0 {
		limit = min(limit, m.Window-max(reserve, 0))
	}
	return max(limit, 1)
}

// Fit counts a request and compares it to the model's window. For the answer
// it leaves what the request allows it.
func (m *Model) Fit(req Request) Fit {
	f := Fit{Request: m.CountRequest(req).Total(), Limit: m.InputLimit(req.MaxOutput)}
	f.Fits = f.Limit == 0 || f.Request.Tokens <= f.Limit
	return f
}

// Trim leaves out the oldest messages of a request, as few as possible, so
// that it has at most limit tokens. System and developer messages stay, and so
// does the last message. A tool call goes together with its result, whatever
// is between them. It returns the request changed so, leaving req as it is;
// false if it has more than limit tokens even then.
func (m *Model) Trim(req Request, limit int) (Request, bool) {
	bare := req // what stays, whatever goes
	bare.Messages = nil
	for _, msg := range req.Messages {
		if msg.Role == "system" || msg.Role == "developer" {
			bare.Messages = append(bare.Messages, msg)
		}
	}
	size := m.CountRequest(bare).Total().Tokens
	for _, msg := range bare.Messages {
		size -= m.CountMessage(msg).Total().Tokens
	}
	sizes := make([]int, len(req.Messages))
	for i, msg := range req.Messages {
		sizes[i] = m.CountMessage(msg).Total().Tokens
		size += sizes[i]
	}
	if size <= limit {
		return req, true
	}
	if len(req.Messages) == 0 {
		return req, false
	}
	groups := groupCalls(req.Messages)
	stay := func(i int) bool {
		role := req.Messages[i].Role
		return role == "system" || role == "developer" || groups[i] == groups[len(groups)-1]
	}
	drop := make([]bool, len(req.Messages))
	for i := range req.Messages {
		if size <= limit {
			break
		}
		if drop[i] || stay(i) {
			continue
		}
		for k := range groups {
			if groups[k] == groups[i] {
				drop[k] = true
				size -= sizes[k]
			}
		}
	}
	var kept []Message
	for i, msg := range req.Messages {
		if !drop[i] {
			kept = append(kept, msg)
		}
	}
	req.Messages = kept
	return req, size <= limit
}

// groupCalls numbers messages so that a call has the number of its results.
func groupCalls(messages []Message) []int {
	groups := make([]int, len(messages))
	calls := map[string]int{} // group of the latest call of an id
	for i, m := range messages {
		groups[i] = i
		switch {
		case m.Role == "tool" && m.ToolCallID != "":
			if g, ok := calls[m.ToolCallID]; ok {
				groups[i] = g
			}
		case m.Role == "tool" || m.Role == "function":
			if i > 0 && (len(messages[i-1].ToolCalls) > 0 || messages[i-1].Role == m.Role) {
				groups[i] = groups[i-1]
			}
		}
		for _, c := range m.ToolCalls {
			calls[c.ID] = groups[i]
		}
	}
	return groups
}
