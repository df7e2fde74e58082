package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/kv"
)

// toldFor is for how long somebody may ask about a record that a duplicate led
// them to; after that they name the company once more.
const toldFor = 30 * 24 * time.Hour

// told implements pool.Told.
type told struct{ kv kv.Store }

func toldKey(user crm.UserID, ref crm.Ref) string { return fmt.Sprintf("told:%d:%s", user, ref) }

// Tell notes it; that it could not be noted changes nothing of the answer.
func (t told) Tell(ctx context.Context, user crm.UserID, ref crm.Ref) {
	if err := t.kv.Set(ctx, toldKey(user, ref), []byte{1}, toldFor); err != nil {
		slog.WarnContext(ctx, "what somebody was told was not kept", "record", ref.String(), "err", err)
	}
}

// Told reports whether it was noted.
func (t told) Told(ctx context.Context, user crm.UserID, ref crm.Ref) (bool, error) {
	_, ok, err := t.kv.Get(ctx, toldKey(user, ref))
	return ok, err
}
