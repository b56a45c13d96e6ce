package chat

import (
	"context"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

type imageCache struct{}

func isImage(f files.File) bool { return f.Kind == "image" }

func (r *run) loadImages(ctx context.Context) { r.images = map[string]*llm.Image{} }
