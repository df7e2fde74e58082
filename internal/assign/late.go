package assign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// lookBack is how far back the owners may have got the leads that are looked at.
// The longest time to a first contact with its further stages is far shorter, but
// for what was handed over: see since.
const lookBack = 45 * 24 * time.Hour

// since is from when on leads are looked at: two days for each working day that
// a hand-over adds reach over weekends and holidays.
func (s *Service) since(ctx context.Context, now time.Time) time.Time {
	return now.Add(-lookBack).AddDate(0, 0, -2*int(lead.HandedDays.Of(ctx, s.d.Rules)))
}

// lookAgain is how long nobody looks when no deadline comes earlier: no longer
// than the shortest time to a first contact, so that leads given meanwhile are
// seen before theirs, and what else moves a deadline (a grade, a setting, the end
// of a leave) soon enough.
const lookAgain = time.Hour

// LateLead is a lead whose first contact is late, and how far it has come.
type LateLead struct {
	lead.Lead
	Stage Stage
	Due   time.Time
}

// Escalate looks for leads that their owners did not contact in time (AS-04):
// it tells the owner, a working day later the manager too, and another one later
// proposes a new owner to the manager, or gives the lead to somebody else where
// the setting says so. It does nothing outside of working hours, looks at the
// leads page by page, and tells each stage once.
func (s *Service) Escalate(ctx context.Context) error {
	now := s.d.Clock.Now()
	if !s.d.Calendar.IsWorkTime(now) {
		return nil
	}
	next := now.Add(lookAgain)
	var failed error
	var at Position
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		ls, err := s.d.Store.UncontactedLeads(ctx, nil, s.since(ctx, now), now, at, page)
		if err != nil {
			return errors.Join(failed, err)
		}
		late, until := s.late(ctx, ls, now)
		if !until.IsZero() && until.Before(next) {
			next = until
		}
		ids := make([]crm.LeadID, len(late))
		for i, l := range late {
			ids[i] = l.ID
		}
		told, err := s.d.Store.LateStages(ctx, ids)
		if err != nil {
			return err
		}
		for _, l := range late {
			if told[Late{l.ID, l.OwnedAt}] >= l.Stage {
				continue
			}
			if err := s.escalate(ctx, l, now); err != nil {
				slog.WarnContext(ctx, "escalation", "lead", l.ID.String(), "err", err)
				failed = errors.Join(failed, err)
			}
		}
		if len(ls) < page {
			if failed == nil {
				s.lookAt.Store(&next)
			}
			return failed
		}
		last := ls[len(ls)-1]
		at = Position{last.OwnedAt, last.ID}
	}
}

// NextLook is when somebody has to be told of a late first contact at the
// earliest, as far as this process knows; the moment itself when it does not.
func (s *Service) NextLook(context.Context) (time.Time, error) {
	if at := s.lookAt.Load(); at != nil {
		return *at, nil
	}
	return s.d.Clock.Now(), nil
}

// late are those of the leads that are late now, and when the first of all gets
// to its next stage. While the owner is on leave their clock stands still.
func (s *Service) late(ctx context.Context, ls []lead.Lead, now time.Time) (out []LateLead, until time.Time) {
	limits := lead.LimitsOf(ctx, s.d.Rules)
	manager, again := int(ManagerAfter.Of(ctx, s.d.Rules)), int(AgainAfter.Of(ctx, s.d.Rules))
	day := s.d.Calendar.DayOf(now)
	for _, l := range ls {
		u, err := s.d.People.User(ctx, l.Owner)
		if err != nil || u.OnLeave(day) || u.Frozen || !u.Active {
			continue
		}
		due := AfterLeave(lead.DueOf(l, limits, s.d.Calendar, now).Contact, l.OwnedAt, u, s.d.Calendar)
		st, next := StageOf(due, s.d.Calendar, manager, again, now)
		if !next.IsZero() && (until.IsZero() || next.Before(until)) {
			until = next
		}
		if st == InTime {
			continue
		}
		out = append(out, LateLead{Lead: l, Stage: st, Due: due})
	}
	return out, until
}

func (s *Service) escalate(ctx context.Context, l LateLead, now time.Time) error {
	if l.Stage == Again && AutoReassign.Of(ctx, s.d.Rules) {
		done, err := s.reassign(ctx, l, now)
		if err != nil || done {
			return err
		}
	}
	manager, err := s.d.People.Superior(ctx, l.Owner)
	if err != nil {
		return err
	}
	return s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.noteLate(ctx, l, now); err != nil {
			return err
		}
		// Each view lists all late leads of its moment: several at once are one card.
		notices := []crm.Notice{{To: crm.ToUser(l.Owner), View: crm.View{Name: ViewLate, Ref: fmt.Sprint(int64(l.Owner))}, Topic: fmt.Sprintf("%s:%d", ViewLate, l.Owner)}}
		if l.Stage >= TellBoth && manager != 0 {
			notices = append(notices, crm.Notice{To: crm.ToUser(manager), View: crm.View{Name: ViewTeamLate, Ref: fmt.Sprint(int64(manager))}, Topic: fmt.Sprintf("%s:%d", ViewTeamLate, manager)})
		}
		if l.Stage == Again {
			notices = notices[1:] // the owner was told twice
		}
		return s.d.Effects.Notify(ctx, notices...)
	})
}

func (s *Service) noteLate(ctx context.Context, l LateLead, now time.Time) error {
	if err := s.d.Store.SaveLate(ctx, Late{l.ID, l.OwnedAt}, l.Stage, now); err != nil {
		return err
	}
	return s.d.Effects.Audit(ctx, crm.Audit{At: now, Action: "assign.late", Ref: l.Ref(), Rule: "AS-04", Detail: map[string]any{"owner": l.Owner, "grade": l.Grade, "due": l.Due.UTC().Format(time.RFC3339), "stage": int(l.Stage)}})
}

// reassign gives a late lead to somebody else by the rules (AS-04), at once and
// without an offer: it has waited long enough. False: there is nobody.
func (s *Service) reassign(ctx context.Context, l LateLead, now time.Time) (bool, error) {
	book, version := s.book(ctx)
	name, steps := book.Plan(l.Lead)
	name.Version = version
	home, err := s.d.Gate.Pool(ctx, l.Pool)
	if err != nil {
		return false, err
	}
	steps = slices.DeleteFunc(slices.Clone(steps), func(st Step) bool { return st.Method.ends() })
	if len(steps) == 0 {
		u, err := s.d.People.User(ctx, l.Owner)
		if err != nil {
			return false, err
		}
		steps = []Step{{Method: Weighted, Teams: []crm.TeamID{u.Team}}}
	}
	d := s.newDesk(ctx, now)
	for _, st := range steps {
		if st.Method == Bid {
			st.Method = Weighted
		}
		for {
			c, why, ok, err := d.choose(ctx, Run{From: l.Owner}, l.Lead, st, home, nil)
			if err != nil {
				return false, err
			}
			if !ok {
				break
			}
			check := func(ctx context.Context) error { return s.room(ctx, c, &why) }
			_, err = s.d.Leads.Route(ctx, crm.SystemActor(), lead.Routing{Lead: l.ID, From: l.Owner, To: c.User, Reason: pool.AutoAssign, Check: check}, func(ctx context.Context, _ lead.Lead) error {
				if err := s.noteLate(ctx, l, now); err != nil {
					return err
				}
				r := Run{Lead: l.ID, State: Done, Due: now, Step: 0, Plan: []Step{st}, Rule: name, Cause: Reassign, From: l.Owner, Result: ToPerson, To: c.User, Why: why, CreatedAt: now, DoneAt: now}
				if err := s.d.Store.AddRuns(ctx, []Run{r}); err != nil {
					return err
				}
				if err := s.d.Store.Served(ctx, c.User, now); err != nil {
					return err
				}
				if err := s.audit(ctx, r, "assign.reassign", "AS-04"); err != nil {
					return err
				}
				return s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(c.User), View: crm.View{Name: ViewGiven, Ref: l.ID.String()}, Always: l.Grade == "A"})
			})
			switch {
			case d.crowded(c.User, err):
				continue
			case errors.Is(err, pool.ErrLost):
				return true, nil // it moved: nothing is late any more
			}
			return err == nil, err
		}
	}
	return false, nil
}

// LateOf are the late leads of a person now, the latest first. The actor is that
// person, or leads them.
func (s *Service) LateOf(ctx context.Context, a crm.Actor, user crm.UserID) ([]LateLead, error) {
	list, err := s.d.Leads.Of(ctx, a, user)
	if err != nil {
		return nil, err
	}
	ls := make([]lead.Lead, 0, len(list))
	for _, v := range list {
		if !v.Contacted() {
			ls = append(ls, v.Lead)
		}
	}
	late, _ := s.late(ctx, ls, s.d.Clock.Now())
	return byLateness(late), nil
}

// TeamLate are the late leads of which the actor as a manager was told, the
// latest first, at most n.
func (s *Service) TeamLate(ctx context.Context, a crm.Actor, n int) ([]LateLead, error) {
	if !a.Is(supervisors...) {
		return nil, crm.Forbid(a, crm.Manager, crm.Director)
	}
	teams := append([]crm.TeamID{}, a.Reach...)
	if a.All || a.System {
		teams = nil
	}
	now := s.d.Clock.Now()
	var out []LateLead
	for at := (Position{}); ; {
		ls, err := s.d.Store.UncontactedLeads(ctx, teams, s.since(ctx, now), now, at, page)
		if err != nil || len(ls) == 0 {
			out = byLateness(out)
			return out[:min(len(out), n)], err
		}
		late, _ := s.late(ctx, ls, now)
		for _, l := range late {
			if l.Stage >= TellBoth {
				out = append(out, l)
			}
		}
		at = Position{ls[len(ls)-1].OwnedAt, ls[len(ls)-1].ID}
	}
}

func byLateness(ls []LateLead) []LateLead {
	slices.SortStableFunc(ls, func(a, b LateLead) int {
		return cmp.Or(cmp.Compare(b.Stage, a.Stage), cmp.Compare(a.Grade, b.Grade), a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	return ls
}
