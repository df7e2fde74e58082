package activity

import (
	"context"
	"errors"
	"slices"
	"time"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
)

// Outcome is the answer to a quick log: a draft to confirm, or what was saved
// at once.
type Outcome struct {
	Draft DraftSeen
	Saved *Seen
}

// maxPick is how many customers a choice offers.
const maxPick = 8

// Quick reads a one-line log (CH-01). What it understood becomes a draft to
// confirm; with the setting CH-01.auto_save a line that is certain is saved.
// companions are people whom the line mentioned with @.
func (s *Service) Quick(ctx context.Context, a crm.Actor, line string, companions ...crm.UserID) (Outcome, error) {
	now := s.d.Clock.Now()
	dir := s.directory(ctx, a)
	q, err := ParseQuickLog(line, now, s.d.Calendar, dir)
	if err != nil {
		return Outcome{}, err
	}
	d := Draft{User: a.ID, State: DraftOpen, Customer: q.Customer, Confidence: q.Confidence, Warnings: q.Warnings, CreatedAt: now}
	d.Entry = Entry{Kind: q.Kind, Met: q.Contact, At: now, Duration: q.Duration, Result: q.Result, Note: q.Note, NextText: q.NextText}
	if q.On != nil {
		d.Entry.At = s.tookPlace(*q.On, now)
	}
	if q.Amount != nil {
		d.Entry.Amount = *q.Amount
	}
	if q.Next != nil {
		d.Entry.Next = DueOn(*q.Next)
	} else if q.NextText != "" {
		// Without a date it is no step that could be reminded of; the words stay.
		d.Entry.NextText = ""
		d.Entry.Note = joinWords(d.Entry.Note, q.NextText)
	}
	for _, c := range q.Companions {
		companions = append(companions, c.ID)
	}
	for _, id := range companions {
		if id != 0 && id != a.ID && !slices.Contains(d.Entry.Companions, id) {
			d.Entry.Companions = append(d.Entry.Companions, id)
		}
	}
	if err := s.checkTime(d.Entry, now); err != nil {
		return Outcome{}, err
	}
	if q.CustomerRef != (crm.Ref{}) && (!q.NeedsChoice() || len(q.Contacts) > 1) {
		d.Entry.Subject = q.CustomerRef
		if q.ContactRef.Kind == crm.KindContact {
			d.Entry.Contact = crm.ContactID(q.ContactRef.ID)
		}
	} else if err := s.offer(ctx, a, &d, q, dir); err != nil {
		return Outcome{}, err
	}
	if err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.d.Store.AddDraft(ctx, &d) }); err != nil {
		return Outcome{}, err
	}
	if d.Entry.Subject != (crm.Ref{}) && q.Confidence >= AutoSaveFrom && autoSave.Of(ctx, s.d.Rules, scopes(a.ID, a.Team)...) {
		saved, err := s.Confirm(ctx, a, d.ID)
		if err == nil {
			return Outcome{Saved: &saved}, nil
		}
		if crm.CodeOf(err) == crm.CodeInternal {
			return Outcome{}, err
		}
		// What cannot be saved as it stands is shown for correction.
		d.Warnings = append(d.Warnings, crm.Text{Zh: crm.MessageOf(err, crm.Chinese), En: crm.MessageOf(err, crm.English)})
	}
	name := ""
	if i := slices.IndexFunc(q.Customers, func(c Candidate) bool { return c.Ref == d.Entry.Subject }); i >= 0 {
		name = q.Customers[i].Name
	}
	seen, err := s.seeDraftOf(ctx, a, d, name)
	return Outcome{Draft: seen}, err
}

func (s *Service) checkTime(e Entry, now time.Time) error {
	return s.check(Entry{Kind: e.Kind, At: e.At}, now)
}

func joinWords(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// tookPlace is the moment of something done on a named day: the named time, now
// for today, the end of work for an earlier day without a time.
func (s *Service) tookPlace(w calendar.When, now time.Time) time.Time {
	switch {
	case w.HasTime:
		return w.At(s.d.Calendar)
	case w.Day == s.d.Calendar.DayOf(now):
		return now
	}
	return s.d.Calendar.At(w.Day, s.d.Calendar.Settings().WorkTo)
}

// TookPlace is tookPlace for forms: a day with or without a time.
func (s *Service) TookPlace(due Due) time.Time {
	return s.tookPlace(due.When(), s.d.Clock.Now())
}

// offer fills the customers to choose from: those that fit, else the pool's of
// that name and the person's recent ones.
func (s *Service) offer(ctx context.Context, a crm.Actor, d *Draft, q QuickLog, dir *directory) error {
	for _, c := range q.Customers[:min(len(q.Customers), maxPick)] {
		d.Choices = append(d.Choices, Choice{Ref: c.Ref, Name: c.Name})
	}
	if len(d.Choices) > 0 {
		return nil
	}
	if c, err := s.pooledAs(ctx, a, q.Customer); err != nil {
		return err
	} else if c.Ref != (crm.Ref{}) {
		d.Pooled = append(d.Pooled, c)
		return nil
	}
	if q.Customer != "" {
		ls, err := s.d.Leads.Search(ctx, a, q.Customer, maxPick)
		if err != nil {
			return err
		}
		for _, l := range ls {
			if l.InPool() {
				d.Pooled = append(d.Pooled, Choice{Ref: l.Ref(), Name: l.Name()})
			}
		}
	}
	recent, err := s.recent(ctx, a, dir, maxPick)
	d.Choices = recent
	return err
}

// pooledAs is the record in a pool that the text is the code of; zero: none.
func (s *Service) pooledAs(ctx context.Context, a crm.Actor, text string) (Choice, error) {
	ref, err := crm.ParseRef(text)
	if err != nil {
		return Choice{}, nil
	}
	var c Choice
	switch ref.Kind {
	case crm.KindLead:
		l, e := s.d.Leads.Peek(ctx, a, crm.LeadID(ref.ID))
		if err = e; err == nil && l.InPool() {
			c = Choice{Ref: l.Ref(), Name: l.Name()}
		}
	case crm.KindAccount:
		x, e := s.d.Accounts.Peek(ctx, a, crm.AccountID(ref.ID))
		if err = e; err == nil && x.InPool() {
			c = Choice{Ref: x.ID.Ref(), Name: x.Name}
		}
	}
	switch crm.CodeOf(err) {
	case "", crm.CodeNotFound, crm.CodeForbidden, crm.CodeRefused:
		return c, nil
	}
	return Choice{}, err
}

// recent are the customers that the person last worked with, then their others.
func (s *Service) recent(ctx context.Context, a crm.Actor, dir *directory, n int) ([]Choice, error) {
	refs, err := s.d.Store.RecentCustomers(ctx, a.ID, n)
	if err != nil {
		return nil, err
	}
	if err := dir.load(); err != nil {
		return nil, err
	}
	var out []Choice
	add := func(c Choice) {
		if len(out) < n && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	for _, r := range refs {
		if i := slices.IndexFunc(dir.list, func(c Candidate) bool { return c.Ref == r }); i >= 0 {
			add(Choice{Ref: r, Name: dir.list[i].Name})
		}
	}
	for _, c := range dir.list {
		add(Choice{Ref: c.Ref, Name: c.Name})
	}
	return out, nil
}

// Recent are customers to choose from in a form, the most recent first.
func (s *Service) Recent(ctx context.Context, a crm.Actor, n int) ([]Choice, error) {
	return s.recent(ctx, a, s.directory(ctx, a), n)
}

// Choose names the customer of an open draft.
func (s *Service) Choose(ctx context.Context, a crm.Actor, id DraftID, ref crm.Ref) (DraftSeen, error) {
	var out Draft
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		d, err := s.openDraft(ctx, a, id)
		if err != nil {
			return err
		}
		if _, err := s.Record(ctx, a, ref); err != nil {
			return err
		}
		d.Entry.Subject, d.Entry.Contact = ref, 0
		if d.Entry.Contact, err = s.contactNamed(ctx, a, ref, d.Entry.Met); err != nil {
			return err
		}
		ok, err := s.d.Store.SaveDraft(ctx, d, DraftOpen)
		if err == nil && !ok {
			err = errTaken
		}
		out = d
		return err
	})
	if err != nil {
		return s.answerTaken(ctx, a, id, err)
	}
	return s.seeDraft(ctx, a, out)
}

// Discard drops an open draft.
func (s *Service) Discard(ctx context.Context, a crm.Actor, id DraftID) (DraftSeen, error) {
	var out Draft
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		d, err := s.openDraft(ctx, a, id)
		if err != nil {
			return err
		}
		d.State = DraftDropped
		ok, err := s.d.Store.SaveDraft(ctx, d, DraftOpen)
		if err == nil && !ok {
			err = errTaken
		}
		out = d
		return err
	})
	if err != nil {
		return s.answerTaken(ctx, a, id, err)
	}
	return s.seeDraft(ctx, a, out)
}

// answerTaken shows a draft that was closed meanwhile as what it became.
func (s *Service) answerTaken(ctx context.Context, a crm.Actor, id DraftID, err error) (DraftSeen, error) {
	if !errors.Is(err, errTaken) {
		return DraftSeen{}, err
	}
	d, err := s.ownDraft(ctx, a, id)
	if err != nil {
		return DraftSeen{}, err
	}
	return s.seeDraft(ctx, a, d)
}

// Start opens a form: a draft of the kind, on the record if one is given.
func (s *Service) Start(ctx context.Context, a crm.Actor, kind Kind, subject crm.Ref) (DraftSeen, error) {
	now := s.d.Clock.Now()
	d := Draft{User: a.ID, State: DraftOpen, Confidence: 1, CreatedAt: now, Entry: Entry{Kind: kind, Subject: subject, At: now}}
	if subject != (crm.Ref{}) {
		rec, err := s.Record(ctx, a, subject)
		if err != nil {
			return DraftSeen{}, err
		}
		d.Entry.Met = rec.Contact
	}
	if err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.d.Store.AddDraft(ctx, &d) }); err != nil {
		return DraftSeen{}, err
	}
	return s.seeDraft(ctx, a, d)
}

// DraftOf is the actor's own draft.
func (s *Service) DraftOf(ctx context.Context, a crm.Actor, id DraftID) (DraftSeen, error) {
	d, err := s.ownDraft(ctx, a, id)
	if err != nil {
		return DraftSeen{}, err
	}
	return s.seeDraft(ctx, a, d)
}

// contactNamed is the one contact of the account that the name fits well; zero
// for leads, for nobody and for several.
func (s *Service) contactNamed(ctx context.Context, a crm.Actor, ref crm.Ref, name string) (crm.ContactID, error) {
	if ref.Kind != crm.KindAccount || name == "" {
		return 0, nil
	}
	cs, err := s.d.Accounts.Contacts(ctx, a, crm.AccountID(ref.ID))
	if err != nil {
		return 0, err
	}
	var best crm.ContactID
	top, second := 0.0, 0.0
	for _, c := range cs {
		score := ContactScore(name, c.Name)
		if score > top {
			best, top, second = c.ID, score, top
		} else if score > second {
			second = score
		}
	}
	if top < AskBelow || top-second < 0.05 {
		return 0, nil
	}
	return best, nil
}

// Find finds the customers that a text names, the person's own first.
func (s *Service) Find(ctx context.Context, a crm.Actor, text string) ([]Candidate, error) {
	return s.directory(ctx, a).Customers(text)
}
