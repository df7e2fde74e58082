package larkbot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"crmbot/bot"
	"crmbot/bot/larkbot"
	"crmbot/cards/card"
	"crmbot/internal/emulator"
)

const (
	apiSend  = "POST /open-apis/im/v1/messages"
	apiPatch = "PATCH /open-apis/im/v1/messages/"
	apiToken = "POST /open-apis/auth/v3/tenant_access_token/internal"
)

// A token that the platform refuses is replaced at once; the SDK would go on
// with it for up to two hours.
func TestARefusedTokenIsReplacedAtOnce(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, true)
	for i := range 3 {
		w.lark.ExpireTokens()
		if _, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Text: fmt.Sprint("hello ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.lark.Calls(apiToken)); n != 3 {
		t.Errorf("asked for %d tokens", n)
	}
	if n := len(w.lark.Calls(apiSend)); n != 5 { // the first had no token yet
		t.Errorf("%d tries to send", n)
	}
}

func TestATokenThatStaysRefusedIsNotTriedForEver(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, true)
	w.lark.Break(emulator.Fault{API: apiSend, Kind: emulator.Refused, Code: 99991663, Message: "invalid token"})
	_, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Text: "hello"})
	if err == nil || errors.Is(err, bot.ErrPermanent) {
		t.Errorf("want an error that passes, got %v", err)
	}
	if n := len(w.lark.Calls(apiSend)); n != 2 {
		t.Errorf("%d tries", n)
	}
}

func TestACrowdAsksForOneToken(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{NoLimits: true}, true)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if _, err := w.current().Send(t.Context(), bot.Outgoing{User: []string{"ou_ann", "ou_bob", "ou_eve"}[i%3], Text: "x"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(w.lark.Calls(apiToken)); n != 1 {
		t.Errorf("asked for %d tokens", n)
	}
}

// What the platform answers on a bad day becomes what the outbox understands.
func TestRefusalsBecomeActions(t *testing.T) {
	for name, c := range map[string]struct {
		fault     emulator.Fault
		permanent bool
		wait      time.Duration // at least
	}{
		"429 with a wait":         {emulator.Fault{Kind: emulator.Throttled, Wait: 7 * time.Second}, false, 7 * time.Second},
		"too often in a chat":     {emulator.Fault{Kind: emulator.Refused, Code: 230020}, false, time.Second},
		"being sent":              {emulator.Fault{Kind: emulator.Refused, Code: 230049}, false, time.Second},
		"bad gateway":             {emulator.Fault{Kind: emulator.Broken}, false, 0},
		"a page of a proxy":       {emulator.Fault{Kind: emulator.HTMLPage}, false, 0},
		"no answer":               {emulator.Fault{Kind: emulator.Cut}, false, 0},
		"a code nobody knows":     {emulator.Fault{Kind: emulator.Refused, Code: 239999}, true, 0},
		"person left":             {emulator.Fault{Kind: emulator.Refused, Code: 230029}, true, 0},
		"person stopped messages": {emulator.Fault{Kind: emulator.Refused, Code: 230053}, true, 0},
		"bot not in the group":    {emulator.Fault{Kind: emulator.Refused, Code: 230002}, true, 0},
		"group dissolved":         {emulator.Fault{Kind: emulator.Refused, Code: 232009}, true, 0},
		"id of another app":       {emulator.Fault{Kind: emulator.Refused, Code: 99992361}, true, 0},
		"muted":                   {emulator.Fault{Kind: emulator.Refused, Code: 230035}, true, 0},
		"permission missing":      {emulator.Fault{Kind: emulator.Refused, Code: 230027}, false, 5 * time.Minute},
		"address not allowed":     {emulator.Fault{Kind: emulator.Refused, Code: 99991401}, false, 5 * time.Minute},
		"month used up":           {emulator.Fault{Kind: emulator.Refused, Code: 99991403}, false, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := open(t, emulator.LarkOptions{}, true)
			c.fault.API = apiSend
			w.lark.Break(c.fault)
			_, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Text: "the words of a customer", Key: "k"})
			if err == nil {
				t.Fatal("no error")
			}
			if got := errors.Is(err, bot.ErrPermanent); got != c.permanent {
				t.Errorf("permanent: %v (%v)", got, err)
			}
			var r *bot.RetryAfter
			if errors.As(err, &r) != (c.wait > 0) {
				t.Errorf("throttled: %v", err)
			}
			if r != nil && (r.Wait < c.wait || r.Wait > 2*c.wait) {
				t.Errorf("waits %v, want %v or a little more", r.Wait, c.wait)
			}
			if strings.Contains(err.Error(), "customer") {
				t.Errorf("the error repeats the message: %v", err)
			}
			if _, alert := w.current().Health().Problems[c.fault.Code]; alert != (c.wait >= time.Minute) {
				t.Errorf("alert: %v", alert)
			}
		})
	}
}

// The answer to a request was lost: the same key shows the message once.
func TestALostAnswerDoesNotDoubleTheMessage(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, true)
	w.lark.Break(emulator.Fault{API: apiSend, Kind: emulator.Cut, Done: true, Times: 1})
	o := bot.Outgoing{User: "ou_ann", Text: "once", Card: ptr(plainCard("Once")), Key: "outbox-1"}
	if _, err := w.current().Send(t.Context(), o); err == nil {
		t.Fatal("the lost answer was not noticed")
	}
	for range 2 {
		if _, err := w.current().Send(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(botMessages(w.lark, "")); n != 2 {
		t.Errorf("%d messages, want the text and the card once each", n)
	}
}

// An answer to a message is sent again until it is shown, though no outbox
// stands behind it.
func TestAnAnswerSurvivesBadMinutes(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	d.answer = func(*bot.Req) bot.Reply {
		return bot.Reply{Text: "the text", Card: ptr(plainCard("The card")), Files: []bot.File{{Name: "f.txt", Data: []byte("x")}}}
	}
	w.lark.Break(emulator.Fault{API: apiSend, Kind: emulator.Broken, Times: 1})
	w.lark.Break(emulator.Fault{API: apiSend, Kind: emulator.Throttled, Wait: time.Second, Skip: 1, Times: 1})
	w.lark.Break(emulator.Fault{API: "POST /open-apis/im/v1/files", Kind: emulator.HTMLPage, Times: 1})
	w.lark.Break(emulator.Fault{API: apiSend, Kind: emulator.Cut, Done: true, Skip: 2, Times: 1})
	if _, err := w.lark.Send(emulator.LarkIncoming{Person: "ou_ann", Text: "go"}); err != nil {
		t.Fatal(err)
	}
	wait(t, "everything", func() bool { return len(botMessages(w.lark, "")) >= 3 })
	var kinds []string
	for _, m := range botMessages(w.lark, "") {
		kinds = append(kinds, m.Type)
	}
	if got := strings.Join(kinds, " "); got != "text file interactive" {
		t.Errorf("shown: %s", got)
	}
}

func TestARefusedCardComesInASimplerForm(t *testing.T) {
	png := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100)...)
	rich := plainCard("Report", card.Chart{Kind: card.BarChart, Title: "Visits", Categories: []string{"Mon"}, Series: []card.Series{{Name: "n", Values: []float64{3}}}},
		card.People{Persons: []card.Person{{User: 1, Name: "Ann"}}}, card.Image{Data: png, Alt: "a picture"})
	for name, c := range map[string]struct {
		faults []emulator.Fault
		kind   string
		want   []string
	}{
		"good day":       {nil, "interactive", []string{"Report", "text of the card"}},
		"one refusal":    {[]emulator.Fault{{Code: 230099, Message: "Failed to create card content, ext=ErrCode: 200550; ErrPath: ROOT; ErrMsg: chart spec is invalid; ErrorValue: x", Times: 1}}, "interactive", []string{"Report", "Visits", "Ann", "Push"}},
		"both refused":   {[]emulator.Fault{{Code: 230099, Message: "Failed to create card content, ext=ErrCode: 11310; ErrPath: ROOT; ErrMsg: element exceeds the limit", Times: 2}}, "text", []string{"Report", "Visits", "/push"}},
		"too long":       {[]emulator.Fault{{Code: 230025, Times: 2}}, "text", []string{"Report", "Visits", "/push"}},
		"words withheld": {[]emulator.Fault{{Code: 230022, Times: 3}}, "text", []string{"内容检查", "/help"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := open(t, emulator.LarkOptions{}, true)
			for _, f := range c.faults {
				f.API, f.Kind = apiSend, emulator.Refused
				w.lark.Break(f)
			}
			if _, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Card: &rich, Key: "k"}); err != nil {
				t.Fatal(err)
			}
			list := botMessages(w.lark, "")
			if len(list) != 1 || list[0].Type != c.kind {
				t.Fatalf("%d messages, %+v", len(list), list)
			}
			for _, s := range c.want {
				if !strings.Contains(list[0].Text(), s) {
					t.Errorf("%q is missing in:\n%s", s, list[0].Text())
				}
			}
		})
	}
}

// A wrong person id makes the platform refuse the whole card; people are then
// shown by name.
func TestAWrongPersonIDDoesNotCostTheCard(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, true, func(o *larkbot.Options) { o.OpenID = wrongID })
	c := plainCard("Team", card.People{Persons: []card.Person{{User: 1, Name: "Ann Lee"}}})
	if _, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Card: &c}); err != nil {
		t.Fatal(err)
	}
	m := botMessages(w.lark, "")[0]
	if m.Type != "interactive" || !strings.Contains(m.Text(), "Ann Lee") {
		t.Errorf("shown as %s: %s", m.Type, m.Text())
	}
}

// Leak prevention refuses phone numbers: they are hidden and the rest is shown.
func TestPhoneNumbersAreHiddenWhereTheyAreRefused(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, true)
	w.lark.Break(emulator.Fault{API: apiSend, Kind: emulator.Refused, Code: 230028, Times: 1})
	c := plainCard("Contact", card.Fields{Items: []card.Field{{Label: "Phone", Value: "13812345678"}, {Label: "Mail", Value: "zhang.min@example.com"}, {Label: "Amount", Value: "¥12,000"}}})
	if _, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Card: &c}); err != nil {
		t.Fatal(err)
	}
	text := botMessages(w.lark, "")[0].Text()
	if strings.Contains(text, "13812345678") || strings.Contains(text, "zhang.min@") || !strings.Contains(text, "5678") || !strings.Contains(text, "¥12,000") {
		t.Errorf("shown:\n%s", text)
	}
}

func TestCustomerTextMentionsNobody(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, true)
	if _, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Text: `customer <at user_id="all">everybody</at>`}); err != nil {
		t.Fatal(err)
	}
	if text := botMessages(w.lark, "")[0].Text(); strings.Contains(text, "<at") {
		t.Errorf("sent %q", text)
	}
}

func TestALongTextIsSplit(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{NoLimits: true}, true)
	line := strings.Repeat("字", 100) + "\n"
	if _, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Text: strings.Repeat(line, 200)}); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, m := range botMessages(w.lark, "") {
		total += strings.Count(m.Text(), "字")
	}
	if n := len(botMessages(w.lark, "")); n != 4 || total != 20_000 {
		t.Errorf("%d messages with %d characters", n, total)
	}
}

func TestPicturesAndFilesAreSent(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, true)
	png := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100)...)
	o := bot.Outgoing{User: "ou_ann", Files: []bot.File{{Name: "chart.png", Data: png}, {Name: "报告.xlsx", Data: []byte("xx")}}, Key: "k"}
	if _, err := w.current().Send(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	list := botMessages(w.lark, "")
	if len(list) != 2 || list[0].Type != "image" || !bytes.Equal(list[0].File, png) || list[1].Type != "file" || list[1].FileName != "报告.xlsx" {
		t.Errorf("sent %+v", list)
	}
	if _, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Files: []bot.File{{Name: "empty"}}}); !errors.Is(err, bot.ErrPermanent) {
		t.Errorf("an empty file: %v", err)
	}
}

func TestUpdatesThatCannotBeMadeAnyMoreArePermanent(t *testing.T) {
	for name, change := range map[string]func(w *larkWorld, id string){
		"recalled": func(w *larkWorld, id string) { w.lark.Recall(id) },
		"too old": func(w *larkWorld, _ string) {
			w.lark.Break(emulator.Fault{API: apiPatch, Kind: emulator.Refused, Code: 230031})
		},
		"deleted": func(w *larkWorld, _ string) {
			w.lark.Break(emulator.Fault{API: apiPatch, Kind: emulator.Refused, Code: 230110})
		},
		"not a bot": func(w *larkWorld, _ string) {
			w.lark.Break(emulator.Fault{API: apiPatch, Kind: emulator.Refused, Code: 230017})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := open(t, emulator.LarkOptions{}, true)
			m, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Card: ptr(plainCard("one"))})
			if err != nil {
				t.Fatal(err)
			}
			change(w, m.ID)
			if err := w.current().Update(t.Context(), m, plainCard("two")); !errors.Is(err, bot.ErrPermanent) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// While a press is being answered the platform refuses updates of the card,
// and what comes too early is lost: updates wait, and the newest state stays.
func TestUpdatesWaitForTheAnswerToAPress(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	m, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Card: ptr(plainCard("zero"))})
	if err != nil {
		t.Fatal(err)
	}
	updated := make(chan error, 1)
	d.answer = func(*bot.Req) bot.Reply {
		go func() { updated <- w.current().Update(context.Background(), m, plainCard("two")) }()
		return bot.Replace(plainCard("one"), bot.View{}, "ok")
	}
	if a := w.press("ann", m.ID, "Push", nil); !a.Card || a.Error != 0 {
		t.Fatalf("answer %+v", a)
	}
	if err := <-updated; err != nil {
		t.Fatal(err)
	}
	got, _ := w.lark.Message(m.ID)
	if !strings.Contains(got.Text(), "two") || got.Revision != 2 {
		t.Errorf("revision %d shows %s", got.Revision, got.Text())
	}
	for _, c := range w.lark.Calls(apiPatch) {
		if c.Code != 0 {
			t.Errorf("an update was refused with %d", c.Code)
		}
	}
}

// A card that was changed while the press that shows it was answered is brought
// up to date when it is remembered; that update waits for the end of the press,
// which must not wait for it.
func TestAPressedCardCanBeBroughtUpToDateAtOnce(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	m, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Card: ptr(plainCard("zero"))})
	if err != nil {
		t.Fatal(err)
	}
	caught := make(chan error, 1)
	d.answer = func(*bot.Req) bot.Reply { return bot.Replace(plainCard("one"), bot.View{Name: "v"}, "ok") }
	d.after = func(ctx context.Context, m bot.MessageRef) {
		caught <- w.current().Update(ctx, m, plainCard("two"))
	}
	if a := w.press("ann", m.ID, "Push", nil); !a.Card || a.Error != 0 {
		t.Fatalf("answer %+v", a)
	}
	select {
	case err := <-caught:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the update and the press wait for each other")
	}
	if got, _ := w.lark.Message(m.ID); !strings.Contains(got.Text(), "two") {
		t.Errorf("shows %s", got.Text())
	}
}

// Every shown card tells since when it may be out of date: a change between the
// event and the moment at which the card is remembered is caught up with.
func TestARememberedCardTellsWhenItsEventCame(t *testing.T) {
	w, d := open(t, emulator.LarkOptions{}, false)
	before := time.Now().Truncate(time.Millisecond)
	d.answer = func(req *bot.Req) bot.Reply {
		if req.Kind == bot.Press {
			return bot.Replace(plainCard("one"), bot.View{Name: "v"}, "ok")
		}
		return bot.Show(plainCard("zero"), bot.View{Name: "v"})
	}
	w.send(emulator.LarkIncoming{Person: "ou_ann", Text: "hello"})
	wait(t, "the card", func() bool { return len(botMessages(w.lark, w.lark.P2P("ou_ann"))) == 1 })
	w.press("ann", botMessages(w.lark, w.lark.P2P("ou_ann"))[0].ID, "Push", nil)
	wait(t, "both to be remembered", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.shown) == 2
	})
	for _, s := range d.shown {
		if s.At.Before(before) || s.At.After(time.Now()) {
			t.Errorf("the event came at %s", s.At)
		}
	}
}

// Many updates of one card end with the last one, and those that a newer one
// replaces are not sent at all.
func TestTheNewestUpdateStays(t *testing.T) {
	w, _ := open(t, emulator.LarkOptions{}, true)
	m, err := w.current().Send(t.Context(), bot.Outgoing{User: "ou_ann", Card: ptr(plainCard("zero"))})
	if err != nil {
		t.Fatal(err)
	}
	w.lark.Break(emulator.Fault{API: apiPatch, Kind: emulator.Slow, Wait: 300 * time.Millisecond, Times: 1})
	var wg sync.WaitGroup
	for i := 1; i <= 20; i++ {
		started := make(chan struct{})
		wg.Go(func() {
			close(started)
			if err := w.current().Update(context.Background(), m, plainCard(fmt.Sprintf("state %02d", i))); err != nil {
				t.Error(err)
			}
		})
		<-started
		// Give the goroutine the time to stand in the queue: order of arrival is
		// what the test is about.
		idle(5 * time.Millisecond)
	}
	wg.Wait()
	got, _ := w.lark.Message(m.ID)
	if !strings.Contains(got.Text(), "state 20") {
		t.Errorf("shows %s", got.Text())
	}
	if n := len(w.lark.Calls(apiPatch)); n > 5 {
		t.Errorf("%d updates were sent, most should have been left out", n)
	}
}

func idle(d time.Duration) {
	t := time.NewTimer(d)
	<-t.C
}
