package pending

import (
	"sync"
	"time"

	"github.com/disgoorg/snowflake/v2"
)

// Expiries end the confirmations that nobody gave, each once, by the message
// that asks for it.
type Expiries struct {
	mu     sync.Mutex
	timers map[snowflake.ID]*time.Timer
	closed bool
}

// After calls do after d, unless the message is used before.
func (e *Expiries) After(message snowflake.ID, d time.Duration, do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	if e.timers == nil {
		e.timers = map[snowflake.ID]*time.Timer{}
	}
	if old := e.timers[message]; old != nil {
		old.Stop()
	}
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		e.mu.Lock()
		mine := e.timers[message] == t && !e.closed
		if mine {
			delete(e.timers, message)
		}
		e.mu.Unlock()
		if mine {
			do()
		}
	})
	e.timers[message] = t
}

// Cancel leaves out what would be done for a message.
func (e *Expiries) Cancel(message snowflake.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.timers[message]; t != nil {
		t.Stop()
		delete(e.timers, message)
	}
}

// StopAll leaves out all, from now on.
func (e *Expiries) StopAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, t := range e.timers {
		t.Stop()
	}
	clear(e.timers)
}
