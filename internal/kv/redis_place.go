package kv

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// placeScript keeps the taken places in a sorted set, by the moment in
// microseconds at which each is free. It returns zero when the place is the
// caller's, also when the call was tried twice, else the time until one is free.
var placeScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local n, ttl = tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= n then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return math.max(1, math.ceil(tonumber(first[2]) - now))
end
redis.call('ZADD', KEYS[1], now + ttl, ARGV[1])
if redis.call('PTTL', KEYS[1]) < ttl / 1000 then
  redis.call('PEXPIRE', KEYS[1], math.ceil(ttl / 1000) + 1)
end
return 0`)

var leaveScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local cool = tonumber(ARGV[2])
if cool > 0 then
  redis.call('ZADD', KEYS[1], now + cool, ARGV[1])
  if redis.call('PTTL', KEYS[1]) < cool / 1000 then
    redis.call('PEXPIRE', KEYS[1], math.ceil(cool / 1000) + 1)
  end
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return 1`)

// Place implements Store.
func (r *Redis) Place(ctx context.Context, key string, n int, ttl, cool time.Duration) (func() error, time.Duration, bool, error) {
	if err := checkPlace(n, ttl, cool); err != nil {
		return nil, 0, false, err
	}
	k, err := r.key(ctx, redisPlace, key)
	if err != nil {
		return nil, 0, false, err
	}
	mine := rand.Text()
	wait, err := placeScript.Run(ctx, r.client, []string{k}, mine, n, ttl.Microseconds()).Int64()
	if err != nil {
		return nil, 0, false, r.fail("place", err)
	}
	if wait > 0 {
		return nil, time.Duration(wait) * time.Microsecond, false, nil
	}
	var once sync.Once
	return func() (err error) {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
			defer cancel()
			err = r.fail("leave", leaveScript.Run(ctx, r.client, []string{k}, mine, cool.Microseconds()).Err())
		})
		return err
	}, 0, true, nil
}
