package report

import (
	"context"
	"maps"
	"slices"

	"crmbot/internal/crm"
	"crmbot/internal/org"
)

// Absentee is somebody whose report was not handed in.
type Absentee struct {
	User   crm.UserID
	Name   string
	Team   string
	Report crm.ReportID
}

// MissingAll sends every superior the list of reports of the last working day
// before the given day that were not handed in.
func (s *Service) MissingAll(ctx context.Context, day crm.Day) error {
	last := s.cal.PreviousWorkday(day)
	by, err := s.absent(ctx, last)
	if err != nil {
		return err
	}
	var notices []crm.Notice
	for _, boss := range slices.Sorted(maps.Keys(by)) {
		notices = append(notices, crm.Notice{To: crm.ToUser(boss), View: crm.View{Name: ViewMissing, Ref: string(last)}, Key: "report.missing:" + string(last) + ":" + crm.Ref{Kind: "U", ID: int64(boss)}.String(), Always: true})
	}
	for part := range slices.Chunk(notices, chunk) {
		if err := s.tx.InTx(ctx, func(ctx context.Context) error { return s.fx.Notify(ctx, part...) }); err != nil {
			return err
		}
	}
	return nil
}

// absent are the missing of a day by superior.
func (s *Service) absent(ctx context.Context, day crm.Day) (map[crm.UserID][]Absentee, error) {
	rs, err := s.store.ReportsOn(ctx, day, nil, false)
	if err != nil {
		return nil, err
	}
	people, err := s.dir.Everyone(ctx)
	if err != nil {
		return nil, err
	}
	users := make(map[crm.UserID]org.User, len(people))
	for _, u := range people {
		users[u.ID] = u
	}
	out := map[crm.UserID][]Absentee{}
	for _, r := range rs {
		u := users[r.User]
		if r.State.Done() || !owes(u, day) {
			continue
		}
		boss, err := s.dir.Superior(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		if boss == 0 {
			continue
		}
		team := ""
		if t, err := s.dir.Team(ctx, u.Team); err == nil {
			team = t.Name
		}
		out[boss] = append(out[boss], Absentee{User: u.ID, Name: u.Name, Team: team, Report: r.ID})
	}
	return out, nil
}

// MissingOf are the people under the actor whose report of the day is missing
// at this moment.
func (s *Service) MissingOf(ctx context.Context, a crm.Actor, day crm.Day) ([]Absentee, error) {
	by, err := s.absent(ctx, day)
	return by[a.ID], err
}
