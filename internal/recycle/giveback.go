package recycle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
)

// Giving back what a version of a rule released that was taken back (RC-04): its
// former owners get one card each and may take their records back, as long as
// nobody else has them.

// ViewBack is the card of an owner: "2026-03-05.12.7", the day, the owner and the
// version that was taken back; "2026-03-05.12.7.2" is its second page.
const ViewBack = "recycle.back"

// StepBack is the step of a line that offers a record back.
const StepBack = -3

const (
	// backDays is for how many working days an offer is open, backEmbargo how long
	// nobody else may claim what was offered.
	backDays    = 2
	backEmbargo = 24 * time.Hour
	// straggling is how long after a version was taken back a run that began before
	// may still release by it: every replica follows the settings within seconds.
	straggling = time.Minute
	// backWithin is for how long the job looks at versions that were taken back.
	backWithin = 24 * time.Hour
	// backPage is how many records one page of a card lists.
	backPage = 50
)

// GivenBack counts what is offered.
type GivenBack struct{ Records, Owners int }

// OfferBack offers the records back that only the version released. It may be
// stopped and run again: nobody is offered anything twice. The cards follow when
// every line stands, since one that arrived before would list only the first.
func (s *Service) OfferBack(ctx context.Context, v rule.Version) (GivenBack, error) {
	var out GivenBack
	if !Ruled(v.Key) || v.RolledBackAt.IsZero() || !v.EffectiveAt.Before(v.RolledBackAt) {
		return out, nil
	}
	cal := s.d.Calendar
	owners, cards := map[crm.UserID]bool{}, map[string]crm.UserID{}
	until := v.RolledBackAt.Add(straggling)
	for day := cal.DayOf(v.EffectiveAt); day <= cal.DayOf(until); day = day.AddDays(1) {
		var after crm.Ref
		for {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			items, err := s.d.Store.Items(ctx, day, ItemReleased, after, 200)
			if err != nil || len(items) == 0 {
				if err != nil {
					return out, err
				}
				break
			}
			after = items[len(items)-1].Ref
			refs := make([]crm.Ref, len(items))
			for i, it := range items {
				refs[i] = it.Ref
			}
			lost, err := s.d.Store.ReleasedWith(ctx, refs, v.EffectiveAt, until)
			if err != nil {
				return out, err
			}
			for _, it := range items {
				l, ok := lost[it.Ref]
				if !ok || l.Facts.Owner != it.Owner {
					continue
				}
				due, err := s.dueWithout(ctx, v, l)
				if err != nil {
					return out, err
				}
				if due {
					continue
				}
				card, offered, err := s.offerBack(ctx, v, it)
				if err != nil {
					return out, err
				}
				if card != "" {
					cards[card] = it.Owner
				}
				if offered {
					out.Records++
					owners[it.Owner] = true
				}
			}
		}
	}
	out.Owners = len(owners)
	return out, s.tellBack(ctx, cards)
}

// tellBack sends the cards to their owners, or brings up to date what came before
// a run that is carried on found more.
func (s *Service) tellBack(ctx context.Context, cards map[string]crm.UserID) error {
	for _, card := range slices.Sorted(maps.Keys(cards)) {
		to := cards[card]
		k := key(ViewBack, card, to)
		err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
			lines, err := s.d.Store.LinesOn(ctx, k)
			if err != nil || len(lines) == 0 {
				return err
			}
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(to), View: crm.View{Name: ViewBack, Ref: card}, Key: k, Always: true}); err != nil {
				return err
			}
			return s.d.Effects.Refresh(ctx, lines[0].Ref)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Lost is a release with the facts by which it was decided.
type Lost struct {
	Facts Facts
	At    time.Time
}

// dueWithout reports whether the record would have been released at that moment
// even if the version had never been.
func (s *Service) dueWithout(ctx context.Context, v rule.Version, l Lost) (bool, error) {
	book, err := s.d.Rules.Without(ctx, v.ID, l.At)
	if err != nil {
		return false, err
	}
	o, err := s.memo(book, l.At).owner(ctx, l.Facts.Owner)
	if err != nil {
		return false, err
	}
	// Leave and hand-over are the owner's of today; they held nothing then.
	w := Judge(l.Facts, Person{}, o.terms, s.d.Calendar, l.At)
	return o.terms.Plan.Releases() && !w.Review && w.Release != "" && w.Release <= s.d.Calendar.DayOf(l.At), nil
}

// offerBack offers one record if it is still where the release put it, keeps others
// from claiming it for a day, and returns the card that it is on. Not offered with
// a card: it was before.
func (s *Service) offerBack(ctx context.Context, v rule.Version, it Item) (card string, offered bool, err error) {
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		card, offered = "", false
		if ok, err := s.stillThere(ctx, it.Ref, it.Owner); err != nil || !ok {
			return err
		}
		now := s.d.Clock.Now()
		lines, err := s.d.Store.LinesAbout(ctx, []crm.Ref{it.Ref})
		if err != nil {
			return err
		}
		for _, l := range lines[it.Ref] {
			if l.Step == StepBack && l.Owner == it.Owner && l.Release == it.Release {
				// A run that stopped may have left its card unsent.
				if name := backCard(l.Day, l.Owner, v.ID); l.Key == key(ViewBack, name, l.Owner) {
					card = name
				}
				return nil
			}
		}
		card = backCard(s.today(), it.Owner, v.ID)
		l := Line{Ref: it.Ref, Owner: it.Owner, Release: it.Release, Step: StepBack, Day: s.today(), At: now, Key: key(ViewBack, card, it.Owner)}
		if err := s.d.Store.AddLines(ctx, []Line{l}); err != nil {
			return err
		}
		if err := s.d.Store.Embargo(ctx, it.Ref, now.Add(backEmbargo)); err != nil {
			return err
		}
		offered = true
		return s.d.Effects.Audit(ctx, crm.Audit{At: now, Action: "recycle.offer_back", Ref: it.Ref, Rule: "RC-04", RuleVersion: v.ID, Detail: map[string]any{"owner": int64(it.Owner), "released": it.Release}})
	})
	return card, offered, err
}

func backCard(day crm.Day, owner crm.UserID, version int64) string {
	return fmt.Sprintf("%s.%d.%d", day, owner, version)
}

// stillThere reports whether the record has not changed hands since it was taken
// from the owner.
func (s *Service) stillThere(ctx context.Context, ref crm.Ref, owner crm.UserID) (bool, error) {
	es, err := s.pools.History(ctx, ref, 1)
	return err == nil && len(es) == 1 && es[0].Reason == pool.Recycle && es[0].From == owner && es[0].To == 0, err
}

// Back is an owner's card of records that are offered back.
type Back struct {
	Card
	Version int64
	// Name is the card without its page; Page is from 1 of Pages, and All counts the
	// records of all of them.
	Name             string
	Page, Pages, All int
	// Until is the last day of the offer; Over that it has passed.
	Until crm.Day
	Over  bool
}

// Taken reports that the line's record was taken back, Open that it may be.
func (b Back) Taken(x LineSeen) bool { return x.Outcome == Acted }

// Open reports whether the line's record may be taken back.
func (b Back) Open(x LineSeen) bool { return !b.Over && x.Outcome == Open && !x.Gone }

// IsBack reports whether the word names a card of records that are offered back.
func IsBack(word string) bool {
	_, _, ok := cardParts(word)
	return ok
}

// BackFor is the card of the actor, or the page of it that is named.
func (s *Service) BackFor(ctx context.Context, a crm.Actor, card string) (Back, error) {
	none := crm.NotFound("没有这张卡片", "there is no such card")
	day, to, ok := cardParts(card)
	parts := strings.Split(card, ".")
	if !ok || to != a.ID || len(parts) < 3 || len(parts) > 4 {
		return Back{}, none
	}
	b := Back{Name: strings.Join(parts[:3], "."), Page: 1}
	b.Version, _ = strconv.ParseInt(parts[2], 10, 64) // of a card that was found
	if len(parts) == 4 {
		var err error
		if b.Page, err = strconv.Atoi(parts[3]); err != nil || b.Page < 1 {
			return Back{}, none
		}
	}
	lines, err := s.d.Store.LinesOn(ctx, key(ViewBack, b.Name, to))
	if err != nil {
		return Back{}, err
	}
	b.All = len(lines)
	b.Pages = max(1, (b.All+backPage-1)/backPage)
	b.Page = min(b.Page, b.Pages)
	lines = lines[(b.Page-1)*backPage : min(b.Page*backPage, b.All)]
	b.More = b.All - len(lines)
	b.Until = s.d.Calendar.AddWorkdays(day, backDays)
	b.Over = s.today() > b.Until
	b.Day = day
	facts, err := s.FactsOf(ctx, refsOf(lines)...)
	if err != nil {
		return Back{}, err
	}
	for _, l := range lines {
		x := LineSeen{Line: l, Name: facts[l.Ref].Name}
		if l.Outcome == Open {
			there, err := s.stillThere(ctx, l.Ref, l.Owner)
			if err != nil {
				return Back{}, err
			}
			x.Gone = !there
		}
		// Names and days of records that are somebody else's now stay theirs.
		if x.Gone {
			x.Name = ""
		}
		b.Lines = append(b.Lines, x)
	}
	return b, nil
}

func refsOf(ls []Line) []crm.Ref {
	out := make([]crm.Ref, len(ls))
	for i, l := range ls {
		out[i] = l.Ref
	}
	return out
}

// TakeBack gives a record that is offered back to the actor, its former owner,
// through the gate: within the hold limit, and only if nobody else has it.
func (s *Service) TakeBack(ctx context.Context, a crm.Actor, ref crm.Ref) error {
	if a.Frozen {
		return crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	m, ok := s.movers[ref.Kind]
	if !ok || m.GiveBack == nil {
		return crm.Invalid(ref.String()+" 不会被自动回收", ref.String()+" is never recycled").WithNext("请写线索或客户编号，如 L-12", "use the code of a lead or an account, such as L-12")
	}
	none := crm.NotFound("没有可以拿回的 "+ref.String(), ref.String()+" is not offered back to you").WithNext("发送 /公海 查看公海", "send /pool for the pool")
	nurture, err := s.nurturePool(ctx, ref.Kind)
	if err != nil {
		return err
	}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		// The gate locks the person's seat first, then the record; what was read before
		// is looked at again under the locks.
		return m.GiveBack(ctx, a, ref, nurture, func(ctx context.Context) error {
			lines, err := s.d.Store.LinesAbout(ctx, []crm.Ref{ref})
			if err != nil {
				return err
			}
			var offer *Line
			for i, l := range lines[ref] {
				if l.Step == StepBack && l.Owner == a.ID {
					offer = &lines[ref][i]
					break // the newest
				}
			}
			switch {
			case offer == nil:
				return none
			case offer.Outcome == Acted:
				return crm.Conflict("RC-04", ref.String()+" 已经拿回", ref.String()+" was taken back already")
			case s.today() > s.d.Calendar.AddWorkdays(offer.Day, backDays):
				return crm.Stale("RC-04", ref.String()+" 的退还已过 2 个工作日", "the offer of "+ref.String()+" is more than two working days old").WithNext("可以按公海规则认领：/认领 "+ref.String(), "you can claim it by the rules of the pool: /claim "+ref.String())
			}
			there, err := s.stillThere(ctx, ref, a.ID)
			if err != nil {
				return err
			}
			if !there {
				return crm.Conflict("RC-04", ref.String()+" 已经有了新的负责人或去向，不能拿回", ref.String()+" has moved on and cannot be taken back")
			}
			ok, err := s.d.Store.CloseLine(ctx, offer.ID, Acted)
			if err != nil {
				return err
			}
			if !ok {
				return crm.Conflict("RC-04", ref.String()+" 已经处理过了", ref.String()+" was decided already")
			}
			now := s.d.Clock.Now()
			f := crm.Fact{At: now, Day: s.d.Calendar.DayOf(now), User: a.ID, Team: a.Team, Key: FactRecycled, Qty: -1, Ref: ref}
			if err := s.d.Effects.TakeBack(ctx, f); err != nil {
				return err
			}
			return s.d.Effects.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "recycle.take_back", Ref: ref, Rule: "RC-04", Detail: map[string]any{"released": offer.Release}})
		})
	})
	if errors.Is(err, pool.ErrLost) {
		return crm.Conflict("RC-04", ref.String()+" 刚刚被别人拿走", ref.String()+" has just gone to somebody else")
	}
	return err
}

// markBack is the name of the mark of a version whose records were all offered.
func markBack(id int64) string { return fmt.Sprintf("back.%d", id) }

// OfferAll offers back what versions released that were taken back lately, also
// what a run that had begun released meanwhile.
func (s *Service) OfferAll(ctx context.Context) error {
	now := s.d.Clock.Now()
	for _, v := range s.d.Rules.TakenBack(ctx, now.Add(-backWithin)) {
		if !Ruled(v.Key) || now.Before(v.RolledBackAt.Add(straggling)) {
			continue
		}
		if done, err := s.d.Store.Mark(ctx, markBack(v.ID)); err != nil || done != "" {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := s.OfferBack(ctx, v); err != nil {
			return err
		}
		if err := s.d.Tx.InTx(ctx, func(ctx context.Context) error { return s.d.Store.SetMark(ctx, markBack(v.ID), "done") }); err != nil {
			return err
		}
	}
	return nil
}

// NextOffers is when OfferAll has something to do next; zero: nothing waits.
func (s *Service) NextOffers(ctx context.Context) (time.Time, error) {
	for _, v := range s.d.Rules.TakenBack(ctx, s.d.Clock.Now().Add(-backWithin)) {
		if !Ruled(v.Key) {
			continue
		}
		done, err := s.d.Store.Mark(ctx, markBack(v.ID))
		if err != nil {
			return time.Time{}, err
		}
		if done == "" {
			return v.RolledBackAt.Add(straggling), nil
		}
	}
	return time.Time{}, nil
}
