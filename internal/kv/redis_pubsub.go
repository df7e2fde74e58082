package kv

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Publish implements Store.
func (r *Redis) Publish(ctx context.Context, channel string, message []byte) error {
	if err := checkValue(message); err != nil {
		return err
	}
	c, err := r.key(ctx, redisChannel, channel)
	if err != nil {
		return err
	}
	return r.fail("publish", r.client.Publish(ctx, c, message).Err())
}

// confirmTimeout bounds the wait for the server's word that a subscription stands.
const confirmTimeout = 3 * time.Second

// Subscribe implements Store. The connection is watched and made again when it
// breaks; what was published in between is lost.
func (r *Redis) Subscribe(ctx context.Context, channel string) (<-chan []byte, error) {
	c, err := r.key(ctx, redisChannel, channel)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	if r.closed.Load() {
		r.mu.Unlock()
		return nil, ErrClosed
	}
	r.subs.Add(1)
	r.mu.Unlock()

	sub := r.client.Subscribe(ctx, c)
	if _, err := sub.ReceiveTimeout(ctx, confirmTimeout); err != nil {
		err = r.fail("subscribe", errors.Join(err, sub.Close()))
		r.subs.Done()
		return nil, err
	}
	out := make(chan []byte, Backlog)
	in := sub.Channel(redis.WithChannelSize(Backlog))
	go func() {
		defer r.subs.Done()
		defer close(out)
		defer func() {
			_ = sub.Close()
			for range in { // until the client's own goroutines have ended
			}
		}()
		for {
			select {
			case <-ctx.Done():
				return
			case <-r.done:
				return
			case m, ok := <-in:
				if !ok {
					return
				}
				select {
				case out <- []byte(m.Payload):
				default: // too far behind
				}
			}
		}
	}()
	return out, nil
}
