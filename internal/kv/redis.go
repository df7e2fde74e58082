package kv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is the Store that replicas share. Every command and script touches one
// key, so it works on a cluster. Scripts tell the time by the server's clock:
// the replicas' own clocks may differ.
type Redis struct {
	client redis.UniversalClient
	opt    options
	closed atomic.Bool

	done chan struct{} // closed with the store; ends the subscriptions
	mu   sync.Mutex    // makes closing and counting a subscription exclude each other
	subs sync.WaitGroup
}

// OpenRedis connects to the URL and checks that somebody answers:
//
//	redis://user:password@host:6379/0          one server (rediss:// with TLS)
//	redis://host:6379?addr=host2:6379          a cluster by some of its nodes
//	redis://host:6379?cluster=true             a cluster by one address
//	redis://host:26379?master_name=main        the main server that sentinels name
//
// The parameter prefix=TEXT is WithPrefix, which it overrides; pool_size,
// dial_timeout, read_timeout and the like are those of go-redis. Errors do not
// contain the password.
func OpenRedis(ctx context.Context, url string, opts ...Option) (*Redis, error) {
	o := newOptions(opts)
	quietOnce.Do(func() { redis.SetLogger(redisLog{}) })
	client, err := newClient(url, &o)
	if err != nil {
		return nil, err
	}
	r := &Redis{client: client, opt: o, done: make(chan struct{})}
	if err := r.Ping(ctx); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// redisLog writes what the client says beside its errors, addresses of servers
// at most, to the program's own log.
type redisLog struct{}

// Printf implements the client's logger.
func (redisLog) Printf(ctx context.Context, format string, v ...any) {
	slog.WarnContext(ctx, "redis client", "text", fmt.Sprintf(format, v...))
}

var quietOnce sync.Once // the client has one logger for the whole process

// Name spaces in Redis, after the prefix.
const (
	redisValue   = "v:"
	redisBucket  = "b:"
	redisLock    = "l:"
	redisPlace   = "p:"
	redisChannel = "c:"
)

// idSize is how many bytes before a value tell which call wrote it.
const idSize = 16

// setNXScript stores id and value unless there is a value; a call that finds its
// own id was tried twice and succeeded the first time.
var setNXScript = redis.NewScript(`
local old = redis.call('GETRANGE', KEYS[1], 0, 15)
if old ~= '' then
  return old == ARGV[1] and 1 or 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return 1`)

// takeScript is the function take; the state is the moment in microseconds. A
// wait that was refused is returned below zero.
var takeScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst, n, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local size = burst * interval
local full = tonumber(redis.call('GET', KEYS[1]) or 0)
full = math.min(math.max(full, now), now + size + ahead)
local new = full + n * interval
local over = new - (now + size)
if over > ahead + 0.5 then
  return -math.ceil(over)
end
redis.call('SET', KEYS[1], string.format('%.3f', new), 'PX', math.ceil((new - now) / 1000) + 1)
return over > 0.5 and math.ceil(over) or 0`)

// lockScript returns the token, or false when somebody holds the lock. The key
// outlives the lock by an hour, so that the next token is greater even when the
// server's clock was set back.
var lockScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local held = redis.call('HMGET', KEYS[1], 'owner', 'ends', 'token')
if tonumber(held[2] or 0) > now then
  return held[1] == ARGV[1] and held[3] or false
end
local token = string.format('%.0f', math.max(tonumber(held[3] or 0) + 1, now))
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'ends', string.format('%.0f', now + ARGV[2] * 1000), 'token', token)
redis.call('PEXPIRE', KEYS[1], ARGV[2] + 3600000)
return token`)

// unlockScript returns 1 when the lock was still held and 0 when it was lost.
var unlockScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local held = redis.call('HMGET', KEYS[1], 'owner', 'ends', 'freed')
if held[1] ~= ARGV[1] then
  return held[3] == ARGV[1] and 1 or 0
end
if tonumber(held[2]) <= now then
  return 0
end
redis.call('HSET', KEYS[1], 'owner', '', 'ends', '0', 'freed', ARGV[1])
return 1`)

// key checks the call and returns the whole key.
func (r *Redis) key(ctx context.Context, space, key string) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	if r.closed.Load() {
		return "", ErrClosed
	}
	return r.opt.prefix + space + key, ctx.Err()
}

// fail words an error of the client; nil stays nil.
func (r *Redis) fail(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redis.ErrClosed):
		return ErrClosed
	default:
		return fmt.Errorf("kv: redis: %s: %w", what, err)
	}
}

// SetNX implements Store.
func (r *Redis) SetNX(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := errors.Join(checkValue(value), checkTTL(ttl)); err != nil {
		return false, err
	}
	k, err := r.key(ctx, redisValue, key)
	if err != nil {
		return false, err
	}
	id := make([]byte, idSize)
	_, _ = rand.Read(id) // never fails
	n, err := setNXScript.Run(ctx, r.client, []string{k}, id, value, ttl.Milliseconds()).Int()
	return n == 1, r.fail("set if new", err)
}

// Get implements Store.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, bool, error) {
	k, err := r.key(ctx, redisValue, key)
	if err != nil {
		return nil, false, err
	}
	b, err := r.client.Get(ctx, k).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, r.fail("get", err)
	}
	if len(b) < idSize {
		return nil, false, errors.New("kv: redis: get: the value was written by somebody else")
	}
	return b[idSize:], true, nil
}

// Set implements Store.
func (r *Redis) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := errors.Join(checkValue(value), checkTTL(ttl)); err != nil {
		return err
	}
	k, err := r.key(ctx, redisValue, key)
	if err != nil {
		return err
	}
	b := append(make([]byte, idSize, idSize+len(value)), value...)
	return r.fail("set", r.client.Set(ctx, k, b, ttl.Truncate(time.Millisecond)).Err())
}

// Del implements Store.
func (r *Redis) Del(ctx context.Context, key string) error {
	k, err := r.key(ctx, redisValue, key)
	if err != nil {
		return err
	}
	return r.fail("delete", r.client.Del(ctx, k).Err())
}

// Take implements Store.
func (r *Redis) Take(ctx context.Context, key string, rate float64, burst, n int) (bool, time.Duration, error) {
	return r.Reserve(ctx, key, rate, burst, n, 0)
}

// Reserve implements Store.
func (r *Redis) Reserve(ctx context.Context, key string, rate float64, burst, n int, ahead time.Duration) (bool, time.Duration, error) {
	if err := errors.Join(checkTake(rate, burst, n), checkAhead(ahead)); err != nil {
		return false, 0, err
	}
	k, err := r.key(ctx, redisBucket, key)
	if err != nil {
		return false, 0, err
	}
	wait, err := takeScript.Run(ctx, r.client, []string{k}, strconv.FormatFloat(interval(rate), 'g', -1, 64), burst, n, ahead.Microseconds()).Int64()
	if err != nil {
		return false, 0, r.fail("take", err)
	}
	return wait >= 0, time.Duration(max(wait, -wait)) * time.Microsecond, nil
}

// unlockTimeout bounds unlock, which has no context of its own: the holder's
// may be done, and that is when unlocking matters.
const unlockTimeout = 3 * time.Second

// Lock implements Store.
func (r *Redis) Lock(ctx context.Context, key string, ttl time.Duration) (func() error, int64, bool, error) {
	if err := checkTTL(ttl); err != nil {
		return nil, 0, false, err
	}
	k, err := r.key(ctx, redisLock, key)
	if err != nil {
		return nil, 0, false, err
	}
	owner := rand.Text()
	token, err := lockScript.Run(ctx, r.client, []string{k}, owner, ttl.Milliseconds()).Int64()
	if errors.Is(err, redis.Nil) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, r.fail("lock", err)
	}
	var once sync.Once
	unlock := func() (err error) {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
			defer cancel()
			var n int
			if n, err = unlockScript.Run(ctx, r.client, []string{k}, owner).Int(); err != nil {
				err = r.fail("unlock", err)
			} else if n == 0 {
				err = ErrLost
			}
		})
		return err
	}
	return unlock, token, true, nil
}

// Ping implements Store.
func (r *Redis) Ping(ctx context.Context) error {
	if r.closed.Load() {
		return ErrClosed
	}
	return r.fail("ping", r.client.Ping(ctx).Err())
}

// Close implements Store.
func (r *Redis) Close() error {
	r.mu.Lock()
	was := r.closed.Swap(true)
	r.mu.Unlock()
	if was {
		return nil
	}
	close(r.done)
	r.subs.Wait()
	return r.fail("close", r.client.Close())
}
