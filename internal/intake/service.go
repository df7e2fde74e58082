package intake

import (
	"context"
	"slices"
	"strings"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/kv"
	"crmbot/internal/lead"
)

// Deps are what the service works with.
type Deps struct {
	Store   Store
	Leads   *lead.Service
	Tx      crm.Transactor
	Effects crm.Effects
	Clock   crm.Clock
	KV      kv.Store
	// Secret is what the keys for signatures are derived from; empty: none can be
	// made.
	Secret string
}

// Service is everything about sources and what they send.
type Service struct {
	d      Deps
	router Router
}

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d: d} }

// Router takes what asked again to somebody (AS-01).
type Router interface {
	// Again routes a lead that nobody owns, in the transaction of the context, and
	// reports whether the rules will take it to somebody.
	Again(ctx context.Context, id crm.LeadID) (bool, error)
	// Heads are who answers for a record of the team, or of nobody with a zero one:
	// active people, the nearest first.
	Heads(ctx context.Context, team crm.TeamID) ([]crm.UserID, error)
	// Works reports whether the person works here and can be told.
	Works(ctx context.Context, user crm.UserID) bool
}

// SetRouter sets who routes inquiries, once, before the service is used. Without
// one only owners and makers of sources are told.
func (s *Service) SetRouter(r Router) { s.router = r }

var (
	admins  = []crm.Role{crm.Admin}
	readers = []crm.Role{crm.Admin, crm.Marketing}
)

func mayChange(a crm.Actor) error {
	if a.Frozen || !a.Is(admins...) {
		return crm.Forbid(a, admins...)
	}
	return nil
}

// Listed is a source with what it sent in the last thirty days.
type Listed struct {
	Source
	Count
}

// countedDays is how far back the list counts.
const countedDays = 30

// Sources are all that are not revoked. Administrators and marketing see them.
func (s *Service) Sources(ctx context.Context, a crm.Actor) ([]Listed, error) {
	if !a.Is(readers...) {
		return nil, crm.Forbid(a, readers...)
	}
	list, err := s.d.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	n, err := s.d.Store.CountInquiries(ctx, s.d.Clock.Now().AddDate(0, 0, -countedDays))
	if err != nil {
		return nil, err
	}
	out := make([]Listed, len(list))
	for i, x := range list {
		out[i] = Listed{x, n[x.ID]}
	}
	return out, nil
}

// Source is one of them.
func (s *Service) Source(ctx context.Context, a crm.Actor, id SourceID) (Listed, error) {
	if !a.Is(readers...) {
		return Listed{}, crm.Forbid(a, readers...)
	}
	x, err := s.d.Store.Source(ctx, id)
	if err != nil {
		return Listed{}, err
	}
	n, err := s.d.Store.CountInquiries(ctx, s.d.Clock.Now().AddDate(0, 0, -countedDays))
	return Listed{x, n[id]}, err
}

// Create makes a source and its first key, which is returned this once.
func (s *Service) Create(ctx context.Context, a crm.Actor, d Draft) (Source, string, error) {
	if err := mayChange(a); err != nil {
		return Source{}, "", err
	}
	if err := d.Clean(); err != nil {
		return Source{}, "", err
	}
	if d.Mode == Signed {
		if err := s.canSign(); err != nil {
			return Source{}, "", err
		}
	}
	var x Source
	var key string
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.unlikeOthers(ctx, 0, d.Name); err != nil {
			return err
		}
		now := s.d.Clock.Now()
		x = Source{Draft: d, Enabled: true, KeyVersion: 1, CreatedBy: a.ID, CreatedAt: now, UpdatedAt: now, Version: 1}
		if err := s.d.Store.AddSource(ctx, &x); err != nil {
			return err
		}
		key = s.freshKey(&x)
		if ok, err := s.d.Store.SaveSource(ctx, x); err != nil || !ok {
			return orChanged(ok, err)
		}
		return s.note(ctx, a, x, "intake.source_create")
	})
	return x, key, err
}

// freshKey gives the source a new key and returns it.
func (s *Service) freshKey(x *Source) string {
	x.Version++
	if x.Mode == Signed {
		x.KeyHash = ""
		return signingKey(s.d.Secret, *x)
	}
	key := newKey(x.ID)
	x.KeyHash = hashOf(key)
	return key
}

func (s *Service) unlikeOthers(ctx context.Context, id SourceID, name string) error {
	list, err := s.d.Store.Sources(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(x Source) bool { return x.ID != id && strings.EqualFold(x.Name, name) }) {
		return crm.Conflict("", "已经有叫“"+name+"”的来源", "there is a source called “"+name+"” already").WithNext("请换一个名称", "please take another name")
	}
	return nil
}

// Change stores what an administrator decided about a source. seen is the version
// that they saw; zero: whichever there is. How a source shows who it is stays.
func (s *Service) Change(ctx context.Context, a crm.Actor, id SourceID, seen int64, change func(d *Draft)) (Source, error) {
	return s.edit(ctx, a, id, seen, "intake.source_change", func(ctx context.Context, x *Source) error {
		mode := x.Mode
		change(&x.Draft)
		x.Mode = mode
		if err := x.Draft.Clean(); err != nil {
			return err
		}
		x.Version++
		return s.unlikeOthers(ctx, id, x.Name)
	})
}

// Switch turns a source on or off.
func (s *Service) Switch(ctx context.Context, a crm.Actor, id SourceID, on bool) (Source, error) {
	action := "intake.source_off"
	if on {
		action = "intake.source_on"
	}
	return s.edit(ctx, a, id, 0, action, func(_ context.Context, x *Source) error {
		x.Enabled = on
		x.Version++
		return nil
	})
}

// Rotate gives a source a new key, which is returned this once; the old one is
// refused from now on.
func (s *Service) Rotate(ctx context.Context, a crm.Actor, id SourceID) (Source, string, error) {
	var key string
	x, err := s.edit(ctx, a, id, 0, "intake.source_rotate", func(_ context.Context, x *Source) error {
		if x.Mode == Signed {
			if err := s.canSign(); err != nil {
				return err
			}
		}
		x.KeyVersion++
		key = s.freshKey(x)
		return nil
	})
	return x, key, err
}

// Revoke ends a source for ever. What it sent stays.
func (s *Service) Revoke(ctx context.Context, a crm.Actor, id SourceID) (Source, error) {
	return s.edit(ctx, a, id, 0, "intake.source_revoke", func(_ context.Context, x *Source) error {
		x.Revoked, x.Enabled, x.KeyHash = true, false, ""
		x.Version++
		return nil
	})
}

func (s *Service) edit(ctx context.Context, a crm.Actor, id SourceID, seen int64, action string, fn func(context.Context, *Source) error) (Source, error) {
	if err := mayChange(a); err != nil {
		return Source{}, err
	}
	var x Source
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if x, err = s.d.Store.Source(ctx, id); err != nil {
			return err
		}
		switch {
		case x.Revoked:
			return crm.Refused("", "这个来源已撤销，不能再改", "this source was revoked and cannot be changed any more").WithNext("发送 /来源 新建一个", "send /sources to make a new one")
		case seen != 0 && x.Version != seen:
			return changed()
		}
		if err := fn(ctx, &x); err != nil {
			return err
		}
		x.UpdatedAt = s.d.Clock.Now()
		if ok, err := s.d.Store.SaveSource(ctx, x); err != nil || !ok {
			return orChanged(ok, err)
		}
		return s.note(ctx, a, x, action)
	})
	return x, err
}

func changed() error {
	return crm.Stale("", "这个来源刚刚被别人改过，您的修改没有保存", "somebody has just changed this source; yours was not saved").WithNext("发送 /来源 查看", "send /sources to see it")
}

func orChanged(ok bool, err error) error {
	if err == nil && !ok {
		return changed()
	}
	return err
}

// note writes the change to the audit trail: numbers and settings, never a key.
func (s *Service) note(ctx context.Context, a crm.Actor, x Source, action string) error {
	err := s.d.Effects.Audit(ctx, crm.Audit{At: x.UpdatedAt, Actor: a.ID, Action: action, Ref: x.ID.Ref(), Detail: map[string]any{
		"mode": string(x.Mode), "channel": x.Channel, "campaign": x.Campaign, "origins": x.Origins, "per_minute": x.PerMinute, "enabled": x.Enabled, "key_version": x.KeyVersion}})
	if err != nil {
		return err
	}
	return s.d.Effects.Refresh(ctx, x.ID.Ref())
}

// keepTokens is how long an idempotency key answers the same.
const keepTokens = 24 * time.Hour
