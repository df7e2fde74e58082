package activity

import (
	"context"
	"time"

	"crmbot/internal/crm"
)

// Seen is an activity as a person may see it, with the names around it.
type Seen struct {
	Activity
	Name         string // of the subject
	CustomerName string // of the customer when it is another record
	UserName     string
	// With are the names of the companions.
	With []string
	// Mine reports that the viewer may add to it and take it back.
	Mine bool
	// UndoUntil is the last moment to take it back; zero: no longer.
	UndoUntil time.Time
	// PhotoUntil is the last moment to add a photo.
	PhotoUntil time.Time
	Limits     Limits
}

// See is the activity for the viewer: who was there, who leads them, and who
// may see the record (PM-01).
func (s *Service) See(ctx context.Context, a crm.Actor, id crm.ActivityID) (Seen, error) {
	act, err := s.d.Store.Activity(ctx, id)
	if err != nil {
		return Seen{}, err
	}
	ok, err := s.maySee(ctx, a, act)
	if err != nil {
		return Seen{}, err
	}
	if !ok {
		return Seen{}, crm.NotFound("没有记录 "+id.String()+"，或您无权查看", "there is no activity "+id.String()+", or you may not see it")
	}
	return s.seen(ctx, a, act)
}

func (s *Service) maySee(ctx context.Context, a crm.Actor, act Activity) (bool, error) {
	if a.CanSee(act.User, act.Team) || act.With(a.ID) {
		return true, nil
	}
	err := s.reads(ctx, a, act.Customer)
	switch crm.CodeOf(err) {
	case "":
		return true, nil
	case crm.CodeNotFound, crm.CodeForbidden:
		return false, nil
	}
	return false, err
}

// reads fails when the actor may not read the record unmasked.
func (s *Service) reads(ctx context.Context, a crm.Actor, ref crm.Ref) error {
	hidden := crm.Forbidden("您无权查看 "+ref.String()+" 的记录", "you may not see the activities of "+ref.String())
	hidden.Rule = "PM-01"
	switch ref.Kind {
	case crm.KindLead:
		l, err := s.d.Leads.Peek(ctx, a, crm.LeadID(ref.ID))
		if err == nil && l.Masked {
			return hidden
		}
		return err
	case crm.KindAccount:
		v, err := s.d.Accounts.Peek(ctx, a, crm.AccountID(ref.ID))
		if err == nil && !v.People {
			return hidden
		}
		return err
	case crm.KindDeal:
		_, err := s.d.Deals.Get(ctx, a, crm.DealID(ref.ID))
		return err
	}
	return hidden
}

func (s *Service) seen(ctx context.Context, a crm.Actor, act Activity) (Seen, error) {
	names, err := s.d.Store.RecordNames(ctx, []crm.Ref{act.Subject, act.Customer})
	if err != nil {
		return Seen{}, err
	}
	var until time.Time
	if mine(a, act) {
		if until, err = s.d.Undo.Until(ctx, undoKind, act.Ref().String()); err != nil {
			return Seen{}, err
		}
	}
	return s.seenAs(ctx, a, act, names, until), nil
}

func mine(a crm.Actor, act Activity) bool { return act.User == a.ID && !a.Frozen && !act.Undone() }

// seenAs is seen with the names of the records and the end of the time to take
// it back at hand.
func (s *Service) seenAs(ctx context.Context, a crm.Actor, act Activity, names map[crm.Ref]string, until time.Time) Seen {
	v := Seen{Activity: act, Name: names[act.Subject], UserName: s.d.People.Name(ctx, act.User), Mine: mine(a, act),
		Limits: s.Limits(ctx, act.User, act.Team), PhotoUntil: s.photoUntil(ctx, act)}
	if act.Customer != act.Subject {
		v.CustomerName = names[act.Customer]
	}
	for _, p := range act.Companions() {
		v.With = append(v.With, s.d.People.Name(ctx, p.User))
	}
	if v.Mine && !until.Before(s.d.Clock.Now()) {
		v.UndoUntil = until
	}
	return v
}

// DraftSeen is a draft with the names around it.
type DraftSeen struct {
	Draft
	Name string // of the subject; empty while it is not chosen
	// With are the names of the companions.
	With []string
	// Expected is what the rules would say if it were saved now.
	Expected Verdict
	Limits   Limits
}

func (s *Service) seeDraft(ctx context.Context, a crm.Actor, d Draft) (DraftSeen, error) {
	return s.seeDraftOf(ctx, a, d, "")
}

// seeDraftOf is seeDraft with the name of the subject at hand; empty: it is not.
func (s *Service) seeDraftOf(ctx context.Context, a crm.Actor, d Draft, name string) (DraftSeen, error) {
	e := d.Entry
	v := DraftSeen{Draft: d, Name: name, Limits: s.Limits(ctx, a.ID, a.Team)}
	if e.Subject != (crm.Ref{}) && name == "" {
		names, err := s.d.Store.RecordNames(ctx, []crm.Ref{e.Subject})
		if err != nil {
			return v, err
		}
		v.Name = names[e.Subject]
	}
	for _, id := range e.Companions {
		v.With = append(v.With, s.d.People.Name(ctx, id))
	}
	v.Expected = Judge(Evidence{Kind: e.Kind, Companions: len(e.Companions), Met: e.Contact != 0 || e.Met != "", Result: e.Result, Note: e.Note, Duration: e.Duration,
		Amount: e.Amount != 0, NextStep: e.Next.Day != "", LoggedAfter: s.d.Clock.Now().Sub(e.At)}, v.Limits)
	return v, nil
}
