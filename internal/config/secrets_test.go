package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What is secret in the settings and beside them is found; regions, models and words
// of addresses are not.
func TestSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(file, []byte("GITHUB_TOKEN=ghp_fromfile\nCOLOUR=purple-blue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTPS_PROXY", "http://me:proxy%2Fword@proxy:3128")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "aws-secret")
	t.Setenv("MYSQL_PWD", "my-sequel-word")
	t.Setenv("PWD", "/srv/where-it-runs")
	t.Setenv("SSL_KEY_FILE", file)
	t.Setenv("MIRROR", "https://mirror.example.com/openai/deployments/gpt-4o-mini-2024-07-18/v1beta1")
	t.Setenv("FEED", "https://feed.example.com/hunter2/550e8400-e29b-41d4-a716-446655440a00")
	t.Setenv("OTHER_DATABASE", "mongodb://db.example.com/attache2_test")
	t.Setenv("HOOK", "https://hooks.example.com/services/T00000000/B00000000/xXx9yYy8zZz7/d41d8cd98f00b204e9800998ecf8427e")
	c, err := parse(t, map[string]string{"DISCORD_TOKEN": "the-token", "BUCKET_URL": "s3://bucket1?region=eu-central-1&secret=s3cret99",
		"UV_DEFAULT_INDEX": "https://me:ind%2Fex1@index.example.com/abc123xyz/simple", "OPENAI_BASE_URL": "https://justtoken@host.example.com/openai/v1", "OPENAI_MODEL": "gpt-5.4-mini"})
	if err != nil {
		t.Fatal(err)
	}
	all := c.Secrets(file)
	for _, want := range []string{"ghp_fromfile", "proxy/word", "aws-secret", "the-token", "s3cret99", "ind/ex1", "abc123xyz", "justtoken", "my-sequel-word", "xXx9yYy8zZz7", "d41d8cd98f00b204e9800998ecf8427e", "hunter2", "550e8400-e29b-41d4-a716-446655440a00"} {
		if !slices.Contains(all, want) {
			t.Errorf("%s is not found in %q", want, all)
		}
	}
	for _, other := range []string{"purple-blue", "eu-central-1", "me", "simple", "openai", "gpt-5.4-mini", "index.example.com", "bucket1", "/srv/where-it-runs", file, "gpt-4o-mini-2024-07-18", "v1beta1", "attache2_test"} {
		if slices.Contains(all, other) {
			t.Errorf("%s is taken for a secret", other)
		}
	}
}
