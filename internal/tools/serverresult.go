package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"reflect"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

const (
	maxResultText  = 200_000 // bytes
	maxResultFiles = 20
)

// result makes of a server's answer what the model and the user get. Pictures,
// sound and other bytes become files of the user.
func (t *serverTool) result(ctx context.Context, user files.UserID, res *mcp.CallToolResult) llm.ToolResult {
	r := &resultReader{t: t, user: user, out: llm.ToolResult{Failed: res.IsError}}
	for _, c := range res.Content {
		switch c := c.(type) {
		case *mcp.TextContent:
			r.add(c.Text)
		case *mcp.ImageContent:
			r.save(ctx, "", c.MIMEType, c.Data)
		case *mcp.AudioContent:
			r.save(ctx, "", c.MIMEType, c.Data)
		case *mcp.ResourceLink:
			r.add(brief.Line(strings.Join([]string{c.Name, c.Title, c.Description}, " ")) + "\n" + c.URI)
		case *mcp.EmbeddedResource:
			switch {
			case c.Resource == nil:
			case c.Resource.Blob != nil:
				r.save(ctx, c.Resource.URI, c.Resource.MIMEType, c.Resource.Blob)
			default:
				r.add(c.Resource.URI + "\n" + c.Resource.Text)
			}
		}
	}
	if res.StructuredContent != nil && !r.has(res.StructuredContent) {
		r.add(asJSON(res.StructuredContent))
	}
	text := &r.out.Output
	if res.IsError {
		text = &r.out.Error
	}
	*text = strings.Join(r.texts, "\n\n")
	return r.out
}

// resultReader gathers one result.
type resultReader struct {
	t     *serverTool
	user  files.UserID
	out   llm.ToolResult
	texts []string
	size  int
	files int
}

// add appends a text, as far as there is room.
func (r *resultReader) add(text string) {
	text = strings.TrimRight(strings.ToValidUTF8(text, "\uFFFD"), "\n")
	if text == "" || r.size >= maxResultText {
		return
	}
	if left := maxResultText - r.size; len(text) > left {
		text = brief.Bytes(text, left) + fmt.Sprintf("\n[%d bytes are left out]", len(text)-left)
	}
	r.size += len(text)
	r.texts = append(r.texts, text)
}

// has tells whether one of the texts is this value as JSON, as servers that
// know of older clients send it.
func (r *resultReader) has(value any) bool {
	for _, text := range r.texts {
		var v any
		if json.Unmarshal([]byte(text), &v) == nil && reflect.DeepEqual(v, value) {
			return true
		}
	}
	return false
}

// save keeps bytes as a file of the user's.
func (r *resultReader) save(ctx context.Context, uri, mime string, data []byte) {
	r.files++
	if r.files > maxResultFiles {
		if r.files == maxResultFiles+1 {
			r.add(fmt.Sprintf("Only %d files of a result are kept.", maxResultFiles))
		}
		return
	}
	name := ""
	if u, err := url.Parse(uri); err == nil && uri != "" {
		name = path.Base("/" + u.Path)
	}
	if name == "" || name == "/" || name == "." {
		name = fmt.Sprintf("%s_%d%s", r.t.name, r.files, extension(mime))
	}
	s, err := r.t.s.m.files.Save(ctx, files.Upload{User: r.user, Name: name, Size: int64(len(data)), Body: bytes.NewReader(data), Generated: true})
	if err != nil {
		r.add(fmt.Sprintf("%s was not saved: %s", files.SafeName(name), fault.Message(err)))
		return
	}
	r.out.Files = append(r.out.Files, string(s.ID))
}

// extension returns that of a media type as people know it, or "".
func extension(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	switch strings.ToLower(strings.TrimSpace(mime)) {
	case "image/png":
		return ".png"
	case "image/jpeg":
		return ".jpg"
	case "image/gif":
		return ".gif"
	case "image/webp":
		return ".webp"
	case "image/svg+xml":
		return ".svg"
	case "audio/wav", "audio/x-wav":
		return ".wav"
	case "audio/mpeg":
		return ".mp3"
	case "audio/ogg":
		return ".ogg"
	case "application/pdf":
		return ".pdf"
	case "application/json":
		return ".json"
	case "application/zip":
		return ".zip"
	case "text/csv":
		return ".csv"
	case "text/plain":
		return ".txt"
	}
	return ""
}
