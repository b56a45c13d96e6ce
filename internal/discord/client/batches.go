package client

// Batches divides files into what one message may have.
func Batches(all []Upload) (out [][]Upload) {
	size := int64(0)
	for _, u := range all {
		n := len(out)
		if n == 0 || len(out[n-1]) >= MaxFiles || size+u.Size > MaxRequest {
			out, size = append(out, nil), 0
			n++
		}
		out[n-1] = append(out[n-1], u)
		size += u.Size
	}
	return out
}

// WithoutFiles takes the files out of posts.
func WithoutFiles(posts []Post) (rest []Post, files []Upload) {
	for _, p := range posts {
		files = append(files, p.Files...)
		if p.Files = nil; p.Text != "" {
			rest = append(rest, p)
		}
	}
	if n := len(posts); len(rest) > 0 {
		rest[len(rest)-1].Rows = posts[n-1].Rows
	}
	return rest, files
}
