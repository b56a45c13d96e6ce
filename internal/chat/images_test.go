package chat

import (
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/llm"
)

func TestImageCacheIsBounded(t *testing.T) {
	var c imageCache
	now := time.Now()
	for i := range 100 {
		c.put(&llm.Image{FileID: strings.Repeat("x", i+1), Data: make([]byte, 1<<20)})
		c.get("x", now) // stays fresh
	}
	first, _ := c.get("x", now)
	second, _ := c.get("xx", now)
	if first == nil || second != nil || c.bytes > maxCache || len(c.images) > 20 {
		t.Errorf("%d images, %d bytes", len(c.images), c.bytes)
	}
}

// What took too long is tried again later, what is damaged is not.
func TestBadImagesAreRemembered(t *testing.T) {
	var c imageCache
	now := time.Now()
	c.refuse("slow", errSlowImage, now.Add(slowMemory))
	c.refuse("bad", errNoTurn, time.Time{})
	for _, at := range []time.Duration{0, slowMemory - 1, slowMemory, 100 * time.Hour} {
		_, slow := c.get("slow", now.Add(at))
		_, bad := c.get("bad", now.Add(at))
		if (slow != nil) != (at < slowMemory) || bad == nil {
			t.Errorf("after %v: %v, %v", at, slow, bad)
		}
	}
}
