package bot

import (
	"context"
	"sync"

	"crmbot/internal/crm"
)

// maxWaiting bounds how many events of one person in one chat wait.
const maxWaiting = 64

// Order handles the events of one person in one chat one after the other, in
// order of arrival. Different people never wait for each other, in a group
// neither. An event beyond the bound is answered, not dropped silently.
func Order() Middleware {
	var mu sync.Mutex
	queues := map[string]*queue{}
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Req) Reply {
			key := req.Platform + "\x00" + req.Chat.ID + "\x00" + req.From
			mu.Lock()
			q := queues[key]
			if q == nil {
				q = &queue{turn: make(chan struct{}, 1)}
				q.turn <- struct{}{}
				queues[key] = q
			}
			if q.waiting >= maxWaiting {
				mu.Unlock()
				return busy(req)
			}
			q.waiting++
			mu.Unlock()
			defer func() {
				mu.Lock()
				if q.waiting--; q.waiting == 0 {
					delete(queues, key)
				}
				mu.Unlock()
			}()
			select {
			case <-q.turn:
			case <-ctx.Done():
				return busy(req)
			}
			defer func() { q.turn <- struct{}{} }()
			return next(ctx, req)
		}
	}
}

type queue struct {
	waiting int
	turn    chan struct{}
}

func busy(req *Req) Reply {
	e := &crm.Error{Code: crm.CodeTooMany, Text: crm.Text{Zh: "您的消息太多，还在处理前面的", En: "too many messages at once; still working on the earlier ones"},
		Next: crm.Text{Zh: "请稍等几秒再试", En: "please try again in a few seconds"}}
	return answer(req, e, true)
}
