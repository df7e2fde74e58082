package assign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/lead"
	"crmbot/internal/pool"
)

// offer asks the person to take the lead until the deadline (AS-03). Meanwhile
// nobody else can claim it.
func (s *Service) offer(ctx context.Context, now time.Time, r Run, l lead.Lead, c Candidate, why Why) (Run, error) {
	minutes, _ := Timers.Read(ctx, s.d.Rules)
	after := r
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.d.Gate.Seat(ctx, crm.KindLead, c.User); err != nil {
			return err
		}
		locked, err := s.d.Store.LockLead(ctx, r.Lead)
		if err != nil {
			return err
		}
		if locked.Owner != r.From || locked.Status != lead.Open {
			return errMoved
		}
		if err := s.room(ctx, c, &why); err != nil {
			return err
		}
		o := Offer{Run: r.ID, Lead: r.Lead, User: c.User, Grade: l.Grade, State: OfferOpen, Expires: Deadline(l.Grade, minutes, s.d.Calendar, now), CreatedAt: now}
		ok, err := s.d.Store.AddOffer(ctx, &o)
		if err != nil {
			return err
		}
		if !ok {
			return errMoved
		}
		after = r
		after.State, after.Due, after.Why, after.To = Offered, o.Expires, why, c.User
		if after, err = s.save(ctx, after); err != nil {
			return err
		}
		if r.From == 0 {
			if err := s.d.Store.HoldBack(ctx, o.Expires.Add(reserve), r.Lead); err != nil {
				return err
			}
		}
		if err := s.d.Store.Served(ctx, c.User, now); err != nil {
			return err
		}
		if err := s.fact(ctx, FactOffered, 1, now, c.User, r.Lead); err != nil {
			return err
		}
		if err := s.audit(ctx, after, "assign.offer", "AS-03"); err != nil {
			return err
		}
		// A leads are exempt from the budget (CH-03); offers are made in working hours
		// only, so none of them comes at night.
		if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(c.User), View: crm.View{Name: ViewOffer, Ref: fmt.Sprint(o.ID)}, Always: l.Grade == "A"}); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, r.Lead.Ref())
	})
	return after, err
}

func (s *Service) fact(ctx context.Context, key string, n int64, at time.Time, user crm.UserID, id crm.LeadID) error {
	u, err := s.d.People.User(ctx, user)
	if err != nil {
		return err
	}
	return s.d.Effects.Record(ctx, crm.Fact{At: at, Day: s.d.Calendar.DayOf(at), User: user, Team: u.Team, Key: key, Qty: n, Ref: id.Ref()})
}

// expire ends the open offer of the run: its time is up. The run goes on.
func (s *Service) expire(ctx context.Context, r Run) (Run, error) {
	now := s.d.Clock.Now()
	offers, err := s.d.Store.Offers(ctx, r.ID)
	if err != nil {
		return r, err
	}
	after := r
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after = r
		if len(offers) > 0 {
			o := offers[len(offers)-1]
			o.State, o.DoneAt = OfferExpired, now
			return s.bounce(ctx, &after, o)
		}
		after.State, after.Due = Waiting, now
		after, err = s.save(ctx, after)
		return err
	})
	return after, err
}

// bounce ends an offer that was not accepted and sends the run on, in the
// transaction of the context. The lead's row comes first, as with acceptance.
func (s *Service) bounce(ctx context.Context, r *Run, o Offer) error {
	if _, err := s.d.Store.LockLead(ctx, o.Lead); err != nil && crm.CodeOf(err) != crm.CodeNotFound {
		return err
	}
	ok, err := s.d.Store.CloseOffer(ctx, o)
	if err != nil {
		return err
	}
	if !ok {
		return errMoved
	}
	r.State, r.Due, r.To, r.Bounces = Waiting, o.DoneAt, 0, r.Bounces+1
	if *r, err = s.save(ctx, *r); err != nil {
		return err
	}
	if err := s.fact(ctx, FactBounced, 1, o.DoneAt, o.User, o.Lead); err != nil {
		return err
	}
	if err := s.d.Effects.Audit(ctx, crm.Audit{At: o.DoneAt, Action: "assign." + string(o.State), Ref: o.Lead.Ref(), Rule: "AS-03", RuleVersion: r.Rule.Version,
		Detail: map[string]any{"offer": o.ID, "user": o.User, "reason": o.Reason, "bounces": r.Bounces}}); err != nil {
		return err
	}
	return s.d.Effects.Refresh(ctx, o.Lead.Ref())
}

// gone is the answer about an offer that is not open for the actor any more.
func (s *Service) gone(ctx context.Context, o Offer) error {
	id := o.Lead.String()
	switch o.State {
	case OfferAccepted:
		return crm.Conflict("AS-03", id+" 您已经接受了", "you accepted "+id+" already").WithNext("发送 /线索 "+id+" 查看", "send /lead "+id+" to see it")
	case OfferDeclined:
		return crm.Conflict("AS-03", id+" 您已经婉拒了", "you declined "+id+" already")
	case OfferVoid:
		return crm.Conflict("AS-03", id+" 已由经理或别人处理，这次派单作废", id+" went another way meanwhile; this offer is void")
	}
	minutes, _ := Timers.Read(ctx, s.d.Rules)
	m := minutes[o.Grade]
	if m == 0 {
		m = minutes["D"]
	}
	return crm.Conflict("AS-03", fmt.Sprintf("%s 的确认时限是 %s，已经超时，已转给下一位", id, minutesText(crm.Chinese, m)), fmt.Sprintf("%s had to be accepted within %s; the time is up and the next colleague is asked", id, minutesText(crm.English, m))).
		WithNext("不影响您的持有和额度", "nothing was counted against you")
}

func noOffer(id crm.LeadID) error {
	return crm.NotFound("没有派给您的 "+id.String(), "there is no offer of "+id.String()+" for you").WithNext("发送 /接单 查看派给您的线索", "send /duty to see what is offered to you")
}

// Accept takes a lead that was offered to the actor. Whoever is later than the
// end of the time, or than a manager, is told so; an offer is accepted once.
func (s *Service) Accept(ctx context.Context, a crm.Actor, id crm.LeadID) (lead.Lead, error) {
	if err := mayAct(a); err != nil {
		return lead.Lead{}, err
	}
	o, err := s.d.Store.OfferOf(ctx, id, a.ID)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return lead.Lead{}, noOffer(id)
	}
	if err != nil {
		return lead.Lead{}, err
	}
	now := s.d.Clock.Now()
	if o.State != OfferOpen || !now.Before(o.Expires) {
		return lead.Lead{}, s.gone(ctx, o)
	}
	r, err := s.d.Store.OpenRun(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return lead.Lead{}, s.lateFor(ctx, o)
	}
	if err != nil {
		return lead.Lead{}, err
	}
	l, err := s.d.Leads.Route(ctx, a, lead.Routing{Lead: id, From: r.From, To: a.ID, Reason: pool.AutoAssign}, func(ctx context.Context, _ lead.Lead) error {
		done := o
		done.State, done.DoneAt = OfferAccepted, now
		ok, err := s.d.Store.CloseOffer(ctx, done)
		if err != nil {
			return err
		}
		if !ok {
			return errMoved
		}
		after := r
		after.State, after.Result, after.To, after.DoneAt = Done, ToPerson, a.ID, now
		if after, err = s.save(ctx, after); err != nil {
			return err
		}
		if err := s.fact(ctx, FactAccepted, 1, now, a.ID, id); err != nil {
			return err
		}
		if err := s.fact(ctx, FactMinutes, int64(s.d.Calendar.WorkHoursBetween(o.CreatedAt, now)/time.Minute), now, a.ID, id); err != nil {
			return err
		}
		return s.audit(ctx, after, "assign.accept", "AS-03")
	})
	if errors.Is(err, errMoved) || errors.Is(err, pool.ErrLost) {
		return lead.Lead{}, s.lateFor(ctx, o)
	}
	return l, err
}

// lateFor is what became of an offer that was open a moment ago.
func (s *Service) lateFor(ctx context.Context, o Offer) error {
	now, err := s.d.Store.Offer(ctx, o.ID)
	if err != nil {
		return err
	}
	if now.State == OfferOpen { // the lead went, the offer has not followed yet
		now.State = OfferVoid
	}
	return s.gone(ctx, now)
}

// Decline gives an offer back with a reason; the next person is asked at once.
func (s *Service) Decline(ctx context.Context, a crm.Actor, id crm.LeadID, reason, note string) (Offer, error) {
	if err := mayAct(a); err != nil {
		return Offer{}, err
	}
	list, _ := Reasons.Read(ctx, s.d.Rules)
	var why Reason
	for _, x := range list {
		if x.Code == reason {
			why = x
		}
	}
	if why.Code == "" {
		_, _, err := ParseReason(list, "")
		return Offer{}, err
	}
	note = crm.Normalize(note)
	if n := []rune(note); len(n) > maxNote {
		note = string(n[:maxNote])
	}
	if err := CheckReason(why, note); err != nil {
		return Offer{}, err
	}
	o, err := s.d.Store.OfferOf(ctx, id, a.ID)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return o, noOffer(id)
	}
	if err != nil {
		return o, err
	}
	now := s.d.Clock.Now()
	if o.State != OfferOpen || !now.Before(o.Expires) {
		return o, s.gone(ctx, o)
	}
	r, err := s.d.Store.OpenRun(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return o, s.lateFor(ctx, o)
	}
	if err != nil {
		return o, err
	}
	done := o
	done.State, done.Reason, done.Note, done.DoneAt = OfferDeclined, why.Code, note, now
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		after := r
		return s.bounce(ctx, &after, done)
	})
	if errors.Is(err, errMoved) {
		return o, s.lateFor(ctx, o)
	}
	return done, err
}

const maxNote = 200
