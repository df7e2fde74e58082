package testenv

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis returns the URL of CRMBOT_TEST_REDIS with a key prefix of its own
// (query parameter "prefix", which kv.OpenRedis understands) and deletes the
// keys with that prefix when the test ends. Pub/sub channels get the prefix too,
// so tests that run at the same time do not see each other.
//
// A server that is named but does not answer fails the test.
func Redis(t testing.TB) string {
	t.Helper()
	server := os.Getenv(EnvRedis)
	if server == "" {
		Missing(t, "Redis suite", why(EnvRedis, "no server ("+EnvRedis+" is empty)"))
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is not a URL", EnvRedis)
	}
	opts, err := redis.ParseURL(server)
	if err != nil {
		t.Fatalf("%s: %v", EnvRedis, err)
	}
	opts.DialerRetries = 1
	admin := redis.NewClient(opts)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
	defer cancel()
	if err := admin.Ping(ctx).Err(); err != nil {
		_ = admin.Close()
		t.Fatalf("Redis suite: the server of %s does not answer: %v", EnvRedis, err)
	}
	prefix := "t" + strings.ToLower(rand.Text()) + ":"
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		keys := admin.Scan(ctx, 0, prefix+"*", 1000).Iterator()
		for keys.Next(ctx) {
			if err := admin.Unlink(ctx, keys.Val()).Err(); err != nil {
				t.Errorf("deleting the test's keys: %v", err)
				break
			}
		}
		if err := keys.Err(); err != nil {
			t.Errorf("listing the test's keys: %v", err)
		}
		if err := admin.Close(); err != nil {
			t.Errorf("closing the connection that deleted the test's keys: %v", err)
		}
	})
	q := u.Query()
	q.Set("prefix", prefix)
	u.RawQuery = q.Encode()
	return u.String()
}
