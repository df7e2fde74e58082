package bot

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

	"crmbot/internal/crm"
)

// errPanic is the cause of the answer to a panic. The panic's own value may
// hold what a person typed, so only the log's stack tells more.
var errPanic = errors.New("panic in handler")

// Recover answers a panic like any other defect: the person reads that nothing
// happened, the log gets the stack without the message.
func Recover() Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Req) (rep Reply) {
			defer func() {
				if p := recover(); p != nil {
					slog.ErrorContext(ctx, "panic in handler", "event", req.EventID, "kind", string(req.Kind), "action", actionName(req), "stack", string(debug.Stack()))
					rep = answer(req, crm.Internal(errPanic), true)
				}
			}()
			return next(ctx, req)
		}
	}
}
