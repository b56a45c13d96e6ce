package discordtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkCreateMessage is what the emulator costs a load test for each message of the bot, over HTTP,
// with and without validation.
func BenchmarkCreateMessage(b *testing.B) {
	for _, schemas := range []bool{true, false} {
		b.Run(fmt.Sprintf("schemas=%v", schemas), func(b *testing.B) {
			s := &Server{NoRateLimits: true, Forget: true, SkipSchemas: !schemas}
			defer s.Close()
			guild := s.AddGuild("Acme")
			path := fmt.Sprintf("%s/channels/%d/messages", s.RESTURL(), guild.Channel("general").ID)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
			defer client.CloseIdleConnections()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					req, _ := http.NewRequest("POST", path, strings.NewReader(`{"content":"hello","components":[{"type":1,"components":[{"type":2,"style":1,"label":"b","custom_id":"a"}]}]}`))
					req.Header.Set("Content-Type", "application/json")
					req.Header.Set("Authorization", "Bot "+s.Token())
					res, err := client.Do(req)
					if err != nil || res.StatusCode != 200 {
						b.Error(err)
						return
					}
					res.Body.Close()
				}
			})
		})
	}
}

// BenchmarkAwait is the time from an edit to the return of AwaitMessage, with 200 waiters in other channels.
func BenchmarkAwait(b *testing.B) {
	s := &Server{NoRateLimits: true, Forget: true, SkipSchemas: true}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	guild := s.AddGuild("Acme")
	anna := s.AddUser("anna")
	guild.AddMember(anna)
	for i := range 200 {
		c := guild.AddChannel(fmt.Sprint("c", i))
		go s.AwaitMessage(ctx, c, FromBot)
	}
	c := guild.Channel("general")
	m, err := anna.Send(c, "0")
	if err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	for b.Loop() {
		text := fmt.Sprint(n.Add(1))
		done := make(chan error)
		go func() {
			_, err := s.AwaitMessage(ctx, c, func(m Message) bool { return m.Content == text })
			done <- err
		}()
		if _, err := anna.Edit(m, text); err != nil {
			b.Fatal(err)
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}
