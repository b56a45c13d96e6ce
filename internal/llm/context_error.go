package llm

import "errors"

// ErrContext is in the tree of an error that says that the request is longer
// than the model's window: a shorter one may succeed.
var ErrContext = errors.New("the request exceeds the model's context window")

// ContextError is such an error. It holds ErrContext.
type ContextError struct {
	Window int   // tokens that the server says it takes at most; 0: it did not say
	Err    error // the refusal
}

func (e *ContextError) Error() string   { return ErrContext.Error() + ": " + e.Err.Error() }
func (e *ContextError) Unwrap() []error { return []error{ErrContext, e.Err} }
