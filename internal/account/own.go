package account

import (
	"cmp"
	"context"
	"errors"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/org"
	"crmbot/internal/pool"
)

const defaultPool = pool.DefaultAccountPool

// The views that accounts send unasked; handlers register them.
const (
	ViewGiven = "account.given" // "A-3": you got this account
	ViewTaken = "account.taken" // "A-3": your account went elsewhere
)

// People is what the service asks about persons.
type People interface {
	User(ctx context.Context, id crm.UserID) (org.User, error)
}

// Seen is an account as the actor may see it.
type Seen struct {
	Account
	Rights
	// Masked reports that fields are hidden because it is in the pool (P-08).
	Masked bool
	// Mine reports that the actor owns it.
	Mine      bool
	OwnerName string
	PoolTitle crm.Text
	// CoolingUntil is when the actor may claim it again (P-06); zero: no limit.
	CoolingUntil time.Time
	// Past is the ledger, newest first (P-18). Not while masked.
	Past []pool.Past
	// Code is the code that was asked for when it is another one: an account that
	// became part of this one.
	Code crm.AccountID
}

// Open is Peek for somebody who opens the account in detail: it counts against
// the daily number of detail views when it is masked (P-08).
func (s *Service) Open(ctx context.Context, a crm.Actor, id crm.AccountID) (Seen, error) {
	v, err := s.Peek(ctx, a, id)
	if err != nil || !v.Masked {
		return v, err
	}
	p, err := s.Gate.Pool(ctx, v.home())
	if err != nil {
		return Seen{}, err
	}
	if err := s.Gate.View(ctx, a, v.ID.Ref(), p); err != nil {
		return Seen{}, err
	}
	return v, nil
}

// pastLength is how many former changes of owner are told.
const pastLength = 10

// Peek is the account as the actor may see it, with its pool and its past.
func (s *Service) Peek(ctx context.Context, a crm.Actor, id crm.AccountID) (Seen, error) {
	x, r, err := s.get(ctx, a, id)
	if err != nil {
		return Seen{}, err
	}
	v, err := s.seen(ctx, a, x, r)
	if err != nil {
		return v, err
	}
	if x.ID != id {
		v.Code = id
	}
	if v.InPool() {
		cooling, err := s.Gate.Cooling(ctx, a.ID, x.ID.Ref())
		if err != nil {
			return v, err
		}
		v.CoolingUntil = cooling[x.ID.Ref()]
	}
	if v.Masked {
		return v, nil
	}
	entries, err := s.Gate.Chronicle(ctx, x.ID.Ref(), pastLength)
	v.Past = s.Gate.Tell(ctx, entries)
	return v, err
}

func (s *Service) seen(ctx context.Context, a crm.Actor, x Account, r Rights) (Seen, error) {
	v := Seen{Account: x, Rights: r, Masked: x.Owner == 0 && !r.People, Mine: x.Owner != 0 && x.Owner == a.ID}
	if s.Name != nil {
		v.OwnerName = s.Name(ctx, x.Owner)
	}
	p, err := s.Gate.Pool(ctx, x.home())
	if err != nil && crm.CodeOf(err) != crm.CodeNotFound {
		return v, err
	}
	v.PoolTitle = crm.Text{Zh: p.Title(crm.Chinese), En: p.Title(crm.English)}
	return v, nil
}

// Claimed is the outcome of a successful claim.
type Claimed struct {
	Seen
	// Used of Limit claims are used today, this one included; Held of Hold accounts
	// without a deal are held.
	Used, Limit int
	Held, Hold  int
	// Already reports that the actor owned it before: nothing changed. Deals is how
	// many open deals came along.
	Already bool
	Deals   int
}

// LostTo is the cause of a refusal because somebody else has the account.
type LostTo struct {
	Account crm.AccountID
	Winner  string // the present owner's name
	// Since is the day since when they have it, for people to read; empty: they were a
	// moment faster.
	Since string
	// Ask reports that the actor may ask on (DU-02), Open that they may read it, and
	// Release is when it is due to go back.
	Ask, Open bool
	Release   crm.Day
}

// Error is the account's code, for logs.
func (l *LostTo) Error() string { return "lost " + l.Account.String() }

// Claim takes an account from the pool for the actor, with its contacts and the
// open deals of its last owner. All checks and the change are one transaction
// (P-05): embargo, cool-down, hold limit and quota; a refused claim costs
// nothing.
func (s *Service) Claim(ctx context.Context, a crm.Actor, id crm.AccountID) (Claimed, error) {
	if !a.Is(crm.Rep) {
		return Claimed{}, crm.Forbid(a, crm.Rep).WithNext("经理可以用 /分配 把它交给团队成员", "managers can use /assign to give it to a team member")
	}
	if a.Frozen {
		return Claimed{}, frozen()
	}
	var out Claimed
	var x Account
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		out = Claimed{}
		seat, err := s.Gate.SeatFor(ctx, crm.KindAccount, a.ID, id.Ref())
		if err != nil {
			return err
		}
		if x, err = s.Store.LockAccount(ctx, id); err != nil {
			return err
		}
		if x.Owner == a.ID {
			out.Already = true
			return nil
		}
		if err := claimable(x); err != nil {
			return err
		}
		home, err := s.Gate.Pool(ctx, x.home())
		if err != nil {
			return err
		}
		m := pool.Move{Ref: x.ID.Ref(), Reason: pool.Claim, Pool: home, Claimable: x.ClaimableAt, Exempt: x.Dealt()}
		moved, err := s.Gate.Give(ctx, a, seat, m, 1, s.move(a, x, Live, "", &out.Deals))
		if err != nil {
			return err
		}
		e := moved.Entries[0]
		out.Used, out.Limit = pool.Used(moved.Before)+1, moved.Quota.Limit
		if out.Held, out.Hold = moved.Before.Held, moved.Hold; moved.Counts {
			out.Held++
		}
		if err := s.record(ctx, FactClaim, e.At, e.To, e.ToTeam, x.ID); err != nil {
			return err
		}
		return s.Effects.Refresh(ctx, x.ID.Ref())
	})
	if err != nil {
		if hidden, e := s.hidden(ctx, a, id); hidden || e != nil {
			return Claimed{}, cmp.Or(e, notFound(id))
		}
	}
	switch {
	case errors.Is(err, pool.ErrLost):
		return Claimed{}, s.lost(ctx, a, id)
	case err != nil:
		return Claimed{}, s.withCandidates(ctx, a.ID, err)
	}
	out.Seen, err = s.Peek(ctx, a, id)
	return out, err
}

func claimable(x Account) error {
	switch {
	case x.State == Review:
		return crm.Refused("P-17", x.ID.String()+" 的资料正在核对，暂不可认领", x.ID.String()+" is being reviewed for its data and cannot be claimed yet").WithNext("换一家：发送 /公海 客户", "choose another one: send /pool accounts")
	case x.State != Live:
		return crm.Conflict("", x.ID.String()+" "+x.State.Name(crm.Chinese)+"，不能认领", x.ID.String()+" cannot be claimed, it is "+x.State.Name(crm.English))
	case x.Owner != 0:
		return pool.ErrLost
	}
	return nil
}

// ClaimResult is one row of a batch claim.
type ClaimResult struct {
	ID      crm.AccountID
	Claimed Claimed
	Err     error
}

// ClaimMany claims several accounts one by one, each in its own transaction, and
// reports each result in order (P-05): all, some or none succeed.
func (s *Service) ClaimMany(ctx context.Context, a crm.Actor, ids []crm.AccountID) []ClaimResult {
	out := make([]ClaimResult, len(ids))
	for i, id := range ids {
		out[i].ID = id
		out[i].Claimed, out[i].Err = s.Claim(ctx, a, id)
	}
	return out
}

// move is the account's part of a change of owner: one conditional update. With
// a new owner the open deals of the former one follow, with their stage
// unchanged (P-18); deals counts them when it is not nil. While the account
// waits in the pool they stay with whoever brought them there: a forecast needs
// somebody who answers for it.
func (s *Service) move(a crm.Actor, x Account, next State, quality string, deals *int) pool.Apply {
	return func(ctx context.Context, st pool.Stamp, _ int) ([]crm.Ref, error) {
		ok, err := s.Store.MoveAccount(ctx, x, st, next, quality)
		if err != nil || !ok {
			return nil, err
		}
		refs := []crm.Ref{x.ID.Ref()}
		if err := s.collabs().Review(ctx, a, x.ID.Ref(), x.Owner, st.Owner, st.At); err != nil {
			return nil, err
		}
		if st.Owner == 0 {
			return refs, nil
		}
		from := x.Owner
		if from == 0 {
			if from, err = s.lastOwner(ctx, x.ID); err != nil {
				return nil, err
			}
		}
		if from == 0 || from == st.Owner {
			return refs, nil
		}
		ids, err := s.Store.MoveOpenDeals(ctx, x.ID, from, st.Owner, st.Team, st.At)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if err := s.Effects.Audit(ctx, crm.Audit{At: st.At, Actor: a.ID, Action: "deal.follow", Ref: id.Ref(), Rule: "P-18", Detail: map[string]any{"from": from, "to": st.Owner, "account": int64(x.ID)}}); err != nil {
				return nil, err
			}
			if err := s.Effects.Refresh(ctx, id.Ref()); err != nil {
				return nil, err
			}
		}
		if deals != nil {
			*deals = len(ids)
		}
		return refs, nil
	}
}

// lastOwner is who had the account before it came into the pool; zero: nobody.
func (s *Service) lastOwner(ctx context.Context, id crm.AccountID) (crm.UserID, error) {
	entries, err := s.Gate.History(ctx, id.Ref(), pastLength)
	for _, e := range entries {
		if e.From != 0 {
			return e.From, err
		}
	}
	return 0, err
}

func (s *Service) record(ctx context.Context, key string, at time.Time, user crm.UserID, team crm.TeamID, id crm.AccountID) error {
	return s.Effects.Record(ctx, crm.Fact{At: at, Day: s.Calendar.DayOf(at), User: user, Team: team, Key: key, Qty: 1, Ref: id.Ref()})
}

// hidden reports that there is no such account for the actor, who neither sees nor
// knows it, nor could have seen it in a pool before somebody took it (PM-03).
func (s *Service) hidden(ctx context.Context, a crm.Actor, id crm.AccountID) (bool, error) {
	x, _, err := s.known(ctx, a, id)
	if crm.CodeOf(err) != crm.CodeNotFound {
		return false, err
	}
	if x.ID == 0 {
		return true, nil
	}
	_, taken, err := s.Gate.TakenFrom(ctx, a, x.ID.Ref())
	return !taken, err
}

// ownerFor is the owner's name for somebody who was slower (P-05): in full to
// somebody who could have seen it in its pool, and for a day; else masked.
func (s *Service) ownerFor(ctx context.Context, a crm.Actor, id crm.AccountID) (string, error) {
	x, err := s.stored(ctx, id)
	if err != nil || s.Name == nil {
		return "", err
	}
	at, taken, err := s.Gate.TakenFrom(ctx, a, x.ID.Ref())
	if err != nil {
		return "", err
	}
	winner := s.Name(ctx, x.Owner)
	if !a.CanSee(x.Owner, x.Team) && (!taken || s.Clock.Now().Sub(at) >= raceWindow) {
		winner = crm.MaskName(winner)
	}
	return winner, nil
}

// lost is the refusal for the losers of a race: it names the winner (P-05). Of an
// account that somebody has had for longer it names the owner, and the ways on (DU-02).
func (s *Service) lost(ctx context.Context, a crm.Actor, id crm.AccountID) error {
	l, err := s.LostTo(ctx, a, id)
	switch {
	case err != nil:
		return err
	case l.Winner == "":
		return crm.Conflict("P-05", id.String()+" 刚刚被改动，没有认领成功，额度没有扣除", id.String()+" was changed a moment ago; it was not claimed and no quota was used").WithNext("请再试一次", "please try again")
	case l.Since != "":
		return crm.Conflict("DU-02", id.String()+" 的负责人是 "+l.Winner+"（自 "+l.Since+"）", id.String()+" belongs to "+l.Winner+" (since "+l.Since+")").
			WithNext("换一家：发送 /公海 客户", "choose another one: send /pool accounts").WithCause(&l)
	}
	return crm.Conflict("P-05", id.String()+" 已被 "+l.Winner+" 认领，您的额度没有扣除", id.String()+" was already claimed by "+l.Winner+"; no quota was used").
		WithNext("换一家：发送 /公海 客户", "choose another one: send /pool accounts").WithCause(&l)
}

// LostTo is who has an account that the actor wanted.
func (s *Service) LostTo(ctx context.Context, a crm.Actor, id crm.AccountID) (LostTo, error) {
	out := LostTo{Account: id}
	winner, err := s.ownerFor(ctx, a, id)
	if err != nil || winner == "" {
		return out, err
	}
	x, err := s.stored(ctx, id)
	if err != nil {
		return out, err
	}
	out.Winner = winner
	if out.Since = pool.SinceText(x.OwnedAt, s.Clock.Now(), s.Calendar.Zone()); out.Since == "" {
		return out, nil
	}
	r, err := s.Rights(ctx, a, x)
	if err != nil {
		return out, err
	}
	if out.Ask, out.Open = r.See, r.See; !r.See {
		// Codes cannot be walked (PM-03): only whoever may see its pool asks on.
		if _, out.Ask, _, err = s.Gate.Sees(ctx, a, x.home()); err != nil {
			return out, err
		}
		if out.Ask && s.Told != nil {
			s.Told.Tell(ctx, a.ID, x.ID.Ref())
		}
	}
	out.Release, err = s.ReleaseDay(ctx, x)
	return out, err
}

// raceWindow is how long after a claim the others who were offered the account
// are told who was faster.
const raceWindow = 24 * time.Hour

const candidates = 3

// withCandidates adds to a refusal by the hold limit what could be released to
// make room: accounts that count for it, the longest without an activity first.
func (s *Service) withCandidates(ctx context.Context, owner crm.UserID, err error) error {
	var full *pool.HoldFull
	var refusal *crm.Error
	if !errors.As(err, &full) || !errors.As(err, &refusal) {
		return err
	}
	st, listErr := s.Status(ctx, owner)
	if listErr != nil {
		return listErr
	}
	own, listErr := s.Store.Idlest(ctx, owner, candidates, st.Dealt)
	if listErr != nil {
		return listErr
	}
	now := s.Clock.Now()
	zh, en := "", ""
	for i, x := range own {
		since := x.OwnedAt
		if x.ActiveAt.After(since) {
			since = x.ActiveAt
		}
		c := pool.Candidate{Ref: x.ID.Ref(), Title: x.Name, Idle: int(now.Sub(since).Hours() / 24)}
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
