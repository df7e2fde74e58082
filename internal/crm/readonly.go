package crm

import "context"

type readOnlyKey struct{}

// WithReadOnly makes every transaction of the context fail with the reason:
// somebody who may read but not act (HO-01) can then use whatever only reads.
func WithReadOnly(ctx context.Context, reason error) context.Context {
	return context.WithValue(ctx, readOnlyKey{}, reason)
}

// ReadOnly is why the context's work may change nothing, or nil when it may.
func ReadOnly(ctx context.Context) error {
	err, _ := ctx.Value(readOnlyKey{}).(error)
	return err
}
