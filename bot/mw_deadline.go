package bot

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"crmbot/internal/crm"
)

// Later sends a reply that came after the deadline to the chat of the request.
type Later func(ctx context.Context, req *Req, rep Reply)

// Deadline answers "working on it" when the handler needs longer than the
// platform waits, and sends the result when it is there. The handler keeps
// running; wait (shared with the owner of the runtime) counts it, so that a
// stop can wait for what was acknowledged.
func Deadline(answerWithin time.Duration, later Later, wait *sync.WaitGroup) Middleware {
	return func(next Handler) Handler {
		next = Recover()(next) // the goroutine below is outside of any recover of the caller
		return func(ctx context.Context, req *Req) Reply {
			if answerWithin <= 0 {
				return next(ctx, req)
			}
			done := make(chan Reply, 1)
			late := make(chan struct{})
			keep := context.WithoutCancel(ctx)
			wait.Add(1)
			go func() {
				defer wait.Done()
				rep := next(keep, req)
				select {
				case done <- rep:
					return
				default:
				}
				<-late
				if !rep.Empty() {
					safely(keep, later, req, rep)
				}
			}()
			timer := time.NewTimer(answerWithin)
			defer timer.Stop()
			select {
			case rep := <-done:
				return rep
			case <-timer.C:
			}
			// The result may have arrived in this very moment.
			select {
			case rep := <-done:
				return rep
			case done <- Reply{}: // fills the slot: from here on the result goes the late way
				close(late)
			}
			msg := crm.Text{Zh: "处理中，完成后会发给您…", En: "working on it; the result will follow …"}
			if req.Kind == Press {
				return Reply{Toast: msg.In(req.Lang), ToastTone: ToastInfo, unfinished: true}
			}
			return Reply{Text: msg.In(req.Lang), unfinished: true}
		}
	}
}

// safely sends a late reply; a panic in an adapter must not end the program.
func safely(ctx context.Context, later Later, req *Req, rep Reply) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "panic in late reply", "event", req.EventID, "stack", string(debug.Stack()))
		}
	}()
	later(ctx, req, rep)
}
