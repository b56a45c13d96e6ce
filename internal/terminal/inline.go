package terminal

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
)

// protocol is how a terminal shows pictures.
type protocol int

const (
	noPictures protocol = iota
	kitty               // https://sw.kovidgoyal.net/kitty/graphics-protocol/: kitty, Ghostty, Konsole
	iterm               // https://iterm2.com/documentation-images.html: iTerm2, WezTerm, VS Code
	sixel               // foot, xterm -ti vt340, mlterm, Windows Terminal, and tmux within one of them
)

// pictures tells how the terminal that getenv describes shows them, as far as its
// name tells. Within tmux and screen it is unknown what is outside.
func pictures(getenv func(string) string) protocol {
	program, name := getenv("TERM_PROGRAM"), getenv("TERM")
	switch {
	case getenv("TMUX") != "" || strings.HasPrefix(name, "screen") || strings.HasPrefix(name, "tmux"):
		return noPictures
	case getenv("KITTY_WINDOW_ID") != "" || name == "xterm-kitty" || name == "xterm-ghostty" || program == "ghostty" || getenv("KONSOLE_VERSION") != "":
		return kitty
	case program == "iTerm.app" || program == "WezTerm" || program == "vscode" || getenv("LC_TERMINAL") == "iTerm2":
		return iterm
	}
	return noPictures
}

// largestPicture is how many bytes of a PNG are sent to a terminal.
const largestPicture = 4 << 20

// showPicture writes a PNG to the terminal out, in the protocol of it.
func showPicture(out *os.File, p protocol, png io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(png, largestPicture+1))
	if err != nil || len(data) > largestPicture {
		return err
	}
	_, err = io.WriteString(out, encodePicture(p, data, pixels(out)))
	return err
}

// encodePicture is what makes a terminal show a PNG; width is that of its window, in
// pixels, where the protocol leaves it to us.
func encodePicture(p protocol, png []byte, width int) string {
	text := base64.StdEncoding.EncodeToString(png)
	var b strings.Builder
	switch p {
	case kitty: // in pieces of 4,096 at most; f=100: PNG, a=T: show it, q=2: answer nothing
		control := "f=100,a=T,q=2,"
		for len(text) > 0 {
			piece := text[:min(4096, len(text))]
			text = text[len(piece):]
			more := 0
			if text != "" {
				more = 1
			}
			fmt.Fprintf(&b, "\x1b_G%sm=%d;%s\x1b\\", control, more, piece)
			control = ""
		}
		b.WriteByte('\n')
	case sixel:
		if text := encodeSixel(png, width); text != "" {
			return text + "\n"
		}
	case iterm:
		fmt.Fprintf(&b, "\x1b]1337;File=inline=1;size=%d;width=60%%;preserveAspectRatio=1:%s\a\n", len(png), text)
	}
	return b.String()
}
