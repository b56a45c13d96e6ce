package refusal

import (
	"testing"
	"testing/synctest"
	"time"
)

// What was learned of one model is of no other, and forgotten by itself: sooner
// what people would miss.
func TestMemoryForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Memory
		m.Learn("a", []Limits{{Lack: LackTools}, {Lack: LackImages}, {Lack: LackUser}})
		check := func(model string, tools, images, user bool) {
			t.Helper()
			l := m.Limits(model)
			if l.Has(LackTools) != tools || l.Has(LackImages) != images || l.Has(LackUser) != user {
				t.Errorf("%s lacks %b", model, l.Lack)
			}
		}
		check("a", true, true, true)
		check("b", false, false, false)
		time.Sleep(missMemory)
		check("a", false, false, true)
		m.Learn("a", []Limits{{Lack: LackTools}})
		check("a", true, false, true)
		time.Sleep(lackMemory)
		check("a", false, false, false)
	})
}
