package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Processes that start at once agree on the folder's name, which stays, and
// what a crash or a full disk left of one is replaced.
func TestInstanceID(t *testing.T) {
	dir := t.TempDir()
	ids := make([]string, 20)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			var err error
			if ids[i], err = instanceID(dir); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if len(id) != 16 || id != ids[0] {
			t.Fatalf("%q", ids)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "instance"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := instanceID(dir)
	if kept, err2 := instanceID(dir); err != nil || err2 != nil || len(made) != 16 || made == ids[0] || kept != made {
		t.Errorf("%q, then %q (%v, %v)", made, kept, err, err2)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".instance-*")); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}
