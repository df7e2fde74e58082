package rule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// Request is an urgent change that waits for a second administrator (RC-01). It
// changes nothing until one agrees, and lapses after a working day.
type Request struct {
	ID     int64
	Key    string
	Scope  Scope
	Value  string
	Author crm.UserID
	Reason string
	// Seen is the state of the setting when it was asked for (Book.Stamp): what
	// was changed meanwhile is not overwritten unseen.
	Seen      string
	State     RequestState
	AskedAt   time.Time
	ExpiresAt time.Time
	By        crm.UserID
	DecidedAt time.Time
	// Version is the version that it became; zero: none.
	Version int64
}

// RequestState is what became of a request.
type RequestState string

// The states.
const (
	Waiting   RequestState = "waiting"
	Approved  RequestState = "approved"
	Declined  RequestState = "declined"
	Withdrawn RequestState = "withdrawn" // by its author
	Lapsed    RequestState = "lapsed"
)

// KindRequest is the kind of a request's ref. It is no code that people type; it
// keeps the cards about a request current.
const KindRequest crm.Kind = "RULEASK"

// ViewRequest shows a request: to the administrators who may decide it, and to
// its author how it stands.
const ViewRequest = "rule.request"

// Ref names the request.
func (r Request) Ref() crm.Ref { return crm.Ref{Kind: KindRequest, ID: r.ID} }

// RequestStore keeps requests.
type RequestStore interface {
	// AddRuleRequest stores one and sets its id.
	AddRuleRequest(ctx context.Context, r *Request) error
	// RuleRequest finds one; crm.CodeNotFound if there is none.
	RuleRequest(ctx context.Context, id int64) (Request, error)
	// DecideRuleRequest saves the decision of one that still waits and reports
	// whether it did; SetRuleRequestVersion what it became.
	DecideRuleRequest(ctx context.Context, r Request) (bool, error)
	SetRuleRequestVersion(ctx context.Context, id, version int64) error
	// RuleRequests are those that wait, the first to lapse first, at most n. lock
	// lets other decisions wait until the caller's transaction ends.
	RuleRequests(ctx context.Context, n int, lock bool) ([]Request, error)
}

// Days is what the desk asks the calendar.
type Days interface {
	DayOf(t time.Time) crm.Day
	AddWorkdays(d crm.Day, n int) crm.Day
	Zone() *time.Location
}

// DeskDeps are what the desk works with.
type DeskDeps struct {
	Book    *Book
	Store   RequestStore
	Tx      crm.Transactor
	Effects crm.Effects
	Clock   crm.Clock
	Days    Days
	// Admins are the administrators who are at work.
	Admins func(ctx context.Context) ([]crm.UserID, error)
}

// Desk handles urgent changes. Safe for concurrent use.
type Desk struct{ d DeskDeps }

// NewDesk makes a desk.
func NewDesk(d DeskDeps) *Desk { return &Desk{d} }

// others are the administrators besides the person.
func (d *Desk) others(ctx context.Context, id crm.UserID) ([]crm.UserID, error) {
	all, err := d.d.Admins(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(u crm.UserID) bool { return u == id }), err
}

// next is the first moment at which a change holds without a second
// administrator: the next working day at 00:00.
func (d *Desk) next(now time.Time) crm.Day { return d.d.Days.AddWorkdays(d.d.Days.DayOf(now), 1) }

// Ask stores an urgent change and asks the other administrators.
func (d *Desk) Ask(ctx context.Context, a crm.Actor, key string, scope Scope, value, reason string) (Request, error) {
	if err := d.d.Book.CheckChange(a, key, scope, value, reason); err != nil {
		return Request{}, err
	}
	if strings.TrimSpace(reason) == "" {
		return Request{}, crm.Invalid("加急修改需要写原因", "an urgent change needs a reason")
	}
	to, err := d.others(ctx, a.ID)
	if err != nil {
		return Request{}, err
	}
	now := d.d.Clock.Now()
	if len(to) == 0 {
		day := string(d.next(now))
		return Request{}, crm.Refused("RC-01", "马上生效需要第二位管理员同意，目前在职的管理员只有您一位", "a change that holds at once needs a second administrator; you are the only one at work").
			WithNext("去掉“加急”，从下一个工作日 "+day+" 00:00 起生效；或先在平台通讯录或人员名单里任命第二位管理员", "leave “urgent” out and it holds from the next working day, "+day+" 00:00; or appoint a second administrator first, on the platform or in the list of people")
	}
	seen, err := d.d.Book.Stamp(ctx, key)
	if err != nil {
		return Request{}, err
	}
	zone := d.d.Days.Zone()
	at := now.In(zone)
	r := Request{Key: key, Scope: scope, Value: value, Author: a.ID, Reason: reason, Seen: seen, State: Waiting, AskedAt: now, ExpiresAt: d.next(now).At(at.Hour(), at.Minute(), zone)}
	err = d.d.Tx.InTx(ctx, func(ctx context.Context) error {
		r.ID = 0
		if err := d.d.Store.AddRuleRequest(ctx, &r); err != nil {
			return err
		}
		if err := d.tell(ctx, r, to...); err != nil {
			return err
		}
		return d.d.Effects.Audit(ctx, r.audit(now, a.ID, "rule.ask"))
	})
	return r, err
}

func (d *Desk) tell(ctx context.Context, r Request, to ...crm.UserID) error {
	for _, u := range to {
		n := crm.Notice{To: crm.ToUser(u), View: crm.View{Name: ViewRequest, Ref: r.Ref().String()}, Key: fmt.Sprintf("%s:%d:%s:%d", ViewRequest, r.ID, r.State, u), Always: true}
		if err := d.d.Effects.Notify(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (r Request) audit(at time.Time, actor crm.UserID, action string) crm.Audit {
	return crm.Audit{At: at, Actor: actor, Action: action, Ref: r.Ref(), Rule: "RC-01", RuleVersion: r.Version,
		Detail: map[string]any{"key": r.Key, "scope": string(r.Scope), "value": r.Value, "author": int64(r.Author), "state": string(r.State)}}
}

// Request finds one, for administrators.
func (d *Desk) Request(ctx context.Context, a crm.Actor, id int64) (Request, error) {
	if !a.Is(crm.Admin) {
		return Request{}, crm.Forbid(a, crm.Admin)
	}
	return d.d.Store.RuleRequest(ctx, id)
}

// Open are the requests about a setting that wait, for administrators.
func (d *Desk) Open(ctx context.Context, a crm.Actor, key string) ([]Request, error) {
	if !a.Is(crm.Admin) {
		return nil, nil
	}
	all, err := d.d.Store.RuleRequests(ctx, maxOpen, false)
	now := d.d.Clock.Now()
	return slices.DeleteFunc(all, func(r Request) bool { return r.Key != key || now.After(r.ExpiresAt) }), err
}

// maxOpen bounds the requests that are read at once. More never wait in practice.
const maxOpen = 100

var errDecided = errors.New("decided")

// Approve lets an urgent change hold from this moment on: another administrator
// than its author does. The first decision counts.
func (d *Desk) Approve(ctx context.Context, a crm.Actor, id int64) (Request, error) {
	return d.decide(ctx, a, id, func(r Request, now time.Time) (RequestState, error) {
		if r.Author == a.ID {
			return "", crm.Forbidden("自己提交的加急修改要由另一位管理员同意", "another administrator has to agree to an urgent change of yours").
				WithNext("可以撤下它：/规则 拒绝 "+fmt.Sprint(r.ID), "you can withdraw it: /rules decline "+fmt.Sprint(r.ID))
		}
		if now.After(r.ExpiresAt) {
			return "", crm.Stale("RC-01", "这个加急修改已过一个工作日，不能再同意", "this urgent change is more than a working day old and cannot be agreed to any more").WithNext("请重新提交", "it has to be asked for again")
		}
		seen, err := d.d.Book.Stamp(ctx, r.Key)
		if err != nil {
			return "", err
		}
		if seen != r.Seen {
			return "", crm.Stale("RC-01", r.Key+" 在提交之后又有了修改，不能直接同意", r.Key+" was changed after this was asked for, so it cannot be agreed to").
				WithNext("请提交人核对后重新提交", "its author should look at it and ask again")
		}
		return Approved, nil
	})
}

// Decline refuses an urgent change; its author withdraws it.
func (d *Desk) Decline(ctx context.Context, a crm.Actor, id int64) (Request, error) {
	return d.decide(ctx, a, id, func(r Request, _ time.Time) (RequestState, error) {
		if r.Author == a.ID {
			return Withdrawn, nil
		}
		return Declined, nil
	})
}

func (d *Desk) decide(ctx context.Context, a crm.Actor, id int64, how func(r Request, now time.Time) (RequestState, error)) (Request, error) {
	if err := mayChange(a); err != nil {
		return Request{}, err
	}
	var out Request
	err := d.d.Tx.InTx(ctx, func(ctx context.Context) error {
		// First of all, so that what is read next is what the decision before left,
		// of this request or of another one for the same setting.
		if _, err := d.d.Store.RuleRequests(ctx, maxOpen, true); err != nil {
			return err
		}
		r, err := d.d.Store.RuleRequest(ctx, id)
		if err != nil {
			return err
		}
		if out = r; r.State != Waiting {
			return errDecided
		}
		now := d.d.Clock.Now()
		if r.State, err = how(r, now); err != nil {
			return err
		}
		r.By, r.DecidedAt = a.ID, now
		ok, err := d.d.Store.DecideRuleRequest(ctx, r)
		if err != nil {
			return err
		}
		if !ok {
			return errDecided
		}
		if r.State == Approved {
			// Between the request and this moment the definition may have become stricter.
			if err := d.d.Book.CheckChange(a, r.Key, r.Scope, r.Value, r.Reason); err != nil {
				return err
			}
			v, err := d.d.Book.add(ctx, Version{Key: r.Key, Scope: r.Scope, Value: r.Value, Author: r.Author, Reason: r.Reason, CreatedAt: now, EffectiveAt: now, Approver: a.ID})
			if err != nil {
				return err
			}
			r.Version = v.ID
			if err := d.d.Store.SetRuleRequestVersion(ctx, r.ID, v.ID); err != nil {
				return err
			}
		}
		out = r
		return d.decided(ctx, r, a.ID)
	})
	if errors.Is(err, errDecided) {
		return out, crm.Conflict("RC-01", "这个加急修改已经处理过了", "this urgent change was decided before")
	}
	if err == nil && out.State == Approved {
		err = d.d.Book.Load(ctx)
	}
	return out, err
}

// decided tells the author, brings the cards up to date and writes the audit row.
func (d *Desk) decided(ctx context.Context, r Request, by crm.UserID) error {
	if r.State != Withdrawn {
		if err := d.tell(ctx, r, r.Author); err != nil {
			return err
		}
	}
	if err := d.d.Effects.Audit(ctx, r.audit(r.DecidedAt, by, "rule."+string(r.State))); err != nil {
		return err
	}
	return d.d.Effects.Refresh(ctx, r.Ref())
}

// Lapse ends requests that nobody answered in time and tells their authors.
func (d *Desk) Lapse(ctx context.Context) error {
	list, err := d.d.Store.RuleRequests(ctx, maxOpen, false)
	if err != nil {
		return err
	}
	now := d.d.Clock.Now()
	for _, r := range list {
		if !now.After(r.ExpiresAt) {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err := d.d.Tx.InTx(ctx, func(ctx context.Context) error {
			r.State, r.DecidedAt = Lapsed, now
			ok, err := d.d.Store.DecideRuleRequest(ctx, r)
			if err != nil || !ok {
				return err
			}
			return d.decided(ctx, r, 0)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// NextLapse is when a request lapses next; the zero time: none waits.
func (d *Desk) NextLapse(ctx context.Context) (time.Time, error) {
	list, err := d.d.Store.RuleRequests(ctx, 1, false)
	if err != nil || len(list) == 0 {
		return time.Time{}, err
	}
	return list[0].ExpiresAt.Add(time.Millisecond), nil
}
