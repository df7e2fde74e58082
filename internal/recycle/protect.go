package recycle

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"crmbot/internal/crm"
)

// maxReason and minReason bound what people write as a reason, in characters.
const (
	minReason = 2
	maxReason = 200
)

// bosses decide for the people whom they lead.
var bosses = []crm.Role{crm.Manager, crm.Director, crm.Boss, crm.Admin}

// own is the record, locked, for its owner or who leads them.
func (s *Service) own(ctx context.Context, a crm.Actor, ref crm.Ref) (Candidate, error) {
	if a.Frozen {
		return Candidate{}, crm.Refused("HO-01", "您的账号正在交接，只能查看", "your account is being handed over; it is read-only").WithNext("请联系您的经理", "please ask your manager")
	}
	if s.movers[ref.Kind].Free == nil {
		return Candidate{}, crm.Invalid(ref.String()+" 不会被自动回收", ref.String()+" is never recycled").WithNext("请写线索编号，如 L-12", "use the code of a lead, such as L-12")
	}
	c, err := s.locked(ctx, ref)
	if err != nil {
		return c, err
	}
	if c.Owner == 0 || c.Owner != a.ID && !(a.Is(bosses...) && a.Leads(c.Team)) {
		return c, notYours(ref)
	}
	return c, nil
}

func checkReason(rule, reason string) (string, error) {
	reason = crm.Normalize(reason)
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason {
		return "", crm.Refused(rule, fmt.Sprintf("需要 %d 到 %d 字的原因，现在 %d 字", minReason, maxReason, n), fmt.Sprintf("a reason of %d to %d characters is needed, this has %d", minReason, maxReason, n))
	}
	return reason, nil
}

// change changes the row of a record that the actor owns or whose owner they
// lead, in a transaction with its audit row, and tells how it stands then.
func (s *Service) change(ctx context.Context, a crm.Actor, ref crm.Ref, do func(ctx context.Context, c *Candidate) (crm.Audit, error)) (Seen, error) {
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		c, err := s.own(ctx, a, ref)
		if err != nil {
			return err
		}
		entry, err := do(ctx, &c)
		if err != nil {
			return err
		}
		c.Keep.Check = ""
		if err := s.d.Store.SaveKeep(ctx, c.Keep); err != nil {
			return err
		}
		entry.At, entry.Actor, entry.Ref = s.d.Clock.Now(), a.ID, ref
		if err := s.d.Effects.Audit(ctx, entry); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, ref)
	})
	if err != nil {
		return Seen{}, err
	}
	return s.Of(ctx, ref)
}

// Of is when the record goes back, for whoever may see it.
func (s *Service) Of(ctx context.Context, ref crm.Ref) (Seen, error) {
	all, err := s.OfAll(ctx, ref)
	return all[ref], err
}

// OfAll is Of for several records; those that nobody owns are absent.
func (s *Service) OfAll(ctx context.Context, refs ...crm.Ref) (map[crm.Ref]Seen, error) {
	out := map[crm.Ref]Seen{}
	if len(refs) == 0 {
		return out, nil
	}
	facts, err := s.FactsOf(ctx, refs...)
	if err != nil {
		return nil, err
	}
	fs := make([]Facts, 0, len(facts))
	for _, f := range facts {
		fs = append(fs, f)
	}
	list, err := s.See(ctx, fs...)
	if err != nil {
		return nil, err
	}
	for i, f := range fs {
		out[f.Ref] = list[i]
	}
	return out, nil
}

// Lock keeps an own record from being released for some days (P-12): zero means
// as long as one may. Its idle time begins when the lock ends. A person may lock
// so many records, and one record so many days in all.
func (s *Service) Lock(ctx context.Context, a crm.Actor, ref crm.Ref, days int) (Seen, error) {
	return s.change(ctx, a, ref, func(ctx context.Context, c *Candidate) (crm.Audit, error) {
		now := s.d.Clock.Now()
		most := int(LockDays.Of(ctx, s.d.Rules)) - c.Keep.LockDays
		if c.Keep.LockedUntil.After(now) {
			return crm.Audit{}, crm.Conflict("P-12", ref.String()+" 已锁定至 "+string(s.d.Calendar.DayOf(c.Keep.LockedUntil)), ref.String()+" is locked until "+string(s.d.Calendar.DayOf(c.Keep.LockedUntil))).
				WithNext("可以先解锁：/解锁 "+ref.String(), "you can unlock it: /unlock "+ref.String())
		}
		if days == 0 {
			days = most
		}
		if most <= 0 || days < 0 || days > most {
			return crm.Audit{}, crm.Refused("P-12", fmt.Sprintf("%s 最多锁定 %d 天，已用 %d 天，还可锁定 %d 天", ref, most+c.Keep.LockDays, c.Keep.LockDays, max(most, 0)),
				fmt.Sprintf("%s may be locked for %d days; %d are used and %d are left", ref, most+c.Keep.LockDays, c.Keep.LockDays, max(most, 0))).
				WithNext("可以申请延期：/延期 "+ref.String()+" 原因", "you can ask for an extension: /extend "+ref.String()+" REASON")
		}
		n, err := s.d.Store.Locked(ctx, c.Owner, now)
		if err != nil {
			return crm.Audit{}, err
		}
		if limit := int(Locks.Of(ctx, s.d.Rules)); n >= limit {
			return crm.Audit{}, crm.Refused("P-12", fmt.Sprintf("已锁定 %d/%d 条", n, limit), fmt.Sprintf("%d of at most %d records are locked", n, limit)).
				WithNext("先解锁一条：/解锁 编号", "unlock one first: /unlock CODE")
		}
		until := s.d.Calendar.DayOf(now).AddDays(days)
		c.Keep.LockedAt, c.Keep.LockedUntil, c.Keep.LockDays = now, s.d.Calendar.At(until, 0), c.Keep.LockDays+days
		return crm.Audit{Action: "recycle.lock", Rule: "P-12", Detail: map[string]any{"days": days, "until": until, "used": c.Keep.LockDays, "locked": n + 1}}, nil
	})
}

// Unlock ends a lock. The days that it was to last longer are given back, and
// the idle time counts as if there had been no lock: locking and unlocking at
// once prolongs nothing.
func (s *Service) Unlock(ctx context.Context, a crm.Actor, ref crm.Ref) (Seen, error) {
	return s.change(ctx, a, ref, func(_ context.Context, c *Candidate) (crm.Audit, error) {
		now := s.d.Clock.Now()
		if !c.Keep.LockedUntil.After(now) {
			return crm.Audit{}, crm.Conflict("P-12", ref.String()+" 没有锁定", ref.String()+" is not locked")
		}
		left := s.d.Calendar.DayOf(c.Keep.LockedUntil).Sub(s.d.Calendar.DayOf(now))
		c.Keep.LockDays -= left
		c.Keep.LockedAt, c.Keep.LockedUntil = time.Time{}, time.Time{}
		return crm.Audit{Action: "recycle.unlock", Rule: "P-12", Detail: map[string]any{"left": left, "used": c.Keep.LockDays}}, nil
	})
}

// KeepIt lets an owner keep a record against the rule, with a reason, while its
// team is still getting used to it (AD-01): one extension's days, which count as
// an override.
func (s *Service) KeepIt(ctx context.Context, a crm.Actor, ref crm.Ref, reason string) (Seen, error) {
	reason, err := checkReason("AD-01", reason)
	if err != nil {
		return Seen{}, err
	}
	return s.change(ctx, a, ref, func(ctx context.Context, c *Candidate) (crm.Audit, error) {
		if !c.terms.Plan.Keeps() {
			return crm.Audit{}, crm.Refused("AD-01", "您的团队不能自行保留记录", "your team cannot keep records by itself").
				WithNext("可以申请延期：/延期 "+ref.String()+" 原因", "you can ask for an extension: /extend "+ref.String()+" REASON")
		}
		if left := s.d.Calendar.WorkdaysBetween(s.today(), c.Release); c.Release == "" || left > c.terms.NearAt {
			return crm.Audit{}, crm.Refused("AD-01", ref.String()+" 还不会被释放", ref.String()+" is not about to be released")
		}
		if err := s.moreDays(ctx, c); err != nil {
			return crm.Audit{}, err
		}
		days := int(ExtendDays.Of(ctx, s.d.Rules))
		c.Keep.Kept++
		c.Keep.NotBefore, c.Keep.Slip = max(c.Keep.NotBefore, s.d.Calendar.WorkdayOnOrAfter(c.Release.AddDays(days))), ""
		f := crm.Fact{At: s.d.Clock.Now(), Day: s.today(), User: c.Owner, Team: c.Team, Key: FactOverride, Qty: 1, Ref: ref}
		// The reason is what somebody wrote: it stays with the record, not in the audit.
		r := Request{Ref: ref, Owner: c.Owner, Reason: reason, State: Kept, Release: c.Release, Days: days, AskedAt: f.At, By: a.ID, DecidedAt: f.At}
		if err := s.d.Store.AddRequest(ctx, &r); err != nil {
			return crm.Audit{}, err
		}
		return crm.Audit{Action: "recycle.keep", Rule: "AD-01", RuleVersion: c.terms.Plan.Version, Detail: map[string]any{"release": c.Release, "until": c.Keep.NotBefore, "kept": c.Keep.Kept}}, s.d.Effects.Record(ctx, f)
	})
}

// moreDays refuses more days for what was extended or kept often enough, or held
// without a deal as long as it may be (P-13).
func (s *Service) moreDays(ctx context.Context, c *Candidate) error {
	most := int(ExtendTimes.Of(ctx, s.d.Rules))
	if used := c.Keep.Extensions + c.Keep.Kept; used >= most {
		return crm.Refused("P-13", fmt.Sprintf("%s 已延期或保留 %d/%d 次", c.Ref, used, most), fmt.Sprintf("%s was extended or kept %d of at most %d times", c.Ref, used, most)).
			WithNext("请在 "+string(c.Release)+" 前完成一次有效跟进", "log a valid activity before "+string(c.Release))
	}
	end := s.d.Calendar.DayOf(c.OwnedAt).AddDays(c.terms.MaxHold)
	if c.Dealt || c.Release < end {
		return nil
	}
	return crm.Refused("P-13", fmt.Sprintf("未成交时最长持有 %d 天，到 %s 为止，不能再延期", c.terms.MaxHold, end), fmt.Sprintf("without a deal it may be held for %d days with extensions, until %s", c.terms.MaxHold, end))
}

// Extend asks who leads the owner for more days (P-13). While the request waits
// nothing is released, as long as the setting says.
func (s *Service) Extend(ctx context.Context, a crm.Actor, ref crm.Ref, reason string) (Request, error) {
	reason, err := checkReason("P-13", reason)
	if err != nil {
		return Request{}, err
	}
	var r Request
	_, err = s.change(ctx, a, ref, func(ctx context.Context, c *Candidate) (crm.Audit, error) {
		now := s.d.Clock.Now()
		switch {
		case c.Owner != a.ID:
			return crm.Audit{}, crm.Forbidden("只有负责人可以为 "+ref.String()+" 申请延期", "only the owner may ask for an extension of "+ref.String())
		case c.Release == "":
			return crm.Audit{}, crm.Refused("P-13", ref.String()+" 没有释放日，不需要延期", ref.String()+" has no release day and needs no extension")
		case !c.Keep.AskedAt.IsZero():
			return crm.Audit{}, crm.Conflict("P-13", ref.String()+" 的延期申请还在等待审批", "an extension of "+ref.String()+" is waiting for its answer")
		}
		days := int(ExtendDays.Of(ctx, s.d.Rules))
		if err := s.moreDays(ctx, c); err != nil {
			return crm.Audit{}, err
		}
		boss, err := s.d.People.Superior(ctx, a.ID)
		if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
			return crm.Audit{}, err
		}
		to := []crm.UserID{boss}
		if boss == 0 {
			if to, err = s.admins(ctx); err != nil {
				return crm.Audit{}, err
			}
		}
		r = Request{Ref: ref, Owner: a.ID, Reason: reason, State: Asked, Release: c.Release, Days: days, AskedAt: now}
		if err := s.d.Store.AddRequest(ctx, &r); err != nil {
			return crm.Audit{}, err
		}
		c.Keep.AskedAt = now
		for _, u := range to {
			if err := s.d.Effects.Notify(ctx, crm.Notice{To: crm.ToUser(u), View: crm.View{Name: ViewExtend, Ref: itoa(r.ID)}, Always: true}); err != nil {
				return crm.Audit{}, err
			}
		}
		return crm.Audit{Action: "recycle.extend", Rule: "P-13", Detail: map[string]any{"request": r.ID, "release": c.Release, "days": days, "granted": c.Keep.Extensions}}, nil
	})
	return r, err
}

// Answer decides a request for an extension: who leads the owner does, and
// nobody their own.
func (s *Service) Answer(ctx context.Context, a crm.Actor, id int64, approve bool) (Request, error) {
	r, err := s.d.Store.Request(ctx, id)
	if err != nil {
		return r, err
	}
	if a.ID == r.Owner {
		return r, crm.Forbidden("不能审批自己的延期申请", "nobody decides about an extension of their own")
	}
	_, err = s.change(ctx, a, r.Ref, func(ctx context.Context, c *Candidate) (crm.Audit, error) {
		if r, err = s.d.Store.Request(ctx, id); err != nil {
			return crm.Audit{}, err
		}
		if c.Owner != r.Owner || r.State != Asked {
			return crm.Audit{}, crm.Conflict("P-13", r.Ref.String()+" 的延期申请已经处理过了", "the extension of "+r.Ref.String()+" was decided already")
		}
		if !a.Is(bosses...) {
			return crm.Audit{}, crm.Forbid(a, crm.Manager, crm.Director)
		}
		r.State, r.By, r.DecidedAt = Declined, a.ID, s.d.Clock.Now()
		c.Keep.AskedAt = time.Time{}
		if approve {
			r.State = Approved
			c.Keep.Extra, c.Keep.Extensions = c.Keep.Extra+r.Days, c.Keep.Extensions+1
			f := crm.Fact{At: r.DecidedAt, Day: s.today(), User: c.Owner, Team: c.Team, Key: FactExtended, Qty: 1, Ref: r.Ref}
			if err := s.d.Effects.Record(ctx, f); err != nil {
				return crm.Audit{}, err
			}
		}
		ok, err := s.d.Store.DecideRequest(ctx, r)
		if err == nil && !ok {
			err = crm.Conflict("P-13", r.Ref.String()+" 的延期申请刚刚被别人处理", "somebody else has just decided about "+r.Ref.String())
		}
		if err != nil {
			return crm.Audit{}, err
		}
		// An answer to one's own request is exempt from the budget (CH-03).
		n := crm.Notice{To: crm.ToUser(r.Owner), View: crm.View{Name: ViewAnswer, Ref: itoa(r.ID)}, Always: true}
		return crm.Audit{Action: "recycle.extended", Rule: "P-13", Detail: map[string]any{"request": r.ID, "approved": approve, "days": r.Days, "granted": c.Keep.Extensions}}, s.d.Effects.Notify(ctx, n)
	})
	return r, err
}

// Mine is when a record goes back, for its owner or who leads them.
func (s *Service) Mine(ctx context.Context, a crm.Actor, ref crm.Ref) (Seen, error) {
	facts, err := s.FactsOf(ctx, ref)
	if err != nil {
		return Seen{}, err
	}
	f := facts[ref]
	if f.Owner == 0 || f.Owner != a.ID && !(a.Is(bosses...) && a.Leads(f.Team)) {
		return Seen{}, notYours(ref)
	}
	list, err := s.See(ctx, f)
	if err != nil {
		return Seen{}, err
	}
	return list[0], nil
}

func notYours(ref crm.Ref) error {
	return crm.NotFound("您名下没有 "+ref.String(), ref.String()+" is not one of yours").WithNext("发送 /我的线索 查看", "send /leads for yours")
}
