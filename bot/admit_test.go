package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"crmbot/bot"
	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// office knows one person, "1".
type office struct{}

func (office) ByIdentity(_ context.Context, _, _, external string) (crm.Actor, error) {
	if external == "1" {
		return crm.Actor{ID: 1, Name: "Ann", Lang: crm.English}, nil
	}
	return crm.Actor{}, crm.NotFound("没有绑定", "not bound")
}

// gated is a runtime with limits that answers how many files came.
func gated(t *testing.T, l bot.Limits) *bot.Runtime {
	store := kv.NewMemory(nil)
	t.Cleanup(func() { store.Close() })
	rt := &bot.Runtime{People: office{}, Gate: &bot.Gate{KV: store, Limits: l}}
	rt.Use(bot.Dedupe(store), rt.Gate.Limit, func(bot.Handler) bot.Handler {
		return func(_ context.Context, req *bot.Req) bot.Reply {
			return bot.Say(fmt.Sprintf("%d files, %d unfetched", len(req.Files), req.Unfetched))
		}
	})
	return rt
}

// sends hands a message with n files of a size to the runtime, and tells how many
// were fetched and what was answered.
func sends(t *testing.T, rt *bot.Runtime, from, event string, n, size int) (fetched int, text string) {
	t.Helper()
	req := message(event, "")
	req.From, req.Lang = from, crm.English
	err := rt.Fetch(t.Context(), req, n, func(context.Context, int) (bot.File, error) {
		fetched++
		return bot.File{Name: "f", Data: make([]byte, size)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fetched, rt.Handle(t.Context(), req).Text
}

func TestNothingIsFetchedForWhatIsRefused(t *testing.T) {
	small := bot.Limits{MaxText: 10, MaxFile: 4 << 20, MaxFiles: 3, MaxTotal: 6 << 20, PerSecond: 0.001, Burst: 2}
	rt := gated(t, small)
	if n, s := sends(t, rt, "1", "e1", 60, 1); n != 0 || !strings.Contains(s, "at most 3 files at once, got 60") {
		t.Errorf("60 files: %d fetched, %q", n, s)
	}
	if n, s := sends(t, rt, "stranger", "e2", 2, 1); n != 0 || s != "0 files, 2 unfetched" {
		t.Errorf("a stranger: %d fetched, %q", n, s)
	}
	if n, s := sends(t, rt, "1", "e3", 3, 3<<20); n != 3 || !strings.Contains(s, "more than 6 MB together") {
		t.Errorf("9 MB: %d fetched, %q", n, s)
	}
	if n, s := sends(t, rt, "1", "e4", 2, 1); n != 2 || s != "2 files, 0 unfetched" {
		t.Errorf("two small files: %d fetched, %q", n, s)
	}
	if n, s := sends(t, rt, "1", "e4", 2, 1); n != 0 || s != "" {
		t.Errorf("the same message again: %d fetched, %q", n, s)
	}
	if n, s := sends(t, rt, "1", "e5", 1, 1); n != 0 || !strings.Contains(s, "too fast") {
		t.Errorf("too fast: %d fetched, %q", n, s)
	}
}

func TestFetchingStopsWhereTheFilesAreTooBig(t *testing.T) {
	rt := gated(t, bot.Limits{MaxText: 10, MaxFile: 4 << 20, MaxFiles: 5, MaxTotal: 6 << 20})
	if n, s := sends(t, rt, "1", "e1", 5, 5<<20); n != 1 || !strings.Contains(s, "the limit is 4 MB") {
		t.Errorf("%d fetched, %q", n, s)
	}
	if n, s := sends(t, rt, "1", "e2", 5, 4<<20); n != 2 || !strings.Contains(s, "more than 6 MB together") {
		t.Errorf("%d fetched, %q", n, s)
	}
}

func TestARequestTakesOnePlaceInTheRate(t *testing.T) {
	rt := gated(t, bot.Limits{MaxText: 10, MaxFile: 10, MaxFiles: 5, PerSecond: 0.001, Burst: 2})
	for _, e := range []string{"e1", "e2"} {
		if n, s := sends(t, rt, "1", e, 1, 1); n != 1 || s != "1 files, 0 unfetched" {
			t.Errorf("%s: %d fetched, %q", e, n, s)
		}
	}
	if n, _ := sends(t, rt, "1", "e3", 1, 1); n != 0 {
		t.Error("fetched beyond the rate")
	}
}

// Somebody who becomes known with the message itself is asked to send its files
// again; nobody acts on a part of it.
func TestFilesThatWereLeftThereAreAskedForAgain(t *testing.T) {
	known := false
	rt := &bot.Runtime{People: becoming{&known}, Stranger: func(context.Context, *bot.Req) (bot.Reply, error) {
		known = true
		return bot.Reply{}, nil
	}}
	rt.Use()
	if _, s := sends(t, rt, "1", "e1", 1, 1); !strings.Contains(s, "send it again") {
		t.Errorf("answered %q", s)
	}
}

type becoming struct{ known *bool }

func (b becoming) ByIdentity(ctx context.Context, platform, tenant, external string) (crm.Actor, error) {
	if *b.known {
		return office{}.ByIdentity(ctx, platform, tenant, external)
	}
	return crm.Actor{}, crm.NotFound("没有绑定", "not bound")
}

func TestAFailureToFetchIsTheAdaptersToTell(t *testing.T) {
	rt := gated(t, bot.DefaultLimits)
	broken := errors.New("broken")
	if err := rt.Fetch(t.Context(), message("e1", ""), 1, func(context.Context, int) (bot.File, error) { return bot.File{}, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
