package app

import (
	"context"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/push"
)

// budget tells distribution who got all unasked cards of today (CH-03).
type budget struct {
	pushes *push.Gate
	dir    *org.Directory
}

// Spent implements assign.Budget.
func (b budget) Spent(ctx context.Context, users []crm.UserID) (map[crm.UserID]bool, error) {
	people := make([]crm.Actor, 0, len(users))
	for _, id := range users {
		if u, err := b.dir.User(ctx, id); err == nil {
			people = append(people, crm.Actor{ID: id, Team: u.Team, Roles: u.Roles})
		}
	}
	return b.pushes.Spent(ctx, people)
}
