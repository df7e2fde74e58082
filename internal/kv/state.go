package kv

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// RedisState is what the doctor wants to know of a Redis.
type RedisState struct {
	Version string
	// MaxMemory is the memory in bytes at which Policy says what goes; zero: no
	// limit. Told is false where the server does not tell.
	MaxMemory int64
	Policy    string
	Told      bool
	// Now is the server's time and Asked when it was asked.
	Now, Asked time.Time
}

// NoEviction is the policy under which nothing that is stored disappears early.
const NoEviction = "noeviction"

// State looks at the server and changes nothing. Of a cluster it is one node.
func (r *Redis) State(ctx context.Context) (RedisState, error) {
	var s RedisState
	sent := time.Now()
	now, err := r.client.Time(ctx).Result()
	if err != nil {
		return s, r.fail("time", err)
	}
	s.Asked, s.Now = sent.Add(time.Since(sent)/2), now
	// A server that does not let us ask for more is fine.
	info := map[string]string{}
	for _, section := range []string{"server", "memory"} {
		text, err := r.client.Info(ctx, section).Result()
		if err != nil {
			return s, nil
		}
		for _, line := range strings.Split(text, "\n") {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				info[k] = v
			}
		}
	}
	s.Version, s.Policy, s.Told = info["redis_version"], info["maxmemory_policy"], info["maxmemory_policy"] != ""
	if n, err := strconv.ParseInt(info["maxmemory"], 10, 64); err == nil {
		s.MaxMemory = n
	}
	return s, nil
}
