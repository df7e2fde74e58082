package app

import (
	"context"
	"time"

	"crmbot/internal/activity"
	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/report"
)

// plans tells the reports what people planned and did.
type plans struct {
	act *activity.Service
	cal *calendar.Calendar
}

// PlannedAndDone implements report.Plans.
func (p plans) PlannedAndDone(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID][]report.Item, error) {
	m, err := p.act.PlannedAndDone(ctx, users, day)
	return p.items(m), err
}

// Planned implements report.Plans.
func (p plans) Planned(ctx context.Context, users []crm.UserID, day crm.Day) (map[crm.UserID][]report.Item, error) {
	m, err := p.act.Planned(ctx, users, day)
	return p.items(m), err
}

func (p plans) items(m map[crm.UserID][]activity.DayItem) map[crm.UserID][]report.Item {
	out := make(map[crm.UserID][]report.Item, len(m))
	for u, list := range m {
		for _, x := range list {
			var at time.Time
			if x.Due.HasTime {
				at = p.cal.At(x.Due.Day, x.Due.Time).UTC()
			}
			out[u] = append(out[u], report.Item{Ref: x.Ref, Title: x.Title, At: at, Planned: x.Planned, Done: x.Done, Note: x.Note})
		}
	}
	return out
}
