package bot

import (
	"context"
	"log/slog"
	"runtime/debug"

	"crmbot/internal/crm"
)

// Recover answers a panic like any other defect: the person reads that nothing
// happened, the log gets the stack without the message.
func Recover() Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Req) (rep Reply) {
			defer func() {
				if p := recover(); p != nil {
					slog.ErrorContext(ctx, "panic in handler", "event", req.EventID, "kind", string(req.Kind), "action", actionName(req), "stack", string(debug.Stack()))
					rep = Reply{Text: crm.Internal(nil).Message(req.Lang), transient: true}
					if req.Kind == Press {
						rep = Reply{Toast: rep.Text, ToastTone: ToastError, transient: true}
					}
				}
			}()
			return next(ctx, req)
		}
	}
}
