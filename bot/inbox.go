package bot

import (
	"context"
	"time"
)

// Kept is an event that was acknowledged and has to take effect.
type Kept struct {
	// ID is unique per platform; Kind and Body are the adapter's own.
	ID, Kind string
	Body     []byte
}

// Inbox keeps events between their acknowledgement and their effect, for
// platforms that want the acknowledgement at once and do not deliver again what
// they have it for. Implementations are shared by all replicas.
type Inbox interface {
	// Keep stores an event, leased until then by whoever calls; false: it was kept
	// before, now or by somebody else, and is being or was handled.
	Keep(ctx context.Context, platform string, e Kept, until time.Time) (bool, error)
	// Done marks an event as handled; its body is forgotten, its id is not.
	Done(ctx context.Context, platform, id string) error
	// Resume leases up to n events that are not done and whose lease has ended.
	Resume(ctx context.Context, platform string, now, until time.Time, n int) ([]Kept, error)
}
