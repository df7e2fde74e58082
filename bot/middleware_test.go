package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

func message(event, text string) *bot.Req {
	return &bot.Req{Platform: "webchat", EventID: event, Kind: bot.Message, From: "1", Chat: bot.Chat{ID: "u1"}, Text: text}
}

func answer(text string) bot.Handler {
	return func(context.Context, *bot.Req) bot.Reply { return bot.Say(text) }
}

// runtime gives replies that only a runtime can make: refusals by their error.
func failing(err error) bot.Handler {
	rt := &bot.Runtime{People: nobody{err}}
	rt.Use()
	return rt.Handle
}

type nobody struct{ err error }

func (n nobody) ByIdentity(context.Context, string, string, string) (crm.Actor, error) {
	return crm.Actor{}, n.err
}

func TestDedupeHandlesAnEventOnce(t *testing.T) {
	store := kv.NewMemory(nil)
	defer store.Close()
	n := 0
	h := bot.Dedupe(store)(func(ctx context.Context, r *bot.Req) bot.Reply { n++; return bot.Say("done") })
	if rep := h(t.Context(), message("e1", "x")); rep.Text != "done" {
		t.Errorf("first delivery: %+v", rep)
	}
	if rep := h(t.Context(), message("e1", "x")); !rep.Empty() || rep.Retry() || n != 1 {
		t.Errorf("second delivery: %+v, handled %d times", rep, n)
	}
	other := message("e1", "x")
	other.Platform = "lark"
	h(t.Context(), other)
	h(t.Context(), message("e2", "x"))
	h(t.Context(), message("", "x"))
	h(t.Context(), message("", "x"))
	if n != 5 {
		t.Errorf("handled %d times, want 5: other platforms, other events, and all without an id", n)
	}
}

func TestDedupeLetsFailuresThatPassComeAgain(t *testing.T) {
	store := kv.NewMemory(nil)
	defer store.Close()
	for code, again := range map[crm.Code]bool{crm.CodeUnavailable: true, crm.CodeInternal: true, crm.CodeRefused: false, crm.CodeConflict: false} {
		n := 0
		next := failing(&crm.Error{Code: code, Text: crm.Text{Zh: "不", En: "no"}})
		h := bot.Dedupe(store)(func(ctx context.Context, r *bot.Req) bot.Reply { n++; return next(ctx, r) })
		for range 2 {
			h(t.Context(), message(string(code), "x"))
		}
		if (n == 2) != again {
			t.Errorf("%s: handled %d times", code, n)
		}
	}
	// A process that died in the middle: its claim ends, a redelivery does the work.
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory(nil)
		defer store.Close()
		n := 0
		h := bot.Dedupe(store)(func(context.Context, *bot.Req) bot.Reply {
			n++
			if n == 1 {
				panic("died")
			}
			return bot.Say("done")
		})
		func() {
			defer func() { _ = recover() }()
			h(t.Context(), message("e", "x"))
		}()
		if rep := h(t.Context(), message("e", "x")); !rep.Empty() || !rep.Retry() {
			t.Errorf("while the claim lasts: %+v, retry %v", rep, rep.Retry())
		}
		time.Sleep(3 * time.Minute)
		if rep := h(t.Context(), message("e", "x")); rep.Text != "done" {
			t.Errorf("after the claim ended: %+v", rep)
		}
	})
}

// A claim lasts as long as the handler runs, however long that is.
func TestDedupeKeepsTheClaimOfSlowWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory(nil)
		defer store.Close()
		n := 0
		h := bot.Dedupe(store)(func(context.Context, *bot.Req) bot.Reply {
			n++
			time.Sleep(5 * time.Minute)
			return bot.Say("done")
		})
		var wg sync.WaitGroup
		wg.Go(func() { h(t.Context(), message("e", "x")) })
		for range 9 {
			time.Sleep(30 * time.Second)
			if rep := h(t.Context(), message("e", "x")); !rep.Empty() || !rep.Retry() {
				t.Errorf("while it runs: %+v", rep)
			}
		}
		wg.Wait()
		time.Sleep(time.Minute)
		if rep := h(t.Context(), message("e", "x")); rep.Retry() || n != 1 {
			t.Errorf("afterwards: %+v, handled %d times", rep, n)
		}
	})
}

func TestDedupeWorksWithoutItsStore(t *testing.T) {
	store := kv.NewMemory(nil)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if rep := bot.Dedupe(store)(answer("done"))(t.Context(), message("e", "x")); rep.Text != "done" {
		t.Errorf("got %+v", rep)
	}
}

func TestOrderPerPersonAndChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		running, most := 0, 0
		h := bot.Order()(func(_ context.Context, r *bot.Req) bot.Reply {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			running--
			got = append(got, r.Text)
			return bot.Say("ok")
		})
		var wg sync.WaitGroup
		var want []string
		for i := range 20 {
			want = append(want, fmt.Sprintf("%02d", i))
			wg.Go(func() { h(t.Context(), message("", want[i])) })
			synctest.Wait()
		}
		wg.Wait()
		if !slices.Equal(got, want) || most != 1 {
			t.Errorf("handled %v, %d at once", got, most)
		}
		start := time.Now()
		for i := range 20 {
			wg.Go(func() {
				r := message("", "x")
				r.From = fmt.Sprint(i)
				h(t.Context(), r)
			})
		}
		wg.Wait()
		if d := time.Since(start); d != time.Second {
			t.Errorf("twenty people took %s", d)
		}
	})
}

func TestOrderIsBoundedAndAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := bot.Order()(func(context.Context, *bot.Req) bot.Reply { time.Sleep(time.Second); return bot.Say("ok") })
		var busy atomic.Int64
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if rep := h(t.Context(), message("", "x")); crm.CodeOf(rep.Err()) == crm.CodeTooMany && rep.Text != "" && rep.Retry() {
					busy.Add(1)
				}
			})
		}
		wg.Wait()
		if busy.Load() != 36 {
			t.Errorf("%d of 100 were sent away, want 36", busy.Load())
		}
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() { h(t.Context(), message("", "x")) })
		synctest.Wait()
		cancel()
		if rep := h(ctx, message("", "x")); crm.CodeOf(rep.Err()) != crm.CodeTooMany {
			t.Errorf("a waiter whose context ended: %+v", rep)
		}
		wg.Wait()
		if rep := h(t.Context(), message("", "x")); rep.Text != "ok" {
			t.Errorf("afterwards: %+v", rep)
		}
	})
}

func TestDeadlineAnswersInTimeAndSendsTheResultLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wait sync.WaitGroup
		var mu sync.Mutex
		var late []string
		later := func(_ context.Context, r *bot.Req, rep bot.Reply) {
			mu.Lock()
			defer mu.Unlock()
			late = append(late, r.Text+"="+rep.Text)
		}
		h := bot.Deadline(2*time.Second, later, &wait)(func(ctx context.Context, r *bot.Req) bot.Reply {
			d, err := time.ParseDuration(r.Text)
			if err != nil {
				t.Error(err)
			}
			time.Sleep(d)
			if ctx.Err() != nil {
				return bot.Say("cancelled")
			}
			return bot.Say("done")
		})
		if rep := h(t.Context(), message("", "1s")); rep.Text != "done" {
			t.Errorf("in time: %+v", rep)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if rep := h(ctx, message("", "5s")); !strings.Contains(rep.Text, "处理中") {
			t.Errorf("late: %+v", rep)
		}
		cancel() // the request is over; the work goes on
		press := message("", "3s")
		press.Kind, press.Lang = bot.Press, crm.English
		if rep := h(t.Context(), press); rep.Text != "" || !strings.Contains(rep.Toast, "working on it") {
			t.Errorf("late press: %+v", rep)
		}
		wait.Wait()
		slices.Sort(late)
		if !slices.Equal(late, []string{"3s=done", "5s=done"}) {
			t.Errorf("sent later: %v", late)
		}
	})
}

// TestDeadlineAtTheVeryMoment: exactly one answer, whichever side is first.
func TestDeadlineAtTheVeryMoment(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			var wait sync.WaitGroup
			var late atomic.Int64
			h := bot.Deadline(time.Second, func(context.Context, *bot.Req, bot.Reply) { late.Add(1) }, &wait)(func(context.Context, *bot.Req) bot.Reply {
				time.Sleep(time.Second)
				return bot.Say("done")
			})
			rep := h(t.Context(), message("", "x"))
			wait.Wait()
			if (rep.Text == "done") == (late.Load() == 1) || late.Load() > 1 {
				t.Errorf("answered %q and %d times later", rep.Text, late.Load())
			}
		})
	}
}

func TestDeadlineSurvivesPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wait sync.WaitGroup
		h := bot.Deadline(time.Second, func(context.Context, *bot.Req, bot.Reply) { panic("adapter") }, &wait)(func(_ context.Context, r *bot.Req) bot.Reply {
			if r.Text == "slow" {
				time.Sleep(time.Minute)
			}
			panic("handler")
		})
		if rep := h(t.Context(), message("", "fast")); crm.CodeOf(rep.Err()) != crm.CodeInternal || !strings.Contains(rep.Text, "没有生效") {
			t.Errorf("got %+v", rep)
		}
		h(t.Context(), message("", "slow"))
		wait.Wait()
	})
}

func TestRecoverAnswersAndMayBeTriedAgain(t *testing.T) {
	h := bot.Recover()(func(context.Context, *bot.Req) bot.Reply { panic("秘密") })
	rep := h(t.Context(), message("", "x"))
	if !rep.Retry() || crm.CodeOf(rep.Err()) != crm.CodeInternal || strings.Contains(rep.Text+rep.Err().Error(), "秘密") {
		t.Errorf("got %+v", rep)
	}
	press := message("", "")
	press.Kind, press.Action = bot.Press, &bot.Action{Name: "a"}
	if rep := h(t.Context(), press); rep.Toast == "" || rep.Text != "" || rep.ToastTone != bot.ToastError {
		t.Errorf("a press: %+v", rep)
	}
}

func TestLimits(t *testing.T) {
	store := kv.NewMemory(nil)
	defer store.Close()
	h := bot.Limit(store, bot.Limits{MaxText: 4000, MaxFile: 1 << 20, MaxFiles: 2})(answer("ok"))
	press := func(payload string, values ...string) *bot.Req {
		r := message("", "")
		r.Kind, r.Action = bot.Press, &bot.Action{Name: "a", Payload: json.RawMessage(payload), Values: bot.Values{"note": values}}
		return r
	}
	files := func(n, size int) *bot.Req {
		r := message("", "")
		for range n {
			r.Files = append(r.Files, bot.File{Name: "a", Data: make([]byte, size)})
		}
		return r
	}
	for name, x := range map[string]struct {
		req  *bot.Req
		says string
	}{
		"10,000 characters": {message("", strings.Repeat("字", 10_000)), "10000 字，最多 4000"},
		"just enough":       {message("", strings.Repeat("字", 4000)), ""},
		"three files":       {files(3, 1), "最多 2 个"},
		"big file":          {files(1, 1<<20+1), "2 MB，最大 1 MB"},
		"fitting file":      {files(2, 1<<20), ""},
		"long form":         {press("{}", strings.Repeat("字", 3000), strings.Repeat("字", 1001)), "4001 字"},
		"fitting form":      {press("{}", "字"), ""},
		"huge payload":      {press(`"` + strings.Repeat("x", 40<<10) + `"`), "没有保存"},
	} {
		rep := h(t.Context(), x.req)
		if said := rep.Text + rep.Toast; (x.says == "") != (rep.Text == "ok") || !strings.Contains(said, x.says) {
			t.Errorf("%s: %q", name, said)
		}
		if refused := crm.CodeOf(rep.Err()) == crm.CodeTooMany; refused != (x.says != "") {
			t.Errorf("%s: error %v", name, rep.Err())
		}
	}
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory(nil)
		defer store.Close()
		h := bot.Limit(store, bot.Limits{MaxText: 10, PerSecond: 1, Burst: 3})(answer("ok"))
		var said []string
		for range 4 {
			said = append(said, h(t.Context(), message("", "x")).Text)
		}
		other := message("", "x")
		other.From = "2"
		if !slices.Equal(said[:3], []string{"ok", "ok", "ok"}) || !strings.Contains(said[3], "秒后再试") || h(t.Context(), other).Text != "ok" {
			t.Errorf("four at once: %q", said)
		}
		time.Sleep(time.Second)
		if got := h(t.Context(), message("", "x")).Text; got != "ok" {
			t.Errorf("a second later: %q", got)
		}
	})
}

var errDown = errors.New("database is down")
