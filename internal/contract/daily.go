package contract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmbot/internal/crm"
)

const dueBatch = 200

// RunDaily moves contracts whose start date is reached into force and those
// whose end date has passed to expired (CT-01). Terminated contracts stay
// where they are. Running it again changes nothing.
func (s *Service) RunDaily(ctx context.Context) error {
	today := s.Calendar.DayOf(s.Clock.Now())
	return errors.Join(s.moveDue(ctx, NotStarted, Start, today), s.moveDue(ctx, Active, End, today.AddDays(-1)))
}

func (s *Service) moveDue(ctx context.Context, in State, on Event, day crm.Day) error {
	var errs []error
	for after := crm.ContractID(0); ; {
		cs, err := s.Store.ContractsDue(ctx, in, day, after, dueBatch)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, c := range cs {
			after = c.ID
			if err := s.moveOne(ctx, c.ID, in, on, day); err != nil {
				errs = append(errs, fmt.Errorf("contract %d: %w", c.ID, err))
			}
		}
		if len(cs) < dueBatch {
			return errors.Join(errs...)
		}
	}
}

func (s *Service) moveOne(ctx context.Context, id crm.ContractID, in State, on Event, day crm.Day) error {
	_, err := s.change(ctx, crm.SystemActor(), id, 0, func(_ context.Context, c *Contract, _ time.Time) ([]Entry, error) {
		due := c.StartsOn
		if on == End {
			due = c.EndsOn
		}
		if c.State != in || !c.TerminatedAt.IsZero() || due == "" || due > day {
			return nil, nil
		}
		to, err := Next(c.State, on)
		if err != nil {
			return nil, err
		}
		c.State = to
		return []Entry{{Event: on, From: in, To: to, Note: string(due)}}, nil
	})
	return err
}
