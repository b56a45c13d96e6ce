// Package lenient reads and writes JSON as servers of models have it: a string
// where an object belongs, an object with fields that nobody has heard of.
package lenient

import (
	"encoding/json"
	"strconv"
)

// Text is a JSON value as text: a string without its quotes, null as nothing,
// anything else as it is written.
func Text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// String is a string, or any other JSON value as it is written; null is "".
type String string

// UnmarshalJSON implements json.Unmarshaler.
func (s *String) UnmarshalJSON(b []byte) error {
	*s = String(Text(b))
	return nil
}

// Int is a whole number, also as 5.0 or "5"; anything else is 0.
type Int int

// UnmarshalJSON implements json.Unmarshaler.
func (n *Int) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(Text(b), 64)
	if err != nil || f != f || f > 1<<50 || f < -1<<50 {
		f = 0
	}
	*n = Int(f)
	return nil
}

// JSON writes v; what can't be written is null.
func JSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}

// With returns an object with fields replaced; nil takes one away. What is no
// object is returned as it is.
func With(raw json.RawMessage, fields map[string]any) json.RawMessage {
	var obj map[string]json.RawMessage
	if json.Unmarshal(raw, &obj) != nil || obj == nil {
		return raw
	}
	for k, v := range fields {
		if obj[k] = JSON(v); v == nil {
			delete(obj, k)
		}
	}
	return JSON(obj)
}
