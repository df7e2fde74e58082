package kv_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"crmbot/internal/kv"
	"crmbot/internal/kv/kvtest"
	"crmbot/internal/testenv"
)

// open opens a store and closes it with the test.
func open(t *testing.T, url string, opts ...kv.Option) *kv.Redis {
	t.Helper()
	s, err := kv.OpenRedis(t.Context(), url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestRedisClusterContract(t *testing.T) {
	server := testenv.StartRedisCluster(t)
	kvtest.Run(t, func(t *testing.T) kv.Store {
		return open(t, server.URL, kv.WithPrefix(t.Name()+":"))
	})
}

func TestReplicasShareRedis(t *testing.T) {
	ctx := t.Context()
	u := testenv.Redis(t)
	a, b := open(t, u), open(t, u)
	other := open(t, testenv.Redis(t))

	if ok, err := a.SetNX(ctx, "k", []byte("a"), time.Minute); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err := b.SetNX(ctx, "k", []byte("b"), time.Minute); err != nil || ok {
		t.Errorf("the other replica claimed the same key: %v, %v", ok, err)
	}
	if ok, err := other.SetNX(ctx, "k", []byte("c"), time.Minute); err != nil || !ok {
		t.Errorf("another prefix is not free: %v, %v", ok, err)
	}
	unlock, first, ok, err := a.Lock(ctx, "k", time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, _, ok, err := b.Lock(ctx, "k", time.Minute); err != nil || ok {
		t.Errorf("both replicas hold the lock: %v, %v", ok, err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if _, second, ok, err := b.Lock(ctx, "k", time.Minute); err != nil || !ok || second <= first {
		t.Errorf("the other replica after unlock: token %d after %d, %v, %v", second, first, ok, err)
	}
	mine, err := a.Subscribe(ctx, "c")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Publish(ctx, "c", []byte("from another prefix")); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(ctx, "c", []byte("from the other replica")); err != nil {
		t.Fatal(err)
	}
	if got := string(<-mine); got != "from the other replica" {
		t.Errorf("got %q", got)
	}
}

func TestRedisIsUsedAgainAfterARestart(t *testing.T) {
	server := testenv.StartRedis(t)
	s := open(t, server.URL)
	messages, err := s.Subscribe(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	_, before, ok, err := s.Lock(t.Context(), "k", time.Hour)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}

	server.Kill()
	start := time.Now()
	if err := s.Set(t.Context(), "k", []byte("v"), time.Minute); err == nil || errors.Is(err, kv.ErrClosed) {
		t.Errorf("Set without a server: %v, want an error of the connection", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %s to notice that nobody is there", d)
	}
	server.Start()

	if err := s.Set(t.Context(), "k", []byte("v"), time.Minute); err != nil {
		t.Errorf("Set after the restart: %v", err)
	}
	// The lock was lost with the server, but its token must not come again.
	_, after, ok, err := s.Lock(t.Context(), "k", time.Minute)
	if err != nil || !ok || after <= before {
		t.Errorf("Lock after the restart: token %d after %d, %v, %v", after, before, ok, err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		if err := s.Publish(t.Context(), "c", []byte("back")); err != nil {
			t.Fatal(err)
		}
		select {
		case m := <-messages:
			if string(m) != "back" {
				t.Errorf("got %q", m)
			}
			return
		case <-tick.C:
		case <-deadline:
			t.Fatal("the subscription did not come back")
		}
	}
}

// lossy passes bytes on to a server; when told to, it passes a request on and
// loses the answer with the connection.
type lossy struct {
	net.Listener
	lose   atomic.Bool
	losses atomic.Int32
	wg     sync.WaitGroup
}

func newLossy(t *testing.T, server string) *lossy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &lossy{Listener: l}
	t.Cleanup(func() {
		_ = l.Close()
		p.wg.Wait()
	})
	p.wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", server)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.wg.Go(func() {
				_, _ = io.Copy(out, in)
				_ = out.Close()
			})
			p.wg.Go(func() {
				defer in.Close()
				b := make([]byte, 4096)
				for {
					n, err := out.Read(b)
					if err != nil {
						return
					}
					if p.lose.CompareAndSwap(true, false) {
						p.losses.Add(1)
						return
					}
					if _, err := in.Write(b[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	return p
}

func TestALostAnswerIsNoLostClaim(t *testing.T) {
	u, err := url.Parse(testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := newLossy(t, u.Host)
	direct := open(t, u.String())
	u.Host = proxy.Addr().String()
	s := open(t, u.String())

	// The scripts are loaded first, so that the answer lost below is the one
	// that counts and not a request for the script.
	for _, warm := range []func() error{
		func() error { _, err := s.SetNX(t.Context(), "warm", nil, time.Minute); return err },
		func() error {
			unlock, _, _, err := s.Lock(t.Context(), "warm", time.Minute)
			if err == nil {
				err = unlock()
			}
			return err
		},
	} {
		if err := warm(); err != nil {
			t.Fatal(err)
		}
	}

	proxy.lose.Store(true)
	if ok, err := s.SetNX(t.Context(), "k", []byte("v"), time.Minute); err != nil || !ok {
		t.Errorf("SetNX whose answer was lost: %v, %v; want its own success", ok, err)
	}
	if ok, err := direct.SetNX(t.Context(), "k", []byte("w"), time.Minute); err != nil || ok {
		t.Errorf("somebody else's SetNX: %v, %v; want false", ok, err)
	}
	proxy.lose.Store(true)
	unlock, token, ok, err := s.Lock(t.Context(), "k", time.Minute)
	if err != nil || !ok || token == 0 {
		t.Fatalf("Lock whose answer was lost: token %d, %v, %v; want the lock", token, ok, err)
	}
	proxy.lose.Store(true)
	if err := unlock(); err != nil {
		t.Errorf("unlock whose answer was lost: %v", err)
	}
	if proxy.losses.Load() != 3 {
		t.Errorf("%d answers were lost, want 3: the test does not test what it says", proxy.losses.Load())
	}
}

func TestRedisErrorsAreReported(t *testing.T) {
	server := miniredis.RunT(t)
	s := open(t, "redis://"+server.Addr())
	unlock, _, _, err := s.Lock(t.Context(), "held", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	server.SetError("OOM command not allowed when used memory > 'maxmemory'.")
	defer server.SetError("")
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"SetNX": func() error { _, err := s.SetNX(ctx, "k", nil, time.Minute); return err },
		"Get":   func() error { _, ok, err := s.Get(ctx, "k"); return errors.Join(err, must(!ok)) },
		"Set":   func() error { return s.Set(ctx, "k", nil, time.Minute) },
		"Del":   func() error { return s.Del(ctx, "k") },
		"Take":  func() error { ok, _, err := s.Take(ctx, "k", 1, 1, 1); return errors.Join(err, must(!ok)) },
		"Reserve": func() error {
			ok, _, err := s.Reserve(ctx, "k", 1, 1, 1, time.Second)
			return errors.Join(err, must(!ok))
		},
		"Lock":      func() error { _, _, ok, err := s.Lock(ctx, "k", time.Minute); return errors.Join(err, must(!ok)) },
		"unlock":    unlock,
		"Publish":   func() error { return s.Publish(ctx, "c", nil) },
		"Subscribe": func() error { _, err := s.Subscribe(ctx, "c"); return err },
		"Ping":      func() error { return s.Ping(ctx) },
	} {
		err := call()
		if err == nil || !strings.Contains(err.Error(), "OOM") || errors.Is(err, errMust) {
			t.Errorf("%s: %v, want the server's error", name, err)
		}
		if errors.Is(err, kv.ErrClosed) || errors.Is(err, kv.ErrLost) || errors.Is(err, kv.ErrInvalid) {
			t.Errorf("%s: %v is taken for something else", name, err)
		}
	}
}

var errMust = errors.New("ok though there was an error")

func must(ok bool) error {
	if ok {
		return nil
	}
	return errMust
}

func TestADeadlineEndsACallToASilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if s, err := kv.OpenRedis(ctx, "redis://"+l.Addr().String()); err == nil {
		_ = s.Close()
		t.Error("a silent server was taken for Redis")
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("it took %s to give up", d)
	}
}

func TestBadRedisURLsNeverShowThePassword(t *testing.T) {
	for _, u := range []string{
		"redis://user:geheim@127.0.0.1:6379/0?no_such_option=1",
		"redis://user:geheim@127.0.0.1:6379/0?cluster=perhaps",
		"redis://user:geheim@127.0.0.1:6379/zero",
		"redis://user:geheim@127.0.0.1:63 79/0",
		"http://user:geheim@127.0.0.1:6379/0",
		"redis://user:geheim@127.0.0.1:1/0",
		"redis://user:geheim@127.0.0.1:1?cluster=true",
		"",
	} {
		s, err := kv.OpenRedis(t.Context(), u)
		if err == nil {
			_ = s.Close()
			t.Errorf("%q was accepted", u)
			continue
		}
		if strings.Contains(err.Error(), "geheim") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}
