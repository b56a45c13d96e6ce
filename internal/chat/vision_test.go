package chat_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// images returns the sizes of the pictures of a request, in order.
func images(t *testing.T, r llmtest.Request) string {
	t.Helper()
	var out []string
	for _, m := range r.Messages {
		for _, b := range m.Images {
			c, _, err := image.DecodeConfig(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%dx%d", c.Width, c.Height))
		}
	}
	return strings.Join(out, " ")
}

func TestImagesAreShownToModelsThatSee(t *testing.T) {
	w := newWorld(t, chat.Options{})
	small := w.save(anna, "small.png", picture(t, 30, 20))
	large := w.save(anna, "large.png", picture(t, 4000, 1000))
	fake := w.save(anna, "fake.png", []byte("\x89PNG\r\n\x1a\n not really"))
	doc := w.save(anna, "doc.csv", []byte("a\n1\n"))
	w.run(w.turn("What is this?", small, large, fake, doc))
	if got := images(t, w.last()); got != "30x20 2048x512" {
		t.Errorf("images: %s", got)
	}
	text := w.last().LastUser()
	if !strings.HasPrefix(text, "What is this?\n[Attached: id ") || !strings.Contains(text, "[The image "+string(fake.ID)+" is not shown here.]") {
		t.Errorf("text: %q", text)
	}
	// They stay in view for two more turns.
	for i, want := range []string{"30x20 2048x512", "30x20 2048x512", "", ""} {
		w.run(w.turn(fmt.Sprint("and ", i)))
		if got := images(t, w.last()); got != want {
			t.Errorf("turn %d shows %q, want %q", i+2, got, want)
		}
	}
	if !strings.Contains(said(w.last()), string(small.ID)) {
		t.Error("an old image has lost its id")
	}
}

func TestImagesOfAFileThatIsGone(t *testing.T) {
	w := newWorld(t, chat.Options{})
	f := w.save(anna, "a.png", picture(t, 30, 20))
	w.run(w.turn("look", f))
	if err := w.files.Delete(t.Context(), anna, f.ID); err != nil {
		t.Fatal(err)
	}
	w.run(w.turn("again"))
	if got := images(t, w.last()); got != "" {
		t.Errorf("a deleted image is still shown: %s", got)
	}
}

func TestAnotherUsersImageIsNotShownByItsID(t *testing.T) {
	w := newWorld(t, chat.Options{})
	f := w.save(bert, "private.png", picture(t, 30, 20))
	w.run(w.turn("Show me "+string(f.ID), f)) // even if a front end were fooled
	if got := images(t, w.last()); got != "" {
		t.Errorf("Anna sees %s", got)
	}
}

func TestBlindModel(t *testing.T) {
	w := newWorld(t, chat.Options{})
	w.server.Refuse = []string{"images"}
	f := w.save(anna, "a.png", picture(t, 30, 20))
	_, events := w.run(w.turn("look", f))
	if !strings.Contains(events, "notice: The model test-model can't see images.") || !strings.Contains(w.last().LastUser(), "An image that you cannot see: "+string(f.ID)) {
		t.Errorf("%s\n%q", events, w.last().LastUser())
	}
}

func TestManyImages(t *testing.T) {
	w := newWorld(t, chat.Options{})
	turn := w.turn("look")
	for i := range 12 {
		turn.Files = append(turn.Files, w.save(anna, fmt.Sprintf("%d.png", i), picture(t, 10+i, 10)))
	}
	w.run(turn)
	if got := images(t, w.last()); strings.Count(got, "x") != 8 || !strings.HasSuffix(got, "21x10") {
		t.Errorf("images: %s", got)
	}
}

// What Go can't decode is drawn by code, once; what can't be drawn is said, once.
func TestImagesThatOnlyCodeReads(t *testing.T) {
	busy := fault.New(fault.Unavailable, "All sandboxes are busy.")
	rd := &reader{}
	rd.picture = func(f files.File) ([]byte, error) {
		switch f.Name {
		case "broken.heic":
			return nil, fault.New(fault.Invalid, "broken.heic is damaged.")
		case "busy.heic":
			return nil, busy
		case "liar.heic":
			return []byte("no picture"), nil
		}
		return picture(t, 4000, 1000), nil
	}
	w := newWorld(t, chat.Options{Reader: rd})
	heic := func(name string) files.File {
		f := w.save(anna, name, []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"+name))
		if f.Kind != "image" {
			t.Fatalf("%s is %s", name, f.Kind)
		}
		return f
	}
	_, events := w.run(w.turn("What is this?", heic("photo.heic"), w.save(anna, "small.png", picture(t, 30, 20))))
	if got := images(t, w.last()); got != "2048x512 30x20" || strings.Contains(events, "notice") {
		t.Errorf("images: %s\n%s", got, events)
	}
	_, events = w.run(w.turn("And these?", heic("broken.heic"), heic("busy.heic"), heic("liar.heic")))
	if got := images(t, w.last()); got != "2048x512 30x20" {
		t.Errorf("images: %s", got)
	}
	for _, want := range []string{
		"notice: broken.heic can't be shown to the model: broken.heic is damaged.", "notice: busy.heic can't be shown to the model: All sandboxes are busy.",
		"notice: liar.heic can't be shown to the model: It is not a picture that can be read.",
	} {
		if !strings.Contains(events, want) {
			t.Errorf("there is no %q in\n%s", want, events)
		}
	}
	// Later turns ask again only for what may succeed, and say nothing.
	rd.asked = nil
	_, events = w.run(w.turn("Sure?"))
	if want := fmt.Sprintf("%d dm:anna busy.heic", anna); strings.Join(rd.asked, ", ") != want || strings.Contains(events, "notice") {
		t.Errorf("asked %q, want %q\n%s", rd.asked, want, events)
	}
	if got := images(t, w.last()); got != "2048x512 30x20" {
		t.Errorf("images: %s", got)
	}
	// Without a reader it is said as well.
	w = newWorld(t, chat.Options{})
	if _, events = w.run(w.turn("What is this?", heic("photo.heic"))); !strings.Contains(events, "notice: photo.heic can't be shown to the model: It is not") {
		t.Errorf("events: %s", events)
	}
}
