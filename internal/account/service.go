package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"crmbot/internal/calendar"
	"crmbot/internal/crm"
	"crmbot/internal/pool"
	"crmbot/internal/rule"
)

// Keys are the duplicate keys of all records together, leads and accounts
// alike: one company is one record.
type Keys interface {
	// Holder is the record that already is the company, by credit code or name;
	// the zero Ref: none.
	Holder(ctx context.Context, company, uscc string) (crm.Ref, error)
	// Claim reserves the company's keys for the record in the transaction of the
	// context. It fails with crm.CodeConflict when another record has one.
	Claim(ctx context.Context, owner crm.Ref, company, uscc string) error
	// Move gives a record's keys to another one.
	Move(ctx context.Context, from, to crm.Ref) error
	// Drop frees the keys of a record.
	Drop(ctx context.Context, owner crm.Ref) error
}

// Deps are what the service needs. Keys may be nil: then accounts are unique
// among themselves only.
type Deps struct {
	Store    Store
	Tx       crm.Transactor
	Effects  crm.Effects
	Clock    crm.Clock
	Calendar *calendar.Calendar
	Rules    *rule.Book
	Gate     *pool.Gate // the one gate of ownership (P-02)
	Keys     Keys
	Leads    Leads // nil: leads cannot be converted
	// Keep is the clock of recycling, told when a day may have come nearer; nil: none.
	Keep   Keeper
	People People
	// Name is a person's name, for refusals.
	Name func(ctx context.Context, id crm.UserID) string
	// Told remembers who was told of which record (DU-02); nil: nothing is remembered.
	Told pool.Told
}

// Keeper is the clock of recycling.
type Keeper interface {
	Unsettle(ctx context.Context, refs ...crm.Ref) error
}

// Unsettle notes that an account's release day may have come nearer, in the
// transaction of the context: an activity was taken back, or its level changed.
func (s *Service) Unsettle(ctx context.Context, id crm.AccountID) error {
	if s.Keep == nil {
		return nil
	}
	return s.Keep.Unsettle(ctx, id.Ref())
}

// Service is what can be done with accounts. Safe for concurrent use.
type Service struct {
	Deps
	due DueDay // nil until somebody knows
}

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{Deps: d} }

var (
	// HoldLimit is the hold limit of accounts, which the gate enforces (P-03).
	HoldLimit = rule.Int{Key: "P-03.accounts", Title: crm.Text{Zh: "每人最多持有的未成交客户", En: "accounts without a deal that one person may hold"},
		Unit: crm.Text{Zh: "家", En: "accounts"}, Default: 100, Min: 1, Max: 100000}
)

// Settings are the run-time settings of accounts.
func Settings() []rule.Def { return []rule.Def{HoldLimit.Def()} }

// MaxName is the longest name of a company, in characters.
const MaxName = 120

// Search finds accounts that the actor may see by code, name, part of the name
// or pinyin initials, best match first. A text that names nothing finds nothing
// and is no error.
func (s *Service) Search(ctx context.Context, a crm.Actor, text string, limit int) ([]Account, error) {
	t := crm.Normalize(text)
	if t == "" {
		return nil, nil
	}
	if ref, err := crm.ParseRef(t); err == nil && ref.Kind == crm.KindAccount {
		x, err := s.Get(ctx, a, crm.AccountID(ref.ID))
		if crm.CodeOf(err) == crm.CodeNotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return []Account{x}, nil
	}
	scope, err := s.searchScope(ctx, a)
	if err != nil {
		return nil, err
	}
	q := Query{Scope: scope, Name: t, Key: crm.CompanyKey(t), Limit: limit}
	out, _, err := s.Store.FindAccounts(ctx, q)
	if err != nil {
		return nil, err
	}
	if i := exact(out, q.Key); i >= 0 {
		out = out[i : i+1]
	}
	for i, x := range out {
		r, err := s.Rights(ctx, a, x)
		if err != nil {
			return nil, err
		}
		if out[i], err = s.shown(ctx, a, x, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// searchScope is ScopeOf without the pools whose accounts are found by their
// code only: what a pool hides must not be found out by searching for it (P-08).
func (s *Service) searchScope(ctx context.Context, a crm.Actor) (Scope, error) {
	c, err := s.ScopeOf(ctx, a)
	if err != nil || c.All {
		return c, err
	}
	visible, err := s.Gate.Visible(ctx, a, crm.KindAccount)
	if err != nil {
		return c, err
	}
	c.Pools = nil
	for _, p := range visible {
		if p.Manages(a) || !p.Hides("company") {
			c.Pools = append(c.Pools, p.ID)
		}
	}
	return c, nil
}

func exact(xs []Account, key string) int {
	for i, x := range xs {
		if key != "" && x.Key == key {
			return i
		}
	}
	return -1
}

// One finds exactly one account, with an error that says what to do otherwise.
// Several matches are a crm.CodeInvalid error that lists the first of them.
func (s *Service) One(ctx context.Context, a crm.Actor, text string) (Account, error) {
	xs, err := s.Search(ctx, a, text, 6)
	switch {
	case err != nil:
		return Account{}, err
	case len(xs) == 1:
		return xs[0], nil
	case len(xs) == 0:
		return Account{}, crm.NotFound("没有找到客户“"+clip(text)+"”", "no account is called “"+clip(text)+"”").
			WithNext("请检查名称，或用编号如 A-12", "check the name, or use a code such as A-12")
	}
	names := make([]string, 0, 5)
	for _, x := range xs[:min(len(xs), 5)] {
		names = append(names, x.ID.String()+" "+x.Name)
	}
	return Account{}, crm.Invalid("“"+clip(text)+"”有多个客户："+strings.Join(names, "、"), "“"+clip(text)+"” fits several accounts: "+strings.Join(names, ", ")).
		WithNext("请用编号或全称", "use the code or the full name")
}

func clip(s string) string {
	r := []rune(s)
	if len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// Mine lists the accounts that a person owns, most recently active first.
func (s *Service) Mine(ctx context.Context, a crm.Actor, offset, limit int) ([]Account, int64, error) {
	return s.Store.FindAccounts(ctx, Query{Scope: Scope{User: a.ID}, Owner: a.ID, Offset: offset, Limit: limit})
}

// Draft is what a person says about a new account.
type Draft struct {
	Name, Region, Industry, USCC, No, Parent string
	Level                                    Level
	// At is when the account came to be; zero means now.
	At time.Time
}

// Create makes an account that belongs to the actor. A company that exists
// already is refused: as a conflict with its code when the actor may see it,
// else with the masked owner (DU-01, DU-02).
func (s *Service) Create(ctx context.Context, a crm.Actor, d Draft) (Account, error) {
	x, created, err := s.ensure(ctx, a, d)
	if err == nil && !created {
		return x, crm.Conflict("DU-01", "客户“"+x.Name+"”已存在："+x.ID.String(), "account “"+x.Name+"” exists: "+x.ID.String()).
			WithNext("打开它：/客户 "+x.ID.String(), "open it: /account "+x.ID.String())
	}
	return x, err
}

// Reserve takes the actor's seat for an account that Ensure may make later in
// the transaction of the context, before anything is read: see pool.Gate.Seat.
func (s *Service) Reserve(ctx context.Context, a crm.Actor) error {
	_, err := s.Gate.Seat(ctx, crm.KindAccount, a.ID)
	return err
}

// Ensure finds the account of exactly that company, or makes it for the actor.
// Within a transaction of the caller Reserve comes first.
// An account that the actor may not see is refused (DU-02).
func (s *Service) Ensure(ctx context.Context, a crm.Actor, name string) (Account, error) {
	x, _, err := s.ensure(ctx, a, Draft{Name: name})
	return x, err
}

func (s *Service) ensure(ctx context.Context, a crm.Actor, d Draft) (x Account, created bool, err error) {
	if a.Frozen {
		return Account{}, false, frozen()
	}
	d, key, err := s.check(d)
	if err != nil {
		return Account{}, false, err
	}
	x, created, err = s.ensureOnce(ctx, a, d, key)
	s.told(ctx, a, err)
	if crm.CodeOf(err) == crm.CodeConflict {
		// Somebody else may have made it at this very moment: then it is there now.
		have, rerr := s.Store.AccountsByKey(ctx, []string{key})
		if rerr != nil {
			return Account{}, false, rerr
		}
		if old, ok := have[key]; ok {
			if r, rerr := s.Rights(ctx, a, old); rerr != nil || r.See {
				return old, false, rerr
			}
		}
	}
	return x, created, err
}

// told notes that the actor, who named the company, was told by the refusal of
// somebody's record (DU-02).
func (s *Service) told(ctx context.Context, a crm.Actor, err error) {
	var taken *TakenBy
	var held *heldBy
	switch {
	case s.Told == nil:
	case errors.As(err, &taken):
		s.Told.Tell(ctx, a.ID, taken.Account.Ref())
	case errors.As(err, &held):
		s.Told.Tell(ctx, a.ID, held.ref)
	}
}

// heldBy is the cause of a refusal because the company is another record.
type heldBy struct{ ref crm.Ref }

// Error is the record's code, for logs.
func (h *heldBy) Error() string { return "held " + h.ref.String() }

func (s *Service) ensureOnce(ctx context.Context, a crm.Actor, d Draft, key string) (x Account, created bool, err error) {
	known, err := s.Store.AccountsByKey(ctx, []string{key})
	if err != nil {
		return Account{}, false, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		have := known
		var seat pool.Seat
		if len(have) == 0 { // before anything is read: see pool.Gate.Seat
			var err error
			if seat, err = s.Gate.Seat(ctx, crm.KindAccount, a.ID); err != nil {
				return err
			}
			if have, err = s.Store.AccountsByKey(ctx, []string{key}); err != nil {
				return err
			}
		}
		if old, ok := have[key]; ok {
			x, created = old, false
			r, err := s.Rights(ctx, a, old)
			switch {
			case err == nil && !r.See:
				return s.taken(ctx, old)
			case err == nil && !r.Work:
				return claimFirst(old)
			}
			return err
		}
		if err := s.free(ctx, d.Name, d.USCC); err != nil {
			return err
		}
		now := s.Clock.Now()
		if d.At.IsZero() {
			d.At = now
		}
		x = Account{Name: d.Name, Key: key, Level: d.Level, Region: d.Region, Industry: d.Industry, USCC: d.USCC, No: d.No, Parent: d.Parent,
			CreatedAt: d.At, UpdatedAt: now}
		created = true
		_, err := s.add(ctx, a, seat, pool.Create, []*Account{&x}, true)
		return err
	})
	return x, created, err
}

// free refuses a company that is a record already, such as somebody's lead
// (DU-01).
func (s *Service) free(ctx context.Context, company, uscc string) error {
	if s.Keys == nil {
		return nil
	}
	held, err := s.Keys.Holder(ctx, company, uscc)
	if err != nil || held.ID == 0 {
		return err
	}
	e := crm.Conflict("DU-01", "“"+clip(company)+"”已存在："+held.String(), "“"+clip(company)+"” exists: "+held.String()).WithCause(&heldBy{held})
	if held.Kind == crm.KindLead {
		return e.WithNext("可将线索转为客户：/转客户 "+held.String(), "turn the lead into an account: /convert "+held.String())
	}
	return e.WithNext("打开它：/客户 "+held.String(), "open it: /account "+held.String())
}

// stamp is what an account gets from the gate.
func (x *Account) stamp(st pool.Stamp) {
	x.Owner, x.Team, x.HomePool = st.Owner, st.Team, st.Pool
	if st.Owner != 0 {
		x.OwnedAt = st.At
		return
	}
	x.OwnedAt, x.PooledAt, x.ClaimableAt = time.Time{}, st.At, st.Claimable
}

// add stores new accounts of the seated owner (none: nobody) through the gate, with
// keys, facts and audit, and returns how many: the hold limit refuses a single
// one and leaves the last ones out of several (P-03). Without claim the keys are
// moved there by the caller.
func (s *Service) add(ctx context.Context, a crm.Actor, seat pool.Seat, why pool.Reason, xs []*Account, claim bool) (int, error) {
	user := seat.User.ID
	if user == 0 {
		user = a.ID // as for leads: the pool of whoever brings them
	}
	var homes []pool.Pool
	groups := map[crm.PoolID][]*Account{}
	for _, x := range xs {
		home, err := s.Gate.Home(ctx, crm.KindAccount, 0, user, x.Region)
		if err != nil {
			return 0, err
		}
		if groups[home.ID] == nil {
			homes = append(homes, home)
		}
		groups[home.ID] = append(groups[home.ID], x)
	}
	made := 0
	for _, home := range homes {
		n, err := s.addTo(ctx, a, seat, why, home, groups[home.ID], claim)
		made += n
		var full *pool.HoldFull
		if errors.As(err, &full) && len(xs) > 1 {
			return made, nil
		}
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

// addTo is add for accounts of one home pool.
func (s *Service) addTo(ctx context.Context, a crm.Actor, seat pool.Seat, why pool.Reason, home pool.Pool, xs []*Account, claim bool) (int, error) {
	made := 0
	apply := func(ctx context.Context, st pool.Stamp, n int) ([]crm.Ref, error) {
		for _, x := range xs[:n] {
			x.stamp(st)
		}
		if err := s.Store.AddAccounts(ctx, xs[:n]); err != nil {
			return nil, err
		}
		made = n
		refs := make([]crm.Ref, n)
		for i, x := range xs[:n] {
			refs[i] = x.ID.Ref()
		}
		return refs, nil
	}
	var err error
	if m := (pool.Move{Reason: why, Pool: home}); seat.User.ID != 0 {
		_, err = s.Gate.Give(ctx, a, seat, m, len(xs), apply)
	} else {
		_, err = s.Gate.Free(ctx, a, m, len(xs), apply)
	}
	if err != nil {
		return 0, err
	}
	facts := make([]crm.Fact, 0, made)
	for _, x := range xs[:made] {
		if s.Keys != nil && claim {
			if err := s.Keys.Claim(ctx, x.ID.Ref(), x.Name, x.USCC); err != nil {
				return 0, err
			}
		}
		facts = append(facts, s.newFact(*x, 1))
		if err := s.Effects.Audit(ctx, crm.Audit{Actor: a.ID, Action: "account.create", Ref: x.ID.Ref(), Rule: "DU-01"}); err != nil {
			return 0, err
		}
	}
	return made, s.Effects.Record(ctx, facts...)
}

func (s *Service) newFact(x Account, qty int64) crm.Fact {
	return crm.Fact{At: x.CreatedAt, Day: s.Calendar.DayOf(x.CreatedAt), User: x.Owner, Team: x.Team, Key: FactNew, Qty: qty, Ref: x.ID.Ref()}
}

func (s *Service) check(d Draft) (Draft, string, error) {
	d.Name = crm.Normalize(strings.ReplaceAll(d.Name, "\n", " "))
	key := crm.CompanyKey(d.Name)
	switch {
	case d.Name == "" || key == "":
		return d, "", crm.Invalid("请写客户名称", "a company name is needed")
	case utf8.RuneCountInString(d.Name) > MaxName:
		return d, "", crm.Invalid(fmt.Sprintf("客户名称最多 %d 个字", MaxName), fmt.Sprintf("a company name has at most %d characters", MaxName))
	}
	if d.USCC != "" {
		code, ok := crm.USCC(d.USCC)
		if !ok {
			return d, "", crm.Invalid("统一社会信用代码不对：应为 18 位且校验码正确", "the credit code is wrong: it has 18 characters of which the last checks the others")
		}
		d.USCC = code
	}
	if d.Level == "" {
		d.Level = LevelC
	}
	return d, key, nil
}

// Stand keeps the account from being merged away until the transaction of the
// context ends. One that became part of another account since the transaction read
// it is crm.ErrAgain: what is about to be done is the survivor's.
func (s *Service) Stand(ctx context.Context, id crm.AccountID) error {
	read, err := s.Store.Account(ctx, id)
	if err != nil || read.State == Merged {
		return err
	}
	now, err := s.Store.LockAccount(ctx, id)
	if err == nil && now.State == Merged {
		err = crm.ErrAgain
	}
	return err
}

// Touch notes a valid activity at the moment on the account (P-09) and, when
// not zero, its contact. It is for the services that log work and takes part in
// their transaction.
func (s *Service) Touch(ctx context.Context, id crm.AccountID, c crm.ContactID, at time.Time) error {
	x, err := s.stored(ctx, id)
	if crm.CodeOf(err) == crm.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.Store.TouchAccount(ctx, x.ID, at); err != nil {
		return err
	}
	if c == 0 {
		return nil
	}
	return s.Store.TouchContact(ctx, c, at)
}

// Dealt notes the first success with accounts: a won deal or a signed contract.
func (s *Service) Dealt(ctx context.Context, at map[crm.AccountID]time.Time) error {
	if len(at) == 0 {
		return nil
	}
	known, err := s.Store.Accounts(ctx, slices.Sorted(maps.Keys(at)))
	if err != nil {
		return err
	}
	into := make(map[crm.AccountID]time.Time, len(at))
	for id, t := range at {
		if x := known[id]; x.State == Merged {
			if x, err = s.stored(ctx, id); err != nil {
				return err
			}
			id = x.ID
		}
		if have, ok := into[id]; !ok || t.Before(have) {
			into[id] = t
		}
	}
	return s.Store.DealtAccounts(ctx, into)
}

// Undealt takes the first success of an account back if it was at that moment:
// what else is won or signed is the first one then.
func (s *Service) Undealt(ctx context.Context, id crm.AccountID, at time.Time) error {
	return s.Store.UndealAccount(ctx, id, at)
}

func frozen() error {
	e := crm.Forbidden("您的账号正在交接，只能查看", "your account is being handed over and is read-only")
	e.Rule = "HO-01"
	return e
}
