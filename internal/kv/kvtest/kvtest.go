// Package kvtest is the contract that every kv.Store keeps.
package kvtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crmbot/internal/kv"
)

// Run tests the contract of kv.Store. open returns an empty store that tells
// the real time; Run closes it.
func Run(t *testing.T, open func(t *testing.T) kv.Store) {
	for name, test := range map[string]func(*testing.T, kv.Store){
		"SetNX stores once":                         setNXOnce,
		"SetNX has one winner of fifty":             setNXOneWinner,
		"a value ends after its time":               valueEnds,
		"Set replaces value and time":               setReplaces,
		"Get and Set copy":                          valuesAreCopies,
		"values are bytes":                          valuesAreBytes,
		"Del removes":                               del,
		"invalid arguments are refused":             invalid,
		"a bucket gives its burst":                  takeBurst,
		"a bucket refills at its rate":              takeRefills,
		"a bucket gives many or none":               takeManyOrNone,
		"a bucket gives fifty callers its burst":    takeConcurrent,
		"a bucket gives tokens ahead, in order":     reserveAhead,
		"ahead, every caller has its own moment":    reserveConcurrent,
		"a lock has one holder of fifty":            lockOneHolder,
		"a lock ends after its time":                lockEnds,
		"unlock frees for the next":                 unlockFrees,
		"unlock works though the context is done":   unlockAfterCancel,
		"tokens grow":                               tokensGrow,
		"locks under contention exclude each other": lockExcludes,
		"places are for so many of fifty":           placesForSome,
		"a place stays taken after it was left":     placeCools,
		"a place that nobody leaves ends":           placeEnds,
		"name spaces are separate":                  nameSpaces,
		"messages reach all subscribers in order":   pubsub,
		"messages stay in their channel":            pubsubChannels,
		"a subscription ends with its context":      subscriptionEnds,
		"a slow receiver holds nobody up":           slowReceiver,
		"a done context is an error":                doneContext,
		"Close ends everything":                     closeEnds,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			test(t, s)
		})
	}
}

// callers is how many goroutines compete.
const callers = 50

// atOnce runs f in that many goroutines that start together.
func atOnce(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

func want(t *testing.T, s kv.Store, key, value string) {
	t.Helper()
	got, ok, err := s.Get(t.Context(), key)
	if err != nil || !ok || string(got) != value {
		t.Errorf("Get is %q, %v, %v; want %q", got, ok, err, value)
	}
}

func wantNone(t *testing.T, s kv.Store, key string) {
	t.Helper()
	got, ok, err := s.Get(t.Context(), key)
	if err != nil || ok || got != nil {
		t.Errorf("Get is %q, %v, %v; want nothing", got, ok, err)
	}
}

func setNXOnce(t *testing.T, s kv.Store) {
	for i, wantOK := range []bool{true, false, false} {
		ok, err := s.SetNX(t.Context(), "k", []byte{'a' + byte(i)}, time.Minute)
		if err != nil || ok != wantOK {
			t.Errorf("call %d: %v, %v; want %v", i, ok, err, wantOK)
		}
	}
	want(t, s, "k", "a")
}

func setNXOneWinner(t *testing.T, s kv.Store) {
	var won atomic.Int32
	var winner atomic.Value
	atOnce(callers, func(i int) {
		v := fmt.Sprint(i)
		ok, err := s.SetNX(t.Context(), "k", []byte(v), time.Minute)
		if err != nil {
			t.Error(err)
		}
		if ok {
			won.Add(1)
			winner.Store(v)
		}
	})
	if won.Load() != 1 {
		t.Fatalf("%d callers won, want 1", won.Load())
	}
	want(t, s, "k", winner.Load().(string))
}

func valueEnds(t *testing.T, s kv.Store) {
	start := time.Now()
	const ttl = 80 * time.Millisecond
	if ok, err := s.SetNX(t.Context(), "k", []byte("v"), ttl); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := s.Set(t.Context(), "long", []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the value ends", func() bool {
		_, ok, err := s.Get(t.Context(), "k")
		return err == nil && !ok
	})
	if d := time.Since(start); d < ttl-5*time.Millisecond {
		t.Errorf("it ended after %s, want %s", d, ttl)
	}
	if ok, err := s.SetNX(t.Context(), "k", []byte("w"), time.Minute); err != nil || !ok {
		t.Errorf("SetNX after the end: %v, %v; want true", ok, err)
	}
	want(t, s, "k", "w")
	want(t, s, "long", "v")
}

func setReplaces(t *testing.T, s kv.Store) {
	ctx := t.Context()
	if err := s.Set(ctx, "k", []byte("1"), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(ctx, "k", []byte("2"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(ctx, "short", []byte("x"), 60*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a later and shorter value ends", func() bool {
		_, ok, err := s.Get(ctx, "short")
		return err == nil && !ok
	})
	want(t, s, "k", "2")
	if ok, err := s.SetNX(ctx, "k", []byte("3"), time.Minute); err != nil || ok {
		t.Errorf("SetNX over Set: %v, %v; want false", ok, err)
	}
}

func valuesAreCopies(t *testing.T, s kv.Store) {
	v := []byte("abc")
	if err := s.Set(t.Context(), "k", v, time.Minute); err != nil {
		t.Fatal(err)
	}
	v[0] = 'X'
	got, _, err := s.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	got[1] = 'X'
	want(t, s, "k", "abc")
}

func valuesAreBytes(t *testing.T, s kv.Store) {
	for i, v := range [][]byte{{}, {0}, {0xff, 0xfe, '\r', '\n'}, []byte("客户"), bytes.Repeat([]byte{7}, kv.MaxValue)} {
		key := fmt.Sprint("键/", i)
		if ok, err := s.SetNX(t.Context(), key, v, time.Minute); err != nil || !ok {
			t.Fatal(ok, err)
		}
		got, ok, err := s.Get(t.Context(), key)
		if err != nil || !ok || got == nil || !bytes.Equal(got, v) {
			t.Errorf("value %d of %d bytes came back as %d bytes, %v, %v", i, len(v), len(got), ok, err)
		}
	}
}

func del(t *testing.T, s kv.Store) {
	ctx := t.Context()
	if err := s.Del(ctx, "k"); err != nil {
		t.Errorf("removing nothing: %v", err)
	}
	if err := s.Set(ctx, "k", []byte("1"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(ctx, "other", []byte("2"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Del(ctx, "k"); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s, "k")
	want(t, s, "other", "2")
	if ok, err := s.SetNX(ctx, "k", []byte("3"), time.Minute); err != nil || !ok {
		t.Errorf("SetNX after Del: %v, %v; want true", ok, err)
	}
}

func invalid(t *testing.T, s kv.Store) {
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"no key":    func() error { _, _, err := s.Get(ctx, ""); return err },
		"long key":  func() error { return s.Set(ctx, strings.Repeat("k", kv.MaxKey+1), nil, time.Minute) },
		"big value": func() error { return s.Set(ctx, "k", make([]byte, kv.MaxValue+1), time.Minute) },
		"big new value": func() error {
			_, err := s.SetNX(ctx, "k", make([]byte, kv.MaxValue+1), time.Minute)
			return err
		},
		"big message":       func() error { return s.Publish(ctx, "c", make([]byte, kv.MaxValue+1)) },
		"no channel":        func() error { _, err := s.Subscribe(ctx, ""); return err },
		"no time":           func() error { return s.Set(ctx, "k", nil, 0) },
		"negative time":     func() error { _, err := s.SetNX(ctx, "k", nil, -time.Second); return err },
		"too short a time":  func() error { _, _, _, err := s.Lock(ctx, "k", time.Microsecond); return err },
		"no lock key":       func() error { _, _, _, err := s.Lock(ctx, "", time.Minute); return err },
		"no rate":           func() error { _, _, err := s.Take(ctx, "k", 0, 1, 1); return err },
		"no burst":          func() error { _, _, err := s.Take(ctx, "k", 1, 0, 1); return err },
		"no tokens":         func() error { _, _, err := s.Take(ctx, "k", 1, 1, 0); return err },
		"more than it has":  func() error { _, _, err := s.Take(ctx, "k", 1, 5, 6); return err },
		"too far ahead":     func() error { _, _, err := s.Reserve(ctx, "k", 1, 1, 1, kv.MaxAhead+1); return err },
		"ahead of nothing":  func() error { _, _, err := s.Reserve(ctx, "k", 1, 1, 1, -1); return err },
		"fills in too long": func() error { _, _, err := s.Take(ctx, "k", 1e-6, 1000, 1); return err },
	} {
		if err := call(); !errors.Is(err, kv.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	wantNone(t, s, "k")
}

func nameSpaces(t *testing.T, s kv.Store) {
	ctx := t.Context()
	if ok, _, err := s.Take(ctx, "k", 0.001, 1, 1); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, _, ok, err := s.Lock(ctx, "k", time.Minute); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err := s.SetNX(ctx, "k", []byte("v"), time.Minute); err != nil || !ok {
		t.Errorf("SetNX beside a bucket and a lock: %v, %v; want true", ok, err)
	}
	if err := s.Del(ctx, "k"); err != nil {
		t.Fatal(err)
	}
	if ok, _, err := s.Take(ctx, "k", 0.001, 1, 1); err != nil || ok {
		t.Errorf("Del emptied the bucket's memory: %v, %v", ok, err)
	}
	if _, _, ok, err := s.Lock(ctx, "k", time.Minute); err != nil || ok {
		t.Errorf("Del freed the lock: %v, %v", ok, err)
	}
}

func doneContext(t *testing.T, s kv.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range calls(ctx, s) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	wantNone(t, s, "k")
}

func closeEnds(t *testing.T, s kv.Store) {
	messages, err := s.Subscribe(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	unlock, _, _, err := s.Lock(t.Context(), "k", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case _, open := <-messages:
		if open {
			t.Error("the subscription got a message that nobody sent")
		}
	case <-time.After(10 * time.Second):
		t.Error("the subscription outlives the store")
	}
	for name, err := range calls(t.Context(), s) {
		if !errors.Is(err, kv.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", name, err)
		}
	}
	if err := unlock(); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("unlock after Close: %v, want ErrClosed", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// calls calls every method and returns its error by name.
func calls(ctx context.Context, s kv.Store) map[string]error {
	errs := map[string]error{}
	_, errs["SetNX"] = s.SetNX(ctx, "k", nil, time.Minute)
	_, _, errs["Get"] = s.Get(ctx, "k")
	errs["Set"] = s.Set(ctx, "k", nil, time.Minute)
	errs["Del"] = s.Del(ctx, "k")
	_, _, errs["Take"] = s.Take(ctx, "k", 1, 1, 1)
	_, _, errs["Reserve"] = s.Reserve(ctx, "k", 1, 1, 1, time.Second)
	_, _, _, errs["Lock"] = s.Lock(ctx, "k", time.Minute)
	errs["Publish"] = s.Publish(ctx, "c", nil)
	_, errs["Subscribe"] = s.Subscribe(ctx, "c")
	errs["Ping"] = s.Ping(ctx)
	return errs
}
