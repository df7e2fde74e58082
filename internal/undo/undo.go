// Package undo lets people take back what they just did. Every noun that can
// be taken back writes an entry in the transaction of the deed and registers
// how the deed is reversed.
package undo

import (
	"context"
	"fmt"
	"time"

	"crmbot/internal/crm"
	"crmbot/internal/rule"
)

// State is what became of an entry.
type State string

// The states.
const (
	Open   State = "open"
	Undone State = "undone"
)

// Entry is one deed that can be taken back for a while.
type Entry struct {
	ID   int64
	User crm.UserID
	// Kind says which noun reverses it; Ref is the noun's own name of the deed,
	// usually a code such as "V-12".
	Kind, Ref string
	// Title tells people what it was. It holds what people typed.
	Title crm.Text
	// Data is what the noun needs to reverse it; empty: nothing.
	Data string
	At   time.Time
	// Until is the last moment at which it can be taken back.
	Until  time.Time
	State  State
	DoneAt time.Time
}

// Store keeps the entries.
type Store interface {
	// AddUndo stores a new entry; its id is not told.
	AddUndo(ctx context.Context, e Entry) error
	// LastUndo is the person's newest open entry that can still be taken back at
	// the moment; with a ref the one of that ref. crm.CodeNotFound: none.
	LastUndo(ctx context.Context, user crm.UserID, ref string, now time.Time) (Entry, error)
	// UndoOf is the newest entry of the ref, whatever its state.
	UndoOf(ctx context.Context, kind, ref string) (Entry, error)
	// CloseUndo marks an open entry undone and reports whether it was open.
	CloseUndo(ctx context.Context, id int64, at time.Time) (bool, error)
}

// Reverse takes the deed back in the transaction of the context. It refuses
// with an error when other things were built on it since.
type Reverse func(ctx context.Context, a crm.Actor, e Entry) error

// Service is the undo log. Register everything before it is used; it is then
// safe for concurrent use.
type Service struct {
	store Store
	tx    crm.Transactor
	fx    crm.Effects
	clock crm.Clock
	rules *rule.Book
	kinds map[string]Reverse
}

// NewService makes a log without kinds.
func NewService(store Store, tx crm.Transactor, fx crm.Effects, clock crm.Clock, rules *rule.Book) *Service {
	return &Service{store: store, tx: tx, fx: fx, clock: clock, rules: rules, kinds: map[string]Reverse{}}
}

var minutes = rule.Int{Key: "CH-01.undo_minutes", Title: crm.Text{Zh: "多少分钟内可以撤销", En: "minutes within which a deed can be taken back"}, Unit: crm.Text{Zh: "分钟", En: "minutes"}, Default: 10, Min: 0, Max: 1440}

// Settings are the definitions for the book of rules.
func Settings() []rule.Def { return []rule.Def{minutes.Def()} }

// Register says how deeds of the kind are reversed. A second registration of a
// kind is a programming error.
func (s *Service) Register(kind string, fn Reverse) {
	if s.kinds[kind] != nil {
		panic("undo: kind " + kind + " is registered twice")
	}
	s.kinds[kind] = fn
}

// Minutes is how long a deed can be taken back.
func (s *Service) Minutes(ctx context.Context) int { return int(minutes.Of(ctx, s.rules)) }

// Log writes an entry in the transaction of the context and returns it without
// its id. ref names the record within the kind: a later entry of the same ref is
// the one that is taken back first.
func (s *Service) Log(ctx context.Context, a crm.Actor, kind, ref string, title crm.Text, data string) (Entry, error) {
	now := s.clock.Now()
	e := Entry{User: a.ID, Kind: kind, Ref: ref, Title: title, Data: data, At: now, Until: now.Add(time.Duration(s.Minutes(ctx)) * time.Minute), State: Open}
	return e, s.store.AddUndo(ctx, e)
}

// Until is the last moment at which the deed can be taken back; zero when it
// was taken back or never could be.
func (s *Service) Until(ctx context.Context, kind, ref string) (time.Time, error) {
	e, err := s.Newest(ctx, kind, ref)
	return e.Until, err
}

// Newest is the last entry of the ref if it was not taken back; else its zero
// value.
func (s *Service) Newest(ctx context.Context, kind, ref string) (Entry, error) {
	e, err := s.store.UndoOf(ctx, kind, ref)
	if crm.CodeOf(err) == crm.CodeNotFound || err == nil && e.State != Open {
		return Entry{}, nil
	}
	return e, err
}

// Last takes back the actor's last deed, or with a ref that one. It works for
// as long as Minutes says, once.
func (s *Service) Last(ctx context.Context, a crm.Actor, ref string) (Entry, error) {
	now := s.clock.Now()
	e, err := s.store.LastUndo(ctx, a.ID, ref, now)
	if crm.CodeOf(err) == crm.CodeNotFound {
		n := s.Minutes(ctx)
		what := crm.Text{Zh: "没有可以撤销的操作", En: "there is nothing to take back"}
		if ref != "" {
			what = crm.Text{Zh: ref + " 已不能撤销", En: ref + " can no longer be taken back"}
		}
		return Entry{}, crm.Refused("CH-01", fmt.Sprintf("%s，撤销限自己的操作、%d 分钟内、一次", what.Zh, n), fmt.Sprintf("%s: only your own deeds, within %d minutes and once", what.En, n)).
			WithNext("如记录有误，可以再记一条说明", "if a log is wrong, write another one that says so")
	}
	if err != nil {
		return Entry{}, err
	}
	return s.Take(ctx, a, e)
}

// Take takes back the entry, which the caller read as the actor's own.
func (s *Service) Take(ctx context.Context, a crm.Actor, e Entry) (Entry, error) {
	if e.User != a.ID {
		return e, crm.Forbidden("只能撤销自己的操作", "only your own deeds can be taken back")
	}
	fn := s.kinds[e.Kind]
	if fn == nil {
		return e, crm.Refused("CH-01", "这类操作不能撤销", "this cannot be taken back")
	}
	now := s.clock.Now()
	err := s.tx.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.store.CloseUndo(ctx, e.ID, now)
		if err != nil {
			return err
		}
		if !ok {
			return crm.Conflict("CH-01", "这个操作已经撤销过了", "this was already taken back")
		}
		if err := fn(ctx, a, e); err != nil {
			return err
		}
		return s.fx.Audit(ctx, crm.Audit{At: now, Actor: a.ID, Action: "undo." + e.Kind, Rule: "CH-01", Ref: refOf(e.Ref), Detail: map[string]any{"entry": e.ID}})
	})
	if err != nil {
		return e, err
	}
	e.State, e.DoneAt = Undone, now
	return e, nil
}

func refOf(s string) crm.Ref {
	r, err := crm.ParseRef(s)
	if err != nil {
		return crm.Ref{}
	}
	return r
}
