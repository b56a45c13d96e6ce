package stored

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/attachebot/attache/internal/durable"
)

// answersFolder is in a session's folder. Of each answer it has an image, and
// then a record of the same name: without the record it is nothing.
const (
	answersFolder = "answers"
	answerRecord  = ".json"
)

// Answer is what a session was after an answer.
type Answer struct {
	Name    string
	Session Session
	Dir     string `json:"-"` // with its files
	Bytes   int64  `json:"-"`

	id string
}

// NewAnswer is one to be kept of the session in folder dir under an id that nothing
// else has, which begins the names of its files. Its image is to be in Dir.
func NewAnswer(dir, id, name string) (Answer, error) {
	a := Answer{Name: name, Dir: filepath.Join(dir, answersFolder), id: id}
	return a, os.MkdirAll(a.Dir, 0o700)
}

// Answers returns those of the session in folder dir, the oldest first.
func Answers(dir string) []Answer { return answersIn(filepath.Join(dir, answersFolder)) }

// AllAnswers returns those of all sessions, whose folders are in folders of users
// in dir, the oldest first.
func AllAnswers(dir string) []Answer { return answersIn(filepath.Join(dir, "*", "*", answersFolder)) }

func answersIn(pattern string) (all []Answer) {
	records, _ := filepath.Glob(filepath.Join(pattern, "*"+answerRecord))
	for _, record := range records {
		a := Answer{Dir: filepath.Dir(record), id: strings.TrimSuffix(filepath.Base(record), answerRecord)}
		data, err := os.ReadFile(record)
		if err != nil || json.Unmarshal(data, &a) != nil {
			continue
		}
		info, err := os.Stat(filepath.Join(a.Dir, a.Session.Image))
		if err != nil {
			continue
		}
		a.Bytes = info.Size() + int64(len(data))
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Answer) int {
		return cmp.Or(a.Session.SavedAt.Compare(b.Session.SavedAt), strings.Compare(a.id, b.id))
	})
	return all
}

// Keep writes the record of an answer whose image is there, and removes what had
// its name. The caller has the session.
func (a Answer) Keep() error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	record := filepath.Join(a.Dir, a.id+answerRecord)
	if err := durable.Write(record, data); err != nil {
		return err
	}
	var errs []error
	for _, old := range answersIn(a.Dir) {
		if old.Name == a.Name && old.id != a.id {
			errs = append(errs, old.Remove())
		}
	}
	return errors.Join(append(errs, tidyAnswers(a.Dir))...)
}

// Remove removes an answer. Anybody may: whoever restores it has its image open, or
// linked.
func (a Answer) Remove() error {
	err := os.Remove(filepath.Join(a.Dir, a.id+answerRecord))
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = os.RemoveAll(filepath.Join(a.Dir, a.Session.Image))
	}
	return err
}

// tidyAnswers removes what belongs to no answer: what a process left half done.
func tidyAnswers(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	kept := map[string]bool{}
	for _, a := range answersIn(dir) {
		kept[a.id+answerRecord], kept[a.Session.Image] = true, true
	}
	errs := []error{err}
	for _, e := range entries {
		if !kept[e.Name()] {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// settleAnswers waits for the checkpoint of an answer that a process began and did
// not end: gVisor completes it, and a sandbox takes one at a time.
func settleAnswers(ctx context.Context, dir string) error {
	dir = filepath.Join(dir, answersFolder)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			if err := awaitCheckpoint(ctx, filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return tidyAnswers(dir)
}
