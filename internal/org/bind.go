package org

import (
	"context"
	"errors"
	"strings"
	"time"

	"crmbot/internal/crm"
)

// BindState is what became of a request.
type BindState string

// The states of a request.
const (
	BindWaiting BindState = "waiting"
	BindDone    BindState = "done"
	BindRefused BindState = "refused"
)

// BindRequest is somebody on a platform whom the company does not know yet.
type BindRequest struct {
	ID int64
	// Platform, Tenant and External are the person's identity; Name is what the
	// platform calls them, "" where the app may not read it.
	Platform, Tenant, External, Name string
	State                            BindState
	// User is who they turned out to be, By the administrator who decided.
	User, By  crm.UserID
	At        time.Time
	DecidedAt time.Time
}

// KindBinding is the kind of a request's ref. It is no code that people type;
// the ref keeps the cards about a request current.
const KindBinding crm.Kind = "U"

// Ref names the request.
func (r BindRequest) Ref() crm.Ref { return crm.Ref{Kind: KindBinding, ID: r.ID} }

// BindStore keeps requests.
type BindStore interface {
	// AddBindRequest stores a request and sets its id. If the identity has one
	// already, the request becomes that one and the result is false.
	AddBindRequest(ctx context.Context, r *BindRequest) (fresh bool, err error)
	// BindRequest finds a request; crm.CodeNotFound if there is none.
	BindRequest(ctx context.Context, id int64) (BindRequest, error)
	// DecideBind saves state, user and decider of a request that still waits;
	// false: it does not wait any more.
	DecideBind(ctx context.Context, r BindRequest) (bool, error)
	// WaitBindRequest lets a decided request wait again; false: it waits already.
	WaitBindRequest(ctx context.Context, id int64, at time.Time) (bool, error)
	// BindRequests are those that wait, oldest first, at most n.
	BindRequests(ctx context.Context, n int) ([]BindRequest, error)
}

// The views of requests: the administrator's card, the person's, and what the
// person is told on their other platforms, whose argument is the bound one.
const (
	ViewBind      = "bind.card"
	ViewBound     = "bind.bound"
	ViewElsewhere = "bind.elsewhere"
)

// elsewhere tells a person on the platforms where they are known already that an
// account was bound.
func elsewhere(known []Identity, added Identity) []crm.Notice {
	var out []crm.Notice
	told := map[string]bool{added.Platform: true}
	for _, i := range known {
		if !told[i.Platform] {
			told[i.Platform] = true
			out = append(out, crm.Notice{To: crm.ToUserOn(added.User, i.Platform), View: crm.View{Name: ViewElsewhere, Ref: added.Platform}, Always: true})
		}
	}
	return out
}

// askAgain is how long a refusal stands before the person may ask again.
const askAgain = 7 * 24 * time.Hour

// BinderDeps is what a Binder needs.
type BinderDeps struct {
	Store     BindStore
	People    Store
	Directory *Directory
	Tx        crm.Transactor
	Effects   crm.Effects
	Clock     crm.Clock
}

// Binder lets administrators say who somebody on a platform is.
type Binder struct{ d BinderDeps }

// NewBinder makes a binder.
func NewBinder(d BinderDeps) *Binder { return &Binder{d} }

// Ask notes that somebody unknown wants to be served and tells the
// administrators, once.
func (b *Binder) Ask(ctx context.Context, platform, tenant, external, name string) (BindRequest, error) {
	admins, err := b.d.Directory.WithRole(ctx, crm.Admin)
	if err != nil {
		return BindRequest{}, err
	}
	out, err := b.ask(ctx, platform, tenant, external, name, admins)
	if crm.CodeOf(err) == crm.CodeConflict { // their other message made the request at this moment
		out, err = b.ask(ctx, platform, tenant, external, name, admins)
	}
	return out, err
}

func (b *Binder) ask(ctx context.Context, platform, tenant, external, name string, admins []User) (BindRequest, error) {
	var out BindRequest
	err := b.d.Tx.InTx(ctx, func(ctx context.Context) error {
		now := b.d.Clock.Now()
		out = BindRequest{Platform: platform, Tenant: tenant, External: external, Name: crm.Normalize(strings.TrimSpace(name)), State: BindWaiting, At: now}
		fresh, err := b.d.Store.AddBindRequest(ctx, &out)
		if err != nil {
			return err
		}
		if !fresh {
			again := out.State == BindRefused && now.Sub(out.DecidedAt) >= askAgain
			if out.State == BindDone {
				// They were bound and left that platform since, unless this copy is old.
				s, err := b.d.Directory.read(ctx)
				if err != nil {
					return err
				}
				again = s.identities[identityKey(platform, tenant, external)] == 0
			}
			if !again {
				return nil
			}
			again, err := b.d.Store.WaitBindRequest(ctx, out.ID, now)
			if err != nil {
				return err
			}
			if out.State, out.At = BindWaiting, now; !again {
				return nil // their other message asked at this moment
			}
		}
		var notices []crm.Notice
		for _, u := range admins {
			notices = append(notices, crm.Notice{To: crm.ToUser(u.ID), View: crm.View{Name: ViewBind, Ref: out.Ref().String()}, Always: true})
		}
		return b.d.Effects.Notify(ctx, notices...)
	})
	return out, err
}

func mayBind(a crm.Actor) error {
	if !a.System && !a.Is(crm.Admin) {
		return crm.Forbid(a, crm.Admin)
	}
	return nil
}

// Request finds a request, for administrators.
func (b *Binder) Request(ctx context.Context, a crm.Actor, id int64) (BindRequest, error) {
	if err := mayBind(a); err != nil {
		return BindRequest{}, err
	}
	return b.d.Store.BindRequest(ctx, id)
}

// Bound is the person's own decided request.
func (b *Binder) Bound(ctx context.Context, a crm.Actor, id int64) (BindRequest, error) {
	r, err := b.d.Store.BindRequest(ctx, id)
	if err == nil && (r.User != a.ID || r.State != BindDone) {
		err = crm.NotFound("没有这条记录", "there is no such record")
	}
	return r, err
}

// Waiting are the requests that wait, oldest first, at most n.
func (b *Binder) Waiting(ctx context.Context, a crm.Actor, n int) ([]BindRequest, error) {
	if err := mayBind(a); err != nil {
		return nil, err
	}
	return b.d.Store.BindRequests(ctx, n)
}

// Candidates are the active people who have no id on the request's platform
// yet, those of the same name first, at most n.
func (b *Binder) Candidates(ctx context.Context, r BindRequest, n int) ([]User, error) {
	var same, others []User
	_, err := b.d.Directory.Users(ctx, func(u User) bool {
		ids, err := b.d.Directory.Identities(ctx, u.ID)
		if err != nil || bound(ids, r.Platform, r.Tenant) {
			return false
		}
		if sameName(u.Name, r.Name) {
			same = append(same, u)
		} else {
			others = append(others, u)
		}
		return false
	})
	all := append(same, others...)
	return all[:min(n, len(all))], err
}

func bound(ids []Identity, platform, tenant string) bool {
	for _, i := range ids {
		if i.Platform == platform && i.Tenant == tenant {
			return true
		}
	}
	return false
}

func sameName(a, b string) bool {
	return b != "" && strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

var errDecided = errors.New("decided")

// Approve says who the person is; a zero user makes a new sales rep of the
// platform's name. The first decision counts.
func (b *Binder) Approve(ctx context.Context, a crm.Actor, id int64, user crm.UserID) (BindRequest, error) {
	return b.decide(ctx, a, id, func(ctx context.Context, r *BindRequest) error {
		if user == 0 {
			if r.Name == "" {
				return crm.Invalid("飞书或钉钉没有提供姓名，不能新建", "the platform gives no name, so nobody can be created").WithNext("请选择已有的人员", "please choose an existing person")
			}
			u := User{Name: r.Name, Active: true, Roles: []crm.Role{crm.Rep}}
			if err := b.d.People.SaveUser(ctx, &u); err != nil {
				return err
			}
			user = u.ID
		} else if u, err := b.d.Directory.User(ctx, user); err != nil || !u.Active {
			return crm.NotFound("没有这个在职人员", "there is no such active person")
		}
		r.State, r.User = BindDone, user
		known, err := b.d.Directory.Identities(ctx, user)
		if err != nil {
			return err
		}
		added := Identity{Platform: r.Platform, Tenant: r.Tenant, External: r.External, User: user}
		if err := b.d.People.AddIdentity(ctx, added); err != nil {
			return err
		}
		welcome := crm.Notice{To: crm.ToUserOn(user, r.Platform), View: crm.View{Name: ViewBound, Ref: r.Ref().String()}, Always: true}
		return b.d.Effects.Notify(ctx, append(elsewhere(known, added), welcome)...)
	})
}

// Refuse keeps the person out.
func (b *Binder) Refuse(ctx context.Context, a crm.Actor, id int64) (BindRequest, error) {
	return b.decide(ctx, a, id, func(_ context.Context, r *BindRequest) error {
		r.State = BindRefused
		return nil
	})
}

func (b *Binder) decide(ctx context.Context, a crm.Actor, id int64, how func(ctx context.Context, r *BindRequest) error) (BindRequest, error) {
	if err := mayBind(a); err != nil {
		return BindRequest{}, err
	}
	var out BindRequest
	err := b.d.Directory.change(ctx, func(ctx context.Context) error {
		r, err := b.d.Store.BindRequest(ctx, id)
		if err != nil {
			return err
		}
		if out = r; r.State != BindWaiting {
			return errDecided
		}
		if err := how(ctx, &r); err != nil {
			return err
		}
		r.By, r.DecidedAt = a.ID, b.d.Clock.Now()
		ok, err := b.d.Store.DecideBind(ctx, r)
		if err != nil {
			return err
		}
		if !ok {
			return errDecided
		}
		out = r
		if err := b.d.Effects.Audit(ctx, crm.Audit{At: r.DecidedAt, Actor: a.ID, Action: "bind." + string(r.State), Ref: r.Ref(), Detail: map[string]any{"platform": r.Platform, "user": int64(r.User)}}); err != nil {
			return err
		}
		return b.d.Effects.Refresh(ctx, r.Ref())
	})
	if errors.Is(err, errDecided) {
		return out, crm.Conflict("", "这个绑定申请已经处理过了", "this request was decided before")
	}
	return out, err
}
