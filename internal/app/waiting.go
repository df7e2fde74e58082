package app

import (
	"context"

	"crmbot/internal/activity"
	"crmbot/internal/approval"
	"crmbot/internal/crm"
)

// waiting tells the daily list which approvals wait for a person.
type waiting struct{ approvals *approval.Service }

// WaitingFor implements activity.Approvals.
func (w waiting) WaitingFor(ctx context.Context, a crm.Actor) ([]activity.Waiting, error) {
	items, err := w.approvals.Pending(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]activity.Waiting, len(items))
	for i, x := range items {
		out[i] = activity.Waiting{Request: x.Request.ID, Title: x.Request.Title, Since: x.Task.OpenedAt, Urgent: x.Request.Urgent}
	}
	return out, nil
}
