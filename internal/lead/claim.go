package lead

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/pool"
)

// Claimed is the outcome of a successful claim.
type Claimed struct {
	Seen
	// Used of Limit claims are used today, this one included; Held of Hold leads
	// are held.
	Used, Limit int
	Held, Hold  int
	// Already reports that the actor owned it before: nothing changed.
	Already bool
}

// Claim takes a lead from the pool for the actor. All checks and the change are
// one transaction (P-05): embargo, cool-down, hold limit and quota; a refused
// claim costs nothing. When somebody else was faster the refusal is a conflict
// with rule P-05 that names the winner.
func (s *Service) Claim(ctx context.Context, a crm.Actor, id crm.LeadID) (Claimed, error) {
	if !a.Is(crm.Rep) {
		return Claimed{}, crm.Forbid(a, crm.Rep).WithNext("经理可以用 /分配 把它交给团队成员", "managers can use /assign to give it to a team member")
	}
	if err := mayAct(a); err != nil {
		return Claimed{}, err
	}
	var out Claimed
	var l Lead
	var ledger []pool.Entry
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		out, ledger = Claimed{}, nil
		seat, err := s.d.Gate.SeatFor(ctx, crm.KindLead, a.ID, id.Ref())
		if err != nil {
			return err
		}
		if l, err = s.d.Store.LockLead(ctx, id); err != nil {
			return err
		}
		if l.Status == Merged {
			return mergedInto(l)
		}
		switch {
		case l.Owner == a.ID && l.Status == Open:
			out.Already = true
			return nil
		case l.Owner != 0:
			return pool.ErrLost
		case l.Status == Review:
			return crm.Refused("P-17", id.String()+" 的资料正在核对，暂不可认领", id.String()+" is being reviewed for its data and cannot be claimed yet").WithNext("换一条：发送 /公海", "choose another one: send /pool")
		case l.Status != Open:
			return crm.Conflict("", id.String()+" "+l.Status.Name(crm.Chinese)+"，不能认领", id.String()+" cannot be claimed, it is "+l.Status.Name(crm.English))
		}
		p, err := s.d.Gate.Pool(ctx, l.Pool)
		if err != nil {
			return err
		}
		moved, err := s.d.Gate.Give(ctx, a, seat, pool.Move{Ref: l.Ref(), Reason: pool.Claim, Pool: p, Claimable: l.ClaimableAt}, 1, s.move(a, l, Open, ""))
		if err != nil {
			return err
		}
		e := moved.Entries[0]
		l.Owner, l.Team, l.OwnedAt = e.To, e.ToTeam, e.At
		ledger = append(moved.Entries[:1:1], moved.Past...)
		out.Used, out.Limit = pool.Used(moved.Before)+1, moved.Quota.Limit
		out.Held, out.Hold = moved.Before.Held+1, moved.Hold
		if err := s.record(ctx, FactClaim, e.At, e.To, e.ToTeam, l.Ref()); err != nil {
			return err
		}
		return s.d.Effects.Refresh(ctx, l.Ref())
	})
	if err != nil {
		if hidden, e := s.hidden(ctx, a, id); hidden || e != nil {
			return Claimed{}, cmp.Or(e, notFound(id))
		}
	}
	switch {
	case errors.Is(err, pool.ErrLost):
		return Claimed{}, s.lost(ctx, a, id)
	case crm.CodeOf(err) == crm.CodeNotFound && l.ID == 0:
		return Claimed{}, notFound(id)
	case err != nil:
		return Claimed{}, s.withCandidates(ctx, a.ID, err)
	}
	see := s.dues
	if !out.Already { // its clock has just begun, and nothing is kept about it
		see = func(ctx context.Context, _ crm.UserID, ls ...Lead) ([]Due, error) {
			d, err := s.freshDue(ctx, ls[0])
			return []Due{d}, err
		}
	}
	due, err := see(ctx, 0, l)
	if err != nil {
		return out, err
	}
	if out.Seen, err = s.seenDue(ctx, a, l, accessFull, due[0]); err != nil {
		return out, err
	}
	if out.Already {
		return out, s.tell(ctx, &out.Seen)
	}
	return out, s.tellOf(ctx, &out.Seen, ledger[:min(len(ledger), pastLength)])
}

// move is the lead's part of a change of owner: one conditional update, and a
// look at who else works on it.
func (s *Service) move(a crm.Actor, l Lead, next Status, quality string) pool.Apply {
	return func(ctx context.Context, st pool.Stamp, _ int) ([]crm.Ref, error) {
		ok, err := s.d.Store.MoveLead(ctx, l, st, next, quality)
		if err != nil || !ok {
			return nil, err
		}
		return []crm.Ref{l.Ref()}, s.collabs().Review(ctx, a, l.Ref(), l.Owner, st.Owner, st.At)
	}
}

// raceWindow is how long after a claim the others who were offered the lead are
// told who was faster.
const raceWindow = 24 * time.Hour

// winner is the owner's name for somebody who cannot have the lead: in full
// within the person's rights, and of a lead that was in one of the person's
// pools a short while ago (P-05); else masked, as for a duplicate (DU-02).
func (s *Service) winner(ctx context.Context, a crm.Actor, l Lead) (string, error) {
	name := s.d.People.Name(ctx, l.Owner)
	acc, err := s.access(ctx, a, l)
	if err != nil || acc != accessNone {
		return name, err
	}
	at, taken, err := s.d.Gate.TakenFrom(ctx, a, l.Ref())
	if err != nil || taken && s.d.Clock.Now().Sub(at) < raceWindow {
		return name, err
	}
	return crm.MaskName(name), nil
}

// hidden reports that there is no such lead for the actor, who neither sees nor
// knows it, nor could have seen it in a pool before somebody took it (PM-03).
func (s *Service) hidden(ctx context.Context, a crm.Actor, id crm.LeadID) (bool, error) {
	l, err := s.known(ctx, a, id)
	if crm.CodeOf(err) != crm.CodeNotFound {
		return false, err
	}
	if l.ID == 0 {
		return true, nil
	}
	_, taken, err := s.d.Gate.TakenFrom(ctx, a, l.Ref())
	return !taken, err
}

// lost is the refusal for the losers of a race: it names the winner (P-05). Of a lead
// that somebody has had for longer it names the owner, and the ways on (DU-02).
func (s *Service) lost(ctx context.Context, a crm.Actor, id crm.LeadID) error {
	l, err := s.LostTo(ctx, a, id)
	if err != nil {
		return err
	}
	switch {
	case l.Winner == "":
		return crm.Conflict("P-05", id.String()+" 刚刚被改动，没有认领成功，额度没有扣除", id.String()+" was changed a moment ago; it was not claimed and no quota was used").WithNext("请再试一次", "please try again")
	case l.Since != "":
		return crm.Conflict("DU-02", id.String()+" 的负责人是 "+l.Winner+"（自 "+l.Since+"）", id.String()+" belongs to "+l.Winner+" (since "+l.Since+")").
			WithNext("换一条：发送 /公海", "choose another one: send /pool").WithCause(&l)
	}
	return crm.Conflict("P-05", id.String()+" 已被 "+l.Winner+" 认领，您的额度没有扣除", id.String()+" was already claimed by "+l.Winner+"; no quota was used").
		WithNext("换一条：发送 /公海", "choose another one: send /pool").WithCause(&l)
}

// LostTo is the cause of a refusal because somebody else has the lead.
type LostTo struct {
	Lead   crm.LeadID
	Winner string // the present owner's name
	// Since is the day since when they have it, for people to read; empty: they were a
	// moment faster.
	Since string
	// Ask is what the ways on are about (DU-02); nil: none.
	Ask *DuplicateOf
}

// LostTo is who has a lead that the actor wanted.
func (s *Service) LostTo(ctx context.Context, a crm.Actor, id crm.LeadID) (LostTo, error) {
	l, err := s.d.Store.Lead(ctx, id)
	if err != nil || l.Owner == 0 {
		return LostTo{Lead: id}, err
	}
	out := LostTo{Lead: id}
	if out.Winner, err = s.winner(ctx, a, l); err != nil {
		return out, err
	}
	if out.Since = pool.SinceText(l.OwnedAt, s.d.Clock.Now(), s.d.Calendar.Zone()); out.Since == "" {
		return out, nil
	}
	acc, err := s.access(ctx, a, l)
	if err != nil {
		return out, err
	}
	if acc == accessNone {
		// Codes cannot be walked (PM-03): only whoever may see its pool asks on.
		if _, sees, _, err := s.d.Gate.Sees(ctx, a, l.Pool); err != nil || !sees {
			return out, err
		}
	}
	d, err := s.existing(ctx, a, Match{Ref: l.Ref()})
	if err != nil {
		return out, err
	}
	d.Open = acc != accessNone
	s.told(ctx, a, d)
	out.Ask = &d
	return out, nil
}

// Error is the lead's code, for logs.
func (l *LostTo) Error() string { return "lost " + l.Lead.String() }

const candidates = 3

// withCandidates adds to a refusal by the hold limit what could be released to
// make room: the leads of lowest grade with the longest silence.
func (s *Service) withCandidates(ctx context.Context, owner crm.UserID, err error) error {
	var full *pool.HoldFull
	var refusal *crm.Error
	if !errors.As(err, &full) || !errors.As(err, &refusal) {
		return err
	}
	own, listErr := s.d.Store.OwnLeads(ctx, owner, maxOwn)
	if listErr != nil {
		return listErr
	}
	now := s.d.Clock.Now()
	byUselessness(own, now)
	zh, en := "", ""
	for i, l := range own[:min(candidates, len(own))] {
		c := pool.Candidate{Ref: l.Ref(), Title: l.Name(), Idle: idleDays(l, now)}
		full.Candidates = append(full.Candidates, c)
		if i > 0 {
			zh, en = zh+"、", en+", "
		}
		zh, en = zh+c.Ref.String()+" "+c.Title, en+c.Ref.String()+" "+c.Title
	}
	if zh == "" {
		return refusal
	}
	return refusal.WithNext("可先释放："+zh+"；或请经理调整上限", "you could release: "+en+"; or ask a manager to raise the limit")
}

// ClaimMany claims several leads one by one, each in its own transaction, and
// reports each result in order (P-05): all, some or none succeed.
func (s *Service) ClaimMany(ctx context.Context, a crm.Actor, ids []crm.LeadID) []ClaimResult {
	out := make([]ClaimResult, len(ids))
	for i, id := range ids {
		out[i].ID = id
		out[i].Claimed, out[i].Err = s.Claim(ctx, a, id)
	}
	return out
}

// ClaimResult is one row of a batch claim.
type ClaimResult struct {
	ID      crm.LeadID
	Claimed Claimed
	Err     error
}

// Next is the best lead that the actor could claim now instead of the given
// ones; false when there is none.
func (s *Service) Next(ctx context.Context, a crm.Actor, except ...crm.LeadID) (Seen, bool, error) {
	list, err := s.Pool(ctx, a, Filter{}, 0, candidates+len(except)+nextWindow)
	if err != nil {
		return Seen{}, false, err
	}
	now := s.d.Clock.Now()
	for _, v := range list.Leads {
		if v.Status == Open && !v.ClaimableAt.After(now) && v.CoolingUntil.IsZero() && !slices.Contains(except, v.ID) {
			return v, true, nil
		}
	}
	return Seen{}, false, nil
}

// nextWindow is how many of the best leads are looked through for the next one.
const nextWindow = 20
