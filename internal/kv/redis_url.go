package kv

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// How long one try may take unless the URL says otherwise. People wait for the
// answer, so a Redis that hangs must be noticed before they do.
const (
	dialTimeout = 2 * time.Second
	ioTimeout   = 2 * time.Second
)

// newClient makes the client that the URL asks for; it does not connect yet.
func newClient(address string, o *options) (redis.UniversalClient, error) {
	u, err := url.Parse(address)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // without the URL, which holds the password
		}
		return nil, fmt.Errorf("kv: redis URL: %w", err)
	}
	q := u.Query()
	if q.Has("prefix") {
		o.prefix = q.Get("prefix")
		q.Del("prefix")
	}
	cluster := q.Has("addr")
	if v := q.Get("cluster"); v != "" {
		on, err := strconv.ParseBool(v)
		if err != nil {
			return nil, errors.New("kv: redis URL: cluster must be true or false")
		}
		cluster = cluster || on
	}
	q.Del("cluster")
	u.RawQuery = q.Encode()

	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch {
	case q.Has("master_name"):
		c, err := redis.ParseFailoverURL(u.String())
		if err != nil {
			return nil, fmt.Errorf("kv: redis URL: %w", err)
		}
		c.DialTimeout, c.ReadTimeout, c.WriteTimeout = timeouts(c.DialTimeout, c.ReadTimeout, c.WriteTimeout)
		c.MaxRetries, c.DialerRetries, c.ContextTimeoutEnabled, c.DisableIdentity = 1, 1, true, true
		return redis.NewFailoverClient(c), nil
	case cluster:
		c, err := redis.ParseClusterURL(u.String())
		if err != nil {
			return nil, fmt.Errorf("kv: redis URL: %w", err)
		}
		c.DialTimeout, c.ReadTimeout, c.WriteTimeout = timeouts(c.DialTimeout, c.ReadTimeout, c.WriteTimeout)
		c.DialerRetries, c.ContextTimeoutEnabled, c.DisableIdentity, c.MaintNotificationsConfig = 1, true, true, quiet
		return redis.NewClusterClient(c), nil
	default:
		c, err := redis.ParseURL(u.String())
		if err != nil {
			return nil, fmt.Errorf("kv: redis URL: %w", err)
		}
		c.DialTimeout, c.ReadTimeout, c.WriteTimeout = timeouts(c.DialTimeout, c.ReadTimeout, c.WriteTimeout)
		c.MaxRetries, c.DialerRetries, c.ContextTimeoutEnabled, c.DisableIdentity, c.MaintNotificationsConfig = 1, 1, true, true, quiet
		return redis.NewClient(c), nil
	}
}

// timeouts fills in what the URL left open.
func timeouts(dial, read, write time.Duration) (time.Duration, time.Duration, time.Duration) {
	if dial == 0 {
		dial = dialTimeout
	}
	if read == 0 {
		read = ioTimeout
	}
	if write == 0 {
		write = ioTimeout
	}
	return dial, read, write
}
