package larkbot_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/internal/emulator"
)

// BenchmarkEvents sends 200 messages a second from 200 people and measures the
// time from the event to its acknowledgement and to the answer on the platform:
// `go test ./bot/larkbot -run xxx -bench Events -benchtime 12000x` is a minute.
func BenchmarkEvents(b *testing.B) {
	w, d := open(b, emulator.LarkOptions{NoLimits: true}, false, func(o *larkbot.Options) { o.Unlimited = true })
	d.answer = func(req *bot.Req) bot.Reply { return bot.Say("re " + req.Text) }
	for i := range 200 {
		w.lark.AddPerson(emulator.LarkPerson{OpenID: fmt.Sprintf("ou_p%03d", i), Name: "p"})
	}
	var mu sync.Mutex
	var acks, answers []time.Duration
	sent := map[string]time.Time{}
	cancel := w.lark.Watch(func(m emulator.LarkMessage) {
		mu.Lock()
		defer mu.Unlock()
		if at, ok := sent[m.Text()]; ok {
			answers = append(answers, time.Since(at))
		}
	})
	defer cancel()
	var wg sync.WaitGroup
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	b.ResetTimer()
	for i := range b.N {
		<-tick.C
		text := fmt.Sprint("message ", i)
		start := time.Now()
		mu.Lock()
		sent["re "+text] = start
		mu.Unlock()
		e, err := w.lark.Send(emulator.LarkIncoming{Person: fmt.Sprintf("ou_p%03d", i%200), Text: text})
		if err != nil {
			b.Fatal(err)
		}
		wg.Go(func() {
			if _, ok, err := e.Wait(b.Context()); ok && err == nil {
				took := time.Since(start)
				mu.Lock()
				acks = append(acks, took)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	mu.Lock()
	defer mu.Unlock()
	if len(acks) != b.N || len(answers) != b.N {
		b.Fatalf("%d of %d acknowledged, %d answered", len(acks), b.N, len(answers))
	}
	for name, list := range map[string][]time.Duration{"ack": acks, "answer": answers} {
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds())/1000, name+"_p50_ms")
		b.ReportMetric(float64(list[len(list)*99/100].Microseconds())/1000, name+"_p99_ms")
	}
	b.ReportMetric(0, "ns/op")
}
