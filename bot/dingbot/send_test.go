package dingbot_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/dingbot"
	"crmbot/cards/card"
	"crmbot/internal/emulator"
)

func TestAnswersCostNoAPICallWhileTheSessionLasts(t *testing.T) {
	w, d := open(t, emulator.DingOptions{})
	g := w.ding.AddGroup("sales", "ann", "bob")
	d.answers(func(*bot.Req) bot.Reply { return bot.Say("answer") })
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "1"})
	wait(t, "an answer", func() bool { return len(w.said(w.ann())) == 1 })
	w.deliver(emulator.DingIncoming{Person: "ann", Chat: g, Text: "@bot 2"})
	wait(t, "an answer in the group", func() bool { return len(w.said(g)) == 1 })
	if w.calls(apiSession) != 2 || w.calls(apiPerson)+w.calls(apiGroup) != 0 {
		t.Errorf("%d by session, %d and %d by the API", w.calls(apiSession), w.calls(apiPerson), w.calls(apiGroup))
	}
	w.ding.ExpireSessions()
	d.answers(nil)
	w.sends(bot.Outgoing{User: "ann", Text: "proactive", Key: "p1"})
	w.sends(bot.Outgoing{Chat: g, Text: "proactive", Key: "p2"})
	if w.calls(apiPerson) != 1 || w.calls(apiGroup) != 1 {
		t.Error("not sent by the API after the session ended")
	}
	w.ding.ExpireSessions()
	w.sends(bot.Outgoing{User: "ann", Text: "again", Key: "p3"})
	if n := w.calls(apiSession); n != 4 { // one refusal for each chat, remembered
		t.Errorf("%d tries by session", n)
	}
}

func TestRefusalsInsideSuccessAreSeen(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	ctx := t.Context()
	b := w.current()
	c := simple("Card")
	if _, err := b.Send(ctx, bot.Outgoing{User: "nobody", Text: "x", Key: "1"}); !permanent(err) {
		t.Errorf("a text to nobody: %v", err)
	}
	if _, err := b.Send(ctx, bot.Outgoing{User: "nobody", Card: &c, Key: "2"}); !permanent(err) {
		t.Errorf("a card to nobody: %v", err)
	}
	w.ding.Break(emulator.Fault{API: "FLOW ann", Kind: emulator.Refused, Times: 1})
	if _, err := b.Send(ctx, bot.Outgoing{User: "ann", Text: "x", Key: "3"}); throttled(err) == 0 {
		t.Errorf("slowed down: %v", err)
	}
	w.sends(bot.Outgoing{User: "ann", Text: "x", Key: "3"})
	g := w.ding.AddGroup("g", "ann")
	w.ding.SetGroup(g, func(g *emulator.DingGroup) { g.Gone = true })
	if _, err := b.Send(ctx, bot.Outgoing{Chat: g, Text: "x", Key: "4"}); !permanent(err) {
		t.Errorf("a dissolved group: %v", err)
	}
	if _, err := b.Send(ctx, bot.Outgoing{Chat: g, Card: &c, Key: "5"}); !permanent(err) {
		t.Errorf("a card to a dissolved group: %v", err)
	}
}

// A card of which one delivery failed exists for the platform: the next try
// must not take "it exists" for success.
func TestACardThatWasNotDeliveredIsSentAgain(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	c := simple("Card")
	w.ding.Break(emulator.Fault{API: "DELIVER IM_ROBOT.ann", Kind: emulator.Refused, Times: 1, Message: "SYSTEM_ERROR"})
	o := bot.Outgoing{User: "ann", Card: &c, Key: "k"}
	if _, err := w.current().Send(t.Context(), o); err == nil || permanent(err) {
		t.Fatalf("a failed delivery: %v", err)
	}
	ref := w.sends(o)
	if got := w.fromBot(w.ann()); len(got) != 1 || got[0].Card != ref.ID {
		t.Errorf("messages %+v", got)
	}
}

// Every fault of a call ends with the card shown once and the right one.
func TestACardIsShownOnceWhateverHappens(t *testing.T) {
	for name, f := range map[string]emulator.Fault{
		"answer lost":        {Kind: emulator.Cut, Done: true},
		"connection cut":     {Kind: emulator.Cut},
		"bad gateway":        {Kind: emulator.Broken},
		"answer lost by 502": {Kind: emulator.Broken, Done: true},
		"page of a guard":    {Kind: emulator.HTMLPage},
		"throttled":          {Kind: emulator.Throttled},
		"token expired":      {Kind: emulator.ExpiredToken},
		"busy":               {Kind: emulator.Refused, Code: http.StatusInternalServerError, Message: "system.busy"},
		"slow":               {Kind: emulator.Slow, Wait: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := open(t, emulator.DingOptions{})
			f.API, f.Times = apiCreate, 2
			w.ding.Break(f)
			c := simple("Card")
			o := bot.Outgoing{User: "ann", Card: &c, Key: "k"}
			var ref bot.MessageRef
			tries := 0
			wait(t, "delivery", func() bool {
				var err error
				tries++
				if ref, err = w.current().Send(t.Context(), o); permanent(err) {
					t.Fatal(err)
				}
				return err == nil
			})
			if again := w.sends(o); again != ref {
				t.Errorf("the same key gave %v and %v", ref, again)
			}
			if got := w.fromBot(w.ann()); len(got) != 1 || got[0].Card != ref.ID || tries > 3 {
				t.Errorf("%d messages after %d tries", len(got), tries)
			}
			u := simple("Updated")
			if err := w.current().Update(t.Context(), ref, u); err != nil {
				t.Fatal(err)
			}
			if s := w.said(w.ann())[0]; !strings.Contains(s, "Updated") {
				t.Errorf("card %q", s)
			}
		})
	}
}

func TestTextWithAKeyIsShownOnce(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	for range 3 {
		w.sends(bot.Outgoing{User: "ann", Text: "good morning", Files: []bot.File{{Name: "a.xlsx", Data: []byte("x")}}, Key: "k"})
	}
	if got := w.fromBot(w.ann()); len(got) != 2 {
		t.Errorf("%d messages", len(got))
	}
}

func TestAnUpdateOfWhatIsNoCardIsPermanent(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	ref := w.sends(bot.Outgoing{User: "ann", Text: "text", Key: "k"})
	for _, id := range []string{ref.ID, "crm1-up-0000", "", "of another program"} {
		if err := w.current().Update(t.Context(), bot.MessageRef{ID: id}, simple("x")); !permanent(err) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestFilesAndPicturesGoOut(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{DocumentsOnly: true})
	w.sends(bot.Outgoing{User: "ann", Key: "k", Files: []bot.File{{Name: "report.xlsx", Data: []byte("x")}, {Name: "线索.csv", Data: []byte("a,b")}, {Name: "chart.png", Data: onePixel}}})
	got := w.fromBot(w.ann())
	if len(got) != 3 || got[0].FileName != "report.xlsx" || got[1].FileName != "线索.zip" || got[2].Kind != "image" {
		t.Fatalf("%+v", got)
	}
	z, err := zip.NewReader(bytes.NewReader(got[1].File), int64(len(got[1].File)))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "线索.csv" {
		t.Fatal(err)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, err := io.ReadAll(f); err != nil || string(data) != "a,b" {
		t.Errorf("%q %v", data, err)
	}
	if _, err := w.current().Send(t.Context(), bot.Outgoing{User: "ann", Key: "e", Files: []bot.File{{Name: "empty.csv"}}}); !permanent(err) {
		t.Errorf("an empty file: %v", err)
	}
}

func chartCard(n float64) card.Card {
	return simple("Chart", card.Chart{Kind: card.BarChart, Title: "Visits", Categories: []string{"Mon", "Tue"}, Series: []card.Series{{Name: "Visits", Values: []float64{n, 2}}}})
}

func TestAChartIsUploadedOnce(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	c := chartCard(1)
	w.sends(bot.Outgoing{User: "ann", Card: &c, Key: "1"})
	w.sends(bot.Outgoing{User: "bob", Card: &c, Key: "2"})
	if n := w.calls(apiMedia); n != 1 {
		t.Errorf("%d uploads", n)
	}
	d := chartCard(3)
	w.sends(bot.Outgoing{User: "bob", Card: &d, Key: "3"})
	if n := w.calls(apiMedia); n != 2 {
		t.Errorf("%d uploads", n)
	}
	for _, s := range append(w.said(w.ann()), w.said(w.ding.P2P("bob"))...) {
		if !strings.Contains(s, "](@lAL") {
			t.Errorf("no picture in %q", s)
		}
	}
	// A card without its picture is better than no card.
	w.ding.Break(emulator.Fault{API: apiMedia, Kind: emulator.Refused, Code: 40005, Message: "no"})
	e := chartCard(4)
	w.sends(bot.Outgoing{User: "bob", Card: &e, Key: "4"})
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	w.ding.Break(emulator.Fault{API: apiPerson, Kind: emulator.Refused, Code: http.StatusForbidden, Message: "Forbidden.AccessDenied.AccessTokenPermissionDenied"})
	_, err := w.current().Send(t.Context(), bot.Outgoing{User: "ann", Text: "x", Key: "k"})
	if throttled(err) < time.Minute {
		t.Errorf("%v", err)
	}
	if p := w.current().Health().Problems; len(p) != 1 || !strings.Contains(p[0].Code, "PermissionDenied") {
		t.Errorf("problems %+v", p)
	}
}

func TestTheMonthsCallsAreCountedAndWatched(t *testing.T) {
	w, d := open(t, emulator.DingOptions{QuotaAPI: 10}, func(o *dingbot.Options) { o.QuotaAPI, o.QuotaStream = 10, 100 })
	d.answers(func(*bot.Req) bot.Reply { return bot.Say("answer") })
	w.deliver(emulator.DingIncoming{Person: "ann", Text: "1"})
	wait(t, "the answer", func() bool { return len(w.said(w.ann())) == 1 })
	problem := func() bool {
		for _, p := range w.current().Health().Problems {
			if p.Code == "quota.api" {
				return true
			}
		}
		return false
	}
	for i := range 7 {
		w.sends(bot.Outgoing{Chat: "u:bob", Text: "x", Key: fmt.Sprint(i)})
	}
	if problem() {
		t.Error("warned at 70 %")
	}
	w.sends(bot.Outgoing{Chat: "u:bob", Text: "x", Key: "8"})
	if !problem() {
		t.Error("not warned at 80 %")
	}
	api, stream := w.ding.Used()
	for _, q := range w.current().Health().Quota {
		want := map[string]int{"api": api, "stream": stream}[q.Bucket]
		if q.Used != int64(want) {
			t.Errorf("%s: counted %d, the platform %d", q.Bucket, q.Used, want)
		}
	}
	for i := range 3 {
		_, err := w.current().Send(t.Context(), bot.Outgoing{Chat: "u:bob", Text: "x", Key: fmt.Sprint("more", i)})
		if i == 2 && throttled(err) < 30*time.Minute {
			t.Errorf("used up: %v", err)
		}
	}
	w.halt() // the sums outlive the process
	sum, err := w.db.Count(context.Background(), "dingtalk:dingemulated:api:"+time.Now().In(time.FixedZone("", 8*3600)).Format("2006-01"), 0)
	if err != nil || sum < int64(api) {
		t.Errorf("stored %d, %v", sum, err)
	}
}

// The platform allows 20 cards a second; how near a broadcast comes to that is
// measured by BenchmarkBroadcast.
func TestABroadcastIsDeliveredWithoutOneRefusal(t *testing.T) {
	w, _ := open(t, emulator.DingOptions{})
	const n = 70
	for i := range n {
		w.ding.AddPerson(emulator.DingPerson{UserID: fmt.Sprint("p", i), Name: "P"})
	}
	var wg sync.WaitGroup
	queue := make(chan int)
	for range 8 { // as many as the outbox sends side by side
		wg.Go(func() {
			for i := range queue {
				c := simple(fmt.Sprint("Report ", i))
				for {
					_, err := w.current().Send(context.Background(), bot.Outgoing{User: fmt.Sprint("p", i), Card: &c, Key: fmt.Sprint(i)})
					if err == nil {
						break
					}
					if throttled(err) == 0 {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for i := range n {
		queue <- i
	}
	close(queue)
	wg.Wait()
	calls := w.ding.Calls(apiCreate)
	if len(calls) != n {
		t.Errorf("%d calls for %d cards", len(calls), n)
	}
	for _, c := range calls {
		if c.Status != 200 {
			t.Fatalf("refused: %+v", c)
		}
	}
}
