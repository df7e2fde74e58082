package activity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// Bounds of what a person may write.
const (
	maxNote       = 2000
	maxNextText   = 200
	maxMet        = 40
	maxCompanions = 10
	// maxBack is how far back an activity may lie, in days: older ones would
	// change reports that everybody has read.
	maxBack = 31
	// slack allows for clocks that differ when something happened just now.
	slack = 5 * time.Minute
)

// errTaken means that somebody else closed the draft first.
var errTaken = errors.New("the draft was closed meanwhile")

// Confirm saves the draft as it stands. Confirming again answers with the same
// activity and changes nothing.
func (s *Service) Confirm(ctx context.Context, a crm.Actor, id DraftID) (Seen, error) {
	return s.save(ctx, a, id, nil)
}

// Submit saves the draft with what the form says. It is as idempotent as
// Confirm.
func (s *Service) Submit(ctx context.Context, a crm.Actor, id DraftID, e Entry) (Seen, error) {
	return s.save(ctx, a, id, &e)
}

func (s *Service) save(ctx context.Context, a crm.Actor, id DraftID, edited *Entry) (Seen, error) {
	var act Activity
	var rec Record
	var until time.Time
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		d, err := s.openDraft(ctx, a, id)
		if err != nil {
			return err
		}
		if edited != nil {
			d.Entry = *edited
		}
		if d.Entry.Subject == (crm.Ref{}) {
			return crm.Invalid("请先选择客户", "choose the customer first")
		}
		expected := s.expected(a, d.Entry, d.Entry.Subject, d.Entry.Subject)
		if d.Entry.Subject.Kind == crm.KindLead { // it is its own customer, and read next
			s.d.Store.ExpectAhead(ctx, expected)
		}
		if rec, err = s.Record(ctx, a, d.Entry.Subject); err != nil {
			return err
		}
		if d.Entry.Contact == 0 {
			if d.Entry.Contact, err = s.contactNamed(ctx, a, rec.Customer, d.Entry.Met); err != nil {
				return err
			}
		}
		now := s.d.Clock.Now()
		if err := s.check(d.Entry, now); err != nil {
			return err
		}
		d.State = DraftSaved
		ok, err := s.d.Store.SaveDraft(ctx, d, DraftOpen)
		if err != nil {
			return err
		}
		if !ok {
			return errTaken
		}
		if act, until, err = s.add(ctx, a, rec, d.Entry, expected, now); err != nil {
			return err
		}
		d.Activity = act.ID
		_, err = s.d.Store.SaveDraft(ctx, d, DraftSaved)
		return err
	})
	if err == nil && act.Customer == act.Subject && rec.Name != "" {
		return s.seenAs(ctx, a, act, map[crm.Ref]string{act.Subject: rec.Name}, until), nil
	}
	if err != nil && !errors.Is(err, errTaken) {
		return Seen{}, err
	}
	d, err := s.ownDraft(ctx, a, id)
	if err != nil {
		return Seen{}, err
	}
	if d.Activity == 0 {
		return Seen{}, draftGone()
	}
	return s.See(ctx, a, d.Activity)
}

// openDraft is the actor's draft that can be saved. A saved one is errTaken, so
// that the caller answers with what it became.
func (s *Service) openDraft(ctx context.Context, a crm.Actor, id DraftID) (Draft, error) {
	d, err := own(a, s.d.Store.LockDraft)(ctx, id)
	if err != nil {
		return d, err
	}
	switch d.State {
	case DraftSaved:
		return d, errTaken
	case DraftDropped:
		return d, draftGone()
	}
	if hours := draftHours.Of(ctx, s.d.Rules); s.d.Clock.Now().Sub(d.CreatedAt) > time.Duration(hours)*time.Hour {
		return d, crm.Stale("CH-01", fmt.Sprintf("这条记录超过 %d 小时没有确认，已失效", hours), fmt.Sprintf("this log was not confirmed within %d hours and is void", hours)).
			WithNext("请重新发送", "please send it again")
	}
	return d, nil
}

func (s *Service) ownDraft(ctx context.Context, a crm.Actor, id DraftID) (Draft, error) {
	return own(a, s.d.Store.Draft)(ctx, id)
}

// own reads drafts and refuses those of others.
func own(a crm.Actor, read func(context.Context, DraftID) (Draft, error)) func(context.Context, DraftID) (Draft, error) {
	return func(ctx context.Context, id DraftID) (Draft, error) {
		d, err := read(ctx, id)
		if crm.CodeOf(err) == crm.CodeNotFound {
			return d, draftGone()
		}
		if err == nil && d.User != a.ID {
			err = notMine("这是别人的记录，只有本人可以确认", "this is somebody else's log; only its author may confirm it")
		}
		return d, err
	}
}

func draftGone() error {
	return crm.Stale("CH-01", "这条待确认的记录已失效", "this unconfirmed log is void").WithNext("请重新发送", "please send it again")
}

// check refuses what cannot be true or is too long.
func (s *Service) check(e Entry, now time.Time) error {
	runes := utf8.RuneCountInString
	today := s.d.Calendar.DayOf(now)
	switch {
	case !slices.Contains(Kinds, e.Kind):
		return crm.Invalid("请选择活动类型", "choose what kind of activity it was")
	case e.Result != "" && !slices.Contains(Results, e.Result):
		return crm.Invalid("没有这种结果", "there is no such result")
	case e.At.After(now.Add(slack)):
		return crm.Invalid("时间 "+s.moment(e.At)+" 还没有到，不能记录未发生的事", s.moment(e.At)+" has not come yet; only what happened can be logged").
			WithNext("要安排拜访请发 /计划", "to plan a visit send /plan")
	case s.d.Calendar.DayOf(e.At) < today.AddDays(-maxBack):
		return crm.Invalid(fmt.Sprintf("只能补记 %d 天以内的活动，%s 太早了", maxBack, s.moment(e.At)), fmt.Sprintf("activities can be logged up to %d days later; %s is too long ago", maxBack, s.moment(e.At)))
	case e.Duration < 0 || e.Duration > maxDuration:
		return crm.Invalid("时长应在 0 到 24 小时之间", "the duration must be between 0 and 24 hours")
	case e.Amount < 0 || e.Amount > crm.MaxMoney:
		return crm.Invalid("金额不对，请写成 80万 或 12,000.50", "the amount is out of range; write it like 800k or 12,000.50")
	case runes(e.Note) > maxNote:
		return crm.Invalid(fmt.Sprintf("记录最多 %d 字，现在 %d 字", maxNote, runes(e.Note)), fmt.Sprintf("a note has at most %d characters; this one has %d", maxNote, runes(e.Note)))
	case runes(e.NextText) > maxNextText || runes(e.Met) > maxMet:
		return crm.Invalid(fmt.Sprintf("下一步最多 %d 字，联系人最多 %d 字", maxNextText, maxMet), fmt.Sprintf("a next step has at most %d characters and a name %d", maxNextText, maxMet))
	case len(e.Companions) > maxCompanions:
		return crm.Invalid(fmt.Sprintf("陪访人最多 %d 位", maxCompanions), fmt.Sprintf("at most %d companions", maxCompanions))
	case e.NextText != "" && e.Next.Day == "":
		return crm.Invalid("下一步还缺日期", "the next step needs a date").WithNext("例如 下周三、3月5日 14:30", "for example next wednesday or 2026-03-05 14:30")
	}
	if e.Next.Day != "" {
		w := e.Next.When()
		return s.d.Calendar.CheckFuture(w, now)
	}
	return nil
}

// moment is an instant as people read it: "2026-03-04 14:30".
func (s *Service) moment(t time.Time) string {
	return t.In(s.d.Calendar.Zone()).Format("2006-01-02 15:04")
}

// maxOpenSteps is how many open steps on a record an activity can answer.
const maxOpenSteps = 20

// expected asks what the entry may answer.
func (s *Service) expected(a crm.Actor, e Entry, subject, customer crm.Ref) *Expected {
	return &Expected{Users: append([]crm.UserID{a.ID}, e.Companions...), Subject: subject, Customer: customer, Day: s.d.Calendar.DayOf(e.At), Most: maxOpenSteps}
}

// add stores an activity with everything that becomes true by it, in the
// transaction of the context. It also tells until when it can be taken back.
// open was perhaps answered ahead.
func (s *Service) add(ctx context.Context, a crm.Actor, rec Record, e Entry, open *Expected, now time.Time) (Activity, time.Time, error) {
	if !open.Done {
		open = s.expected(a, e, rec.Subject, rec.Customer)
		if err := s.d.Store.Expect(ctx, open); err != nil {
			return Activity{}, time.Time{}, err
		}
	}
	act, err := s.addExpected(ctx, a, rec, e, open, now)
	if err != nil {
		return act, time.Time{}, err
	}
	entry, err := s.d.Undo.Log(ctx, a, undoKind, act.Ref().String(), crm.Text{Zh: act.Kind.Name(crm.Chinese) + " " + rec.Name, En: act.Kind.Name(crm.English) + " " + rec.Name}, "")
	if err != nil {
		return act, time.Time{}, err
	}
	return act, entry.Until, s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "activity.log", Ref: act.Ref(), Rule: ruleOf(act),
		Detail: map[string]any{"subject": act.Subject.String(), "kind": act.Kind, "valid": act.Valid, "missing": act.Missing, "people": len(act.People)}})
}

func (s *Service) addExpected(ctx context.Context, a crm.Actor, rec Record, e Entry, open *Expected, now time.Time) (Activity, error) {
	act := Activity{Kind: e.Kind, Subject: rec.Subject, Customer: rec.Customer, Contact: e.Contact, Met: e.Met, User: a.ID, Team: a.Team,
		At: e.At, Day: s.d.Calendar.DayOf(e.At), Duration: e.Duration, Result: e.Result, Note: strings.TrimSpace(e.Note), Amount: e.Amount, CreatedAt: now}
	var err error
	if act.People, err = s.present(ctx, a, e.Companions); err != nil {
		return act, err
	}
	if act.Customer.Kind == crm.KindAccount { // a lead is looked at when it is touched
		if err := s.d.Accounts.Stand(ctx, crm.AccountID(act.Customer.ID)); err != nil {
			return act, err
		}
	}
	if err := s.d.Store.AddActivity(ctx, &act); err != nil {
		return act, err
	}
	if act.Kind == KindVisit {
		if err := s.meetPlans(ctx, &act, open.Plans); err != nil {
			return act, err
		}
	}
	if err := s.setStep(ctx, &act, e, open.Steps, now); err != nil {
		return act, err
	}
	return act, s.settle(ctx, &act, nil, true)
}

func ruleOf(a Activity) string {
	if a.Kind == KindVisit {
		return "V-01"
	}
	return "P-10"
}

// present are the logging person and the companions, each with the team of
// this moment.
func (s *Service) present(ctx context.Context, a crm.Actor, companions []crm.UserID) ([]Present, error) {
	out := []Present{{User: a.ID, Team: a.Team}}
	for _, id := range companions {
		if slices.ContainsFunc(out, func(p Present) bool { return p.User == id }) {
			continue
		}
		u, err := s.d.People.User(ctx, id)
		if err != nil {
			return nil, err
		}
		if !u.Active {
			return nil, crm.Invalid("陪访人 "+u.Name+" 已离职", "the companion "+u.Name+" has left the company")
		}
		out = append(out, Present{User: id, Team: u.Team})
	}
	return out, nil
}

// settle decides whether the activity counts and makes everything follow from
// it: credit, clocks, facts, cards. before are the facts that it stood for until
// now; fresh says that it was just made.
func (s *Service) settle(ctx context.Context, act *Activity, before []crm.Fact, fresh bool) error {
	was := act.Valid
	if err := s.judge(ctx, act); err != nil {
		return err
	}
	if act.Kind == KindVisit {
		if err := s.credit(ctx, act); err != nil {
			return err
		}
	}
	if act.Valid && !was || fresh {
		if err := s.touch(ctx, act); err != nil {
			return err
		}
	}
	lost := was && !act.Valid
	first := act.First
	if lost {
		act.First = false
	}
	if err := s.d.Store.SaveActivity(ctx, act); err != nil {
		return err
	}
	if lost {
		gone := *act
		gone.First = first
		if err := s.rewind(ctx, gone, true); err != nil {
			return err
		}
	}
	if err := s.d.Effects.Record(ctx, difference(before, act.standing())...); err != nil {
		return err
	}
	if act.Valid != was { // the lead's score counts valid activities (L-01)
		if err := s.d.Leads.Rescore(ctx, act.Customer); err != nil {
			return err
		}
	}
	return s.d.Effects.Refresh(ctx, act.Ref(), act.Subject, act.Customer)
}

func (s *Service) judge(ctx context.Context, act *Activity) error {
	e := Evidence{Kind: act.Kind, Photos: act.Photos, Companions: len(act.Companions()), Met: act.Contact != 0 || act.Met != "", Result: act.Result, Note: act.Note,
		Duration: act.Duration, Amount: act.Amount != 0, NextStep: act.Step != nil, LoggedAfter: act.CreatedAt.Sub(act.At)}
	if act.Kind != KindVisit && act.Note != "" {
		earlier, err := s.d.Store.RecentNotes(ctx, act.User, act.Subject, act.ID, int(compared.Of(ctx, s.d.Rules)))
		if err != nil {
			return err
		}
		e.Similar = nearest(act.Note, earlier)
	}
	v := Judge(e, s.Limits(ctx, act.User, act.Team))
	act.Qualified, act.Valid, act.Weight, act.Missing = v.Valid, v.Valid, v.Weight, v.Missing
	return nil
}

// credit gives each present person the one valid visit of the day, or takes it
// back when the visit no longer qualifies (V-01).
func (s *Service) credit(ctx context.Context, act *Activity) error {
	for i := range act.People {
		p := &act.People[i]
		switch {
		case act.Qualified && !p.Credited:
			ok, err := s.d.Store.TakeCredit(ctx, p.User, act.Customer, act.Day, act.ID)
			if err != nil {
				return err
			}
			p.Credited = ok
		case !act.Qualified && p.Credited:
			if err := s.d.Store.DropCredit(ctx, p.User, act.Customer, act.Day, act.ID); err != nil {
				return err
			}
			p.Credited = false
			if err := s.promote(ctx, p.User, *act); err != nil {
				return err
			}
		}
	}
	act.Valid = act.Qualified && act.People[0].Credited
	if act.Qualified && !act.Valid {
		act.Weight, act.Missing = 0, []Reason{SecondOf}
	}
	return nil
}

// touch moves the clocks of the record forward (P-09).
func (s *Service) touch(ctx context.Context, act *Activity) error {
	switch act.Customer.Kind {
	case crm.KindLead:
		first, err := s.d.Leads.Touch(ctx, act.Customer, act.At, act.Valid)
		act.First = act.First || first
		return err
	case crm.KindAccount:
		if !act.Valid {
			return nil
		}
		id := crm.AccountID(act.Customer.ID)
		active, err := s.d.Store.AccountActive(ctx, id)
		if err != nil {
			return err
		}
		c, err := s.d.Store.ClocksOf(ctx, act.Customer)
		if err != nil {
			return err
		}
		act.PrevActive = active
		if active.Equal(c.LastValid) {
			act.PrevActive = c.Before // what activities said is told by the activities
		}
		return s.d.Accounts.Touch(ctx, id, act.Contact, act.At)
	}
	return nil
}

// rewind sets the clocks of the record to what the remaining activities say,
// after this one stopped to count. counted tells whether it was valid.
func (s *Service) rewind(ctx context.Context, act Activity, counted bool) error {
	c, err := s.d.Store.ClocksOf(ctx, act.Customer)
	if err != nil {
		return err
	}
	switch act.Customer.Kind {
	case crm.KindLead:
		if err := s.d.Leads.Untouch(ctx, act.Customer, c.FirstValid, c.Last, c.LastValid); err != nil {
			return err
		}
		if act.First {
			return s.passFirst(ctx, act.Customer)
		}
	case crm.KindAccount:
		if !counted {
			return nil
		}
		to := act.PrevActive
		if c.LastValid.After(to) {
			to = c.LastValid
		}
		if err := s.d.Store.ResetActive(ctx, act.Customer, act.At, to); err != nil {
			return err
		}
		if err := s.d.Accounts.Unsettle(ctx, crm.AccountID(act.Customer.ID)); err != nil || act.Contact == 0 {
			return err
		}
		last, err := s.d.Store.ContactLast(ctx, act.Contact)
		if err != nil {
			return err
		}
		return s.d.Store.ResetActive(ctx, act.Contact.Ref(), act.At, last)
	}
	return nil
}

// passFirst makes the earliest remaining valid activity the lead's first
// contact.
func (s *Service) passFirst(ctx context.Context, customer crm.Ref) error {
	next, ok, err := s.d.Store.FirstValidOn(ctx, customer)
	if err != nil || !ok || next.First {
		return err
	}
	before := next.standing()
	next.First = true
	if err := s.d.Store.SaveActivity(ctx, &next); err != nil {
		return err
	}
	return s.d.Effects.Record(ctx, difference(before, next.standing())...)
}

// promote gives the person's freed credit to another qualified visit at the
// same customer on the same day.
func (s *Service) promote(ctx context.Context, user crm.UserID, freed Activity) error {
	list, err := s.d.Store.VisitsAt(ctx, user, freed.Customer, freed.Day)
	if err != nil {
		return err
	}
	for _, v := range list {
		i := slices.IndexFunc(v.People, func(p Present) bool { return p.User == user })
		if v.ID == freed.ID || i < 0 || v.People[i].Credited {
			continue
		}
		ok, err := s.d.Store.TakeCredit(ctx, user, v.Customer, v.Day, v.ID)
		if err != nil || !ok {
			return err
		}
		before := v.standing()
		v.People[i].Credited = true
		if i == 0 {
			v.Valid, v.Weight, v.Missing = true, 100, nil
			if err := s.touch(ctx, &v); err != nil {
				return err
			}
		}
		if err := s.d.Store.SaveActivity(ctx, &v); err != nil {
			return err
		}
		if err := s.d.Effects.Record(ctx, difference(before, v.standing())...); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, v.Ref())
	}
	return nil
}
