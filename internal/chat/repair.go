package chat

import (
	"encoding/json"
)

func repairArguments(args string, schema json.RawMessage) (string, bool) {
	var m map[string]any
	return args, json.Unmarshal([]byte(args), &m) == nil
}
